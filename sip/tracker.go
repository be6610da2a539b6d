package sip

import (
	"net/netip"
	"time"
)

// Tracker follows every dialog in the messages it is handed, ties them into calls and judges calls
// to services. It is owned by one goroutine at a time and keeps no reference to a message.
type Tracker struct {
	site *site
	opt  Options
	now  int64
	emit func(*Event)

	legs      map[string]*leg // by Call-ID
	timers    timers          // every live call
	callers   map[callerKey]*callers
	queues    map[string]*queue
	recent    recent
	shared    links
	ended     forgotten // Call-IDs of ended legs
	strangers forgotten // Call-IDs of dialogs that began before the watch
	calls     uint64    // made so far

	bindings map[string]binding
	phones   map[netip.AddrPort]phone
	learnt   map[string]*agent

	outages    map[string]*outage
	unreadable map[*agent]struct{} // phones whose signalling is encrypted
	scratch    []byte
	finishing  bool

	keeping         bool // Changes was asked for
	dirty           []*call
	gone            []uint64
	changedBindings map[string]struct{}
	record          []byte

	stats Stats
}

// Stats are counts since the tracker was made; gauges are as of now.
type Stats struct {
	Messages        uint64 // handled
	OwnMessages     uint64 // our own traffic, seen in the mirror
	Unrelated       uint64 // in no dialog the tracker follows
	Duplicates      uint64 // retransmissions and second sights
	Evicted         uint64 // live calls given up because there were too many
	LegsRefused     uint64 // legs or hops beyond what one call may have
	BindingsRefused uint64 // registrations beyond the limit
	Challenged      uint64 // calls that ended at a challenge
	LiveCalls       int
	LiveLegs        int
	Bindings        int
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Settle, 2*time.Second)
	def(&o.ServedAfter, time.Second)
	def(&o.HoldDrop, 30*time.Second)
	def(&o.ShortAfter, 2*time.Second)
	def(&o.Lost, 5*time.Minute)
	def(&o.MaxWait, time.Hour)
	def(&o.MaxCall, 12*time.Hour)
	if o.MaxCalls <= 0 {
		o.MaxCalls = 500_000
	}
	if o.MaxBindings <= 0 {
		o.MaxBindings = 200_000
	}
	return o
}

// NewTracker makes a tracker that watches the place p describes. It fails when p names a country
// that no numbering plan is known for.
func NewTracker(p *Plan, o Options) (*Tracker, error) {
	s, err := newSite(p)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	return &Tracker{
		site: s, opt: o,
		legs: map[string]*leg{}, callers: map[callerKey]*callers{},
		ended: newForgotten(4 * o.MaxCalls), strangers: newForgotten(o.MaxCalls),
		queues: map[string]*queue{}, shared: newLinks(o.MaxCalls),
		bindings: map[string]binding{}, phones: map[netip.AddrPort]phone{}, learnt: map[string]*agent{},
		outages: map[string]*outage{}, changedBindings: map[string]struct{}{}, unreadable: map[*agent]struct{}{},
	}, nil
}

// SetPlan replaces the plan. Live calls keep what they were told; new legs go by the new plan.
func (t *Tracker) SetPlan(p *Plan) error {
	s, err := newSite(p)
	if err != nil {
		return err
	}
	t.site = s
	// Learnt phones are told again from their AORs, which may be listed now.
	for k, b := range t.bindings {
		b.agent, b.endpoint = t.registrant(b.user, b.host)
		t.bindings[k] = b
	}
	clear(t.phones)
	for _, b := range t.bindings {
		t.locate(b.addr, b)
		t.locate(b.source, b)
	}
	return nil
}

// SetOptions replaces times and limits for calls from now on.
func (t *Tracker) SetOptions(o Options) { t.opt = o.withDefaults() }

// Stats returns the counts. Owned by the tracker's goroutine.
func (t *Tracker) Stats() Stats {
	s := t.stats
	s.LiveCalls, s.LiveLegs, s.Bindings = len(t.timers), len(t.legs), len(t.bindings)
	return s
}

// Unreadable tells the tracker that a PBX and a phone signal encrypted, so that what they say is not
// seen: a miss at that PBX is then inferred, not seen. Addresses of others tell nothing.
func (t *Tracker) Unreadable(a, b netip.AddrPort) {
	p, q := t.site.at(a), t.site.at(b)
	if q.kind == placePBX {
		p, q = q, p
	}
	if p.kind == placePBX && q.kind == placeAgent {
		t.unreadable[q.agent] = struct{}{}
	}
}

// Handle takes one message in. Its events are emitted before Handle returns; most messages have
// none. The caller runs Expire up to the message's arrival first.
func (t *Tracker) Handle(m *Message, emit func(*Event)) {
	t.emit = emit
	t.now = max(t.now, m.Time)
	t.stats.Messages++
	if t.site.at(m.Src).kind == placeOwn || t.site.at(m.Dst).kind == placeOwn {
		t.stats.OwnMessages++
		return
	}
	switch m.CSeqMethod {
	case INVITE:
		if m.Request {
			t.invite(m)
		} else {
			t.inviteResponse(m)
		}
	case ACK:
		if l := t.dialog(m); l != nil {
			t.ack(l, m)
		}
	case BYE:
		if l := t.dialog(m); l != nil {
			t.bye(l, m)
		}
	case CANCEL:
		if l := t.legs[string(m.CallID)]; l != nil {
			t.cancel(l, m)
		}
	case REGISTER:
		if !m.Request && m.StatusCode/100 == 2 {
			t.register(m)
		}
	case REFER:
		if l := t.dialog(m); l != nil {
			if m.Request {
				t.refer(l, m)
			}
			t.inDialog(l, m)
		}
	default:
		if len(m.To.Tag) == 0 {
			return // out of dialog: OPTIONS, MESSAGE, SUBSCRIBE, …
		}
		if l := t.legs[string(m.CallID)]; l != nil {
			if m.CSeqMethod == UPDATE && m.Request {
				t.reinvite(l, m)
			}
			t.inDialog(l, m)
		}
	}
}

// dialog is the leg that an in-dialog message belongs to. One that began before the watch is
// remembered, so that the answers to its re-INVITEs do not look like new calls.
func (t *Tracker) dialog(m *Message) *leg {
	l := t.legs[string(m.CallID)]
	if l == nil {
		t.stats.Unrelated++
		if m.Request && m.Method != ACK && len(m.To.Tag) > 0 {
			t.strangers.add(hash(m.CallID), t.now)
		}
		return nil
	}
	t.saw(l.call, m)
	return l
}

// saw notes that a call had a message.
func (t *Tracker) saw(c *call, m *Message) {
	c.seen = max(c.seen, m.Time)
	t.mark(c)
}

// Live returns up to limit live calls, those that nobody was told of left out.
func (t *Tracker) Live(limit int) []*Call {
	var out []*Call
	for _, c := range t.timers {
		if len(out) >= limit {
			break
		}
		if c.flags&callTentative == 0 {
			out = append(out, c.snapshot(true))
		}
	}
	return out
}

// Expire runs the timers that are due at now, nanoseconds since the Unix epoch, in their order.
func (t *Tracker) Expire(now int64, emit func(*Event)) {
	t.emit = emit
	t.run(now)
	t.now = max(t.now, now)
}

// Finish lets time run on until no settle, lost and max_wait timer is left, then gives up what is
// still live: a call that was with an agent ends as still_live.
func (t *Tracker) Finish(emit func(*Event)) {
	t.emit, t.finishing = emit, true
	t.run(t.now + int64(t.opt.MaxWait+t.opt.Lost+t.opt.Settle))
	for len(t.timers) > 0 {
		t.end(t.timers[0], t.timers[0].seen, StillLive)
	}
}

func (t *Tracker) run(now int64) {
	for {
		var c *call
		if len(t.timers) > 0 && t.timers[0].deadline <= now {
			c = t.timers[0]
		}
		if c == nil {
			return
		}
		t.now = max(t.now, c.deadline)
		if due := t.due(c); due > c.deadline {
			t.timers.set(c, due)
			continue
		}
		t.ring(c)
	}
}
