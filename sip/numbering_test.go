package sip_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"ringback/sip"
)

func numbering(tb testing.TB, country string, accessPrefixes ...string) *sip.Numbering {
	tb.Helper()
	n, err := sip.NewNumbering(country, accessPrefixes)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestNumberingReadsWhatPhonesAndCarriersWrite(t *testing.T) {
	tests := []struct {
		country, access string
		user, context   string
		want            sip.Number
	}{
		// One number in all its forms.
		{"FI", "9", "+358401234561", "", 358401234561},
		{"FI", "9", "00358401234561", "", 358401234561},
		{"FI", "9", "0401234561", "", 358401234561},
		{"FI", "9", "358401234561", "", 358401234561},
		{"FI", "9", "90401234561", "", 358401234561},
		{"FI", "9", "900358401234561", "", 358401234561},
		{"FI", "9", "+3580401234561", "", 358401234561}, // a trunk prefix that should not be there
		{"FI", "9", "tel:+358401234561", "", 358401234561},
		{"FI", "9", "TEL:0401234561", "", 358401234561},
		{"FI", "9", "%2B358401234561", "", 358401234561},
		{"FI", "9", "%2b358401234561", "", 358401234561},
		{"FI", "9", "+358-40-1234561", "", 358401234561},
		{"FI", "9", "(040)%20123.45-61", "", 358401234561},
		{"FI", "9", "0401234561;phone-context=+358", "", 358401234561},
		{"FI", "9", "0401234561", "+358", 358401234561},
		{"FI", "9", "401234561", "+358", 358401234561},
		{"FI", "9", "0401234561", "operator.example", 358401234561},
		{"FI", "9", "+358401234561;npdi;rn=+358501234", "", 358401234561},
		{"FI", "9", "+358401234561;isub=12", "", 358401234561},

		// Other lines and countries.
		{"FI", "", "+35893100100", "", 35893100100},
		{"FI", "", "0931001 00", "", 35893100100},
		{"FI", "", "0046701740605", "", 46701740605},
		{"FI", "", "46701740605", "", 46701740605}, // a carrier's E.164 without plus sign
		{"FI", "", "0800123456", "", 358800123456},
		{"FI", "*31#", "*31#0401234561", "", 358401234561},
		{"SE", "", "0701740605", "", 46701740605},
		{"SE", "", "0701740605", "+46", 46701740605},
		{"GB", "", "02079460018", "", 442079460018},
		{"GB", "9", "902079460018", "", 442079460018},
		{"DE", "0", "0030123456", "", 4930123456}, // 00 30 … is no Greek number
		{"DE", "0", "00030123456", "", 0},         // but this is dialled as one
		{"DE", "", "03012345678", "", 493012345678},
		{"AT", "", "015880012", "", 4315880012},
		{"HU", "", "06201234567", "", 36201234567}, // the trunk prefix is 06
		{"RU", "", "89123456789", "", 79123456789}, // and 8
		{"RU", "", "8~10358401234561", "", 0},
		{"RU", "", "810358401234561", "", 358401234561},
		{"BR", "", "01511961234567", "", 5511961234567}, // carrier 15 is chosen in the number
		{"AU", "", "0011358401234561", "", 358401234561},
		{"AU", "", "0412345678", "", 61412345678},

		// Countries without a trunk prefix, and Italy, which keeps its zero.
		{"DK", "", "32123456", "", 4532123456},
		{"NO", "", "22123456", "", 4722123456},
		{"ES", "", "612345678", "", 34612345678},
		{"ES", "0", "0612345678", "", 34612345678},
		{"IT", "", "0612345678", "", 390612345678},
		{"IT", "", "+390612345678", "", 390612345678},
		{"IT", "", "3123456789", "", 393123456789},
		{"FI", "", "00390612345678", "", 390612345678},

		// North America.
		{"US", "", "2125551234", "", 12125551234},
		{"US", "", "12125551234", "", 12125551234},
		{"US", "", "011358401234561", "", 358401234561},
		{"US", "9", "912125551234", "", 12125551234},
		{"US", "9", "92125551234", "", 12125551234},
		{"US", "9", "9011358401234561", "", 358401234561},
		{"CA", "", "4165550123", "", 14165550123}, // 555-01xx: nobody can have it, and yet it is called
		{"US", "", "8631234567", "+1", 18631234567},

		// Ranges that metadata do not know are numbers when they are written as such.
		{"FI", "", "+4479999999999", "", 0},
		{"GB", "", "+442100000000", "", 442100000000},
		{"GB", "", "02100000000", "", 442100000000},
		{"FI", "", "00442100000000", "", 442100000000},
		{"GB", "", "2100000000", "", 0},
		{"GB", "", "+44210000000000", "", 0}, // too long
		{"GB", "", "+440000000000", "", 0},

		// No numbers.
		{"FI", "9", "", "", 0},
		{"FI", "9", "101", "", 0},
		{"FI", "9", "9", "", 0},
		{"FI", "9", "112", "", 0},
		{"FI", "9", "9112", "", 0},
		{"FI", "0", "0112", "", 0},
		{"DE", "0", "0110", "", 0},
		{"US", "9", "911", "", 0},
		{"US", "9", "9911", "", 0},
		{"US", "", "5551234", "", 0}, // which of three hundred
		{"FI", "", "75123", "", 0},   // an extension, though +358 75 123 exists
		{"NO", "", "02222", "", 0},
		{"FI", "", "101;phone-context=+358931", "", 0},
		{"FI", "", "101", "+358931", 0},
		{"FI", "", "anonymous", "", 0},
		{"FI", "", "unknown", "", 0},
		{"FI", "", "restricted", "", 0},
		{"FI", "", "alice", "", 0},
		{"FI", "", "101-0x5628eb7625f0", "", 0},
		{"FI", "", "0401234561x", "", 0},
		{"FI", "", "+", "", 0},
		{"FI", "", "++358401234561", "", 0},
		{"FI", "", "0401234561+", "", 0},
		{"FI", "", "+999123456789", "", 0},
		{"FI", "", "+35840123456112345678", "", 0},
		{"FI", "", strings.Repeat("0", 40), "", 0},
		{"FI", "", "0401234561%00", "", 0},
		{"FI", "", "0401234561%", "", 0},
		{"FI", "", "%zz0401234561", "", 0},
		{"FI", "", ";phone-context=+358", "", 0},
		{"FI", "", "tel:", "", 0},
		{"FI", "", "*31#0401234561", "", 0},
		{"FI", "", "040#1234561", "", 0},
	}
	for _, tt := range tests {
		var access []string
		if tt.access != "" {
			access = []string{tt.access}
		}
		n := numbering(t, tt.country, access...)
		for range 2 { // the second time from memory
			if got := n.Parse([]byte(tt.user), []byte(tt.context)); got != tt.want {
				t.Errorf("in %s, access prefix %q: %q with phone-context %q is %q, want %q",
					tt.country, tt.access, tt.user, tt.context, got, tt.want)
			}
		}
	}
}

func TestNumberingRefusesCountriesAndPrefixesThatAreNone(t *testing.T) {
	for _, country := range []string{"", "XX", "001", "Finland"} {
		if _, err := sip.NewNumbering(country, nil); !errors.Is(err, sip.ErrCountry) {
			t.Errorf("country %q: %v", country, err)
		}
	}
	for _, prefix := range []string{"", "9a", "+", " 9"} {
		if _, err := sip.NewNumbering("FI", []string{prefix}); !errors.Is(err, sip.ErrAccessPrefix) {
			t.Errorf("access prefix %q: %v", prefix, err)
		}
	}
	if _, err := sip.NewNumbering("fi", []string{"9", "*31#"}); err != nil {
		t.Error(err)
	}
}

// Every way in which libphonenumber itself writes an example number of a country is read as that
// number, in all countries.
func TestNumberingReadsEveryCountrysOwnNumbers(t *testing.T) {
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.VOIP}
	for country := range phonenumbers.GetSupportedRegions() {
		n := numbering(t, country)
		for _, kind := range kinds {
			p := phonenumbers.GetExampleNumberForType(country, kind)
			if p == nil || p.GetNationalNumber() == 0 {
				continue
			}
			want, err := sip.ParseNumber(phonenumbers.Format(p, phonenumbers.E164))
			if err != nil {
				t.Fatal(err)
			}
			national := phonenumbers.Format(p, phonenumbers.NATIONAL)
			forms := []string{
				phonenumbers.Format(p, phonenumbers.E164),
				phonenumbers.Format(p, phonenumbers.INTERNATIONAL),
				phonenumbers.Format(p, phonenumbers.RFC3966),
				national,
			}
			for _, form := range forms {
				if digits := phonenumbers.NormalizeDigitsOnly(form); len(digits) < 7 && form == national {
					continue // as short as an extension
				}
				if q, err := phonenumbers.Parse(form, country); err != nil || phonenumbers.Format(q, phonenumbers.E164) != want.String() {
					continue // libphonenumber does not read what it wrote
				}
				if got := n.Parse([]byte(form), nil); got != want {
					t.Errorf("%s: %q is %q, want %q", country, form, got, want)
				}
			}
		}
	}
}

// What the quick path reads is what libphonenumber reads, for numbers of every kind of validity,
// in thirty countries.
func TestNumberingAgreesWithLibphonenumber(t *testing.T) {
	countries := strings.Fields("FI SE NO DK EE LV LT PL DE AT CH NL BE LU FR ES PT IT GR GB IE IS CZ SK HU RO BG RU UA TR US CA BR MX AR AU NZ IN CN JP KR ZA IL SM")
	const seed = 20260101
	random := rand.New(rand.NewPCG(seed, seed))
	for _, country := range countries {
		n := numbering(t, country)
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(country))
		trunk := phonenumbers.GetNddPrefixForRegion(country, true)
		for range 30 {
			digits := strconv.FormatUint(random.Uint64(), 10)[:6+random.IntN(7)]
			if p := phonenumbers.GetExampleNumberForType(country, phonenumbers.PhoneNumberType(random.IntN(3))); p != nil && random.IntN(2) == 0 {
				digits = phonenumbers.GetNationalSignificantNumber(p)
				digits = digits[:len(digits)-3] + fmt.Sprintf("%03d", random.IntN(1000))
			}
			for _, text := range []string{"+" + code + digits, "+" + digits, "00" + code + digits, trunk + digits, digits, code + digits} {
				got := n.Parse([]byte(text), nil)
				p, err := phonenumbers.Parse(text, country)
				valid := err == nil && phonenumbers.IsValidNumber(p)
				switch {
				case valid && len(text) >= 7 && strconv.FormatUint(uint64(got), 10) != phonenumbers.Format(p, phonenumbers.E164)[1:]:
					t.Errorf("seed %d, %s: %q is %q, by libphonenumber %s", seed, country, text, got, phonenumbers.Format(p, phonenumbers.E164))
				case !valid && got != 0 && err == nil && phonenumbers.Format(p, phonenumbers.E164) != got.String() && "+"+text != got.String():
					t.Errorf("seed %d, %s: %q is %q, by libphonenumber not valid and %s", seed, country, text, got, phonenumbers.Format(p, phonenumbers.E164))
				}
			}
		}
	}
}

func TestNumberingReadsCommonFormsWithoutAllocating(t *testing.T) {
	n := numbering(t, "FI", "9")
	forms := [][]byte{
		[]byte("+358401234561"), []byte("00358401234561"), []byte("0401234561"), []byte("+35893100100"), []byte("0046701740605"),
		[]byte("101"), []byte("anonymous"), []byte("90401234561"), []byte("358401234561"),
	}
	for _, form := range forms {
		n.Parse(form, nil)
		if allocs := testing.AllocsPerRun(100, func() { n.Parse(form, nil) }); allocs != 0 {
			t.Errorf("%s: %v allocations", form, allocs)
		}
	}
}

func TestNumberingForgetsWhatItCannotKeep(t *testing.T) {
	n := numbering(t, "FI", "9")
	for i := range 10_000 {
		if got := n.Parse(fmt.Appendf(nil, "*%07d", i), nil); got != 0 {
			t.Fatalf("a feature code is %s", got)
		}
		if i%1000 != 0 {
			continue
		}
		if got, want := n.Parse(fmt.Appendf(nil, "9040%07d", i), nil), sip.Number(358400000000+uint64(i)); got != want {
			t.Fatalf("the number is %s, want %s", got, want)
		}
	}
	if got := n.Parse([]byte("90400000000"), nil); got != 358400000000 {
		t.Errorf("a number long forgotten is %s", got)
	}
}

func BenchmarkNumberingParse(b *testing.B) {
	n := numbering(b, "FI", "9")
	for _, bb := range []struct{ name, user string }{
		{"E.164", "+358401234561"},
		{"national", "0401234561"},
		{"international", "00358401234561"},
		{"remembered", "90401234561"},
		{"extension", "101"},
		{"name", "anonymous"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			user := []byte(bb.user)
			b.ReportAllocs()
			for b.Loop() {
				n.Parse(user, nil)
			}
		})
	}
	b.Run("first seen", func(b *testing.B) {
		b.ReportAllocs()
		user := []byte("90400000000")
		for i := 0; b.Loop(); i++ {
			copy(user[4:], fmt.Sprintf("%07d", i%10_000_000))
			n.Parse(user, nil)
		}
	})
}
