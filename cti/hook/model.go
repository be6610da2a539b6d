package hook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/cti"
	"ringback/sip"
)

// Bounds of what is kept of one sender.
const (
	maxCalls   = 20_000
	maxOver    = 16_384 // calls and events that are remembered to be over
	maxWaiting = 16     // events of one call that wait for its beginning
)

// patience is how long an event waits for the beginning of its call.
const patience = 10 * time.Second

// maxLate is how old an event may be when it comes.
const maxLate = time.Hour

// Model follows the calls of one sender. It is owned by one goroutine at a time.
type Model struct {
	site  *cti.Site
	sink  cti.Sink
	calls map[string]*call
	known *Memory
}

// call is a call that is followed, or whose beginning is waited for.
type call struct {
	from     string
	caller   *cti.Leg // nil before its beginning
	callee   *cti.Leg // of a call out
	agents   map[string]*cti.Leg
	waiting  []Event
	since    time.Time
	outgoing bool
}

// New makes a model of a sender of which nothing is known yet.
func New(site *cti.Site, sink cti.Sink) *Model {
	return &Model{site: site, sink: sink, calls: map[string]*call{}, known: newMemory()}
}

// Memory is what the model remembers of what came.
func (m *Model) Memory() *Memory { return m.known }

// SetSite tells that the directory says something new of the sender's PBX. Nil: it does not know it.
func (m *Model) SetSite(s *cti.Site) { m.site = s }

// Apply takes an event in and says in a sentence what became of it. taken is whether it changed anything.
func (m *Model) Apply(e *Event, now time.Time) (became string, taken bool) {
	if m.site == nil {
		return "Left out: the directory does not know the PBX.", false
	}
	if !e.At.IsZero() && now.Sub(e.At) > maxLate {
		return "Left out: it happened more than an hour ago.", false
	}
	if e.ID != "" && m.known.sent(e.ID) {
		return "Seen before.", false
	}
	if e.At.IsZero() || e.At.After(now) {
		e.At = now
	}
	m.Tick(now)
	switch {
	case e.Kind == Linked:
		m.sink.Link(e.At, e.Caller, e.Callee)
		return "The two legs are linked.", true
	case e.Kind == Noted:
		return m.note(e)
	case m.known.isOver(e.Call):
		return "Left out: the call is over already.", false
	}
	c := m.calls[e.Call]
	if c == nil {
		if len(m.calls) >= maxCalls {
			return "Left out: there are too many calls at once.", false
		}
		c = &call{agents: map[string]*cti.Leg{}, since: now}
		m.calls[e.Call] = c
	}
	if c.caller == nil && !e.begins() {
		if len(c.waiting) >= maxWaiting {
			return "Left out: too many events wait for the call's beginning.", false
		}
		c.waiting = append(c.waiting, *e)
		return "Waits for the beginning of its call.", true
	}
	if c.caller == nil {
		m.begin(c, e)
		rest := c.waiting
		c.waiting = nil
		if e.Kind != Started {
			rest = append(rest, *e)
		}
		slices.SortStableFunc(rest, func(a, b Event) int { return int(a.Kind) - int(b.Kind) })
		for i := range rest {
			m.happen(c, &rest[i])
		}
		return m.sentence(c, e), true
	}
	if e.Kind == Started {
		return "The call is known already.", false
	}
	m.happen(c, e)
	return m.sentence(c, e), true
}

// begins says whether an event tells enough of its call for its beginning.
func (e *Event) begins() bool { return e.Directed && e.To != "" && (e.From != "" || e.Withheld) }

// begin tells the beginning of a call.
func (m *Model) begin(c *call, e *Event) {
	at := e.At
	for i := range c.waiting {
		if c.waiting[i].At.Before(at) {
			at = c.waiting[i].At
		}
	}
	c.outgoing, c.from = e.Outgoing, e.From
	if e.Outgoing {
		ext := m.site.Extension(append(slices.Clone(e.Agents), e.From)...)
		if ext == "" && len(e.Agents) > 0 {
			ext = e.Agents[0]
		}
		c.caller = cti.NewLeg(m.site, m.sink, e.CallID, e.Call, cti.FromAgent, cti.Party{Endpoint: ext, To: e.To})
		c.callee = cti.NewLeg(m.site, m.sink, "", e.Call+"/out", cti.ToCarrier, cti.Party{From: e.From, To: e.To})
		m.sink.Link(at, c.caller.CallID(), c.callee.CallID())
		c.caller.Invite(at)
		c.callee.Invite(at)
		return
	}
	p := cti.Party{From: e.From, To: e.To, Withheld: e.Withheld}
	c.caller = cti.NewLeg(m.site, m.sink, e.CallID, e.Call, cti.FromCarrier, p)
	if parent := m.calls[e.Parent]; parent != nil && parent.caller != nil {
		m.sink.Link(at, parent.caller.CallID(), c.caller.CallID())
	}
	c.caller.Invite(at)
	if e.Kind == Started {
		for _, a := range e.Agents {
			if l := m.agent(c, e, a, at); l != nil {
				l.Ring(at)
			}
		}
	}
}

// agent is the leg to an agent, by any of his names; it begins with the first event that names him.
func (m *Model) agent(c *call, e *Event, name string, at time.Time) *cti.Leg {
	ext := m.site.Extension(name)
	if ext == "" {
		return nil // users that are no agents of the directory, and further names of those who are
	}
	return m.phone(c, e, ext, at)
}

func (m *Model) phone(c *call, e *Event, endpoint string, at time.Time) *cti.Leg {
	if l := c.agents[endpoint]; l != nil {
		return l
	}
	if len(c.agents) >= maxAgents {
		return nil
	}
	l := cti.NewLeg(m.site, m.sink, "", e.Call+"/"+endpoint, cti.ToAgent, cti.Party{Endpoint: endpoint, From: c.from})
	m.sink.Link(at, c.caller.CallID(), l.CallID())
	l.Invite(at)
	c.agents[endpoint] = l
	return l
}

// happen tells what became of a call that has begun.
func (m *Model) happen(c *call, e *Event) {
	switch e.Kind {
	case Ringing:
		c.caller.Ring(e.At)
		if c.callee != nil {
			c.callee.Ring(e.At)
		}
		for _, a := range e.Agents {
			if l := m.agent(c, e, a, e.At); l != nil {
				l.Ring(e.At)
			}
		}
	case Answered:
		m.answer(c, e)
	case Held, Retrieved:
		for _, l := range c.agents {
			l.Hold(e.At, e.Kind == Held)
		}
	case Ended:
		m.end(c, e)
	default:
	}
}

// unknownPhone is what an agent is called whom nobody names.
const unknownPhone = "unknown"

func (m *Model) answer(c *call, e *Event) {
	if c.callee != nil {
		c.callee.Answer(e.At)
		c.caller.Answer(e.At)
		return
	}
	if slices.ContainsFunc(e.Agents, func(s string) bool { return strings.EqualFold(s, "voicemail") }) {
		c.caller.Answer(e.At)
		m.fact(e.At, c.caller.CallID(), sip.FactVoicemail, "")
		return
	}
	ext := m.site.Extension(e.Agents...)
	if ext == "" {
		ext = unknownPhone
		if len(e.Agents) > 0 {
			ext = e.Agents[0]
		}
	}
	if by := m.phone(c, e, ext, e.At); by != nil {
		by.Answer(e.At)
	}
	c.caller.Answer(e.At)
	for name, l := range c.agents {
		if name != ext && !l.Up() {
			l.End(e.At, cti.Ending{By: cti.Inviting, Cause: 26})
		}
	}
}

func (m *Model) end(c *call, e *Event) {
	x := cti.Ending{By: cti.Inviting, Cause: e.Cause, Status: e.Status}
	if e.ByCallee {
		x.By = cti.Invited
	}
	c.caller.End(e.At, x)
	if c.callee != nil {
		c.callee.End(e.At, x)
	}
	for _, l := range c.agents {
		l.End(e.At, x)
	}
	delete(m.calls, e.Call)
	m.known.over(e.Call)
}

func (m *Model) note(e *Event) (string, bool) {
	id := e.CallID
	if c := m.calls[e.Call]; id == "" && c != nil && c.caller != nil {
		id = c.caller.CallID()
	}
	if id == "" {
		return "Left out: its call is not known.", false
	}
	kinds := map[string]sip.FactKind{
		"voicemail": sip.FactVoicemail, "media_stopped": sip.FactMediaStopped, "withheld": sip.FactWithheld, "note": sip.FactNote,
	}
	kind, ok := kinds[e.Fact]
	if !ok {
		return fmt.Sprintf("Left out: the fact %q is none of voicemail, media_stopped, withheld and note.", e.Fact), false
	}
	m.fact(e.At, id, kind, e.Note)
	return "Noted.", true
}

func (m *Model) fact(at time.Time, callID string, kind sip.FactKind, what string) {
	m.sink.Fact(sip.Fact{Kind: kind, At: at.UnixNano(), CallID: callID, What: what, PBX: m.site.PBX})
}

// Tick gives up what has waited too long for the beginning of its call, or for its end.
func (m *Model) Tick(now time.Time) {
	for id, c := range m.calls {
		if wait := now.Sub(c.since); c.caller == nil && wait > patience || wait > longest {
			delete(m.calls, id)
		}
	}
}

// sentence says what became of a call.
func (m *Model) sentence(c *call, e *Event) string {
	switch {
	case e.Kind == Ended || c.caller.Over():
		return "The call has ended."
	case e.Kind == Answered || c.caller.Up():
		return "The call is answered."
	}
	return "The call has begun."
}
