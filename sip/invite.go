package sip

// inviteAgain is the INVITE of a leg that is known: the next hop of a proxy, a fork's branch, another
// try, a retransmission, or one whose response came first (RFC 3261 §13, §16.6, §17.1.1).
func (t *Tracker) inviteAgain(l *leg, m *Message) {
	h := l.byBranch(hash(m.Branch))
	switch {
	case h == nil:
		t.newHop(l, m)
	case h.flags&hopNoInvite == 0:
		if m.Time-h.invited >= retransmitted {
			h.flags |= hopAgain
		}
		h.invited = min(h.invited, m.Time)
		t.stats.Duplicates++
	default:
		h.invited = min(h.invited, m.Time)
		h.flags &^= hopNoInvite
		t.name(l, h, m)
	}
}

// retransmitted is how long after an INVITE a copy of it is another transmission, not another sight of
// the first: a little less than T1 (RFC 3261 §17.1.1.2).
const retransmitted = int64(400e6)

// newLeg begins a leg, of an INVITE or of a response whose INVITE was not seen (yet). nil: there is
// no room for it.
func (t *Tracker) newLeg(m *Message) *hop {
	if t.hops >= hopsPerCall*t.opt.MaxCalls {
		t.evict()
	}
	s := t.look(m)
	if t.twice(m, &s) {
		return nil
	}
	l := t.spares.leg()
	l.callID, l.fromTag, l.cseq, l.nhops = t.texts.text(m.CallID), hash(m.From.Tag), m.CSeq, 1
	if m.Told {
		l.flags |= legTold
	}
	t.legs.set(t.id, l)
	t.hops++
	h := &l.hop
	h.dress(m, &s)
	if !t.place(l, h, m, &s) {
		t.refuse(l)
		return nil
	}
	return h
}

// hopsPerCall bounds all hops together, by the limit on live calls.
const hopsPerCall = 8

// newHop adds a hop to a leg: the next proxy, a fork's branch, or another try. nil: the leg has too
// many.
func (t *Tracker) newHop(l *leg, m *Message) *hop {
	h := t.addHop(l, m.CSeq < l.cseq)
	if h == nil {
		return nil
	}
	l.cseq = max(l.cseq, m.CSeq)
	s := t.look(m)
	h.dress(m, &s)
	c := l.call
	switch h.role {
	case roleIn:
		switch {
		case c.caller == nil, c.caller == l && c.flags&callTentative != 0 && h == c.callerHop():
			t.cause(c, l, h, m, &s)
		case c.caller != l && s.src.kind != placePBX && l.flags&legLinked == 0:
			t.split(l, h, m, &s)
		case c.caller == l && c.dir == Inbound:
			if s.src.kind == placePBX && s.dst.pbx != nil && c.pbx != s.dst.pbx {
				c.pbx = s.dst.pbx // through a border element: the PBX behind it rings the phones
				t.adopt(c, c.key.in(inWaiting))
			}
			if s.from.kind != idService {
				t.assignTold(c, m, &s)
			}
			t.touch(c, m.Time)
		}
	case roleOut:
		t.goesOut(c, m, &s)
	default:
	}
	return h
}

// split begins a call with a leg that was tied to another one before the hop came that causes it.
func (t *Tracker) split(l *leg, h *hop, m *Message, s *sight) {
	o := l.call
	t.leave(l)
	l.flags &^= legTied
	c := t.newCall(l, m)
	c.flags |= callTentative
	t.cause(c, l, h, m, s)
	t.settled(o)
}

// dress gives a fresh hop what the message and the look at it tell.
func (h *hop) dress(m *Message, s *sight) {
	h.branch, h.vias, h.invited, h.role = hash(m.Branch), m.Vias, m.Time, s.role
	if !m.Request {
		h.flags |= hopNoInvite
	}
	if m.Transport == UDP {
		h.flags |= hopDatagram
	}
	h.is(s)
}

// is gives a hop its agent and what else the look tells of its far end.
func (h *hop) is(s *sight) {
	switch {
	case s.role == roleAgent:
		h.agent = s.phone
		if s.mobile {
			h.flags |= hopMobile
		}
		if s.guessed {
			h.flags |= hopGuessed
		}
	case s.role == roleEndpoint && s.to.endpoint != nil && s.to.endpoint.Kind == EndpointVoicemail:
		h.flags |= hopVoicemail
	case s.role == roleIn && s.from.kind == idAgent:
		h.agent = s.from.agent
		h.flags |= hopSource
	}
}

// name takes what an INVITE tells of a hop that only its responses had shown.
func (t *Tracker) name(l *leg, h *hop, m *Message) {
	s := t.look(m)
	if s.role != h.role && h.role != roleAgent && h.role != roleRelay {
		h.role, h.agent = s.role, nil
		h.is(&s)
	}
	if h.role != roleIn && l.flags&legLinked == 0 { // its response had no link, and may have been tied by number
		switch other, wants := t.linked(l, m); {
		case other != nil:
			t.link(other, l)
		case wants && l.flags&legTied != 0:
			o := l.call
			t.leave(l)
			l.flags &^= legTied
			t.alone(l, h, m, &s, true)
			t.settled(o)
		}
	}
	c := l.call
	switch {
	case h.role == roleIn && (c.caller == nil || c.caller == l && h == c.callerHop()):
		t.cause(c, l, h, m, &s)
	case h.role == roleOut && c.dir == Outbound:
		t.dialled(c, m.Time, "")
	}
}

// inviteResponse is a response whose CSeq says INVITE.
func (t *Tracker) inviteResponse(l *leg, m *Message) {
	h := l.byBranch(hash(m.Branch))
	if h == nil {
		if hash(m.From.Tag) != l.fromTag || m.CSeq > l.cseq && l.anyUp() {
			t.inside(l, m) // of a re-INVITE
			return
		}
		if h = t.newHop(l, m); h == nil {
			return
		}
	}
	was := *h
	in := input{at: m.Time, status: m.StatusCode, sign: signFailure}
	switch {
	case m.StatusCode == 100:
		in.sign = signTrying
	case m.StatusCode < 200:
		in.sign, in.tag = signAlert, hash(m.To.Tag)
	case m.StatusCode < 300:
		in.sign, in.tag = signAnswer, hash(m.To.Tag)
	}
	h.step(&in)
	if h.flags&hopNoInvite != 0 {
		h.invited = min(h.invited, m.Time)
	}
	t.changed(l, h, &was, m)
	if in.sign == signAnswer && h.role == roleIn && h.flags&hopSource == 0 {
		t.answeredBy(l, h, m)
	}
}

// answeredBy looks whose contact a 2xx to the caller has: through a proxy it is that of the agent who
// answered, whether or not his own hop showed it.
func (t *Tracker) answeredBy(l *leg, h *hop, m *Message) {
	m.Read()
	if m.NumContacts == 0 || t.site.ours(m.Contacts[0].URI.Host) != nil {
		return
	}
	a := t.phoneBehind(&m.Contacts[0].URI)
	if a == nil {
		return
	}
	h.agent = a
	h.flags |= hopByAgent
	shown := false
	for g := &l.hop; g != nil; g = g.next {
		if g.role != roleAgent || !same(g.agent, a) {
			continue
		}
		shown = true
		if g.state < confirmed && (g.toTag == h.toTag || g.toTag == 0) {
			was := *g
			g.step(&input{sign: signProof, at: m.Time, tag: h.toTag})
			t.changed(l, g, &was, m)
		}
	}
	if !shown && h.alive() && h.flags&hopTold == 0 {
		t.relist(l.call)
		t.count(l.call)
		t.answered(l.call, h, m.Time, "")
	}
}

// prove takes a request inside a dialog as the proof that the dialog is confirmed, where its 2xx was
// lost (RFC 3261 §12.2).
func (t *Tracker) prove(l *leg, m *Message) {
	tag, _ := l.farTag(m)
	t.passedBy(l, m, tag)
	for h := &l.hop; h != nil; h = h.next {
		if h.state >= confirmed && h.flags&hopAssumed == 0 || !l.inDialog(h, tag) {
			continue
		}
		was := *h
		h.step(&input{sign: signProof, at: m.Time, tag: tag})
		t.changed(l, h, &was, m)
	}
}

// passedBy adds the hop to an agent's phone that a request inside a dialog shows, where a proxy passed
// the INVITE on to it and nothing of that was seen.
func (t *Tracker) passedBy(l *leg, m *Message, tag uint64) {
	if tag == 0 || l.call.dir != Inbound || l.hop.role == roleAgent && l.hop.next == nil {
		return
	}
	for h := &l.hop; h != nil; h = h.next {
		if h.role == roleAgent && h.toTag == tag {
			return
		}
	}
	at, peer := m.Dst, m.Src
	if t.at(at).kind == placePBX {
		at, peer = m.Src, m.Dst
	}
	p := t.at(at)
	if p.kind != placeAgent && p.kind != placeUnknown || t.at(peer).kind != placePBX {
		return
	}
	a := t.phoneAt(at, p)
	if a == nil || l.anyOf(a, tag) {
		return
	}
	h := t.addHop(l, false)
	if h == nil {
		return
	}
	h.role, h.agent, h.toTag, h.invited = roleAgent, a, tag, m.Time
	h.flags = hopNoInvite
	was := *h
	h.step(&input{sign: signProof, at: m.Time, tag: tag})
	t.changed(l, h, &was, m)
}

// anyOf says whether a leg has a hop to an agent that may be the one of a tag, as it showed none.
func (l *leg) anyOf(a *agent, tag uint64) bool {
	for h := &l.hop; h != nil; h = h.next {
		if h.role == roleAgent && same(h.agent, a) && (h.toTag == 0 || h.toTag == tag) {
			if h.toTag == 0 {
				h.toTag = tag
			}
			return true
		}
	}
	return false
}

// ack ends or proves: with the INVITE's own branch it acknowledges a failure (RFC 3261 §17.1.1.3),
// with another a 2xx (§13.2.2.4).
func (t *Tracker) ack(l *leg, m *Message) {
	if !m.Request {
		return
	}
	h := l.byBranch(hash(m.Branch))
	if h == nil {
		if len(m.To.Tag) > 0 && m.CSeq >= l.cseq { // else of an earlier try, whose INVITE is still to come
			t.prove(l, m)
		}
		return
	}
	if h.state < confirmed {
		was := *h
		h.step(&input{sign: signFailureACK, at: m.Time})
		t.changed(l, h, &was, m)
	}
}

// cancel takes the CANCEL of an INVITE, or the response that proves there was one (RFC 3261 §9).
func (t *Tracker) cancel(l *leg, m *Message) {
	if !m.Request && m.StatusCode/100 != 2 {
		return
	}
	if h := l.byBranch(hash(m.Branch)); h != nil {
		was := *h
		in := input{sign: signCancel, at: m.Time, reason: m.Reason}
		if !m.Request {
			in.sign = signCancelAnswer
		}
		h.step(&in)
		t.changed(l, h, &was, m)
	}
}

// bye ends a dialog (RFC 3261 §15); where the BYE itself was lost, its response tells.
func (t *Tracker) bye(l *leg, m *Message) {
	if !m.Request && (m.StatusCode < 200 || m.StatusCode == 401 || m.StatusCode == 407) {
		return
	}
	tag, fromCaller := l.farTag(m)
	in := input{sign: signBye, at: m.Time, reason: m.Reason, fromCaller: fromCaller}
	if !m.Request {
		in.sign = signByeAnswer
	}
	if m.Request {
		t.passedBy(l, m, tag)
	}
	for h := &l.hop; h != nil; h = h.next {
		if !l.inDialog(h, tag) || in.sign == signByeAnswer && !h.alive() {
			continue
		}
		was := *h
		h.step(&in)
		t.changed(l, h, &was, m)
	}
}

// inside takes note of a request inside a dialog and of how it fares: a 408 or 481 says the dialog is
// dead at one end (RFC 3261 §12.2.1.2), a 2xx that it is not.
func (t *Tracker) inside(l *leg, m *Message) {
	if m.Request {
		if m.Method != UPDATE && m.Method != PRACK { // which early dialogs have too (RFC 3262, RFC 3311)
			t.prove(l, m)
		}
		return
	}
	if m.CSeqMethod == NOTIFY && l.call.extra != nil && l.call.extra.referred != 0 {
		return // of a REFER's own subscription, which may outlive the dialog (RFC 3515 §2.4.6)
	}
	tag, fromCaller := l.farTag(m)
	if !fromCaller && l.flags&legBacked == 0 && m.CSeq > l.farCSeq && (m.CSeqMethod == INVITE || m.CSeqMethod == UPDATE) {
		l.call.flags |= callInferred // what was asked there nobody saw: a hold, maybe
	}
	offer := !fromCaller && m.CSeq == l.farCSeq && m.StatusCode >= 200 && (m.CSeqMethod == INVITE || m.CSeqMethod == UPDATE)
	for h := &l.hop; h != nil; h = h.next {
		if offer && l.inDialog(h, tag) {
			h.holdAnswered(m.StatusCode < 300)
		}
		switch {
		case h.state != confirmed || !l.inDialog(h, tag):
		case m.StatusCode == 408 || m.StatusCode == 481:
			h.flags |= hopDying
		case m.StatusCode/100 == 2:
			h.flags &^= hopDying
		}
	}
}

// reinvite looks at a re-INVITE or UPDATE: the far side may hold the caller or take him back
// (RFC 3264 §8.4), and a PBX may show an agent his new party (attended transfer).
func (t *Tracker) reinvite(l *leg, m *Message) {
	tag, fromCaller := l.farTag(m)
	if fromCaller {
		t.connected(l, m)
		return
	}
	if m.CSeq < l.farCSeq { // an older one that came late
		return
	}
	l.farCSeq = m.CSeq
	held, sdp := Hold(m.Body)
	if !sdp {
		return
	}
	for h := &l.hop; h != nil; h = h.next {
		if l.inDialog(h, tag) {
			h.hold(held, m.Time)
		}
	}
}

// hold is an offer that puts the caller on hold or takes him back. It counts from its request on, as
// its answer may be lost, until it is refused.
func (h *hop) hold(on bool, at int64) {
	switch {
	case on == h.onHold():
	case on:
		h.held = at
		h.flags = h.flags&^hopUnholding | hopHolding
	default:
		h.flags = h.flags&^hopHolding | hopUnholding
	}
}

// holdAnswered is the final response to that offer. What is refused changes nothing (RFC 3261 §14.1).
func (h *hop) holdAnswered(accepted bool) {
	asked := hopHolding
	if accepted {
		asked = hopUnholding
	}
	if h.flags&asked != 0 {
		h.held = 0
	}
	h.flags &^= hopHolding | hopUnholding
}

// onHold says whether the far side has the caller on hold.
func (h *hop) onHold() bool { return h.held != 0 && h.flags&hopUnholding == 0 }

// stranger is a request inside a dialog that is not followed: it began before the watch, or all of
// its beginning was lost. Its Call-ID is remembered, so that the answers to its re-INVITEs do not
// look like new calls. A live call that it may be part of was not wholly seen.
func (t *Tracker) stranger(m *Message) {
	t.stats.Unrelated++
	if t.lasting.has(t.id, t.now) {
		return
	}
	if !t.strangers.has(t.id, t.now) {
		t.doubt(m)
		if m.Method == BYE || m.Method == INVITE {
			t.blind = max(t.blind, m.Time)
		}
	}
	if m.Method != ACK { // the ACK of an INVITE that is still on its way is no dialog older than the watch
		t.strangers.add(t.id, t.now)
	}
}

// doubt marks the calls that a stranger may be a leg of: those of its parties' numbers that began
// before it was first seen.
func (t *Tracker) doubt(m *Message) {
	m.Read()
	n := t.site.numbering
	for _, u := range [...]*URI{&m.From.URI, &m.To.URI} {
		num := n.Parse(u.User, u.PhoneContext)
		k := keyOf(keyCaller, uint64(num))
		switch {
		case withheldURI(u):
			k = keyOf(keyWithheld, 0)
		case num == 0:
			continue
		}
		for c := range t.causing(k) {
			if c.started < m.Time {
				c.flags |= callInferred
			}
		}
	}
}
