package sip

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// Whatever the quick path reads, libphonenumber's rules must read alike, in every country there is:
// the metadata change with every release of it.
func TestQuickReadingIsTheSlowOne(t *testing.T) {
	const seed = 4475
	random := rand.New(rand.NewPCG(seed, seed))
	quick, all := 0, 0
	for country := range phonenumbers.GetSupportedRegions() {
		n, err := NewNumbering(country, []string{"9", "0"}[:random.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		prefixes := []string{"", "+", "+" + n.plan.code, n.plan.idd, n.plan.idd + n.plan.code, n.plan.trunk, n.plan.code, "0"}
		for _, prefix := range prefixes {
			for range 10 {
				text := prefix + fmt.Sprint(random.Uint64())[:4+random.IntN(10)]
				all++
				got, ok := n.quick([]byte(text))
				if !ok {
					continue
				}
				quick++
				if want := n.resolve(text); got != want {
					t.Errorf("seed %d, %s, access prefixes %q: %q is %q, should be %q", seed, country, n.access, text, got, want)
				}
			}
		}
	}
	if quick < all/20 {
		t.Errorf("%d of %d numbers went the quick way", quick, all)
	}
}

// Without a country nothing tells a national number from one that lacks its plus sign.
func TestNumberingOfNoCountryWantsThePlusSign(t *testing.T) {
	n := internationalOnly()
	for text, want := range map[string]Number{
		"+358401234561": 358401234561, "+3580401234561": 358401234561, "358401234561": 0, "0401234561": 0, "00358401234561": 0, "4012345678": 0, "101": 0,
	} {
		if got := n.Parse([]byte(text), nil); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func TestFirstDigitsOfPatterns(t *testing.T) {
	tests := []struct {
		pattern string
		want    string
	}{
		{"", ""},
		{"0", "0"},
		{"1[245]|8", "18"},
		{"(?:0|90)(?:1)?", "09"},
		{"[2-9]\\d{9}|3\\d{6}", "23456789"},
		{"0?(?:1|2)", "012"},
		{"0?", "0123456789"},
		{"[", "0123456789"},
		{"\\d", "0123456789"},
		{"^00", "0"},
	}
	for _, tt := range tests {
		var got []byte
		for c := byte('0'); c <= '9'; c++ {
			if firstDigits(tt.pattern).has(c) {
				got = append(got, c)
			}
		}
		if string(got) != tt.want {
			t.Errorf("%q starts with one of %q, want %q", tt.pattern, got, tt.want)
		}
	}
}

func FuzzNumbering(f *testing.F) {
	for _, user := range []string{
		"+358401234561", "00358401234561", "0401234561", "90401234561", "+3580401234561", "358401234561", "%2B358401234561",
		"+358-40-123(45)61", "0401234561;phone-context=+358", "tel:+358401234561;npdi;rn=+35850", "*31#0401234561", "101", "112",
		"anonymous", "101-0x5628eb7625f0", "+390612345678", "0612345678", "2125551234", "89123456789", "01511961234567",
	} {
		f.Add(user, "+358", uint8(0))
		f.Add(user, "", uint8(1))
		f.Add(user, "operator.example", uint8(2))
	}
	var plans []*Numbering
	for _, country := range []string{"FI", "DE", "US", "IT", "NO", "GB", "BR", "RU", "AU", "AR", "HU", "MX", "SM", "JM"} {
		n, err := NewNumbering(country, []string{"9", "0", "*31#"})
		if err != nil {
			f.Fatal(err)
		}
		plans = append(plans, n)
	}
	f.Fuzz(func(t *testing.T, user, phoneContext string, plan uint8) {
		n := plans[int(plan)%len(plans)]
		number := n.Parse([]byte(user), []byte(phoneContext))
		if number == 0 {
			return
		}
		if parsed, err := ParseNumber(number.String()); err != nil || parsed != number {
			t.Fatalf("%q gives %s, %v", user, number, err)
		}
		if again := n.Parse([]byte(user), []byte(phoneContext)); again != number {
			t.Fatalf("%q is first %s, then %s", user, number, again)
		}
		if itself := n.Parse([]byte(number.String()), nil); itself != number {
			t.Fatalf("%q is %s, which is %s", user, number, itself)
		}
		if quick, ok := n.quick([]byte(number.String())); ok && quick != n.resolve(number.String()) {
			t.Fatalf("%s is quickly %s, slowly %s", number, quick, n.resolve(number.String()))
		}
	})
}
