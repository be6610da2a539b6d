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
		var got string
		for c := byte('0'); c <= '9'; c++ {
			if firstDigits(tt.pattern).has(c) {
				got += string(c)
			}
		}
		if got != tt.want {
			t.Errorf("%q starts with one of %q, want %q", tt.pattern, got, tt.want)
		}
	}
}
