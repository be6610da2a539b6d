package dialogs

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"ringback/cti"
	"ringback/sip/dialogevent"
)

// ring is a call pieced together from the phones that show its caller's number.
type ring struct {
	number  string
	service string
	caller  *cti.Leg
	phones  int // that ring or talk
	queued  bool
	up      bool
	silent  time.Time // since when no phone rings any more
	resumed bool      // taken up after a restart: the PBX may write its number otherwise
}

// phone is the last call that a phone showed.
type phone struct {
	*cti.Leg

	call *ring
}

// patience is how long a call of which nothing but ringing phones is known may ring none before it is taken
// to be over: queues pause between their tries.
const patience = 15 * time.Second

// device takes what a PBX without Call-IDs tells of one of its hints: a phone, or a queue.
func (m *Model) device(at time.Time, uri string, x *dialogevent.Change) {
	name := userOf(uri)
	if ext := m.o.Site.Extension(name); ext != "" {
		m.phone(at, ext, x)
		return
	}
	service := name
	if id, ok := m.o.Queues[name]; ok {
		service = id
	}
	if m.o.Site.Service(service) == "" {
		m.stats.Untold++
		return
	}
	if x.State != dialogevent.Terminated {
		if _, known := m.queues[service]; !known {
			m.queues[service] = waiting{since: at}
		}
		return
	}
	delete(m.queues, service)
	for _, number := range slices.Sorted(maps.Keys(m.rings)) {
		r := m.rings[number]
		if r.service == service && r.queued && !r.up {
			if r.phones == 0 { // whoever rings phones may be answered in the same moment
				m.finish(at, r)
			}
		}
	}
}

func (m *Model) phone(at time.Time, ext string, x *dialogevent.Change) {
	p := m.phones[ext]
	number := userOf(x.Remote.Identity)
	switch {
	case x.State == dialogevent.Early && number != "" && x.Direction == dialogevent.Recipient:
		if p != nil && m.known(p, number) {
			return
		}
		m.quiet(at, ext, p)
		m.rung(at, ext, number)
	case x.State == dialogevent.Confirmed && p != nil && !p.Up():
		p.Answer(at)
		if !p.call.up {
			p.call.up = true
			p.call.caller.Answer(at)
		}
	case x.State == dialogevent.Terminated:
		m.quiet(at, ext, p)
	}
}

// rung tells that a phone rings for a caller.
func (m *Model) rung(at time.Time, ext, number string) {
	r := m.rings[number]
	if r == nil {
		service, queued := m.serviceNow()
		to := m.o.Site.Service(service)
		if to == "" || m.o.Site.Agent(number) || len(m.calls)+len(m.rings) >= m.o.MaxCalls {
			m.stats.Untold++
			return
		}
		m.made++
		r = &ring{number: number, service: service, queued: queued}
		r.caller = cti.NewLeg(m.o.Site, m.o.Sink, "", fmt.Sprintf("%d-%d", at.UnixNano(), m.made), cti.FromCarrier,
			cti.Party{From: number, To: to, Withheld: hidden("sip:" + number)})
		m.rings[number] = r
		r.caller.Invite(at)
		if queued {
			r.caller.Answer(at) // queues play music
		}
		m.fact(at, r.caller)
	}
	m.made++
	l := cti.NewLeg(m.o.Site, m.o.Sink, "", fmt.Sprintf("%d-%d", at.UnixNano(), m.made), cti.ToAgent, cti.Party{Endpoint: ext, From: number})
	m.o.Sink.Link(at, r.caller.CallID(), l.CallID())
	l.Invite(at)
	l.Ring(at)
	r.phones++
	r.silent = time.Time{}
	m.phones[ext] = &phone{l, r}
}

// serviceNow is the service that a call is of which rings phones now: of the one queue that somebody waits
// in, or the configured one.
func (m *Model) serviceNow() (service string, queued bool) {
	var last time.Time
	for id, w := range m.queues {
		if service == "" || w.since.After(last) {
			service, last = id, w.since
		}
	}
	if service != "" {
		return service, true
	}
	return m.o.Service, false
}

// quiet tells that a phone rings or talks no more.
func (m *Model) quiet(at time.Time, ext string, p *phone) {
	if p == nil {
		return
	}
	delete(m.phones, ext)
	r := p.call
	e := cti.Ending{By: cti.Inviting, Cause: -1}
	if r.up && !p.Up() {
		e.Cause = answeredElsewhere
	}
	p.End(at, e)
	if r.phones--; r.phones > 0 {
		return
	}
	if _, waits := m.queues[r.service]; r.up || r.queued && !waits {
		m.finish(at, r)
		return
	}
	r.silent = at
}

// Tick ends calls that have rung no phone for long enough. now is the time of what comes next.
func (m *Model) Tick(now time.Time) {
	for _, number := range slices.Sorted(maps.Keys(m.rings)) {
		r := m.rings[number]
		if r.phones == 0 && !r.silent.IsZero() && now.Sub(r.silent) >= patience {
			m.finish(r.silent, r)
		}
	}
}

func (m *Model) finish(at time.Time, r *ring) {
	r.caller.End(at, cti.Ending{By: cti.Inviting, Cause: -1})
	delete(m.rings, r.number)
}
