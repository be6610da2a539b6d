package sip

import "time"

// fold sums up how agents' phones fared that did not answer.
type fold uint8

const (
	foldReached  fold = 1 << iota // a phone answered something beyond 100
	foldRangOut                   // it rang, and was given up
	foldBusy                      // 486, 600
	foldDeclined                  // 603
	foldOther                     // it failed otherwise
	foldUnsure                    // what became of a phone was not seen
)

// maxLegs bounds the legs a call keeps; of agents' legs that ended unanswered the oldest are folded.
const maxLegs = 256

// fare is how the phone at the end of a hop fared until the caller's end.
func (h *hop) fare(end int64) fold {
	var f fold
	if h.flags&hopReached != 0 {
		f = foldReached
	}
	switch {
	case h.end == endCancel && h.flags&hopTried == 0:
		return foldUnsure // nobody sends CANCEL before a response came (RFC 3261 §9.1)
	case h.openEnded(end), h.lacking():
		f |= foldUnsure
	}
	switch {
	case f&foldReached == 0 || h.status/100 == 3: // a redirection leads to another phone (RFC 3261 §8.1.3.4)
		return f
	case h.status == 486 || h.status == 600:
		return f | foldBusy
	case h.status == 603:
		return f | foldDeclined
	case h.up != 0:
		return f | foldOther
	case h.alerted != 0 && (h.status == 0 || h.status == 487 || h.status == 408 || h.status == 480):
		return f | foldRangOut
	case h.status == 487: // it was there to answer the CANCEL, so it rang
		return f | foldRangOut | foldUnsure
	}
	return f | foldOther
}

// openEnded says whether a phone was there at the end of a hop, and what became of it was not seen until
// the caller's end.
func (h *hop) openEnded(end int64) bool {
	return h.alive() && (h.flags&hopTried != 0 || h.unheard(end))
}

// unheard says whether a hop is silent and yet its INVITE was not repeated, as it would have been when
// nothing had answered it (RFC 3261 §17.1.1.2).
func (h *hop) unheard(end int64) bool {
	return h.flags&(hopDatagram|hopAgain) == hopDatagram && end-h.invited > int64(500*time.Millisecond)
}

// fares sums up how all phones of a call fared until the caller's end.
func (c *call) fares(end int64) fold {
	f := c.folded
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			switch {
			case h.role != roleAgent:
			case l.refusedBefore(h):
				f |= h.fare(end) &^ foldRangOut
			default:
				f |= h.fare(end)
			}
		}
	}
	return f
}

// refusedBefore says whether a proxy took the call from a phone because another had answered 6xx, which
// ends the search for everybody (RFC 3261 §16.7): it did not ring out.
func (l *leg) refusedBefore(h *hop) bool {
	if h.status != 487 && h.end != endCancel {
		return false
	}
	for o := &l.hop; o != nil; o = o.next {
		if o.role == roleAgent && o.status/100 == 6 && o.down <= h.down {
			return true
		}
	}
	return false
}

// room makes room for another leg: the oldest agent's leg that ended unanswered is forgotten, and
// what the verdict needs of it kept. It is false when there is none.
func (t *Tracker) room(c *call) bool {
	if c.legs < maxLegs {
		return true
	}
	for l := c.first; l != nil; l = l.next {
		h := &l.hop
		if l == c.caller || h.next != nil || h.role != roleAgent || h.state != terminated || h.up != 0 {
			continue
		}
		c.folded |= h.fare(h.down)
		if l.flags&legTied != 0 {
			c.flags |= callInferred
		}
		t.part(l)
		t.forget(l)
		return true
	}
	return false
}
