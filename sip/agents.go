package sip

// changed follows up what a message did to a hop: timers, the call's place among the waiting, and
// the events that agents' legs give.
func (t *Tracker) changed(l *leg, h, was *hop, m *Message) {
	c := l.call
	if h.role == roleAgent && h.agent != nil {
		device := ""
		if h.state != was.state || h.alerted != was.alerted {
			device = t.device(h.agent, m)
		}
		t.agentChanged(c, h, was, m.Time, device)
	}
	if h.up != 0 && was.up == 0 && c.dir == Outbound {
		t.farAnswered(c, m.Time)
	}
	if !h.alive() && h.flags&hopTold != 0 { // a proxy's outer hop, that told for the agent's
		t.left(c, h, m.Time)
	}
	if h.down != was.down || h.state != was.state {
		t.touch(c, m.Time)
	}
	if h.end == endFinal && was.end != endFinal && h.status/100 == 3 && h == c.callerHop() {
		t.redirected(c) // and c may be part of another call now
	}
}

// agentChanged tells what a hop to an agent's phone has become.
func (t *Tracker) agentChanged(c *call, h, was *hop, at int64, device string) {
	wasUp := was.state == confirmed
	if wasUp != (h.state == confirmed) {
		t.relist(c)
	}
	if h.alive() || was.alive() { // of what came late nobody needs to be told
		if h.rang() && !was.rang() {
			t.ringing(c, h, at, device)
		}
		if h.up != 0 && was.up == 0 && !c.overBefore(h.up) {
			t.count(c)
			t.answered(c, h, at, device)
		}
	}
	if !h.alive() && was.alive() {
		t.left(c, h, at)
		if wasUp {
			t.leftAlone(c, h, at)
		}
	}
}

// overBefore says whether the caller was gone at a moment: who answers him then answers nobody.
func (c *call) overBefore(at int64) bool {
	end, over := c.over()
	return over && c.caller != nil && end <= at
}

// tellsOf says whether what an agent's phone does in a call is told: in a customer's call always, and in one that
// an agent dialled when others come to it whom he hands it on to, or he himself again.
func (c *call) tellsOf(a *agent) bool {
	if c.dir == Outbound {
		return c.flags&callFarUp != 0 && (c.flags&callDialling == 0 || !same(a, c.dialler))
	}
	return c.dir == Inbound && c.flags&callTentative == 0
}

// ringing tells that an agent's phone alerts for an external party, unless another of his does.
func (t *Tracker) ringing(c *call, h *hop, at int64, device string) {
	if !c.tellsOf(h.agent) {
		return
	}
	told := c.other(h, func(g *hop) bool { return g.flags&hopTold != 0 })
	h.flags |= hopTold
	if !told {
		t.tell(AgentRinging, c, h.agent, at, c.external(), device)
	}
}

// answered tells that an agent's leg with an external party is up, unless another of his is.
func (t *Tracker) answered(c *call, h *hop, at int64, device string) {
	if !c.tellsOf(h.agent) {
		return
	}
	if h.flags&hopTold == 0 {
		t.ringing(c, h, at, device)
	}
	if !c.other(h, func(g *hop) bool { return g.flags&hopTold != 0 && g.state == confirmed }) {
		t.tell(AgentAnswered, c, h.agent, at, c.external(), device)
	}
}

// left tells that an agent's leg with an external party is over, unless another phone of his still
// is in the call.
func (t *Tracker) left(c *call, h *hop, at int64) {
	if h.flags&hopTold == 0 {
		return
	}
	h.flags &^= hopTold
	if !c.other(h, func(g *hop) bool { return g.flags&hopTold != 0 }) {
		t.tell(AgentLeft, c, h.agent, at, c.external(), "")
	}
}

// other says whether another hop of the same agent satisfies f.
func (c *call) other(h *hop, f func(*hop) bool) bool {
	return c.any(func(g *hop) bool { return g != h && g.role == roleAgent && same(g.agent, h.agent) && f(g) })
}

// dialled tells that an agent dialled an external number: once, as soon as both are known.
func (t *Tracker) dialled(c *call, at int64, device string) {
	if c.dir != Outbound || c.to == 0 || c.flags&(callDialled|callTentative) != 0 || !c.any((*hop).asked) {
		return
	}
	c.hops(func(_ *leg, h *hop) { h.flags &^= hopTold }) // whoever rang for it is the one who dials
	c.flags |= callDialled | callDialling
	t.tell(AgentDialled, c, c.dialler, at, c.to, device)
	t.farAnswered(c, at)
}

// asked says whether somebody called here for certain: a lone 2xx may be the answer to the re-INVITE
// of a dialog that began before the watch.
func (h *hop) asked() bool {
	return h.flags&hopNoInvite == 0 || h.alerted != 0 || h.end == endFinal || h.end == endCancel
}

// farAnswered tells that the far end of an outbound call is up: by the trunk's leg where that is
// seen, else by the agent's own.
func (t *Tracker) farAnswered(c *call, at int64) {
	if c.flags&(callFarUp|callDialled) != callDialled || c.farUp() == 0 {
		return
	}
	c.flags |= callFarUp
	if c.dialler != nil {
		c.flags |= callDialling
		t.tell(AgentAnswered, c, c.dialler, at, c.to, "")
	}
}

// diallerGone says whether the agent who dialled was in the call, and no phone of his is any more.
func (c *call) diallerGone() bool {
	gone := false
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			switch {
			case h.role != roleAgent && h.flags&hopSource == 0 || !same(h.agent, c.dialler):
			case h.alive():
				return false
			default:
				gone = gone || h.up != 0
			}
		}
	}
	return gone
}

// diallerLeft tells that the agent who dialled is out of the call.
func (t *Tracker) diallerLeft(c *call, at int64) {
	if c.flags&callDialling != 0 && c.dialler != nil {
		c.flags &^= callDialling
		t.tell(AgentLeft, c, c.dialler, at, c.to, "")
	}
}
