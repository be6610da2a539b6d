package sip

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNumbersAreOfAKindARegionAndTimeZones(t *testing.T) {
	for _, row := range []struct {
		number Number
		kind   NumberKind
		region string
		zones  []string
	}{
		{358401234567, Mobile, "FI", []string{"Europe/Helsinki", "Europe/Mariehamn"}},
		{358931009999, FixedLine, "FI", []string{"Europe/Helsinki"}},
		{35860012345, PremiumRate, "FI", []string{"Europe/Helsinki", "Europe/Mariehamn"}},
		{358800123456, TollFree, "FI", []string{"Europe/Helsinki", "Europe/Mariehamn"}},
		{12125550123, FixedOrMobile, "US", []string{"America/New_York"}},
		{351912345678, Mobile, "PT", []string{"Atlantic/Azores", "Europe/Lisbon"}},
		{870773111632, Mobile, "001", nil},
		{0, NumberUnknown, "", nil},
		{999123456789, NumberUnknown, "", nil},
	} {
		if got := row.number.Kind(); got != row.kind {
			t.Errorf("%s is %s, want %s", row.number, got, row.kind)
		}
		if got := row.number.Region(); got != row.region {
			t.Errorf("%s is of %q, want %q", row.number, got, row.region)
		}
		if diff := cmp.Diff(row.zones, row.number.Zones()); diff != "" {
			t.Errorf("the zones of %s (-want +got)\n%s", row.number, diff)
		}
	}
}

func TestShortNumbersAreThoseOfACountry(t *testing.T) {
	for _, row := range []struct {
		dialled, country string
		short            bool
	}{
		{"112", "FI", true},
		{"911", "US", true},
		{"118", "FI", true},
		{"0401234567", "FI", false},
		{"+358401234567", "FI", false},
		{"", "FI", false},
		{"abc", "FI", false},
		{"112", "", false},
	} {
		if got := IsShortNumber(row.dialled, row.country); got != row.short {
			t.Errorf("%q in %s: %v, want %v", row.dialled, row.country, got, row.short)
		}
	}
}
