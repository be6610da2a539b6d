package daemon

import (
	"testing"

	"ringback/sip"
)

func TestJourneysThatFoundNoRoomAreTold(t *testing.T) {
	t.Parallel()
	j := newJourneys(nil, func() string { return "all" })
	for range maxJourneys + 3 {
		j.told(&sip.Event{Kind: sip.CallEnded, Call: &sip.Call{ID: "1", Direction: sip.Inbound}}, nil)
	}
	if n := j.missing(); n != 0 {
		t.Errorf("%d are told while the store takes none", n)
	}
	j.pending = nil // the store took them
	if n := j.missing(); n != 3 {
		t.Errorf("%d are told, want 3", n)
	}
	if n := j.missing(); n != 0 {
		t.Errorf("%d are told once more", n)
	}
}
