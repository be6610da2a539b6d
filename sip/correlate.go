package sip

import "time"

// callerKey is what legs of one call have in common on the wire when nothing links them: for the
// agents' legs of an inbound call the caller's number, for the trunk's leg of an outbound call the
// number called, for the legs of an internal call who calls.
type callerKey struct {
	kind keyKind
	n    uint64
}

type keyKind uint8

const (
	keyNone     keyKind = iota
	keyCaller           // inbound, by the caller's number
	keyWithheld         // inbound, the caller withheld his number
	keyText             // inbound, by a user part that is no number
	keyCallee           // outbound, by the number called
	keyInternal         // internal, by the calling agent
	keyLink             // by the value of a link header
)

// callers are the live calls of one key, in three lists by age: those that wait for the legs they
// cause, those that are served, and those whose causing leg was not seen.
type callers struct {
	lists [3]struct{ first, last *call }
	n     int
}

type listIn uint8

const (
	inWaiting listIn = iota
	inServed
	inOrphans
	inNone = 255
)

// maxCandidates bounds how many calls of one key are looked at for one leg: a flood from one number
// must not cost more than that.
const maxCandidates = 64

func (t *Tracker) list(c *call, k callerKey, in listIn) {
	t.unlist(c)
	if k.kind == keyNone {
		return
	}
	x := t.callers[k]
	if x == nil {
		x = &callers{}
		t.callers[k] = x
	}
	c.key, c.list, c.in = k, x, in
	x.push(c, in)
	x.n++
}

func (x *callers) push(c *call, in listIn) {
	l := &x.lists[in]
	// Oldest first: the place is nearly always the end.
	after := l.last
	for n := 0; after != nil && after.started > c.started && n < maxCandidates; n++ {
		after = after.prev
	}
	c.in, c.prev = in, after
	if after == nil {
		c.next, l.first = l.first, c
	} else {
		c.next, after.next = after.next, c
	}
	if c.next == nil {
		l.last = c
	} else {
		c.next.prev = c
	}
}

func (x *callers) pull(c *call) {
	l := &x.lists[c.in]
	if c.prev == nil {
		l.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		l.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

func (t *Tracker) unlist(c *call) {
	if c.list == nil {
		return
	}
	c.list.pull(c)
	c.list.n--
	if c.list.n == 0 {
		delete(t.callers, c.key)
	}
	c.list = nil
}

// relist moves a call between the waiting and the served of its key.
func (t *Tracker) relist(c *call) {
	if c.list == nil || c.in == inOrphans {
		return
	}
	in := inWaiting
	if c.up > 0 {
		in = inServed
	}
	if in != c.in {
		c.list.pull(c)
		c.list.push(c, in)
	}
}

// keyOf is the key by which a leg seeks the leg that causes it.
func keyOf(from *identity, m *Message) callerKey {
	switch from.kind {
	case idExternal:
		return callerKey{keyCaller, uint64(from.number)}
	case idWithheld:
		return callerKey{keyWithheld, 0}
	case idAgent, idOwn:
		return callerKey{keyInternal, hash([]byte(from.agent.id))}
	case idUnknown:
		return callerKey{keyText, hash(m.From.URI.User)}
	default:
		return callerKey{}
	}
}

// place finds the call of a new leg, or begins one.
func (t *Tracker) place(l *leg, h *hop, m *Message, s *sight) {
	if other := t.linked(l, m); other != nil && (h.role != roleIn || other.call.caller != nil) {
		l.flags |= legLinked
		t.attach(other.call, l, h, m, s)
		return
	}
	if len(m.Replaces) > 0 {
		if r := t.replaced(m.Replaces, false); r != nil {
			if h.role == roleIn && s.from.kind == idAgent {
				h.role = roleAgent // a pickup: the agent comes to the call (RFC 3891 §3)
				h.flags &^= hopSource
			}
			l.flags |= legLinked
			t.attach(r.call, l, h, m, s)
			return
		}
	}
	switch h.role {
	case roleIn:
		if s.src.kind == placePBX {
			t.relayed(l, h, m, s)
			return
		}
		if c := t.overflowed(m, s); c != nil {
			t.join(c, l)
			l.flags |= legTied
			c.caller = l
			t.assign(c, t.serviceOf(m, t.numberingOf(s.src)), m)
			return
		}
		c := t.newCall(l, m)
		t.cause(c, l, h, m, s)
		if c.flags&callTentative == 0 {
			t.tell(CallStarted, c, nil, m.Time, 0, nil)
			t.dialled(c, m)
		}
	case roleOut:
		t.outward(l, h, m, s)
	default:
		t.inward(l, h, m, s)
	}
}

// inward ties a leg from a PBX to a phone or endpoint of ours to the call that causes it.
func (t *Tracker) inward(l *leg, h *hop, m *Message, s *sight) {
	k := keyOf(&s.from, m)
	var c *call
	if s.from.kind == idService {
		c = t.queued(s.from.service, s)
	} else {
		c = t.upstream(k, h.agent, m, s)
	}
	if c != nil {
		l.flags |= legTied
		t.attach(c, l, h, m, s)
		return
	}
	c = t.orphan(l, m, s)
	c.dir = Inbound
	if s.from.internal() || s.from.kind == idService {
		c.dir = Internal
	}
	if s.from.kind == idService {
		c.flags |= callPresented
		t.recent.add(c)
	}
	t.callerIs(c, m, &s.from)
	c.toText = text(requestURI(m))
	if h.agent != nil {
		c.toText = h.agent.id
	}
	t.list(c, k, inOrphans)
}

// relayed is a leg from PBX to PBX that is for us: the same call through a border element, an
// overflow to another service, or a call whose outer leg is not mirrored.
func (t *Tracker) relayed(l *leg, h *hop, m *Message, s *sight) {
	if c := t.upstream(keyOf(&s.from, m), nil, m, s); c != nil {
		l.flags |= legTied
		h.role = roleRelay
		t.attach(c, l, h, m, s)
		if x := t.serviceOf(m, t.numberingOf(s.src)); x != nil {
			t.assign(c, x, m)
		}
		return
	}
	c := t.orphan(l, m, s)
	t.cause(c, l, h, m, s)
}

// outward ties a leg to an external number: to the inbound call that is forwarded, to the agent's
// leg that dialled it, or to the phone the PBX rang first.
func (t *Tracker) outward(l *leg, h *hop, m *Message, s *sight) {
	if s.from.kind != idService && s.from.kind != idOwn {
		if c := t.upstream(keyOf(&s.from, m), nil, m, s); c != nil {
			l.flags |= legTied
			t.attach(c, l, h, m, s)
			return
		}
	}
	if c := t.dialling(s.to.number, s, m); c != nil {
		l.flags |= legTied
		t.attach(c, l, h, m, s)
		t.goesOut(c, m, s)
		return
	}
	c := t.orphan(l, m, s)
	c.dir = Outbound
	c.to, c.toText = s.to.number, text(requestURI(m))
	t.callerIs(c, m, &s.from)
	if s.from.agent != nil {
		c.dialler = s.from.agent
	}
	t.trunkIs(c, s.dst)
	t.list(c, callerKey{keyCallee, uint64(s.to.number)}, inOrphans)
}

// orphan begins a call by a leg that another one should have caused. It is told to nobody until the
// other had time to come.
func (t *Tracker) orphan(l *leg, m *Message, s *sight) *call {
	c := t.newCall(l, m)
	c.flags |= callTentative | callOrphan
	if s.src.pbx != nil {
		c.pbx = s.src.pbx
	} else {
		c.pbx = s.dst.pbx
	}
	t.timers.set(c, m.Time+grace)
	return c
}

// attach adds a leg to the call it belongs to.
func (t *Tracker) attach(c *call, l *leg, h *hop, m *Message, s *sight) {
	t.join(c, l)
	t.saw(c, m)
	if h.role == roleOut && c.dir == Internal {
		t.goesOut(c, m, s)
	}
	if h.role == roleIn {
		h.role = roleRelay
	}
}

// cause makes a leg the one that causes its call: it says who calls, whom, and which service.
func (t *Tracker) cause(c *call, l *leg, h *hop, m *Message, s *sight) {
	if c.caller == nil {
		c.caller = l
	}
	l.flags |= legCaller
	c.flags &^= callTentative | callOrphan
	if s.src.kind == placePBX && s.from.kind != idAgent && l.hop.next == nil && c.caller == l {
		c.flags |= callTentative
	}
	c.started = min(c.started, m.Time)
	if s.dst.pbx != nil {
		c.pbx = s.dst.pbx
	} else if s.src.pbx != nil {
		c.pbx = s.src.pbx
	}
	t.callerIs(c, m, &s.from)
	num := s.to.number
	var k callerKey
	switch s.from.kind {
	case idAgent:
		c.dialler = s.from.agent
		c.to, c.toText = num, text(requestURI(m))
		switch s.to.kind {
		case idExternal:
			c.dir = Outbound
			k = callerKey{keyCallee, uint64(num)}
			t.trunkIs(c, s.dst)
		case idAgent, idOwn:
			c.dir = Internal
			c.to, c.toText = 0, s.to.agent.id
			k = callerKey{keyInternal, hash([]byte(s.from.agent.id))}
		default:
			c.dir = Internal
			k = callerKey{keyInternal, hash([]byte(s.from.agent.id))}
			if s.to.kind == idUnknown {
				t.recent.add(c)
			}
		}
	case idService, idOwn, idEndpoint:
		c.dir = Internal
		c.to, c.toText = num, text(requestURI(m))
		k = callerKey{keyInternal, 0}
		if s.from.agent != nil {
			k.n = hash([]byte(s.from.agent.id))
			c.dialler = s.from.agent
		} else if s.from.number != 0 {
			k = callerKey{keyCaller, uint64(s.from.number)}
		}
	default:
		c.dir = Inbound
		t.trunkIs(c, s.src)
		c.to, c.toText = num, text(requestURI(m))
		if x := t.serviceOf(m, t.numberingOf(s.src)); x != nil {
			t.assign(c, x, m)
		}
		k = keyOf(&s.from, m)
	}
	in := inWaiting
	if c.up > 0 {
		in = inServed
	}
	t.list(c, k, in)
	t.adopt(c, k)
}

func (t *Tracker) callerIs(c *call, m *Message, from *identity) {
	c.from, c.fromText = 0, ""
	c.flags &^= callWithheld
	switch from.kind {
	case idWithheld:
		c.flags |= callWithheld
	case idAgent:
		c.fromText = from.agent.id
	case idOwn:
		c.from, c.fromText = from.number, from.agent.id
	case idExternal, idService:
		c.from = from.number
	default:
		c.fromText = text(&m.From.URI)
	}
}

func (t *Tracker) trunkIs(c *call, p *place) {
	if p.trunk != nil {
		c.trunk = p.trunk
	}
}

// assign gives a call to a service; the last one owns it.
func (t *Tracker) assign(c *call, x *service, m *Message) {
	if x == nil || c.service == x {
		return
	}
	changed := c.service != nil
	c.service = x
	n := t.numberingOf(&nowhere)
	if c.pbx != nil {
		n = c.pbx.numbering
	}
	if num := n.Parse(requestURI(m).User, requestURI(m).PhoneContext); num != 0 {
		c.to = num
	}
	q := t.queues[x.ID]
	if q == nil {
		q = &queue{}
		t.queues[x.ID] = q
	}
	q.push(c)
	if changed {
		t.tell(CallUpdated, c, nil, m.Time, 0, nil)
	}
}

// goesOut makes a call outbound once a leg of it goes to an external number.
func (t *Tracker) goesOut(c *call, m *Message, s *sight) {
	if c.dir == Inbound && c.flags&callPresented == 0 {
		return
	}
	t.trunkIs(c, s.dst)
	if c.dir == Outbound && c.to != 0 {
		return
	}
	c.dir, c.to = Outbound, s.to.number
	if c.dialler == nil {
		c.dialler = c.agent
		c.eachHop(func(_ *leg, h *hop) {
			if c.dialler == nil && h.role == roleAgent {
				c.dialler = h.agent
			}
		})
	}
	t.list(c, callerKey{keyCallee, uint64(c.to)}, inWaiting)
	t.tell(CallUpdated, c, nil, m.Time, 0, nil)
	t.dialled(c, m)
}

// dialled tells that an agent dialled an external number: once, as soon as both are known.
func (t *Tracker) dialled(c *call, m *Message) {
	if c.dir != Outbound || c.to == 0 || c.flags&(callDialled|callTentative) != 0 {
		return
	}
	c.flags |= callDialled
	t.tell(AgentDialled, c, c.dialler, m.Time, c.to, m)
}

// adopt takes in the legs that came before the one that causes them.
func (t *Tracker) adopt(c *call, k callerKey) {
	x := t.callers[k]
	if x == nil || k.kind == keyNone {
		return
	}
	for o, n := x.lists[inOrphans].first, 0; o != nil && n < maxCandidates; n++ {
		next := o.next
		if o != c && o.flags&callTentative != 0 && samePBX(o.pbx, c.pbx) && o.started >= c.started-int64(time.Second) {
			t.absorb(c, o)
		}
		o = next
	}
}

// absorb moves all legs of a call that nobody was told of into another.
func (t *Tracker) absorb(c, o *call) {
	t.unlist(o)
	t.timers.remove(o)
	if o.flags&callKept != 0 {
		t.gone = append(t.gone, o.id)
	}
	t.mark(c)
	for l := o.first; l != nil; {
		next := l.next
		t.join(c, l)
		l.flags |= legTied
		for h := &l.hop; h != nil; h = h.next {
			was := hop{}
			if h.role == roleAgent && h.agent != nil && h.rang() {
				at := Message{Time: max(h.alerted, h.up)}
				t.agentChanged(c, h, &was, &at)
			}
		}
		l = next
	}
	c.seen = max(c.seen, o.seen)
	o.first, o.last = nil, nil
}

// promote tells of a call whose causing leg did not come.
func (t *Tracker) promote(c *call) {
	c.flags &^= callTentative
	at := &Message{Time: t.now}
	t.tell(CallStarted, c, nil, t.now, 0, nil)
	t.dialled(c, at)
	c.eachHop(func(_ *leg, h *hop) {
		if h.role != roleAgent || h.agent == nil || c.dir != Inbound || !h.rang() {
			return
		}
		t.tell(AgentRinging, c, h.agent, t.now, c.external(), nil)
		if h.state == confirmed {
			t.tell(AgentAnswered, c, h.agent, t.now, c.external(), nil)
		} else if !h.alive() {
			t.left(c, h, t.now)
		}
	})
}

func samePBX(a, b *pbx) bool { return a == nil || b == nil || a.ID == b.ID }

// upstream is the call that causes a leg, by their common key: the oldest that waits and does not
// already ring that phone; of served ones a transfer's.
func (t *Tracker) upstream(k callerKey, to *agent, m *Message, s *sight) *call {
	x := t.callers[k]
	if x == nil || k.kind == keyNone {
		return nil
	}
	p := s.src.pbx
	via := t.divertedFrom(m, t.numberingOf(s.src))
	var waiting, fallback *call
	for c, n := x.lists[inWaiting].first, 0; c != nil && n < maxCandidates; c, n = c.next, n+1 {
		if !samePBX(c.pbx, p) || c.done(m.Time) {
			continue
		}
		if via != nil && c.service != nil && c.service.ID != via.ID {
			continue
		}
		if to != nil && c.rings(to) {
			if fallback == nil {
				fallback = c
			}
			continue
		}
		waiting = c
		break
	}
	var transfer, served *call
	for c, n := x.lists[inServed].first, 0; c != nil && n < maxCandidates; c, n = c.next, n+1 {
		if !samePBX(c.pbx, p) || c.done(m.Time) {
			continue
		}
		if c.referred != 0 && m.Time-c.referred < int64(10*time.Second) && (c.target == nil || to == nil || c.target.id == to.id) {
			transfer = c
		}
		if served == nil {
			served = c
		}
	}
	for _, c := range [...]*call{transfer, waiting, served, fallback} {
		if c != nil {
			return c
		}
	}
	return nil
}

// done says whether the leg that causes a call has ended well before a moment, so that no new leg
// can be its.
func (c *call) done(at int64) bool {
	end, over := c.over()
	return over && at > end+int64(200*time.Millisecond)
}

// rings says whether a phone of an agent is already part of a call.
func (c *call) rings(a *agent) bool {
	found := false
	c.eachHop(func(_ *leg, h *hop) {
		found = found || h.role == roleAgent && h.alive() && h.agent != nil && h.agent.id == a.id
	})
	return found
}

// dialling is the call of the agent's leg that asked for a number over the trunk: one that has no
// leg out yet, else the latest whose legs out all failed; else a phone the PBX rang first.
func (t *Tracker) dialling(n Number, s *sight, m *Message) *call {
	var retry *call
	if x := t.callers[callerKey{keyCallee, uint64(n)}]; x != nil && n != 0 {
		i := 0
		for _, l := range x.lists[:2] {
			for c := l.first; c != nil && i < maxCandidates; c, i = c.next, i+1 {
				if !samePBX(c.pbx, s.src.pbx) || c.done(m.Time) {
					continue
				}
				h := c.farHop()
				if h == nil {
					return c
				}
				if !h.alive() && h.up == 0 {
					retry = c
				}
			}
		}
	}
	if retry != nil {
		return retry
	}
	if x := t.callers[callerKey{keyCaller, uint64(n)}]; x != nil && n != 0 {
		for c := x.lists[inOrphans].first; c != nil; c = c.next {
			if c.up > 0 && c.caller == nil && samePBX(c.pbx, s.src.pbx) {
				c.dir = Internal // the PBX showed the agent whom it would call for him
				c.flags |= callPresented
				return c
			}
		}
	}
	return t.recent.find(func(c *call) bool {
		return c.timer >= 0 && samePBX(c.pbx, s.src.pbx) && c.dir == Internal && c.farHop() == nil && !c.done(m.Time) &&
			(c.up > 0 || c.flags&callPresented == 0 && m.Time-c.started < int64(10*time.Second))
	})
}

// overflowed is the call that a new inbound leg continues: the caller's first leg was redirected
// (3xx), or the new one says it was diverted from that call's service.
func (t *Tracker) overflowed(m *Message, s *sight) *call {
	if s.from.kind != idExternal {
		return nil
	}
	x := t.callers[keyOf(&s.from, m)]
	if x == nil {
		return nil
	}
	to := t.serviceOf(m, t.numberingOf(s.src))
	if to == nil {
		return nil
	}
	via := t.divertedFrom(m, t.numberingOf(s.src))
	for c, n := x.lists[inWaiting].last, 0; c != nil && n < maxCandidates; c, n = c.prev, n+1 {
		h := c.callerHop()
		if h == nil || c.service == nil || c.dir != Inbound {
			continue
		}
		redirected := h.end == endFinal && h.status/100 == 3
		diverted := via != nil && via.ID == c.service.ID && to.ID != c.service.ID
		if redirected || diverted && (h.end == endFinal || h.alive()) {
			return c
		}
	}
	return nil
}

// queue is the calls of a service, oldest first, for PBXs that show agents the service's number
// instead of the caller's.
type queue struct{ calls []*call }

func (q *queue) push(c *call) {
	for len(q.calls) > 0 && q.calls[0].timer < 0 {
		q.calls = q.calls[1:]
	}
	if len(q.calls) < 1<<16 {
		q.calls = append(q.calls, c)
	}
}

func (t *Tracker) queued(x *service, s *sight) *call {
	q := t.queues[x.ID]
	if q == nil {
		return nil
	}
	n := 0
	for _, c := range q.calls {
		if c.timer < 0 || c.up > 0 || c.service != x || !samePBX(c.pbx, s.src.pbx) || c.done(t.now) {
			continue
		}
		if s.phone == nil || !c.rings(s.phone) {
			return c
		}
		if n++; n > maxCandidates {
			return nil
		}
	}
	return nil
}

// recent remembers the last calls whose other end is still to be seen.
type recent struct {
	calls [64]*call
	next  int
}

func (r *recent) add(c *call) {
	r.calls[r.next%len(r.calls)] = c
	r.next++
}

func (r *recent) find(f func(*call) bool) *call {
	for i := range r.calls {
		if c := r.calls[(r.next+len(r.calls)-1-i)%len(r.calls)]; c != nil && f(c) {
			return c
		}
	}
	return nil
}
