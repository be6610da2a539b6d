package sip

// gone stands in Tracker.legs where a leg was that ended of late, so that a late message revives
// nothing.
var gone = new(leg)

// afterEnd is how long: longer than the longest retransmission, 64·T1, timers B, F and H (RFC 3261 §17).
const afterEnd = int64(40e9)

// endings are the legs of which gone is left, in order of their ends.
type endings struct {
	legs []endedLeg
	head int
}

type endedLeg struct {
	id uint64
	at int64
}

func (e *endings) len() int { return len(e.legs) - e.head }

// leg is the live leg of a Call-ID, or nil.
func (t *Tracker) leg(id uint64) *leg {
	l := t.legs.get(id)
	if l == gone {
		return nil
	}
	return l
}

// bury leaves gone in the place of a leg.
func (t *Tracker) bury(id uint64) {
	t.exhume()
	t.legs.set(id, gone)
	t.endings.legs = append(t.endings.legs, endedLeg{id, t.now})
}

// exhume takes away what is left of legs that ended long ago, and of the oldest where there are too
// many.
func (t *Tracker) exhume() {
	e := &t.endings
	for e.head < len(e.legs) && (e.legs[e.head].at+afterEnd <= t.now || e.len() >= endingsPerCall*t.opt.MaxCalls) {
		t.legs.remove(e.legs[e.head].id)
		e.head++
	}
	if e.head > 1024 && e.head > len(e.legs)/2 {
		e.legs = e.legs[:copy(e.legs, e.legs[e.head:])]
		e.head = 0
	}
}

// endingsPerCall bounds the legs remembered, by the limit on live calls.
const endingsPerCall = 4
