package sip

// mayContinue says whether a fresh call may be the rest of one that was redirected, by a response that
// is still to come.
func (t *Tracker) mayContinue(c *call) bool {
	if c.dir != Inbound || c.service == nil || c.key == 0 {
		return false
	}
	for o, n := c.nodes[byKey].prev, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].prev, n+1 {
		h := o.callerHop()
		if o.service != nil && h != nil && h.up == 0 && (h.alive() || h.end == endUnknownFinal) && samePBX(o.pbx, c.pbx) && !c.another(o.traits()) {
			return true
		}
	}
	o := c.nodes[byKey].next // or the rest came first
	return o != nil && o.service != nil && o.started < c.started+grace && samePBX(o.pbx, c.pbx) && !c.another(o.traits())
}

// redirected gives a call that was sent elsewhere the leg that came in again before that was seen.
func (t *Tracker) redirected(c *call) {
	if c.dir != Inbound || c.service == nil || c.key == 0 {
		return
	}
	for o, n := c.nodes[byKey].next, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].next, n+1 {
		if o.caller == nil || o.service == nil || !samePBX(o.pbx, c.pbx) || c.another(o.traits()) {
			continue
		}
		if o.flags&callTentative == 0 {
			if c.flags&callTentative != 0 && o.started < c.started+grace {
				o.started = c.started
				t.absorb(o, c, legTied)
				return
			}
			continue
		}
		t.resume(c, o)
		return
	}
}

// resume gives a call that was sent elsewhere the legs of the one that is its rest.
func (t *Tracker) resume(c, rest *call) {
	l, x, pbx, to := rest.caller, rest.service, rest.pbx, rest.to
	t.absorb(c, rest, legTied)
	c.caller, c.pbx = l, pbx
	if c.service.ID != x.ID {
		t.unqueue(c)
		c.service, c.to, c.text = x, to, ""
		t.relist(c)
		t.tell(CallUpdated, c, nil, t.now, 0, "")
	}
}

// resumes is the call that was sent elsewhere and goes on in one whose INVITE came after its responses,
// which did not tell that its caller is withheld.
func (t *Tracker) resumes(c *call) *call {
	if c.flags&callTentative == 0 || c.dir != Inbound || c.service == nil {
		return nil
	}
	for o, n := c.nodes[byKey].prev, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].prev, n+1 {
		h := o.callerHop()
		if h != nil && h.end == endFinal && h.status/100 == 3 && o.service != nil && o.service.ID != c.service.ID && samePBX(o.pbx, c.pbx) && !c.another(o.traits()) {
			return o
		}
	}
	return nil
}

// overflowed is the call that a new inbound leg continues: the caller's first leg was redirected
// (RFC 3261 §21.3), or the new one says it was diverted from that call's service (RFC 5806).
func (t *Tracker) overflowed(m *Message, s *sight) *call {
	to := t.serviceOf(m, t.numberingOf(s.src))
	if to == nil || s.from.kind != idExternal && s.from.kind != idWithheld {
		return nil
	}
	via := t.divertedFrom(m, t.numberingOf(s.src))
	continued := func(c *call) bool {
		h := c.callerHop()
		if h == nil || c.service == nil || c.dir != Inbound || !samePBX(c.pbx, s.dst.pbx) || !sameTrunk(c.trunk, s.src.trunk) {
			return false
		}
		redirected := h.end == endFinal && h.status/100 == 3 && (s.from.kind == idExternal || to.ID != c.service.ID)
		diverted := via != nil && via.ID == c.service.ID && to.ID != c.service.ID
		return redirected || diverted && !h.byBye()
	}
	k := keyFrom(&s.from, m)
	var shown [3]trait
	if s.from.kind == idWithheld {
		shown = traitsOf(identities(m, t.numberingOf(s.src)))
	}
	for c, n := t.listOf(k).last, 0; c != nil && n < maxCandidates; c, n = c.nodes[byKey].prev, n+1 {
		if continued(c) && !c.another(shown) {
			return c
		}
	}
	if m.Request {
		return nil
	}
	for _, w := range t.withholding(k) { // a response tells nothing of Privacy (RFC 3323 §4.2)
		for _, c := range w.calls {
			if continued(c) {
				return c
			}
		}
	}
	return nil
}
