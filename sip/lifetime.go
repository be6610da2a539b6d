package sip

import "time"

// grace is how long a leg waits for the one that causes it, which may arrive later.
const grace = int64(500 * time.Millisecond)

// challengePatience is how long a challenged caller has to come back with credentials: as long as
// the longest transaction takes (64·T1, RFC 3261 §17.1.1.2).
const challengePatience = int64(32 * time.Second)

// never is later than any timer.
const never = int64(1) << 62

// over says whether the leg that decides the call's length has ended, and when; a moment without an
// end is that of a challenge. It is the caller's, and of a call that the agent who dialled handed on
// that of the far end. Where it was not seen, all legs decide, but not one to a far end that nobody
// waits for any more.
func (c *call) over() (int64, bool) {
	if h := c.callerHop(); h != nil {
		if !c.handedOn(h) {
			return h.down, !h.alive() && !h.challenged()
		}
		if far := c.farHop(); far != nil && far.up != 0 {
			return far.down, !far.alive()
		}
	}
	last, calling, left := int64(0), false, false
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			switch {
			case !h.alive():
				left = left || h.wasAgent()
				last = max(last, h.down)
			case c.dir == Outbound && h.role == roleOut && h.up == 0:
				calling = true
			default:
				return 0, false
			}
		}
	}
	return last, left || !calling
}

// challenged says whether credentials are asked for and the caller may come back with them.
func (h *hop) challenged() bool { return h.flags&hopChallenged != 0 && h.up == 0 }

// due is when a call's time runs out, and what it is then taken for.
func (t *Tracker) due(c *call) (int64, Reason) {
	if c.flags&callTentative != 0 {
		return c.started + grace, ReasonNone
	}
	if at, over := c.over(); over {
		return at + int64(t.opt.Settle), ReasonNone
	}
	h := c.callerHop()
	if h != nil && h.challenged() {
		return h.down + challengePatience, UnknownEnd // RFC 3261 §22
	}
	if up := c.firstUp(); up != 0 && (h == nil || c.dir != Inbound || t.wasWithAgent(c, h)) {
		if t.finishing {
			return never, StillLive
		}
		return up + int64(t.opt.MaxCall), UnknownEnd
	}
	if h != nil && h.up != 0 {
		return h.up + int64(t.opt.MaxWait), Lost
	}
	return c.seen + int64(t.opt.Lost), Lost
}

// ring is a call's timer that ran out.
func (t *Tracker) ring(c *call) {
	at, why := t.due(c)
	if at > c.deadline { // it was set before more was known
		t.timers.set(c, at)
		return
	}
	if c.flags&callTentative != 0 {
		if t.tieLate(c) {
			return
		}
		t.reveal(c, t.now, "")
		at, _ = t.due(c)
		t.timers.set(c, at)
		return
	}
	end := t.now
	if why == ReasonNone {
		end, _ = c.over()
	} else if h := c.callerHop(); h != nil && h.challenged() {
		t.stats.Challenged++
		end = h.down
	}
	t.end(c, end, why)
}

// touch moves a call's timer forward when what happened at a moment made it due earlier.
func (t *Tracker) touch(c *call, now int64) {
	if c.flags&callTentative != 0 {
		return
	}
	at, over := c.over()
	switch {
	case over:
		t.uncount(c, at)
		if h := c.callerHop(); h == nil || h.end != endUnknownFinal { // which may have been a challenge
			t.diallerLeft(c, now)
		}
		at += int64(t.opt.Settle)
	case at != 0: // challenged
		at += challengePatience
	default:
		if c.flags&callDialling != 0 && c.diallerGone() {
			t.diallerLeft(c, now)
		}
		return
	}
	if at < c.deadline {
		t.timers.set(c, at)
	}
}

// end takes a call off the books: its agents' legs end with it, its verdict is told, and its
// Call-IDs are remembered for a while so that late messages revive nothing.
func (t *Tracker) end(c *call, at int64, why Reason) {
	t.reveal(c, t.now, "")
	j := t.judge(c, at, why)
	first := t.firstAgent(c)
	t.inherit(c, at)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.alive() {
				h.state, h.end, h.down = terminated, endWithCall, at
			}
			t.left(c, h, t.now)
		}
	}
	t.diallerLeft(c, t.now)
	t.strike(c)
	t.tellEnd(c, &j, first, at, why)
	t.slots.give(c.slot)
	for l := c.first; l != nil; {
		next := l.next
		t.forget(l)
		l = next
	}
	if c.flags&callDirty == 0 {
		t.spares.giveCall(c)
	}
}

// strike takes a call out of every list but its legs'.
func (t *Tracker) strike(c *call) {
	t.timers.remove(c)
	t.unlist(c)
	t.unqueue(c)
	t.unremember(c)
	if c.flags&callKept != 0 {
		t.gone = append(t.gone, c.id)
	}
	if c.flags&callCounted != 0 { // its end was not seen: no part of an outage
		c.flags &^= callCounted
		t.outageOf(c).live--
	}
}
