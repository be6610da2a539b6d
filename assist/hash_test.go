package assist

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
	"ringback/sip"
)

// TestCallsOfOneHashAreToldApart plays the same calls to an Assist whose hashes are all different and to one with four
// of them.
func TestCallsOfOneHashAreToldApart(t *testing.T) {
	t.Parallel()
	d, err := directory.New(new(directory.File))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Directory: func() *directory.Directory { return d }, MaxLive: 50}
	plain, crowded := New(o), New(o)
	crowded.bits = 3
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []sip.EventKind{sip.AgentRinging, sip.AgentAnswered, sip.AgentLeft, sip.CallEnded}
	for i := range 20_000 {
		ev := &sip.Event{
			Kind: kinds[r.IntN(len(kinds))], At: time.Unix(1_800_000_000, 0).Add(time.Duration(i) * time.Second),
			Agent: fmt.Sprint(r.IntN(5)), Number: sip.Number(358401000000 + r.IntN(40)),
			Call: &sip.Call{ID: fmt.Sprint("call-", r.IntN(100)), Direction: sip.Inbound},
		}
		plain.Handle(ev, nil)
		crowded.Handle(ev, nil)
		if diff := cmp.Diff(plain.Stats(), crowded.Stats()); diff != "" {
			t.Fatalf("after %d events (-apart +together)\n%s", i+1, diff)
		}
		for agent := range 5 {
			if diff := cmp.Diff(plain.Recent(fmt.Sprint(agent), ev.At), crowded.Recent(fmt.Sprint(agent), ev.At)); diff != "" {
				t.Fatalf("after %d events (-apart +together)\n%s", i+1, diff)
			}
		}
	}
}
