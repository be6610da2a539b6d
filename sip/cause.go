package sip

// cause makes a leg the one that causes its call: it says who calls, whom, and which service.
func (t *Tracker) cause(c *call, l *leg, h *hop, m *Message, s *sight) {
	was := *c
	c.caller = l
	if h == c.callerHop() {
		c.started = h.invited
	}
	switch {
	case was.caller == l && was.pbx != nil && l.nhops > 1: // a border element's outer hop came after its inner one
	case s.dst.pbx != nil:
		c.pbx = s.dst.pbx
	case s.src.pbx != nil:
		c.pbx = s.src.pbx
	}
	t.callerIs(c, m, s)
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	t.directs(c, m, s)
	k := keyFrom(&s.from, m)
	switch {
	case c.dir == Outbound:
		k = keyOf(keyCallee, uint64(c.to))
		t.recent.add(c)
	case s.from.kind == idAgent && s.to.kind == idUnknown:
		t.recent.add(c)
	case s.from.kind == idEndpoint:
		k = keyOf(keyInternal, 0)
	}
	t.enlist(c, k)
	t.relist(c)
	t.adopt(c, k)
	if s.from.kind == idWithheld {
		for _, k := range identities(m, t.numberingOf(s.src)) {
			t.adopt(c, k)
		}
		if o := t.resumes(c); o != nil && was.key != 0 {
			t.resume(o, c)
			return
		}
	}
	switch {
	case c.flags&callTentative == 0:
		if was.dir != c.dir || was.from != c.from || was.to != c.to || was.service != c.service || (was.flags^c.flags)&callWithheld != 0 {
			t.tell(CallUpdated, c, nil, m.Time, 0, "")
		}
	case s.src.kind == placePBX && s.from.kind != idAgent, h.flags&hopNoInvite != 0, t.mayContinue(c):
		// Its outer leg may still come, or the INVITE that says who calls, or what redirected him.
		t.timers.set(c, c.started+grace)
		return
	default:
		t.reveal(c, m.Time, t.device(c.dialler, m))
	}
	t.dialled(c, m.Time, t.device(c.dialler, m))
	t.touch(c, m.Time)
}

// directs tells the direction of a call by who calls whom, and its service.
func (t *Tracker) directs(c *call, m *Message, s *sight) {
	switch s.from.kind {
	case idAgent:
		c.dialler, c.dir = s.from.agent, Internal
		switch s.to.kind {
		case idExternal:
			c.dir = Outbound
			t.trunkIs(c, s.dst)
		case idAgent, idOwn:
			t.calleeIs(c, 0, nil, s.to.agent)
		default:
		}
	case idService, idOwn, idEndpoint:
		c.dialler, c.dir = s.from.agent, Internal
	default:
		c.dir = Inbound
		t.trunkIs(c, s.src)
		t.assign(c, t.serviceOf(m, t.numberingOf(s.src)), m)
		if to := t.numberingOf(s.src).Parse(m.To.URI.User, m.To.URI.PhoneContext); c.to == 0 && t.site.service(to) != nil {
			t.calleeIs(c, to, nil, nil) // the Request-URI names the PBX's account (RFC 3261 §8.2.2.1)
		}
	}
}

// callerIs tells who calls. What he withheld stays so, though the PBX shows it on its own legs; a
// response, which has no Privacy, takes nothing back (RFC 3323 §4.2).
func (t *Tracker) callerIs(c *call, m *Message, s *sight) {
	from := &s.from
	if c.flags&callWithheld != 0 && !m.Request {
		return
	}
	t.unremember(c)
	c.flags &^= callWithheld
	c.from, c.text = from.number, ""
	name := ""
	switch from.kind {
	case idWithheld:
		c.withhold()
		t.remember(c, identities(m, t.numberingOf(s.src)))
	case idAgent, idOwn:
		name = from.agent.id
	case idExternal, idService:
	default:
		name = text(&m.From.URI)
	}
	if s.src.kind == placePBX && t.isWithheld(keyFrom(from, m), c.pbx, c) {
		c.withhold()
		t.remember(c, [3]key{keyFrom(from, m)})
		name = ""
	}
	if name != "" || c.extra != nil {
		c.more().from = name
	}
}

// calleeIs tells who is called: a number, or else an agent or what a URI says.
func (t *Tracker) calleeIs(c *call, n Number, u *URI, a *agent) {
	c.to, c.text = n, ""
	switch {
	case n != 0:
	case a != nil:
		c.more().to = a.id
	default:
		c.more().to = text(u)
	}
}

func (t *Tracker) trunkIs(c *call, p *place) {
	if p.trunk != nil {
		c.trunk = p.trunk
	}
}

// assign gives a call to a service, if it is for one; the last one owns it.
func (t *Tracker) assign(c *call, x *service, m *Message) (changed bool) {
	if x == nil || c.service != nil && c.service.ID == x.ID {
		return false
	}
	t.unqueue(c)
	c.service, c.text = x, ""
	n := t.site.numbering
	if c.pbx != nil {
		n = c.pbx.numbering
	}
	if num := n.Parse(requestURI(m).User, requestURI(m).PhoneContext); num != 0 {
		c.to = num
	}
	if !c.agentUp() {
		t.enqueue(c)
	}
	return true
}

// assignTold is assign for a call that the world may know already.
func (t *Tracker) assignTold(c *call, m *Message, s *sight) {
	if t.assign(c, t.serviceOf(m, t.numberingOf(s.src)), m) {
		t.tell(CallUpdated, c, nil, m.Time, 0, "")
	}
}

// goesOut makes a call outbound once a leg of it goes to an external number.
func (t *Tracker) goesOut(c *call, m *Message, s *sight) {
	if c.dir == Inbound && c.flags&callPresented == 0 {
		return // forwarded, and still the customer's call
	}
	t.trunkIs(c, s.dst)
	if c.dir == Outbound && c.to != 0 {
		return
	}
	c.dir = Outbound
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	for l := c.first; l != nil && c.dialler == nil; l = l.next {
		if l.hop.role == roleAgent {
			c.dialler = l.hop.agent
		}
	}
	if c.dialler != nil { // whom the PBX showed him is not who calls
		c.from, c.more().from = 0, c.dialler.id
	}
	t.enlist(c, keyOf(keyCallee, uint64(c.to)))
	if c.flags&callTentative != 0 {
		t.reveal(c, m.Time, "")
	} else {
		t.tell(CallUpdated, c, nil, m.Time, 0, "")
	}
	t.dialled(c, m.Time, "")
}
