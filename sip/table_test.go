package sip

import (
	"math/rand/v2"
	"testing"
)

// TestTable plays a table against a map, with ids that meet more often than hashes do.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, ids := range []uint64{10, 100, 5000} {
		var x table[int]
		truth := map[uint64]*int{}
		for n := range 100_000 {
			id := r.Uint64N(ids) << r.UintN(3)
			switch r.UintN(5) {
			case 0, 1:
				x.set(id, &n)
				truth[id] = &n
			case 2, 3:
				if len(truth) > 0 {
					x.remove(id)
					delete(truth, id)
				}
			default:
				if got := x.get(id); got != truth[id] {
					t.Fatalf("of %d ids, step %d: %d stands for %v, want %v", ids, n, id, got, truth[id])
				}
			}
			if x.len() != len(truth) {
				t.Fatalf("of %d ids, step %d: %d are there, want %d", ids, n, x.len(), len(truth))
			}
		}
		for id, want := range truth {
			if got := x.get(id); got != want {
				t.Fatalf("of %d ids: in the end %d stands for %v, want %v", ids, id, got, want)
			}
		}
	}
}
