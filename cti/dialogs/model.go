package dialogs

import (
	"net/netip"
	"strings"
	"time"

	"ringback/cti"
	"ringback/sip"
	"ringback/sip/dialogevent"
)

// Options of a Model.
type Options struct {
	Site *cti.Site
	Sink cti.Sink
	// Queues names the service (directory id) behind each of the PBX's hints of queues, by the user part of its
	// URI. A hint called like its service needs no entry.
	Queues map[string]string
	// Service is the service that calls are of whose service the PBX does not tell; empty: they are left out.
	Service string
	// MaxCalls bounds the calls followed at one time; what is more is left out: 20 000.
	MaxCalls int
}

// Model follows the dialogs of one PBX. It is owned by one goroutine at a time.
type Model struct {
	o     Options
	calls map[string]*call // by Call-ID

	// Of a PBX that tells no Call-IDs.
	rings  map[string]*ring   // by caller's number: calls that ring phones
	phones map[string]*phone  // by extension
	queues map[string]waiting // by service: since when somebody waits
	made   uint64
	stats  Stats
}

type waiting struct{ since time.Time }

// Stats are what a Model has counted.
type Stats struct {
	Calls   int    // followed now
	Refused uint64 // not followed, as there were too many
	Untold  uint64 // dialogs without what a call needs: number, service or direction
}

// New makes a model of a PBX of which nothing is known yet.
func New(o Options) *Model {
	if o.MaxCalls <= 0 {
		o.MaxCalls = 20_000
	}
	return &Model{o: o, calls: map[string]*call{}, rings: map[string]*ring{}, phones: map[string]*phone{}, queues: map[string]waiting{}}
}

// SetSite tells that the directory says something new of the PBX. Nil: it does not know the PBX, and nothing is
// told any more.
func (m *Model) SetSite(s *cti.Site) { m.o.Site = s }

// Stats is what has been counted so far.
func (m *Model) Stats() Stats {
	s := m.stats
	s.Calls = len(m.calls) + len(m.rings)
	return s
}

// Apply takes what became of the dialogs of a URI, in the order of its happening.
func (m *Model) Apply(at time.Time, uri string, changes []dialogevent.Change) {
	if m.o.Site == nil {
		return
	}
	m.Tick(at)
	for i := range changes {
		x := &changes[i]
		if x.CallID == "" {
			m.device(at, uri, x)
		} else {
			m.dialog(at, uri, x)
		}
	}
}

// call is a call that the PBX tells the Call-ID of.
type call struct {
	entity  string // whose dialog it is
	from    string // as the phones that it goes to are shown
	caller  *cti.Leg
	agents  []*agent
	state   dialogevent.State
	doubted bool
	callee  *cti.Leg // of a call out
	service string   // directory id, of a call that was taken up after a restart
	resumed bool
}

type agent struct {
	*cti.Leg

	target string
}

// dialog takes a dialog with a Call-ID.
func (m *Model) dialog(at time.Time, uri string, x *dialogevent.Change) {
	c := m.calls[x.CallID]
	if c == nil {
		if x.State == dialogevent.Terminated || x.State == dialogevent.Unknown {
			return // it began unseen
		}
		if c = m.begin(at, uri, x); c == nil {
			return
		}
		m.calls[x.CallID] = c
	}
	if !m.belongs(c, uri, x.Direction == dialogevent.Initiator) {
		return // the other side's view of it
	}
	if x.Direction != dialogevent.Initiator {
		m.reach(at, c, x)
	}
	switch x.State {
	case dialogevent.Early:
		for _, l := range c.legs() {
			l.Ring(at)
		}
	case dialogevent.Confirmed:
		if c.state != dialogevent.Confirmed {
			m.answer(at, c, x)
		}
	case dialogevent.Terminated:
		m.end(at, c, x)
		delete(m.calls, x.CallID)
	default:
	}
	c.state = max(c.state, x.State)
}

func (c *call) legs() []*cti.Leg {
	all := []*cti.Leg{c.caller}
	for _, a := range c.agents {
		all = append(all, a.Leg)
	}
	if c.callee != nil {
		all = append(all, c.callee)
	}
	return all
}

// begin tells the beginning of a call; nil when too little is known of it.
func (m *Model) begin(at time.Time, uri string, x *dialogevent.Change) *call {
	if len(m.calls)+len(m.rings) >= m.o.MaxCalls {
		m.stats.Refused++
		return nil
	}
	s := m.o.Site
	own, other := userOf(uri), userOf(x.Remote.Identity)
	c := &call{entity: uri}
	if x.Direction == dialogevent.Initiator {
		ext := s.Extension(own)
		if ext == "" || other == "" {
			m.stats.Untold++ // whoever calls in has a dialog of his own
			return nil
		}
		c.caller = cti.NewLeg(s, m.o.Sink, x.CallID, x.CallID, cti.FromAgent, cti.Party{Endpoint: ext, To: other})
		way, p := cti.ToCarrier, cti.Party{From: own, To: other}
		if s.Agent(other) {
			way, p = cti.ToAgent, cti.Party{Endpoint: other, From: own}
		}
		c.callee = cti.NewLeg(s, m.o.Sink, "", x.CallID+"/callee", way, p)
		m.o.Sink.Link(at, c.caller.CallID(), c.callee.CallID())
		c.caller.Invite(at)
		c.callee.Invite(at)
		return c
	}
	if x.Direction != dialogevent.Recipient || other == "" && !hidden(x.Remote.Identity) {
		m.stats.Untold++
		return nil
	}
	way, p := cti.FromCarrier, cti.Party{From: other, To: own, Withheld: hidden(x.Remote.Identity)}
	if s.Agent(other) {
		way, p = cti.FromAgent, cti.Party{Endpoint: other, To: own}
	} else if from := addressOf(x.Remote.Target); s.Carrier(from) {
		p.At = from
	}
	c.caller = cti.NewLeg(s, m.o.Sink, x.CallID, x.CallID, way, p)
	c.caller.Invite(at)
	c.from = other
	return c
}

// reach tells of the phones that a call went to.
func (m *Model) reach(at time.Time, c *call, x *dialogevent.Change) {
	for _, target := range x.Targets {
		if !c.knows(target) && userOf(target) != userOf(c.entity) {
			m.send(at, c, target).Ring(at)
		}
	}
}

func (c *call) knows(target string) bool {
	for _, a := range c.agents {
		if a.target == target {
			return true
		}
	}
	return false
}

// send tells that a call is sent to a phone.
func (m *Model) send(at time.Time, c *call, target string) *cti.Leg {
	user := userOf(target)
	p := cti.Party{Endpoint: user, From: c.from, At: addressOf(target)}
	if ext := m.o.Site.Extension(user); ext != "" {
		p.Endpoint = ext
	}
	l := cti.NewLeg(m.o.Site, m.o.Sink, "", c.caller.CallID()+"/"+target, cti.ToAgent, p)
	m.o.Sink.Link(at, c.caller.CallID(), l.CallID())
	l.Invite(at)
	c.agents = append(c.agents, &agent{l, target})
	return l
}

// answer tells that a call was answered: by the phone that the PBX names, or the one it rang; where it rang
// several, by one that nobody knows.
func (m *Model) answer(at time.Time, c *call, x *dialogevent.Change) {
	var by *cti.Leg
	switch target := x.Local.Target; {
	case c.callee != nil:
		by = c.callee
	case target != "" && userOf(target) != userOf(c.entity) && c.knows(target):
		for _, a := range c.agents {
			if a.target == target {
				by = a.Leg
			}
		}
	case target != "" && userOf(target) != userOf(c.entity):
		by = m.send(at, c, target)
	case len(c.agents) == 1:
		by = c.agents[0].Leg
	case m.o.Site.Extension(userOf(c.entity)) != "":
		by = m.send(at, c, c.entity)
	default:
		by = m.send(at, c, "sip:"+unknownPhone+"@phones.invalid")
		m.doubt(at, c)
	}
	by.Answer(at)
	c.caller.Answer(at)
	for _, a := range c.agents {
		if a.Leg != by {
			a.End(at, cti.Ending{By: cti.Inviting, Cause: answeredElsewhere})
		}
	}
}

const (
	unknownPhone      = "unknown"
	answeredElsewhere = 26 // Q.850 non-selected user clearing
)

// end tells that a call is over, and how, as far as the PBX tells (RFC 4235 §4.1.3).
func (m *Model) end(at time.Time, c *call, x *dialogevent.Change) {
	e := cti.Ending{By: cti.Inviting, Cause: -1}
	known := true
	switch recipient := x.Direction != dialogevent.Initiator; {
	case x.Vanished:
		known = false
	case x.Event == "cancelled":
	case x.Event == "rejected" || x.Event == "error":
		e.By, e.Status = cti.Invited, x.Code
	case x.Event == "timeout":
		e.By, e.Status = cti.Invited, 408
	case x.Event == "local-bye" && recipient, x.Event == "remote-bye" && !recipient:
		e.By = cti.Invited
	case x.Event == "":
		known = c.caller.Up()
	}
	if !known {
		m.doubt(at, c)
	}
	if x.Vanished && !c.caller.Up() {
		return // nobody knows what became of it
	}
	for _, l := range c.legs() {
		l.End(at, e)
	}
}

func (m *Model) doubt(at time.Time, c *call) {
	if !c.doubted {
		c.doubted = true
		m.fact(at, c.caller)
	}
}

// fact tells that what is told of a leg is not sure.
func (m *Model) fact(at time.Time, l *cti.Leg) {
	m.o.Sink.Fact(sip.Fact{Kind: sip.FactDoubt, At: at.UnixNano(), CallID: l.CallID(), PBX: l.PBX()})
}

// userOf is the user part of a URI.
func userOf(uri string) string {
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	user, _, _ = strings.Cut(user, ";")
	return user
}

// hidden says whether a URI is of somebody who does not want to be known (RFC 3323 §4.1.1.3).
func hidden(uri string) bool {
	u := strings.ToLower(uri)
	return strings.Contains(u, "anonymous") || strings.Contains(u, ".invalid")
}

// addressOf is the address in a URI, the zero one where a name stands there.
func addressOf(uri string) netip.AddrPort {
	if i := strings.LastIndexByte(uri, '@'); i >= 0 {
		uri = uri[i+1:]
	} else if _, rest, ok := strings.Cut(uri, ":"); ok {
		uri = rest
	}
	uri, _, _ = strings.Cut(uri, ";")
	if a, err := netip.ParseAddrPort(uri); err == nil {
		return a
	}
	if a, err := netip.ParseAddr(strings.Trim(uri, "[]")); err == nil {
		return netip.AddrPortFrom(a, 5060)
	}
	return netip.AddrPort{}
}
