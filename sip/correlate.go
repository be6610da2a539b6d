package sip

// place finds the call of a new leg, or begins one: by a link, by the dialog it replaces, and last by
// number and time. It is false when there is no room for the leg.
func (t *Tracker) place(l *leg, h *hop, m *Message, s *sight) bool {
	other, wants := t.linked(l, m)
	if other == nil && len(m.Replaces) > 0 {
		if other = t.replaced(m.Replaces); other != nil && h.role == roleIn && s.from.kind == idAgent {
			h.role = roleAgent // a pickup: the agent comes to the call (RFC 3891 §3)
			h.flags &^= hopSource
		}
	}
	if other != nil && (h.role != roleIn || s.src.kind == placePBX && other.call.caller != nil) {
		return t.attach(other.call, l, h, m, s, legLinked)
	}
	if h.role == roleIn {
		if !t.comesIn(l, h, m, s) {
			return false
		}
		if other != nil && other.call != nil && other != other.call.caller && (other.call.caller == nil || other.flags&legLinked == 0) {
			t.link(l, other) // it was linked before it came
		}
		return true
	}
	// What is linked waits for its link, and what a proxy passes on for the hop before: both say more
	// than number and time.
	if !wants && m.Vias <= 1 {
		switch c := t.tie(h, m, s); {
		case c == nil:
		case c.stale(m.Time):
			wants = true // nobody but a caller who may be gone: another may be on his way
		default:
			return t.attach(c, l, h, m, s, legTied)
		}
	}
	t.alone(l, h, m, s, wants)
	return true
}

// tie is the call of a leg from a PBX by number and time.
func (t *Tracker) tie(h *hop, m *Message, s *sight) *call {
	switch {
	case h.role != roleOut && s.from.kind == idService:
		return t.queued(s.from.service, h.agent, m, s)
	case h.role != roleOut:
		return t.upstream(keyFrom(&s.from, m), h.agent, m, s)
	}
	c, again := t.asksFor(s.to.number, m, s)
	if c == nil {
		c = t.forwarded(m, s)
	}
	if c == nil {
		c = first(again, t.presented(s.to.number, m, s))
	}
	return c
}

// alone begins a call with a leg that another one should have caused.
func (t *Tracker) alone(l *leg, h *hop, m *Message, s *sight, wants bool) {
	c := t.orphan(l, m, s)
	if wants {
		c.flags |= callWanting
	}
	t.callerIs(c, m, s)
	if h.role == roleOut {
		t.aloneOut(c, m, s)
	} else {
		t.aloneIn(c, h, m, s)
	}
}

// aloneIn is a leg to a phone or endpoint of ours.
func (t *Tracker) aloneIn(c *call, h *hop, m *Message, s *sight) {
	c.dir = Inbound
	t.calleeIs(c, 0, requestURI(m), h.agent)
	switch {
	case s.from.kind == idService: // the PBX may be calling the agent first
		c.dir = Internal
		c.flags |= callPresented
		t.recent.add(c)
		return
	case s.from.internal():
		c.dir = Internal
	}
	if k := keyFrom(&s.from, m); k != 0 {
		t.enlist(c, k.in(inOrphans))
	}
}

// aloneOut is a leg to an external number.
func (t *Tracker) aloneOut(c *call, m *Message, s *sight) {
	c.dir = Outbound
	if t.divertedFrom(m, t.numberingOf(s.src)) != nil {
		c.dir = Inbound // a forwarded call whose inner leg nobody saw
	}
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	if s.from.agent != nil {
		c.dialler = s.from.agent
	}
	t.trunkIs(c, s.dst)
	if s.to.number != 0 {
		t.enlist(c, keyOf(keyCallee, uint64(s.to.number)).in(inOrphans))
	}
	t.recent.add(c)
}

// comesIn begins a call, or continues the one whose leg was sent back to come in again.
func (t *Tracker) comesIn(l *leg, h *hop, m *Message, s *sight) bool {
	if s.src.kind == placePBX {
		return t.relayed(l, h, m, s)
	}
	if c := t.overflowed(m, s); c != nil && t.room(c) {
		l.flags |= legTied
		t.join(c, l)
		t.saw(c, m)
		c.caller = l
		t.assignTold(c, m, s)
		t.adopt(c, c.key)
		return true
	}
	c := t.newCall(l, m)
	c.flags |= callTentative
	t.cause(c, l, h, m, s)
	return true
}

// relayed is a leg from PBX to PBX that is for us: the same call through a border element, an
// overflow to another service, or a call whose outer leg is not mirrored.
func (t *Tracker) relayed(l *leg, h *hop, m *Message, s *sight) bool {
	if c := t.upstream(keyFrom(&s.from, m), nil, m, s); c != nil {
		if !t.attach(c, l, h, m, s, legTied) {
			return false
		}
		t.assignTold(c, m, s)
		return true
	}
	t.cause(t.orphan(l, m, s), l, h, m, s)
	return true
}

// orphan begins a call by a leg that another one should have caused. It is told to nobody until the
// other had time to come.
func (t *Tracker) orphan(l *leg, m *Message, s *sight) *call {
	c := t.newCall(l, m)
	c.flags |= callTentative
	if c.pbx = s.src.pbx; c.pbx == nil {
		c.pbx = s.dst.pbx
	}
	t.timers.set(c, m.Time+grace)
	return c
}

// attach adds a leg to the call it belongs to, if that has room.
func (t *Tracker) attach(c *call, l *leg, h *hop, m *Message, s *sight, how legFlags) bool {
	if !t.room(c) {
		return false
	}
	if h.role == roleIn {
		h.role = roleRelay
	}
	l.flags |= how
	t.join(c, l)
	t.saw(c, m)
	if h.role == roleOut {
		t.goesOut(c, m, s)
	}
	return true
}

// refuse gives up a leg that has no place.
func (t *Tracker) refuse(l *leg) {
	t.stats.LegsRefused++
	t.forget(l)
}
