package dialogs

import (
	"strings"
	"time"

	"ringback/cti"
	"ringback/sip"
	"ringback/sip/dialogevent"
)

// Resume takes up the calls that were told before a restart and are live, so that what is told of them next goes on
// with them. It is called after SetSite and before the first change.
func (m *Model) Resume(now time.Time, calls []sip.ToldCall) {
	if m.o.Site == nil {
		return
	}
	for i := range calls {
		x := &calls[i]
		if len(m.calls)+len(m.rings) >= m.o.MaxCalls {
			return
		}
		if _, made := cti.ToldID(m.o.Site.PBX, x.Legs[0].CallID); made {
			m.resumeRing(now, x)
		} else {
			m.resumeCall(x)
		}
	}
}

// resumeCall takes up a call that the PBX tells the Call-ID of.
func (m *Model) resumeCall(x *sip.ToldCall) {
	s, first := m.o.Site, x.Legs[0]
	c := &call{from: x.From, resumed: true, service: x.Service, state: dialogevent.Early}
	if first.Up {
		c.state = dialogevent.Confirmed
	}
	if x.Outgoing {
		c.caller = cti.ResumeLeg(s, m.o.Sink, first, cti.FromAgent, cti.Party{Endpoint: s.Extension(x.From), To: x.To})
	} else {
		c.caller = cti.ResumeLeg(s, m.o.Sink, first, cti.FromCarrier, cti.Party{From: x.From, To: x.To, Withheld: x.Withheld})
	}
	for _, l := range x.Legs[1:] {
		id, _ := cti.ToldID(s.PBX, l.CallID)
		target, ok := strings.CutPrefix(id, first.CallID+"/")
		switch {
		case !ok:
		case x.Outgoing:
			way, p := cti.ToCarrier, cti.Party{To: x.To}
			if l.Agent != "" {
				way, p = cti.ToAgent, cti.Party{Endpoint: s.Extension(l.Agent)}
			}
			c.callee = cti.ResumeLeg(s, m.o.Sink, l, way, p)
		default:
			p := cti.Party{Endpoint: userOf(target), From: x.From, At: addressOf(target)}
			if ext := s.Extension(p.Endpoint); ext != "" {
				p.Endpoint = ext
			}
			c.agents = append(c.agents, &agent{cti.ResumeLeg(s, m.o.Sink, l, cti.ToAgent, p), target})
		}
	}
	m.calls[first.CallID] = c
}

// belongs says whether a URI's dialog is the one that a call is followed by. Of a call that was taken up that is the
// first URI which fits: the agent's who dialled, the service's who was called.
func (m *Model) belongs(c *call, uri string, initiator bool) bool {
	if c.resumed && c.entity == "" && initiator == (c.callee != nil) &&
		(initiator || c.service == "" || m.o.Site.Extension(userOf(uri)) == "") {
		c.entity = uri
	}
	return c.entity == uri
}

// resumeRing takes up a call that was pieced together from phones.
func (m *Model) resumeRing(now time.Time, x *sip.ToldCall) {
	if x.Outgoing || x.From == "" || m.rings[x.From] != nil {
		return
	}
	s, first := m.o.Site, x.Legs[0]
	r := &ring{number: x.From, service: x.Service, resumed: true}
	r.caller = cti.ResumeLeg(s, m.o.Sink, first, cti.FromCarrier, cti.Party{From: x.From, To: x.To})
	for _, l := range x.Legs[1:] {
		ext := s.Extension(l.Agent)
		if ext == "" || m.phones[ext] != nil {
			continue
		}
		m.phones[ext] = &phone{cti.ResumeLeg(s, m.o.Sink, l, cti.ToAgent, cti.Party{Endpoint: ext, From: x.From}), r}
		r.phones++
		r.up = r.up || l.Up
	}
	if r.queued = first.Up && !r.up; r.queued { // whether he still waits its hint will tell
		m.queues[r.service] = waiting{since: now}
	}
	if r.phones == 0 {
		r.silent = now
	}
	m.rings[x.From] = r
}

// known takes the number as the PBX writes it for that of a ring that was taken up.
func (m *Model) known(p *phone, number string) bool {
	r := p.call
	if r.resumed && r.number != number && m.rings[number] == nil {
		delete(m.rings, r.number)
		r.number = number
		m.rings[number] = r
	}
	r.resumed = false
	return r.number == number
}
