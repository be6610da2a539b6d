package sip_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"ringback/sip"
)

// simKind is what kind of PBX carries a call.
type simKind uint8

const (
	simPlain  simKind = iota // a B2BUA whose legs nothing links
	simLinked                // a B2BUA that names the caller's Call-ID in its legs
	simProxy                 // a forking proxy
	simKinds
)

// simAgents is how many agents each PBX has: more than can be busy at a time.
const simAgents = 1500

// simCall is a call as it truly was.
type simCall struct {
	index     int
	kind      simKind
	name      string // of its scenario
	number    sip.Number
	withheld  bool
	shown     bool   // all the same by the PBX, on its own legs
	callID    string // of the caller's leg
	legs      []string
	callers   []string // of all the caller's legs
	messages  []*simMessage
	started   int64
	ended     int64 // of the caller's leg
	withAgent int64 // since when, 0 never

	direction sip.Direction
	verdict   sip.Verdict
	reasons   []sip.Reason // that are right
	short     bool
	agent     string
	dialled   sip.Number
	result    sip.Result

	ambiguous bool  // another caller of the same number was there at the same time, and nothing tells them apart
	rival     bool  // another was or had been, and nothing tells them apart when messages are lost
	lossy     bool  // others' messages are lost
	facts     []int // how many messages say each of some facts
	affected  bool  // a message was lost, or the watch was blind or restarted meanwhile
	unsaid    bool  // a fact of which no message came through
	known     bool  // a message came through that makes the call known
	dialledTo int   // how often AgentDialled was told
	endings   int   // how often CallEnded was
	last      int64 // the last message
}

// simModel makes calls. Each is made from its own random numbers, so that one can be made again alone.
type simModel struct {
	seed   uint64
	busy   [simKinds][]int64 // until when each agent is
	active map[simCallerKey]simActive
}

type simCallerKey struct {
	kind   simKind
	number sip.Number // 0: withheld
}

type simActive struct {
	until int64
	call  *simCall
}

func newSimModel(seed uint64) *simModel {
	m := &simModel{seed: seed, active: map[simCallerKey]simActive{}}
	for k := range m.busy {
		m.busy[k] = make([]int64, simAgents)
	}
	return m
}

func simOuter(k simKind) netip.AddrPort   { return simAddr(198, 18, byte(k), 10) }
func simInner(k simKind) netip.AddrPort   { return simAddr(10, byte(1+k), 255, 10) }
func simCarrier(k simKind) netip.AddrPort { return simAddr(198, 18, byte(k), 50) }
func simPhone(k simKind, agent int) netip.AddrPort {
	return simAddr(10, byte(1+k), byte(agent/250), byte(1+agent%250))
}

func simAddr(a, b, c, d byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{a, b, c, d}), 5060)
}

func simAgentID(k simKind, agent int) string { return fmt.Sprintf("%d%04d", 1+k, agent) }

func simService(k simKind, overflow bool) sip.Number {
	n := sip.Number(35893100100) + sip.Number(k)*10
	if overflow {
		n++
	}
	return n
}

// simPlan is the directory of the simulated place.
func simPlan() *sip.Plan {
	p := &sip.Plan{}
	for k := range simKinds {
		x := sip.PBX{ID: fmt.Sprint("pbx", k), Country: "FI", ContactSeparators: []string{"-0x"}, Addresses: []sip.Host{simHost(simOuter(k)), simHost(simInner(k))}}
		if k == simLinked {
			x.LinkHeaders = []string{"X-Service-Call-ID"}
		}
		p.PBXs = append(p.PBXs, x)
		p.Trunks = append(p.Trunks, sip.Trunk{ID: fmt.Sprint("trunk", k), PBX: x.ID, Trusted: true, Addresses: []sip.Host{simHost(simCarrier(k))}})
		for _, overflow := range []bool{false, true} {
			n := simService(k, overflow)
			p.Services = append(p.Services, sip.Service{ID: n.String(), List: "list", Numbers: []sip.Number{n}})
		}
		for i := range simAgents {
			id := simAgentID(k, i)
			p.Agents = append(p.Agents, sip.Agent{ID: id, Extensions: []string{id}, Addresses: []sip.Host{simHost(simPhone(k, i))}, Direct: []sip.Number{35893200000 + sip.Number(k)*10000 + sip.Number(i)}})
		}
	}
	return p
}

func simHost(a netip.AddrPort) sip.Host {
	return sip.Host{Net: netip.PrefixFrom(a.Addr(), 32)}
}

// sim is one call in the making.
type sim struct {
	*simCall
	m    *simModel
	r    *rand.Rand
	now  int64
	a    *simLeg
	ring []*simRing
}

// simRing is a phone of an agent in a call.
type simRing struct {
	agent int
	leg   *simLeg
}

const second = int64(1e9)

// span is a random time between two numbers of milliseconds, never at a boundary of the rules.
func (s *sim) span(from, to int64) int64 { return from*1e6 + s.r.Int64N((to-from)*1e6) }

func (s *sim) chance(percent int) bool { return s.r.IntN(100) < percent }

// make makes call number index, which begins at a moment.
func (m *simModel) make(index int, at int64) *simCall {
	s := &sim{simCall: &simCall{index: index, started: at, direction: sip.Inbound}, m: m, r: rand.New(rand.NewPCG(m.seed, uint64(index))), now: at}
	s.kind = simKind(s.r.IntN(int(simKinds)))
	n := s.r.IntN(100)
	switch {
	case n < 70:
		s.inbound()
	case n < 90:
		s.outbound()
	case n < 95:
		s.internal()
	default:
		s.direct()
	}
	for _, x := range s.messages {
		s.last = max(s.last, x.at)
	}
	s.claim()
	return s.simCall
}

// claim notes who else called from this number at the same time: nobody can tell them apart then.
func (s *sim) claim() {
	if s.direction != sip.Inbound || s.kind == simProxy {
		return
	}
	s.claims(simCallerKey{s.kind, s.number}) // which the PBX might show though it is withheld
	if s.withheld {
		s.claims(simCallerKey{s.kind, 0})
	}
}

func (s *sim) claims(k simCallerKey) {
	end := s.last + 3*second
	x := s.m.active[k]
	if x.until > s.started {
		s.ambiguous, s.rival = s.kind == simPlain, true
		x.call.ambiguous, x.call.rival = s.kind == simPlain, true
		end = max(end, x.until)
	}
	s.rival = s.rival || x.call != nil // who called before may still be thought to be there
	s.m.active[k] = simActive{end, s.simCall}
}

// free is an agent who is free now and will be busy for a while.
func (s *sim) free(until int64) int {
	busy := s.m.busy[s.kind]
	for i := s.r.IntN(simAgents); ; i = (i + 1) % simAgents {
		if busy[i] < s.started {
			busy[i] = until
			return i
		}
	}
}

func (s *sim) leg(id, from, to, uri string, a, b netip.AddrPort) *simLeg {
	s.legs = append(s.legs, id)
	return &simLeg{id: id, from: "<sip:" + from + ">", to: "<" + to + ">", uri: uri, fromTag: "f" + id, toTag: "t" + id, a: a, b: b}
}

func (s *sim) id(what string) string { return fmt.Sprintf("%s%d-%d@sim", what, s.index, s.m.seed%1000) }

// begins sends the caller's INVITE to a service.
func (s *sim) begins() {
	s.number = 358400000000 + sip.Number(s.index)*7%90_000_000
	if s.chance(2) { // a number that many call from: a switchboard
		s.number = 358931230000 + sip.Number(s.r.IntN(20))
	}
	from := s.number.String() + "@operator.example"
	head := ""
	switch s.withheld, s.shown = s.chance(3), s.chance(50); {
	case s.withheld && s.shown:
		head = "Privacy: id\r\n"
	case s.withheld:
		from = "anonymous@anonymous.invalid"
		head = "P-Asserted-Identity: <sip:" + s.number.String() + "@operator.example>\r\nPrivacy: id\r\n"
	}
	s.callID = s.id("a")
	uri := "sip:" + simService(s.kind, false).String() + "@" + simOuter(s.kind).Addr().String()
	s.a = s.leg(s.callID, from, uri, uri, simCarrier(s.kind), simOuter(s.kind))
	s.callers = append(s.callers, s.callID)
	s.a.head = head
	s.request(s.now, s.a, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+1e6, s.a, 100, "INVITE", false, simRequest{})
}

// rings calls the phone of a free agent.
func (s *sim) rings(alert bool) *simRing {
	p := &simRing{agent: s.free(s.now + 400*second)}
	id := simAgentID(s.kind, p.agent)
	at := simPhone(s.kind, p.agent)
	if s.kind == simProxy {
		l := *s.a
		l.a, l.b, l.vias, l.toTag = simInner(s.kind), at, 1, "t"+id+s.callID
		l.cseq, l.uri = [2]uint32{}, "sip:"+id+"@"+at.String()
		p.leg = &l
	} else {
		from := strings.Trim(s.a.from, "<>")[len("sip:"):]
		if !s.withheld || s.shown {
			from = s.number.String() + "@" + simInner(s.kind).Addr().String()
		}
		uri := "sip:" + id + "-0x1@" + at.String()
		p.leg = s.leg(s.id(fmt.Sprint("b", len(s.ring))), from, uri, uri, simInner(s.kind), at)
		if s.kind == simLinked {
			p.leg.head = "X-Service-Call-ID: " + s.callID + "\r\n"
		}
	}
	s.request(s.now, p.leg, simRequest{method: "INVITE", body: sendRecv})
	s.respond(s.now+2e6, p.leg, 100, "INVITE", false, simRequest{})
	if alert {
		d := s.span(20, 400)
		s.respond(s.now+d, p.leg, 180, "INVITE", false, simRequest{})
		if s.kind == simProxy {
			s.relay(s.now+d+1e6, p, 180, "")
		}
	}
	s.ring = append(s.ring, p)
	return p
}

// relay passes a phone's response on to the caller, through a proxy.
func (s *sim) relay(at int64, p *simRing, code int, body string) {
	l := *s.a
	l.toTag = p.leg.toTag
	s.respond(at, &l, code, "INVITE", false, simRequest{body: body})
}

// cancels gives a ringing phone up.
func (s *sim) cancels(p *simRing, reason string) {
	s.request(s.now, p.leg, simRequest{method: "CANCEL", head: reason})
	s.respond(s.now+1e6, p.leg, 200, "CANCEL", false, simRequest{})
	s.respond(s.now+2e6, p.leg, 487, "INVITE", false, simRequest{})
	s.request(s.now+3e6, p.leg, simRequest{method: "NACK"})
	s.frees(p)
}

func (s *sim) frees(p *simRing) { s.m.busy[s.kind][p.agent] = s.now + 5*second }

// queueAnswers is the PBX's own 2xx, before any agent's.
func (s *sim) queueAnswers() {
	s.respond(s.now+2e6, s.a, 200, "INVITE", false, simRequest{body: sendRecv})
	s.request(s.now+4e6, s.a, simRequest{method: "ACK"})
}

// answers is a phone's 2xx; the caller's dialog is confirmed with it where it was not.
func (s *sim) answers(p *simRing, confirmed bool) {
	s.respond(s.now, p.leg, 200, "INVITE", false, simRequest{body: sendRecv})
	s.request(s.now+3e6, p.leg, simRequest{method: "ACK"})
	if s.kind == simProxy {
		s.a.toTag = p.leg.toTag
	}
	if !confirmed {
		s.respond(s.now+1e6, s.a, 200, "INVITE", false, simRequest{body: sendRecv})
		s.request(s.now+2e6, s.a, simRequest{method: "ACK"})
	}
	if s.withAgent == 0 {
		s.withAgent, s.agent = s.now, simAgentID(s.kind, p.agent)
	}
}

// hangsUp ends the caller's leg and the agent's, which the agent may begin.
func (s *sim) hangsUp(p *simRing, byAgent bool, reason string) {
	caller := simRequest{method: "BYE", head: reason, back: byAgent}
	agent := simRequest{method: "BYE", head: reason, back: byAgent && s.kind == simProxy}
	if byAgent {
		s.bye(s.now, p.leg, simRequest{method: "BYE", back: true, head: reason})
		s.bye(s.now+1e6, s.a, caller)
		s.ended = s.now + 1e6
	} else {
		s.bye(s.now, s.a, caller)
		s.bye(s.now+1e6, p.leg, agent)
		s.ended = s.now
	}
	s.frees(p)
}

func (s *sim) bye(at int64, l *simLeg, r simRequest) {
	s.request(at, l, r)
	s.respond(at+2e6, l, 200, "BYE", r.back, simRequest{})
}

// causes says whether a Call-ID is that of a leg which causes the others.
func (c *simCall) causes(id string) bool { return slices.Contains(c.callers, id) }

// is says what is true of the call.
func (s *sim) is(name string, v sip.Verdict, reasons ...sip.Reason) {
	s.name, s.verdict, s.reasons = name, v, reasons
}
