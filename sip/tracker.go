package sip

import (
	"hash/maphash"
	"net/netip"
	"time"
)

// Tracker follows every dialog in the messages it is handed, ties them into calls and judges calls
// to services. It is owned by one goroutine at a time and keeps no reference to a message.
type Tracker struct {
	site *site
	near [256]neighbour // of the site's places, those asked for of late
	opt  Options
	now  int64
	emit func(*Event)

	seed     maphash.Seed     // so that nobody can make Call-IDs that meet
	id       uint64           // of the Call-ID being handled
	fetched  int64            // means nothing
	legs     table[leg]       // by Call-ID
	hops     int              // of all of them
	timers   timers           // every live call
	lists    table[lists]     // by key
	queues   map[string]*list // those who wait for a service, by its id
	recent   recent
	shared   links
	withheld map[trait]withholders
	calls    uint64 // made so far
	spares   spares
	slots    slots
	outages  map[outageKey]*outage
	strays   map[string]int64 // by PBX: when a phone was last rung for a call that nothing caused
	blind    int64            // when the watch last was, or was seen to have been: calls may be live that nobody counted

	endings   endings
	lasting   forgotten // Call-IDs of ended legs whose dialogs may live on
	strangers forgotten // of dialogs that began before the watch

	bindings   map[string]binding  // by contact
	reach      map[string]string   // the binding that an agent registered last, by his id
	aors       map[string][]string // their contacts
	phones     map[netip.AddrPort]phone
	learnt     map[string]*agent
	purged     int64
	unreadable map[string]struct{} // agents whose phones' signalling is encrypted

	scratch, contactText []byte
	facts                []Evidence
	told                 told
	texts                texts
	finishing            bool

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
	Duplicates      uint64 // INVITEs seen again: retransmissions and second captures
	Evicted         uint64 // live calls given up because there were too many
	LegsRefused     uint64 // legs or hops beyond what one call may have
	BindingsRefused uint64 // registrations beyond the limit
	Challenged      uint64 // calls that ended at a challenge
	Disagreements   uint64 // times a PBX told otherwise than its signalling shows
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
		site: s, opt: o, seed: maphash.MakeSeed(),
		queues: map[string]*list{}, withheld: map[trait]withholders{}, shared: newLinks(o.MaxCalls),
		outages: map[outageKey]*outage{}, strays: map[string]int64{},
		lasting:   newForgotten(o.MaxCalls, int64(o.MaxCall)),
		strangers: newForgotten(o.MaxCalls, afterEnd),
		bindings:  map[string]binding{}, reach: map[string]string{}, aors: map[string][]string{}, phones: map[netip.AddrPort]phone{},
		learnt: map[string]*agent{}, unreadable: map[string]struct{}{}, changedBindings: map[string]struct{}{},
	}, nil
}

// neighbour is a place that was asked for.
type neighbour struct {
	at    netip.AddrPort
	place *place
}

// at is who lives at an address; never nil.
func (t *Tracker) at(a netip.AddrPort) *place {
	i := a.Port()
	if ip := a.Addr(); ip.Is4() {
		b := ip.As4()
		i += uint16(b[3]) + uint16(b[2])*31 + uint16(b[0])
	} else {
		b := ip.As16()
		i += uint16(b[15]) + uint16(b[14])*31 + uint16(b[13])
	}
	n := &t.near[uint8(i)]
	if n.place == nil || n.at != a {
		n.at, n.place = a, t.site.at(a)
	}
	return n.place
}

// idOf is what a Call-ID is known by.
func (t *Tracker) idOf(callID []byte) uint64     { return maphash.Bytes(t.seed, callID) }
func (t *Tracker) idOfText(callID string) uint64 { return maphash.String(t.seed, callID) }

// Knows says whether a leg of a Call-ID is followed, or was until lately.
func (t *Tracker) Knows(callID string) bool { return t.legs.get(t.idOfText(callID)) != nil }

// SetPlan replaces the plan. Live calls keep what they were told; new legs go by the new plan.
func (t *Tracker) SetPlan(p *Plan) error {
	s, err := newSite(p)
	if err != nil {
		return err
	}
	for id, x := range s.pbxIDs {
		if was := t.site.pbxIDs[id]; was != nil {
			x.mirrored, x.sent, x.received, x.disagreed = was.mirrored, was.sent, was.received, was.disagreed
		}
	}
	t.site = s
	clear(t.near[:])
	// Learnt phones are told again from their AORs, which may be listed now.
	clear(t.phones)
	clear(t.reach)
	for k, b := range t.bindings {
		b.agent, b.endpoint = t.registrant(b.user, b.host)
		t.bindings[k] = b
	}
	for k, b := range t.bindings {
		t.know(k, &b)
	}
	return nil
}

// SetOptions replaces times and limits for calls from now on.
func (t *Tracker) SetOptions(o Options) { t.opt = o.withDefaults() }

// Stats returns the counts. Owned by the tracker's goroutine.
func (t *Tracker) Stats() Stats {
	s := t.stats
	s.LiveCalls, s.LiveLegs, s.Bindings = len(t.timers), t.legs.len()-t.endings.len(), len(t.bindings)
	return s
}

// Unreadable tells the tracker that a PBX and a phone signal encrypted, so that what they say is not
// seen: a miss at that PBX is then inferred, not seen. Addresses of others tell nothing.
func (t *Tracker) Unreadable(a, b netip.AddrPort) {
	p, q := t.at(a), t.at(b)
	if q.kind == placePBX {
		p, q = q, p
	}
	if p.kind == placePBX && q.kind == placeAgent {
		t.unreadable[q.agent.id] = struct{}{}
	}
}

// Handle takes one message in. Its events are emitted before Handle returns; most messages have
// none. The caller runs Expire up to the message's arrival first.
func (t *Tracker) Handle(m *Message, emit func(*Event)) {
	t.emit = emit
	t.now = max(t.now, m.Time)
	t.stats.Messages++
	if t.id = m.id; t.id == 0 {
		t.id = t.idOf(m.CallID)
	}
	l := t.legs.get(t.id)
	if l == gone {
		t.exhume()
		l = t.legs.get(t.id)
	}
	switch l {
	case nil:
		t.unknown(m)
		return
	case gone:
		t.stats.Unrelated++
		return
	}
	if m.Told != (l.flags&legTold != 0) {
		t.otherwise(l, m)
		return
	}
	t.saw(l.call, m)
	if l == l.call.caller {
		l.call.flags &^= callBlind
	}
	switch m.CSeqMethod {
	case INVITE:
		switch {
		case !m.Request:
			t.inviteResponse(l, m)
		case len(m.To.Tag) > 0:
			t.prove(l, m)
			t.reinvite(l, m)
		default:
			t.inviteAgain(l, m)
		}
	case ACK:
		t.ack(l, m)
	case BYE:
		t.bye(l, m)
	case CANCEL:
		t.cancel(l, m)
	case REFER:
		t.refer(l, m)
		t.inside(l, m)
	case UPDATE:
		if m.Request && len(m.To.Tag) > 0 {
			t.reinvite(l, m)
		}
		t.inside(l, m)
	default:
		if len(m.To.Tag) > 0 {
			t.inside(l, m)
		}
	}
}

// unknown takes in a message of no leg that is followed.
func (t *Tracker) unknown(m *Message) {
	switch {
	case t.at(m.Src).kind == placeOwn || t.at(m.Dst).kind == placeOwn:
		t.stats.OwnMessages++
	case m.CSeqMethod == REGISTER:
		if !m.Request && m.StatusCode/100 == 2 {
			t.register(m)
		}
	case m.Told && (!m.Request || m.CSeqMethod != INVITE || len(m.To.Tag) > 0):
		t.stats.Unrelated++ // of a leg that was not taken, as the mirror shows it
	case m.Request && len(m.To.Tag) > 0:
		t.stranger(m)
	case m.CSeqMethod == CANCEL:
		t.stats.Unrelated++
		t.doubt(m)
	case m.CSeqMethod != INVITE:
		t.stats.Unrelated++ // out of dialog: OPTIONS, MESSAGE, SUBSCRIBE, …
	case m.Request:
		t.newLeg(m)
	case t.lasting.has(t.id, t.now), t.strangers.has(t.id, t.now):
		t.stats.Unrelated++
	case m.StatusCode == 481 || m.StatusCode == 491: // of a re-INVITE (RFC 3261 §12.2.2, §14.2), or of one with Replaces
		t.stats.Unrelated++
		t.doubt(m)
	default:
		if h := t.newLeg(m); h != nil {
			t.inviteResponse(t.legs.get(t.id), m)
		}
	}
}

// saw notes that a call had a message.
func (t *Tracker) saw(c *call, m *Message) {
	c.seen = max(c.seen, m.Time)
	t.mark(c)
}

// Live returns up to limit live calls, those that nobody was told of left out.
func (t *Tracker) Live(limit int) []*Call {
	var out []*Call
	for i := range t.timers {
		c := t.timers[i].call
		if len(out) >= limit {
			break
		}
		if c.flags&callTentative == 0 {
			s := &Call{}
			t.snapshot(c, s)
			c.lists(s, nil)
			out = append(out, s)
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
		t.end(t.timers[0].call, t.timers[0].call.seen, StillLive)
	}
}

func (t *Tracker) run(now int64) {
	for len(t.timers) > 0 && t.timers[0].deadline <= now {
		t.now = max(t.now, t.timers[0].deadline)
		t.ring(t.timers[0].call)
	}
}
