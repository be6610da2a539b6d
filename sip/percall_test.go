package sip

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestPerCall keeps things for calls as a map by their ids would, whatever slots the calls have: none, one that a call
// which never ended has, or their own.
func TestPerCall(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var kept PerCall[int]
	want := map[string]int{}
	slots := map[string]uint32{}
	for i := range 100_000 {
		id := fmt.Sprint(r.IntN(60))
		if _, known := slots[id]; !known {
			slots[id] = uint32(r.IntN(20))
		}
		slot := slots[id]
		got, ok := kept.Of(id, slot)
		v, known := want[id]
		if got != v || ok != known {
			t.Fatalf("after %d steps call %s in slot %d has %d, %v, want %d, %v", i, id, slot, got, ok, v, known)
		}
		if known {
			kept.Delete(id, slot)
			delete(want, id)
			delete(slots, id)
			kept.Delete(id, slot) // does nothing
		} else {
			kept.Set(id, slot, i)
			want[id] = i
		}
		if kept.Len() != len(want) {
			t.Fatalf("after %d steps there are %d, want %d", i, kept.Len(), len(want))
		}
	}
	if v, ok := kept.Of("", 0); ok {
		t.Errorf("no call has %d", v)
	}
}
