package cases

import (
	"sync/atomic"
	"time"

	"ringback/store"
)

// heads are where the unassigned cases of lists begin, as far as the commands know that have been applied.
// Of as many agents as there are, each takes the first case; without this each would step over the
// places of all that were taken before.
type heads struct {
	due    map[string]time.Time // by list: no unassigned case is due earlier
	astray atomic.Bool          // a command was lost, and what it took away is there again
}

// endOfTime is later than any case is due.
var endOfTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)

// wrote notes that an unassigned case is there.
func (h *heads) wrote(list string, due time.Time) {
	if from, known := h.due[list]; known && due.Before(from) {
		h.due[list] = due
	}
}

// lost forgets all, as a command did not reach the disk.
func (h *heads) lost() { h.astray.Store(true) }

// known are the runs of unassigned cases of lists, each from where it begins as far as that is known.
func (h *heads) known(lists []string) []run {
	if h.due == nil || h.astray.Swap(false) {
		h.due = map[string]time.Time{}
	}
	runs := unassignedOf(lists)
	for i := range runs {
		runs[i].from = h.due[runs[i].list]
	}
	return runs
}

// reached notes when the first case of a list is due, endOfTime when there is none.
func (h *heads) reached(list string, due time.Time) { h.due[list] = due }

// runs are the runs of unassigned cases of lists, each from its first case on.
func (h *heads) runs(s store.Reader, lists []string) []run {
	runs := h.known(lists)
	for i := range runs {
		r := &runs[i]
		from := endOfTime
		for at, err := range r.walk(s, nil) {
			if err != nil || store.SplitKey(at.order, &from) != nil {
				from = time.Time{} // whoever goes through the run meets the error
			}
			break
		}
		h.reached(r.list, from)
		r.from = from
	}
	return runs
}
