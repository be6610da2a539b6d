package sip

import "testing"

func TestNumbersForPeopleAreGroupedAsTheirCountryDoes(t *testing.T) {
	for n, want := range map[Number]string{0: "", 358401234567: "+358 40 1234567", 442079460100: "+44 20 7946 0100", 999999999999999: "+999999999999999"} {
		if got := n.International(); got != want {
			t.Errorf("%d: %q, want %q", uint64(n), got, want)
		}
	}
}
