package sip_test

import (
	"fmt"

	"ringback/sip"
)

// inbound is a customer who calls a service, and what becomes of him.
func (s *sim) inbound() {
	s.begins()
	confirmed := s.kind != simProxy && s.chance(60)
	if confirmed {
		s.queueAnswers()
	} else if s.kind != simProxy {
		s.respond(s.now+5e6, s.a, 180, "INVITE", false, simRequest{})
	}
	s.now += s.span(10, 60)
	if s.kind != simProxy && s.chance(3) {
		s.overflows(&confirmed)
	}
	phones := s.r.IntN(4)
	switch n := s.r.IntN(100); {
	case n < 40:
		s.served(1+phones, confirmed)
	case n < 55:
		s.abandons(phones, confirmed)
	case n < 62:
		s.timesOut(phones, confirmed)
	case n < 68:
		s.refused(1+phones, confirmed)
	case n < 73:
		s.races(confirmed)
	case n < 80:
		s.drops(confirmed)
	case n < 85:
		s.held(confirmed)
	case n < 95 && s.kind != simProxy:
		s.transferred(confirmed)
	case n < 97:
		s.elsewhere(confirmed)
	default:
		s.twice(confirmed)
	}
}

// overflows sends the caller to another service with 302.
func (s *sim) overflows(confirmed *bool) {
	if *confirmed {
		return
	}
	s.respond(s.now, s.a, 302, "INVITE", false, simRequest{})
	s.request(s.now+1e6, s.a, simRequest{method: "NACK"})
	s.now += s.span(20, 200)
	uri := "sip:" + simService(s.kind, true).String() + "@" + simOuter(s.kind).Addr().String()
	old := s.a
	s.a = s.leg(s.id("o"), "", "", uri, old.a, old.b)
	s.a.from, s.a.to, s.a.head = old.from, "<"+uri+">", old.head
	s.request(s.now, s.a, simRequest{method: "INVITE", body: sendRecv})
	s.queueAnswers()
	*confirmed = true
	s.now += s.span(10, 40)
	s.callID = s.a.id // the agents' legs name this one
	s.callers = append(s.callers, s.callID)
}

// phonesRing calls some phones, all of which alert.
func (s *sim) phonesRing(n int) []*simRing {
	for range n {
		s.rings(true)
	}
	return s.ring
}

// served: one of the phones answers, both talk, and one hangs up.
func (s *sim) served(phones int, confirmed bool) {
	s.phonesRing(phones)
	s.now += s.span(500, 15000)
	s.answers(s.ring[0], confirmed)
	s.now += 2e6
	for _, p := range s.ring[1:] {
		s.cancels(p, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")
	}
	s.now += s.span(1500, 90000)
	s.hangsUp(s.ring[0], s.chance(50), "")
	s.is("served", sip.Served)
}

// gone ends a caller who was with nobody: by his BYE or CANCEL.
func (s *sim) gone(confirmed bool, head string) {
	s.ended = s.now
	if confirmed {
		s.bye(s.now, s.a, simRequest{method: "BYE", head: head})
		s.is("abandoned", sip.Missed, sip.AbandonedWaiting)
	} else {
		s.request(s.now, s.a, simRequest{method: "CANCEL", head: head})
		s.respond(s.now+1e6, s.a, 200, "CANCEL", false, simRequest{})
		s.respond(s.now+3e6, s.a, 487, "INVITE", false, simRequest{})
		s.request(s.now+4e6, s.a, simRequest{method: "NACK"})
		s.is("abandoned", sip.Missed, sip.AbandonedRinging)
	}
	s.short = s.ended-s.started < 2*second
}

// abandons: the caller hangs up before anybody answers, sometimes at once.
func (s *sim) abandons(phones int, confirmed bool) {
	s.phonesRing(phones)
	if s.chance(20) {
		s.now = s.started + s.span(600, 1800)
	} else {
		s.now = s.started + s.span(2200, 40000)
	}
	s.gone(confirmed, "")
	s.now += 2e6
	for _, p := range s.ring {
		s.cancels(p, "Reason: Q.850;cause=0\r\n")
	}
}

// timesOut: phones ring, perhaps two rounds of them, and the PBX gives up.
func (s *sim) timesOut(phones int, confirmed bool) {
	s.phonesRing(phones)
	s.now += s.span(5000, 20000)
	for _, p := range s.ring {
		s.cancels(p, "")
	}
	if phones > 0 && s.kind != simProxy && s.chance(30) {
		s.now += s.span(100, 2000)
		p := s.rings(true)
		s.now += s.span(5000, 20000)
		s.cancels(p, "")
	}
	s.now += s.span(5, 400)
	reason := sip.Timeout
	if phones == 0 {
		reason = sip.NoAgent
	}
	s.givesUp(confirmed, 480, reason)
}

// givesUp: the PBX ends the caller's leg.
func (s *sim) givesUp(confirmed bool, code int, reasons ...sip.Reason) {
	s.ended = s.now
	if confirmed {
		s.bye(s.now, s.a, simRequest{method: "BYE", back: true})
	} else {
		s.respond(s.now, s.a, code, "INVITE", false, simRequest{})
		s.request(s.now+2e6, s.a, simRequest{method: "NACK"})
	}
	s.is("given up", sip.Missed, reasons...)
}

// refused: every phone is busy, declines, or is not there.
func (s *sim) refused(phones int, confirmed bool) {
	code := []int{486, 603, 0}[s.r.IntN(3)]
	for range phones {
		p := s.rings(code == 603)
		if code == 0 { // silent: the INVITE is sent again and again
			p.leg.toTag = ""
			s.messages = s.messages[:len(s.messages)-1] // no 100 either
			for _, d := range []int64{500, 1500, 3500} {
				s.request(s.now+d*1e6, p.leg, simRequest{method: "INVITE", again: true, body: sendRecv})
			}
			s.frees(p)
			continue
		}
		d := s.span(500, 3000)
		s.respond(s.now+d, p.leg, code, "INVITE", false, simRequest{})
		s.request(s.now+d+1e6, p.leg, simRequest{method: "NACK"})
		s.frees(p)
	}
	s.now += s.span(4000, 5000)
	reasons := []sip.Reason{sip.Busy}
	switch {
	case confirmed && code != 0:
		reasons[0] = sip.Timeout
	case code == 603:
		reasons[0] = sip.Declined
	case code == 0:
		reasons[0] = sip.NoAgent
		code = 480
	}
	s.givesUp(confirmed, code, reasons...)
}

// races: the agent's 2xx crosses the caller's end.
func (s *sim) races(confirmed bool) {
	p := s.rings(true)
	s.now += s.span(2500, 20000)
	if s.kind == simProxy { // which passes the 2xx on, for the caller to hang up
		s.request(s.now, s.a, simRequest{method: "CANCEL"})
		s.respond(s.now+1e6, s.a, 200, "CANCEL", false, simRequest{})
		s.request(s.now+1e6, p.leg, simRequest{method: "CANCEL"})
		s.now += s.span(3, 30)
		s.answers(p, false)
		s.withAgent, s.agent = 0, ""
		s.now += 5e6
		s.hangsUp(p, false, "")
		s.is("race", sip.Missed, sip.AbandonedWaiting)
		return
	}
	s.gone(confirmed, "")
	s.name = "race"
	s.now += s.span(1, 30)
	s.respond(s.now, p.leg, 200, "INVITE", false, simRequest{body: sendRecv})
	s.request(s.now+1e6, p.leg, simRequest{method: "ACK"})
	s.bye(s.now+2e6, p.leg, simRequest{method: "BYE"})
	s.frees(p)
}

// drops: a talk ends as none should.
func (s *sim) drops(confirmed bool) {
	p := s.rings(true)
	s.now += s.span(500, 15000)
	s.answers(p, confirmed)
	s.now += s.span(1500, 60000)
	switch s.r.IntN(3) {
	case 0:
		s.hangsUp(p, false, "Reason: Q.850;cause=41\r\n")
		s.is("drop 41", sip.Dropped, sip.Signalling)
	case 1:
		s.hangsUp(p, true, "Reason: Q.850;cause=44\r\n")
		s.is("drop 44", sip.Dropped, sip.MediaLost)
	default:
		s.hangsUp(p, true, "Reason: SIP;cause=408\r\n")
		s.is("drop 408", sip.Dropped, sip.SessionExpired)
	}
}

// held: the agent holds the customer, and takes him back in time or not.
func (s *sim) held(confirmed bool) {
	p := s.rings(true)
	s.now += s.span(500, 15000)
	s.answers(p, confirmed)
	s.now += s.span(1500, 20000)
	s.hold(p, sendOnly)
	long := s.chance(60)
	if long {
		s.now += s.span(30500, 90000)
		s.hangsUp(p, false, "")
		s.is("held too long", sip.Dropped, sip.OnHold)
		return
	}
	s.now += s.span(1000, 29000)
	if s.chance(50) {
		s.hold(p, sendRecv)
		s.now += s.span(1000, 50000)
	}
	s.hangsUp(p, s.chance(50), "")
	s.is("held", sip.Served)
}

// hold sends the agent's re-INVITE, through a proxy to the caller.
func (s *sim) hold(p *simRing, body string) {
	from := len(s.messages)
	s.request(s.now, p.leg, simRequest{method: "REINVITE", back: true, body: body})
	if s.kind == simProxy {
		s.request(s.now+1e6, s.a, simRequest{method: "REINVITE", back: true, body: body})
		s.respond(s.now+30e6, s.a, 200, "REINVITE", true, simRequest{body: sendRecv})
	}
	s.respond(s.now+31e6, p.leg, 200, "REINVITE", true, simRequest{body: sendRecv})
	s.fact(from)
}

// fact remembers the messages from an index on: they all say one thing, which nobody can know when
// none of them came through.
func (s *sim) fact(from int) {
	s.facts = append(s.facts, len(s.messages)-from)
	for _, m := range s.messages[from:] {
		m.fact = len(s.facts)
	}
}

// transferred: the agent sends the customer on, blind or after asking.
func (s *sim) transferred(confirmed bool) {
	p := s.rings(true)
	s.now += s.span(500, 15000)
	s.answers(p, confirmed)
	s.now += s.span(1500, 20000)
	if s.chance(30) {
		s.attended(p)
		return
	}
	if s.chance(50) {
		s.request(s.now, p.leg, simRequest{method: "REFER", back: true, head: "Refer-To: <sip:x@" + simInner(s.kind).Addr().String() + ">\r\n"})
		s.respond(s.now+2e6, p.leg, 202, "REFER", true, simRequest{})
		s.now += 5e6
	}
	s.bye(s.now, p.leg, simRequest{method: "BYE"})
	s.frees(p)
	s.now += s.r.Int64N(3e6)
	q := s.rings(true)
	if s.chance(60) {
		s.now += s.span(1000, 15000)
		s.answers(q, true)
		s.now += s.span(1500, 40000)
		s.hangsUp(q, s.chance(50), "")
		s.is("transfer", sip.Served)
		return
	}
	s.now += s.span(2000, 20000)
	if s.chance(50) {
		s.gone(true, "")
		s.now += 2e6
		s.cancels(q, "")
	} else {
		s.cancels(q, "")
		s.now += 4e6
		s.givesUp(true, 0)
	}
	s.short = false
	s.is("transfer failed", sip.Dropped, sip.TransferFailed)
}

// attended: the agent asks another, and leaves the customer to him.
func (s *sim) attended(p *simRing) {
	me := simAgentID(s.kind, p.agent)
	other := s.free(s.now + 400*second)
	at, host := simPhone(s.kind, other), simInner(s.kind).Addr().String()
	k := s.leg(s.id("k"), me+"@"+host, "sip:"+simAgentID(s.kind, other)+"@"+host, "sip:"+simAgentID(s.kind, other)+"@"+host, simPhone(s.kind, p.agent), simInner(s.kind))
	s.legs = s.legs[:len(s.legs)-1] // the consultation is a call of its own
	uri := "sip:" + simAgentID(s.kind, other) + "-0x1@" + at.String()
	m := s.leg(s.id("m"), me+"@"+host, uri, uri, simInner(s.kind), at)
	s.request(s.now, k, simRequest{method: "INVITE", body: sendRecv})
	s.request(s.now+5e6, m, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+60e6, m, 180, "INVITE", false, simRequest{})
	s.now += s.span(1000, 8000)
	s.respond(s.now, m, 200, "INVITE", false, simRequest{body: sendRecv})
	s.request(s.now+1e6, m, simRequest{method: "ACK"})
	s.respond(s.now+2e6, k, 200, "INVITE", false, simRequest{body: sendRecv})
	s.request(s.now+3e6, k, simRequest{method: "ACK"})
	s.now += s.span(1500, 20000)
	s.request(s.now, k, simRequest{method: "REFER", head: fmt.Sprintf("Refer-To: <sip:%s@%s?Replaces=%s%%3Bto-tag%%3Dx>\r\n", s.number, host, p.leg.id)})
	s.respond(s.now+1e6, k, 202, "REFER", false, simRequest{})
	s.bye(s.now+5e6, p.leg, simRequest{method: "BYE"})
	s.bye(s.now+6e6, k, simRequest{method: "BYE"})
	s.now += s.span(3000, 40000)
	s.hangsUp(&simRing{agent: other, leg: m}, s.chance(50), "")
	s.frees(p)
	s.is("attended transfer", sip.Served)
}

// elsewhere: the carrier says that the call was picked up elsewhere.
func (s *sim) elsewhere(confirmed bool) {
	s.phonesRing(1)
	s.now += s.span(2500, 20000)
	if confirmed {
		s.gone(true, "")
	} else {
		s.gone(false, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")
		s.is("elsewhere", sip.VerdictNone)
		s.short = false
	}
	s.now += 2e6
	s.cancels(s.ring[0], "")
}

// twice: a first phone rings out, a second one answers.
func (s *sim) twice(confirmed bool) {
	p := s.rings(true)
	s.now += s.span(5000, 10000)
	s.cancels(p, "")
	s.now += s.span(10, 500)
	p = s.rings(true)
	s.now += s.span(500, 9000)
	s.answers(p, confirmed)
	s.now += s.span(1500, 60000)
	s.hangsUp(p, s.chance(50), "")
	s.is("second round", sip.Served)
}

// outbound: an agent calls a number.
func (s *sim) outbound() {
	s.direction = sip.Outbound
	agent := s.free(s.now + 400*second)
	me := &simRing{agent: agent}
	s.agent = simAgentID(s.kind, agent)
	s.number = 358500000000 + sip.Number(s.index)*7%90_000_000
	s.dialled = s.number
	host := simInner(s.kind).Addr().String()
	national := "0" + s.number.String()[len("+358"):]
	uri := "sip:" + national + "@" + host
	s.callID = s.id("g")
	g := s.leg(s.callID, s.agent+"@"+host, uri, uri, simPhone(s.kind, agent), simInner(s.kind))
	me.leg = g
	s.callers = append(s.callers, s.callID)
	s.request(s.now, g, simRequest{method: "INVITE", body: sendRecv})
	if s.chance(50) {
		s.respond(s.now+1e6, g, 401, "INVITE", false, simRequest{})
		s.request(s.now+2e6, g, simRequest{method: "NACK"})
		s.now += 10e6
		s.request(s.now, g, simRequest{method: "INVITE", body: sendRecv})
	}
	s.respond(s.now+1e6, g, 100, "INVITE", false, simRequest{})
	var h *simLeg
	if s.kind == simProxy {
		l := *g
		l.a, l.b, l.vias, l.cseq = simOuter(s.kind), simCarrier(s.kind), 1, [2]uint32{g.invite - 1, 0}
		l.uri = "sip:" + s.number.String() + "@" + simCarrier(s.kind).Addr().String()
		h = &l
	} else {
		uri := "sip:" + s.number.String() + "@" + simCarrier(s.kind).Addr().String()
		h = s.leg(s.id("h"), simService(s.kind, false).String()+"@"+simOuter(s.kind).Addr().String(), uri, uri, simOuter(s.kind), simCarrier(s.kind))
	}
	s.now += s.span(5, 30)
	s.request(s.now, h, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+5e6, h, 100, "INVITE", false, simRequest{})
	s.name = "outbound"
	if s.chance(80) {
		s.now += s.span(300, 3000)
		s.respond(s.now, h, 180, "INVITE", false, simRequest{})
		s.respond(s.now+1e6, g, 180, "INVITE", false, simRequest{})
	}
	s.now += s.span(1000, 20000)
	switch n := s.r.IntN(100); {
	case n < 50:
		s.result = sip.Answered
		s.respond(s.now, h, 200, "INVITE", false, simRequest{body: sendRecv})
		s.respond(s.now+1e6, g, 200, "INVITE", false, simRequest{body: sendRecv})
		s.request(s.now+2e6, g, simRequest{method: "ACK"})
		s.request(s.now+3e6, h, simRequest{method: "ACK"})
		s.now += s.span(1000, 60000)
		s.bye(s.now, g, simRequest{method: "BYE"})
		s.bye(s.now+1e6, h, simRequest{method: "BYE"})
	case n < 70:
		s.result = sip.NoAnswer
		s.request(s.now, g, simRequest{method: "CANCEL"})
		s.respond(s.now+1e6, g, 200, "CANCEL", false, simRequest{})
		s.cancels(&simRing{agent: agent, leg: h}, "")
		s.respond(s.now+5e6, g, 487, "INVITE", false, simRequest{})
		s.request(s.now+6e6, g, simRequest{method: "NACK"})
	default:
		codes := []int{486, 480, 404, 503, 403}
		results := []sip.Result{sip.ResultBusy, sip.NoAnswer, sip.WrongNumber, sip.NetworkFailure, sip.ResultRejected}
		i := s.r.IntN(len(codes))
		s.result = results[i]
		s.respond(s.now, h, codes[i], "INVITE", false, simRequest{})
		s.request(s.now+1e6, h, simRequest{method: "NACK"})
		s.respond(s.now+2e6, g, codes[i], "INVITE", false, simRequest{})
		s.request(s.now+3e6, g, simRequest{method: "NACK"})
	}
	s.ended = s.now
	s.frees(me)
}

// internal: one agent calls another.
func (s *sim) internal() {
	s.direction, s.name = sip.Internal, "internal"
	a, b := s.free(s.now+400*second), s.free(s.now+400*second)
	host := simInner(s.kind).Addr().String()
	uri := "sip:" + simAgentID(s.kind, b) + "@" + host
	s.callID = s.id("i")
	g := s.leg(s.callID, simAgentID(s.kind, a)+"@"+host, uri, uri, simPhone(s.kind, a), simInner(s.kind))
	s.request(s.now, g, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+1e6, g, 100, "INVITE", false, simRequest{})
	s.a = g
	s.callers = append(s.callers, s.callID)
	l := *g
	h := &l
	if s.kind == simProxy {
		h.a, h.b, h.vias, h.cseq = simInner(s.kind), simPhone(s.kind, b), 1, [2]uint32{}
	} else {
		to := "sip:" + simAgentID(s.kind, b) + "-0x1@" + simPhone(s.kind, b).String()
		h = s.leg(s.id("j"), simAgentID(s.kind, a)+"@"+host, to, to, simInner(s.kind), simPhone(s.kind, b))
	}
	s.now += 5e6
	s.request(s.now, h, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+100e6, h, 180, "INVITE", false, simRequest{})
	s.now += s.span(1000, 9000)
	s.respond(s.now, h, 200, "INVITE", false, simRequest{body: sendRecv})
	s.respond(s.now+1e6, g, 200, "INVITE", false, simRequest{body: sendRecv})
	s.now += s.span(1000, 30000)
	s.bye(s.now, g, simRequest{method: "BYE"})
	s.bye(s.now+1e6, h, simRequest{method: "BYE"})
	s.ended = s.now
	s.frees(&simRing{agent: a})
	s.frees(&simRing{agent: b})
}

// direct: a customer calls an agent's own number, which is no service.
func (s *sim) direct() {
	s.begins()
	s.name = "direct"
	agent := s.r.IntN(simAgents)
	uri := "sip:" + (35893200000 + sip.Number(s.kind)*10000 + sip.Number(agent)).String() + "@" + simOuter(s.kind).Addr().String()
	s.messages = s.messages[:0]
	s.a.to, s.a.uri, s.a.cseq = "<"+uri+">", uri, [2]uint32{}
	s.request(s.now, s.a, simRequest{method: "INVITE", body: sendRecv})
	s.now += 10e6
	p := s.rings(true)
	s.now += s.span(1000, 9000)
	if s.chance(50) {
		s.answers(p, false)
		s.now += s.span(1000, 30000)
		s.hangsUp(p, false, "")
	} else {
		s.gone(false, "")
		s.now += 2e6
		s.cancels(p, "")
	}
	s.short = false
	s.is("direct", sip.VerdictNone)
}
