package simulate

import (
	"context"
	"slices"
	"time"
)

// agenda is what is to happen, in order. It belongs to the goroutine that runs it.
type agenda struct{ entries []entry }

// entry is one thing to happen.
type entry struct {
	at time.Time
	do func(at time.Time)
}

// add puts something on the agenda, behind what is due at the same time.
func (a *agenda) add(at time.Time, do func(at time.Time)) {
	i, _ := slices.BinarySearchFunc(a.entries, at, func(e entry, at time.Time) int {
		if e.at.After(at) {
			return 1
		}
		return -1
	})
	a.entries = slices.Insert(a.entries, i, entry{at, do})
}

// run does everything when its time comes, until nothing is left or ctx is done.
func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for len(a.entries) > 0 {
		next := a.entries[0]
		timer.Reset(time.Until(next.at))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		a.entries = slices.Delete(a.entries, 0, 1)
		next.do(next.at)
	}
}
