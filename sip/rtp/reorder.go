package rtp

import "time"

// reorder puts packets in order. One that is missing is waited for until a few later ones are there, or it is late.
// Memory is bounded by its slots.
type reorder struct {
	slots   [reorderSlots]slot
	next    uint16 // what is to be heard next
	started bool
	count   int
	newest  uint16
	since   time.Time // when the hole at next was seen
	got     uint64    // bit i: the packet i+1 before next was heard
}

// slot holds a packet that waits.
type slot struct {
	used    bool
	seq     uint16
	ts      uint32
	kind    kind
	payload []byte
}

const (
	reorderSlots = 32
	reorderDepth = 5                      // packets after a missing one
	reorderDelay = 100 * time.Millisecond // until a missing one is given up
)

// heard takes what is in order: skipped is the number of packets that are missing before it.
type heard func(p slot, skipped int)

// put takes a packet and hears what is in order now. The reason says why a packet was of no use.
func (r *reorder) put(p slot, now time.Time, hear heard) (Drop, bool) {
	if !r.started {
		r.started, r.next, r.got = true, p.seq, 0
	}
	ahead := p.seq - r.next
	switch {
	case ahead == 0 && r.count == 0: // as nearly always
		r.advance()
		hear(p, 0)
		return 0, true
	case ahead >= 1<<15:
		if before := r.next - 1 - p.seq; before < 64 && r.got>>before&1 == 1 {
			return DropDuplicate, false
		}
		return DropLate, false
	case ahead >= reorderSlots:
		r.drain(hear)
		skipped := int(p.seq - r.next)
		r.got <<= skipped
		r.next = p.seq
		r.advance()
		hear(p, skipped)
		return 0, true
	}
	at := &r.slots[p.seq%reorderSlots]
	if at.used {
		return DropDuplicate, false
	}
	if r.count == 0 {
		r.since = now
		r.newest = p.seq
	} else if p.seq-r.newest < 1<<15 {
		r.newest = p.seq
	}
	p.payload = append(at.payload[:0], p.payload...)
	p.used = true
	*at = p
	r.count++
	r.release(now, hear)
	return 0, true
}

// release hears what is in order, and gives up what is missing for too long.
func (r *reorder) release(now time.Time, hear heard) {
	for r.count > 0 {
		at := &r.slots[r.next%reorderSlots]
		skipped := 0
		if !at.used {
			if r.newest-r.next < reorderDepth && now.Sub(r.since) < reorderDelay {
				return
			}
			skipped = r.skip()
			at = &r.slots[r.next%reorderSlots]
		}
		r.since = now
		r.take(at, skipped, hear)
	}
}

// drain hears all that waits.
func (r *reorder) drain(hear heard) {
	for r.count > 0 {
		skipped := r.skip()
		r.take(&r.slots[r.next%reorderSlots], skipped, hear)
	}
}

// skip moves on to the first packet that is there. At least one is.
func (r *reorder) skip() (skipped int) {
	for !r.slots[r.next%reorderSlots].used {
		r.next++
		r.got <<= 1
		skipped++
	}
	return skipped
}

func (r *reorder) take(at *slot, skipped int, hear heard) {
	at.used = false
	r.count--
	r.advance()
	hear(*at, skipped)
}

// advance notes that the next packet is heard.
func (r *reorder) advance() {
	r.next++
	r.got = r.got<<1 | 1
}

// reset forgets what waits: another source speaks.
func (r *reorder) reset() {
	for i := range r.slots {
		r.slots[i].used = false
	}
	r.started, r.count = false, 0
}
