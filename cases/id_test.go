package cases

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIDsAreShortSortByTimeAndFollowFromTheCommand(t *testing.T) {
	key := customerKey(358401234567, "")
	id := newID(noon, "callbacks", key, "call", 0)
	if id != newID(noon, "callbacks", key, "call", 0) {
		t.Error("the same command made another id")
	}
	if len(id) != 14 || strings.Trim(id, crockford+"-") != "" {
		t.Errorf("%q", id)
	}
	if second, ok := secondOf(id); !ok || second != noon.Unix() {
		t.Errorf("%q is of second %d", id, second)
	}
	for _, bad := range []string{"", "1NGE7R4", "1NGE7R4-8XK2Q", "INGE7R4-8XK2QJ"} {
		if _, ok := secondOf(bad); ok {
			t.Errorf("%q is an id", bad)
		}
	}
	seen := map[string]bool{id: true}
	for _, other := range []string{
		newID(noon.Add(time.Second), "callbacks", key, "call", 0),
		newID(noon, "support", key, "call", 0),
		newID(noon, "callbacks", customerKey(358401234568, ""), "call", 0),
		newID(noon, "callbacks", key, "another", 0),
		newID(noon, "callbacks", key, "call", 1),
	} {
		if seen[other] {
			t.Errorf("%s twice", other)
		}
		seen[other] = true
	}
	var all []string
	for i := range 100 {
		all = append(all, newID(noon.Add(time.Duration(i*i)*time.Second), "callbacks", key, "call", 0))
	}
	if !slices.IsSorted(all) {
		t.Error("they do not sort by time")
	}
}

func TestAnIDIsFreeOnlyWhereThatIsKnown(t *testing.T) {
	s := ids{second: noon.Unix()} // as read from a store
	for i, tt := range []struct {
		id   string
		at   time.Time
		want bool
	}{
		{"a", noon, false},                   // there may be others of that second
		{"a", noon.Add(-time.Second), false}, // or of an earlier one
		{"a", noon.Add(time.Second), true},
		{"b", noon.Add(time.Second), true},
		{"a", noon.Add(time.Second), false}, // given a moment ago
		{"a", noon, false},
		{"a", noon.Add(time.Hour), true},
		{"b", noon.Add(time.Second), false},
	} {
		if got := s.free(tt.id, tt.at); got != tt.want {
			t.Errorf("%d: %v, want %v", i, got, tt.want)
		}
	}
}
