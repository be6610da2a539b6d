package sip

// sight is what one look at an INVITE hop tells: who, to whom, between which places, what for.
type sight struct {
	ends
	from, to identity
	role     role
	phone    *agent // of roleAgent
	mobile   bool
	guessed  bool // the phone is known by nothing but that a PBX rings it
}

// look classifies the hop that an INVITE, or a response to one, travels on.
func (t *Tracker) look(m *Message) sight {
	s := sight{ends: t.endsOf(m)}
	s.from = t.callerOf(m, &s.ends)
	if s.phone = t.phoneOf(m, &s.ends); s.phone != nil {
		s.role, s.to = roleAgent, identity{kind: idAgent, agent: s.phone}
		return s
	}
	s.to = t.calleeOf(m, &s.ends)
	fromPBX, toPBX := s.src.kind == placePBX, s.dst.kind == placePBX
	outward := s.from.kind == idService && s.to.kind == idExternal && s.dst.kind != placePBX
	switch {
	case s.dst.kind == placeEndpoint, fromPBX && !toPBX && s.to.kind == idEndpoint:
		s.role = roleEndpoint
	case fromPBX && !toPBX && s.to.kind == idOwn && t.site.mobiles[s.to.number] != nil:
		s.role, s.phone, s.mobile = roleAgent, s.to.agent, true
	case fromPBX && !toPBX && s.to.kind == idUnknown && s.dst.kind == placeUnknown:
		s.role, s.guessed = roleAgent, true
		s.phone = t.learn(s.dstAt.Addr().String())
		if s.phone == nil {
			s.role = roleOut
		}
	case fromPBX && !toPBX, outward, s.dst.kind == placeTrunk:
		s.role = roleOut
	case fromPBX && s.to.kind == idExternal:
		s.role = roleOut
	default:
		s.role = roleIn
	}
	return s
}

// invite is an INVITE request.
func (t *Tracker) invite(m *Message) {
	if len(m.To.Tag) > 0 {
		if l := t.dialog(m); l != nil {
			t.prove(l, m)
			t.reinvite(l, m)
		}
		return
	}
	l := t.legs[string(m.CallID)]
	if l == nil {
		if t.ended.has(hash(m.CallID)) {
			t.stats.Unrelated++
			return
		}
		t.newLeg(m)
		return
	}
	t.saw(l.call, m)
	if h := l.byBranch(hash(m.Branch)); h != nil {
		h.invited = min(h.invited, m.Time)
		l.call.started = min(l.call.started, m.Time)
		if h.flags&hopNoInvite == 0 {
			t.stats.Duplicates++
			return
		}
		h.flags &^= hopNoInvite
		t.name(l, h, m)
		return
	}
	t.newHop(l, m)
}

// newLeg begins a leg, of an INVITE or of a response whose INVITE was not seen (yet).
func (t *Tracker) newLeg(m *Message) *hop {
	l := &leg{callID: string(m.CallID), fromTag: hash(m.From.Tag), cseq: m.CSeq, nhops: 1}
	t.legs[l.callID] = l
	s := t.look(m)
	h := t.dress(&l.hop, m, &s)
	t.place(l, h, m, &s)
	return h
}

// newHop adds a hop to a leg: the next proxy, a fork's branch, or another try.
func (t *Tracker) newHop(l *leg, m *Message) *hop {
	h := l.addHop()
	if h == nil {
		t.stats.LegsRefused++
		return nil
	}
	l.cseq = max(l.cseq, m.CSeq)
	s := t.look(m)
	t.dress(h, m, &s)
	c := l.call
	switch h.role {
	case roleIn:
		if c.caller == nil || c.caller == l && l.hop.role != roleIn {
			t.cause(c, l, h, m, &s)
		} else if c.caller == l && c.dir == Inbound {
			if s.src.kind == placePBX && s.dst.pbx != nil {
				c.pbx = s.dst.pbx // through a border element: the PBX behind it rings the phones
				t.adopt(c, c.key)
			}
			if x := t.serviceOf(m, t.numberingOf(s.src)); x != nil && s.from.kind != idService {
				t.assign(c, x, m)
			}
		}
	case roleOut:
		t.goesOut(c, m, &s)
	default:
	}
	return h
}

// dress gives a fresh hop what the message and the look at it tell.
func (t *Tracker) dress(h *hop, m *Message, s *sight) *hop {
	h.branch, h.vias, h.invited, h.role = hash(m.Branch), m.Vias, m.Time, s.role
	if !m.Request {
		h.flags |= hopNoInvite
	}
	if s.role == roleAgent {
		h.agent = s.phone
	}
	if s.mobile {
		h.flags |= hopMobile
	}
	if s.role == roleEndpoint {
		h.to = s.to.endpoint
	}
	if s.role == roleIn && s.from.kind == idAgent {
		h.agent = s.from.agent
		h.flags |= hopSource
	}
	return h
}

// name takes what an INVITE tells of a hop that only its responses had shown.
func (t *Tracker) name(l *leg, h *hop, m *Message) {
	s := t.look(m)
	c := l.call
	if s.role != h.role && h.role != roleAgent {
		h.role = s.role
		if s.role == roleAgent {
			h.agent = s.phone
		}
	}
	if h.role != roleIn {
		return
	}
	if c.caller == nil || c.caller == l && h == c.callerHop() {
		t.cause(c, l, h, m, &s)
	}
}

// inviteResponse is a response whose CSeq says INVITE.
func (t *Tracker) inviteResponse(m *Message) {
	l := t.legs[string(m.CallID)]
	var h *hop
	switch {
	case l == nil && (t.ended.has(hash(m.CallID)) || t.strangers.has(hash(m.CallID))):
		t.stats.Unrelated++
		return
	case l == nil:
		h = t.newLeg(m)
		l = t.legs[string(m.CallID)]
		if l == nil {
			return
		}
	default:
		h = l.byBranch(hash(m.Branch))
		switch {
		case h != nil:
		case hash(m.From.Tag) != l.fromTag, m.CSeq < l.cseq, m.CSeq > l.cseq && l.anyUp():
			t.inDialog(l, m)
			return
		default:
			if h = t.newHop(l, m); h == nil {
				return
			}
		}
	}
	c := l.call
	t.saw(c, m)
	was := *h
	tag := hash(m.To.Tag)
	switch {
	case m.StatusCode == 100:
	case m.StatusCode < 200:
		h.alert(m.Time, m.StatusCode, tag)
	case m.StatusCode < 300:
		h.confirm(m.Time, tag, true)
	default:
		h.fail(m.Time, m.StatusCode)
	}
	if !m.Request && h.flags&hopNoInvite != 0 {
		h.invited = min(h.invited, m.Time)
	}
	t.changed(l, h, &was, m)
}

func (l *leg) anyUp() bool {
	up := false
	l.hops(func(h *hop) bool { up = h.up != 0; return !up })
	return up
}

// farTag is the tag of the dialog's UAS side, whoever sent the message.
func (l *leg) farTag(m *Message) (tag uint64, fromCaller bool) {
	if hash(m.From.Tag) == l.fromTag {
		return hash(m.To.Tag), true
	}
	return hash(m.From.Tag), false
}

// inDialogHops calls f for the hops of a leg that belong to the dialog of a far tag. Hops into a PBX
// that carry another early dialog's tag belong too: a proxy passes the tags of all its branches.
func (l *leg) inDialogHops(tag uint64, f func(*hop)) {
	n := 0
	for h := &l.hop; h != nil; h = h.next {
		if h.toTag == tag || h.role == roleIn && h.up == 0 && h.state != terminated {
			n++
			f(h)
		}
	}
	if n == 0 && l.hop.next == nil && l.hop.toTag == 0 {
		f(&l.hop)
	}
}

// prove takes a request inside a dialog as the proof that the dialog is confirmed, where its 2xx was
// lost (RFC 3261 §12.2).
func (t *Tracker) prove(l *leg, m *Message) {
	tag, _ := l.farTag(m)
	l.inDialogHops(tag, func(h *hop) {
		if h.state >= confirmed {
			return
		}
		was := *h
		h.confirm(m.Time, tag, false)
		t.changed(l, h, &was, m)
	})
}

// ack ends or proves: with the INVITE's own branch it acknowledges a failure (RFC 3261 §17.1.1.3),
// with another a 2xx (§13.2.2.4).
func (t *Tracker) ack(l *leg, m *Message) {
	if !m.Request {
		return
	}
	h := l.byBranch(hash(m.Branch))
	if h == nil {
		if len(m.To.Tag) > 0 {
			t.prove(l, m)
		}
		return
	}
	if h.state < confirmed {
		was := *h
		h.state, h.end, h.down = terminated, endUnknownFinal, m.Time
		t.changed(l, h, &was, m)
	}
}

// cancel takes the CANCEL of an INVITE, or the response that proves there was one.
func (t *Tracker) cancel(l *leg, m *Message) {
	t.saw(l.call, m)
	if !m.Request && m.StatusCode/100 != 2 {
		return
	}
	if h := l.byBranch(hash(m.Branch)); h != nil {
		was := *h
		h.cancel(m.Time, m.Reason)
		t.changed(l, h, &was, m)
	}
}

// bye ends a dialog; where the BYE itself was lost, its response tells.
func (t *Tracker) bye(l *leg, m *Message) {
	if !m.Request && (m.StatusCode < 200 || m.StatusCode == 401 || m.StatusCode == 407) {
		return
	}
	tag, fromCaller := l.farTag(m)
	l.inDialogHops(tag, func(h *hop) {
		ended := h.state == terminated
		if ended && !m.Request {
			return
		}
		was := *h
		h.bye(m.Time, fromCaller, m.Reason)
		if !m.Request && !ended {
			h.flags |= hopNoBye
		} else if m.Request {
			h.flags &^= hopNoBye
		}
		t.changed(l, h, &was, m)
	})
}

// inDialog takes note of how requests inside a dialog fare: a 408 or 481 says it is dead at one end
// (RFC 3261 §12.2.1.2), a 2xx that it is not.
func (t *Tracker) inDialog(l *leg, m *Message) {
	t.saw(l.call, m)
	tag, _ := l.farTag(m)
	if m.Request {
		switch m.Method {
		case UPDATE, PRACK, INVITE:
		default:
			if len(m.To.Tag) > 0 {
				t.prove(l, m)
			}
		}
		return
	}
	l.inDialogHops(tag, func(h *hop) {
		switch {
		case m.StatusCode == 408 || m.StatusCode == 481:
			h.flags |= hopDying
		case m.StatusCode/100 == 2:
			h.flags &^= hopDying
		}
	})
}

// reinvite looks at a re-INVITE or UPDATE: the far side may hold the caller or take him back
// (RFC 3264 §8.4), and a PBX may show an agent his new party (attended transfer).
func (t *Tracker) reinvite(l *leg, m *Message) {
	tag, fromCaller := l.farTag(m)
	if fromCaller {
		t.connected(l, m)
		return
	}
	held, sdp := Hold(m.Body)
	if !sdp {
		return
	}
	l.inDialogHops(tag, func(h *hop) {
		switch {
		case held && h.held == 0:
			h.held = m.Time
		case !held:
			h.held = 0
		}
	})
}

// changed follows up what a message did to a hop: timers, the call's place among the waiting, and
// the events that agents' legs give.
func (t *Tracker) changed(l *leg, h, was *hop, m *Message) {
	c := l.call
	if h.role == roleAgent && h.agent != nil {
		t.agentChanged(c, h, was, m)
	}
	if h.up != 0 && was.up == 0 && c.dir == Outbound {
		t.farAnswered(c, h, m)
	}
	if h.state == terminated && was.state != terminated || h.down != was.down {
		t.touch(c)
	}
}

func (t *Tracker) agentChanged(c *call, h, was *hop, m *Message) {
	if c.dir == Inbound && h.rang() && !was.rang() && h.alive() && !c.other(h, (*hop).ringing) {
		t.tell(AgentRinging, c, h.agent, m.Time, c.external(), m)
	}
	isUp, wasUp := h.state == confirmed, was.state == confirmed
	if isUp && !wasUp {
		c.up++
		if c.agent == nil {
			c.agent = h.agent
		}
		c.flags |= callWithAgent
		t.count(c)
		t.relist(c)
		if c.dir == Inbound {
			t.tell(AgentAnswered, c, h.agent, m.Time, c.external(), m)
		}
	}
	if wasUp && !isUp {
		c.up--
		t.relist(c)
	}
	if h.state == terminated && was.state != terminated {
		t.left(c, h, m.Time)
	}
}

func (h *hop) ringing() bool { return h.alive() && h.rang() }

// left tells that an agent's leg with an external party is over, unless another phone of his still
// is in the call.
func (t *Tracker) left(c *call, h *hop, at int64) {
	if c.dir != Inbound || h.role != roleAgent || !h.rang() || c.other(h, (*hop).ringing) {
		return
	}
	t.tell(AgentLeft, c, h.agent, at, c.external(), nil)
}

// other says whether another hop of the same agent satisfies f.
func (c *call) other(h *hop, f func(*hop) bool) bool {
	found := false
	c.eachHop(func(_ *leg, g *hop) {
		if g != h && g.role == roleAgent && g.agent != nil && g.agent.id == h.agent.id && f(g) {
			found = true
		}
	})
	return found
}

// farAnswered tells that the far end of an outbound call is up: by the trunk's leg where that is
// seen, else by the agent's own.
func (t *Tracker) farAnswered(c *call, h *hop, m *Message) {
	if c.flags&callFarUp != 0 || h.role != roleOut && c.farHop() != nil {
		return
	}
	if h.role != roleOut && h != c.callerHop() {
		return
	}
	c.flags |= callFarUp
	if c.dialler != nil {
		t.tell(AgentAnswered, c, c.dialler, m.Time, c.to, nil)
	}
}
