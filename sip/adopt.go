package sip

import "time"

// adopt takes in the legs that came before the one that causes them.
func (t *Tracker) adopt(c *call, k key) {
	if k != 0 {
		for o, n := t.listOf(k.in(inOrphans)).first, 0; o != nil && n < maxCandidates; n++ {
			next := o.nodes[byKey].next
			if o != c && o.caller == nil && o.flags&callTentative != 0 && !o.passedOn() && samePBX(o.pbx, c.pbx) && o.started >= c.started-int64(time.Second) {
				t.absorb(c, o, legTied)
			}
			o = next
		}
	}
	if c.dir != Inbound || k == 0 {
		return
	}
	t.rivals(c, k)
	// A leg out that shows this caller is the call forwarded, not one of ours.
	if o := t.recent.find(func(o *call) bool {
		return o != c && o.flags&callTentative != 0 && o.dir == Outbound && o.caller == nil && o.from != 0 && samePBX(o.pbx, c.pbx) &&
			(o.from == c.from || c.withholds(keyOf(keyCaller, uint64(o.from))))
	}); o != nil {
		t.absorb(c, o, legTied)
	}
}

// passedOn says whether a proxy passed on all that was seen of a call: the leg that causes it then has the same
// Call-ID (RFC 3261 §16.6), and no other one does.
func (c *call) passedOn() bool { return !c.any(func(h *hop) bool { return h.vias <= 1 }) }

// rivals looks for legs that went to another call of a key before this one was known, and may be its.
func (t *Tracker) rivals(c *call, k key) {
	for o := range t.causing(k) {
		if o != c && samePBX(o.pbx, c.pbx) && o.tiedSince(c.started) {
			o.flags |= callInferred
			c.flags |= callInferred
		}
	}
}

// tiedSince says whether a leg was tied to a call by number and time that began after a moment.
func (c *call) tiedSince(at int64) bool {
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTied != 0 && l.hop.invited >= at {
			return true
		}
	}
	return false
}

// absorb moves all legs of a call that nobody was told of into another.
func (t *Tracker) absorb(c, o *call, how legFlags) {
	t.strike(o)
	t.slots.give(o.slot)
	if c.dir == Outbound && c.trunk == nil {
		c.trunk = o.trunk
	}
	for l := o.first; l != nil; {
		next := l.next
		l.call, l.next = nil, nil
		if t.room(c) {
			l.flags = l.flags&^(legTied|legLinked) | how
			t.join(c, l)
			for h := &l.hop; h != nil; h = h.next {
				t.agentCaught(c, h, t.now)
			}
		} else {
			t.refuse(l)
		}
		l = next
	}
	c.seen = max(c.seen, o.seen)
	if c.dir == Outbound {
		t.farAnswered(c, c.seen)
	}
	t.touch(c, c.seen)
	if o.flags&callDirty == 0 {
		t.spares.giveCall(o)
	}
}

// tieLate ties the legs of a call whose link led nowhere by number and time after all; it says whether
// there was a call for them.
func (t *Tracker) tieLate(c *call) bool {
	if c.flags&callWanting == 0 || c.caller != nil {
		return false
	}
	keys := [2]key{c.key}
	if c.from != 0 {
		keys[1] = keyOf(keyCaller, uint64(c.from))
	}
	var x candidates
	for _, k := range keys {
		for o, in := range t.causing(k) {
			if o != c && samePBX(o.pbx, c.pbx) && !o.done(c.started) {
				x.add(o, in, c.first.hop.agent, c.started)
			}
		}
	}
	o := x.best()
	if o == nil {
		return false
	}
	if o.stale(c.started) {
		o.flags |= callBlind // and stays so until its caller's own leg is heard of
	}
	t.absorb(o, c, legTied)
	return true
}
