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
// shared by both (Session-ID, RFC 7989), or a link from outside that came first.
func (t *Tracker) linked(l *leg, m *Message) *leg {
	var found *leg
	if other := t.linkedTo(hash([]byte(l.callID)), l); other != nil {
		found = other
	}
	for i := range m.Links {
		v, _, _ := bytes.Cut(m.Links[i], []byte(";"))
		v = bytes.TrimSpace(v)
		if len(v) == 0 || found != nil {
			continue
		}
		if other, ok := t.legs[string(v)]; ok && other != l && other.call != nil {
			found = other
			continue
		}
		k := hash(v)
		if other := t.linkedTo(k, l); other != nil {
			found = other
			continue
		}
		t.shared.add(k, l.callID, t.now)
	}
	return found
}

func (t *Tracker) linkedTo(value uint64, l *leg) *leg {
	if id, ok := t.shared.of(value); ok {
		if other, ok := t.legs[id]; ok && other != l && other.call != nil {
			return other
		}
	}
	return nil
}

// Link tells that two legs belong to one call: that the leg with Call-ID caller causes the one with
// Call-ID callee. It may come before or after their messages, and it outweighs what number and time
// suggested. The events it causes are emitted before Link returns.
func (t *Tracker) Link(caller, callee string, emit func(*Event)) {
	t.emit = emit
	a, b := t.legs[caller], t.legs[callee]
	if a == nil {
		t.shared.add(hash([]byte(caller)), callee, t.now)
	}
	if b == nil {
		t.shared.add(hash([]byte(callee)), caller, t.now)
	}
	if a != nil && b != nil {
		t.link(a, b)
	}
}

// link moves the callee's leg to the caller's call.
func (t *Tracker) link(a, b *leg) {
	b.flags = b.flags&^legTied | legLinked
	c, o := a.call, b.call
	if c == o {
		return
	}
	if o.caller == b && o.flags&callOrphan == 0 && c.caller != a {
		c, o, b = o, c, a // told the wrong way round: the leg that causes its call stays
		b.flags = b.flags&^legTied | legLinked
	}
	if o.flags&callTentative != 0 {
		t.absorb(c, o)
		b.flags = b.flags&^legTied | legLinked
		return
	}
	for h := &b.hop; h != nil; h = h.next {
		if h.role == roleAgent && h.agent != nil && h.alive() {
			t.left(o, h, t.now)
		}
	}
	t.part(o, b)
	t.relist(o)
	t.join(c, b)
	for h := &b.hop; h != nil; h = h.next {
		if h.role == roleAgent && h.agent != nil && h.rang() {
			t.agentChanged(c, h, &hop{}, &Message{Time: t.now})
		}
	}
	if o.first == nil {
		t.end(o, t.now, UnknownEnd)
	} else if o.caller == b {
		o.caller = nil
	}
}
