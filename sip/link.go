package sip

import "bytes"

// links remembers which leg a link value was seen with: a link header's value, or the Call-ID of a
// leg that a link from outside named before it was seen. It keeps one to two generations.
type links struct {
	young, old map[uint64]string // value → Call-ID
	turned     int64
	limit      int
}

const linkGeneration = 600e9

func newLinks(limit int) links {
	return links{young: map[uint64]string{}, old: map[uint64]string{}, limit: limit}
}

func (x *links) add(value uint64, callID string, now int64) {
	if now-x.turned >= linkGeneration || len(x.young) >= x.limit {
		x.old, x.young = x.young, x.old
		clear(x.young)
		x.turned = now
	}
	x.young[value] = callID
}

func (x *links) of(value uint64) (string, bool) {
	if s, ok := x.young[value]; ok {
		return s, true
	}
	s, ok := x.old[value]
	return s, ok
}

// linked is the leg that a new leg belongs to by a link: a header whose value is a Call-ID or is
// shared by both (Session-ID, RFC 7989), or a link from outside that came first. wants says that there
// is a link, whether or not its other end was seen.
func (t *Tracker) linked(l *leg, m *Message) (found *leg, wants bool) {
	if id, ok := t.shared.of(t.id); ok {
		found, wants = t.linkedBy(t.idOfText(id), l, m), true
	}
	for i := range m.Links {
		v, _, _ := bytes.Cut(m.Links[i], []byte(";"))
		if v = bytes.TrimSpace(v); len(bytes.Trim(v, "0-")) == 0 { // the nil UUID is nobody's (RFC 7989 §5)
			continue
		}
		wants = true
		other := t.linkedBy(t.idOf(v), l, m)
		switch {
		case found == nil:
			found = other
		case other != nil && other.call != found.call && other.call.caller != nil && found.call.caller != nil && l.call == nil:
			t.disagree(found.call, Evidence{At: stamp(m.Time), CallID: l.callID, What: otherCall})
		}
	}
	return found, wants
}

// linkedBy is the leg that has a value for its Call-ID or was linked by it first; where there is none,
// the next will find this one.
func (t *Tracker) linkedBy(value uint64, l *leg, m *Message) *leg {
	other := t.leg(value)
	if other == nil {
		if id, ok := t.shared.of(value); ok {
			other = t.leg(t.idOfText(id))
		}
	}
	if other == nil || other == l || other.call == nil || other.call.done(m.Time) {
		t.shared.add(value, l.callID, t.now)
		return nil
	}
	return other
}

// Link tells that two legs belong to one call: that the leg with Call-ID caller causes the one with
// Call-ID callee. It may come before or after their messages, and it outweighs what number and time
// suggested. The events it causes are emitted before Link returns.
func (t *Tracker) Link(caller, callee string, emit func(*Event)) {
	t.emit = emit
	cause, effect := t.idOfText(caller), t.idOfText(callee)
	a, b := t.leg(cause), t.leg(effect)
	if b == nil {
		t.shared.add(effect, caller, t.now)
	}
	if a == nil {
		if id, ok := t.shared.of(cause); ok && b != nil {
			if other := t.leg(t.idOfText(id)); other != nil && other.call != b.call {
				t.link(other, b) // both wait for the same leg
			}
		}
		t.shared.add(cause, callee, t.now)
	}
	if a != nil && b != nil {
		contradicts := disputed(a, b)
		t.link(a, b)
		if contradicts {
			t.disagree(b.call, Evidence{At: stamp(t.now), CallID: b.callID, What: otherCall})
		}
	}
}

// link moves the callee's leg to the caller's call, with all others of its call where nothing causes
// that.
func (t *Tracker) link(a, b *leg) {
	c, o := a.call, b.call
	if c != o && o.caller == b && c.caller != a {
		a, b, c, o = b, a, o, c // told the wrong way round: the leg that causes its call stays
	}
	b.flags = b.flags&^legTied | legLinked
	switch {
	case c == o:
	case o.caller == nil && o.flags&callTentative != 0:
		t.absorb(c, o, legLinked)
	case o.caller == nil:
		if c.flags&callWithheld != 0 {
			o.withhold() // its legs showed whom nobody may see
		}
		for l := o.first; l != nil; {
			next := l.next
			t.move(l, c)
			l = next
		}
	default:
		t.move(b, c)
	}
}

// move takes a leg from the call it was thought to be in to another.
func (t *Tracker) move(l *leg, c *call) {
	if !t.room(c) {
		return
	}
	o := l.call
	t.leave(l)
	l.flags = l.flags&^legTied | legLinked
	t.take(c, l, t.now)
	t.settled(o)
}

// leave takes a leg out of its call, which its agents leave with it.
func (t *Tracker) leave(l *leg) {
	for h := &l.hop; h != nil; h = h.next {
		t.left(l.call, h, t.now)
	}
	t.part(l)
}

// settled looks what a call is without the legs that left it.
func (t *Tracker) settled(c *call) {
	if c.first == nil {
		t.end(c, t.now, UnknownEnd)
		return
	}
	t.relist(c)
	if c.flags&callCounted != 0 && !c.any((*hop).wasAgent) {
		c.flags &^= callCounted
		t.outageOf(c).live--
	}
	t.touch(c, t.now)
}
