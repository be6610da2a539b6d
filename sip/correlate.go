package sip

import "time"

// place finds the call of a new leg, or begins one: by a link, by the dialog it replaces, and last by
// number and time. It is false when there is no room for the leg.
func (t *Tracker) place(l *leg, h *hop, m *Message, s *sight) bool {
	other, wants := t.linked(l, m)
	if other == nil && len(m.Replaces) > 0 {
		if other = t.replaced(m.Replaces); other != nil && h.role == roleIn && s.from.kind == idAgent {
			h.role = roleAgent // a pickup: the agent comes to the call (RFC 3891 §3)
			h.flags &^= hopSource
		}
	}
	if other != nil && (h.role != roleIn || s.src.kind == placePBX && other.call.caller != nil) {
		return t.attach(other.call, l, h, m, s, legLinked)
	}
	if h.role == roleIn {
		if !t.comesIn(l, h, m, s) {
			return false
		}
		if other != nil && other.call != nil && other != other.call.caller && (other.call.caller == nil || other.flags&legLinked == 0) {
			t.link(l, other) // it was linked before it came
		}
		return true
	}
	// What is linked waits for its link, and what a proxy passes on for the hop before: both say more
	// than number and time.
	if !wants && m.Vias <= 1 {
		switch c := t.tie(h, m, s); {
		case c == nil:
		case c.stale(m.Time):
			wants = true // nobody but a caller who may be gone: another may be on his way
		default:
			return t.attach(c, l, h, m, s, legTied)
		}
	}
	t.alone(l, h, m, s, wants)
	return true
}

// tie is the call of a leg from a PBX by number and time.
func (t *Tracker) tie(h *hop, m *Message, s *sight) *call {
	switch {
	case h.role != roleOut && s.from.kind == idService:
		return t.queued(s.from.service, h.agent, m, s)
	case h.role != roleOut:
		return t.upstream(keyFrom(&s.from, m), h.agent, m, s)
	}
	c, again := t.asksFor(s.to.number, m, s)
	if c == nil {
		c = t.forwarded(m, s)
	}
	if c == nil {
		c = first(again, t.presented(s.to.number, m, s))
	}
	return c
}

// alone begins a call with a leg that another one should have caused.
func (t *Tracker) alone(l *leg, h *hop, m *Message, s *sight, wants bool) {
	c := t.orphan(l, m, s)
	if wants {
		c.flags |= callWanting
	}
	t.callerIs(c, m, &s.from)
	if h.role == roleOut {
		t.aloneOut(c, m, s)
	} else {
		t.aloneIn(c, h, m, s)
	}
}

// aloneIn is a leg to a phone or endpoint of ours.
func (t *Tracker) aloneIn(c *call, h *hop, m *Message, s *sight) {
	c.dir = Inbound
	t.calleeIs(c, 0, requestURI(m), h.agent)
	switch {
	case s.from.kind == idService: // the PBX may be calling the agent first
		c.dir = Internal
		c.flags |= callPresented
		t.recent.add(c)
		return
	case s.from.internal():
		c.dir = Internal
	}
	if k := keyFrom(&s.from, m); k != 0 {
		t.enlist(c, k.in(inOrphans))
	}
}

// aloneOut is a leg to an external number.
func (t *Tracker) aloneOut(c *call, m *Message, s *sight) {
	c.dir = Outbound
	if t.divertedFrom(m, t.numberingOf(s.src)) != nil {
		c.dir = Inbound // a forwarded call whose inner leg nobody saw
	}
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	if s.from.agent != nil {
		c.dialler = s.from.agent
	}
	t.trunkIs(c, s.dst)
	if s.to.number != 0 {
		t.enlist(c, keyOf(keyCallee, uint64(s.to.number)).in(inOrphans))
	}
	t.recent.add(c)
}

// tieLate ties the legs of a call whose link led nowhere by number and time after all; it says whether
// there was a call for them.
func (t *Tracker) tieLate(c *call) bool {
	if c.flags&callWanting == 0 || c.caller != nil {
		return false
	}
	keys := [2]key{c.key}
	if c.from != 0 {
		keys[1] = keyOf(keyCaller, uint64(c.from))
	}
	var x candidates
	for _, k := range keys {
		for _, in := range [...]listKind{inWaiting, inServed} {
			if k == 0 {
				continue
			}
			for o, n := t.lists[k.in(in)].first, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].next, n+1 {
				if o != c && samePBX(o.pbx, c.pbx) && !o.done(c.started) {
					x.add(o, in, c.first.hop.agent, c.started)
				}
			}
		}
	}
	o := x.best()
	if o == nil {
		return false
	}
	if o.stale(c.started) {
		o.flags |= callBlind // and stays so until its caller's own leg is heard of
	}
	t.absorb(o, c, legTied)
	return true
}

// comesIn begins a call, or continues the one whose leg was sent back to come in again.
func (t *Tracker) comesIn(l *leg, h *hop, m *Message, s *sight) bool {
	if s.src.kind == placePBX {
		return t.relayed(l, h, m, s)
	}
	if c := t.overflowed(m, s); c != nil && t.room(c) {
		l.flags |= legTied
		t.join(c, l)
		t.saw(c, m)
		c.caller = l
		t.assignTold(c, m, s)
		t.adopt(c, c.key)
		return true
	}
	c := t.newCall(l, m)
	c.flags |= callTentative
	t.cause(c, l, h, m, s)
	return true
}

// relayed is a leg from PBX to PBX that is for us: the same call through a border element, an
// overflow to another service, or a call whose outer leg is not mirrored.
func (t *Tracker) relayed(l *leg, h *hop, m *Message, s *sight) bool {
	if c := t.upstream(keyFrom(&s.from, m), nil, m, s); c != nil {
		if !t.attach(c, l, h, m, s, legTied) {
			return false
		}
		t.assignTold(c, m, s)
		return true
	}
	t.cause(t.orphan(l, m, s), l, h, m, s)
	return true
}

// forwarded is the inbound call that a leg to an external number continues: it shows the caller, or
// the service that it was diverted from (RFC 5806, RFC 7044).
func (t *Tracker) forwarded(m *Message, s *sight) *call {
	switch s.from.kind {
	case idOwn, idAgent:
		return nil
	case idService:
		if via := t.divertedFrom(m, t.numberingOf(s.src)); via != nil {
			return t.queued(via, nil, m, s)
		}
		return nil
	default:
		return t.upstream(keyFrom(&s.from, m), nil, m, s)
	}
}

// orphan begins a call by a leg that another one should have caused. It is told to nobody until the
// other had time to come.
func (t *Tracker) orphan(l *leg, m *Message, s *sight) *call {
	c := t.newCall(l, m)
	c.flags |= callTentative
	if c.pbx = s.src.pbx; c.pbx == nil {
		c.pbx = s.dst.pbx
	}
	t.timers.set(c, m.Time+grace)
	return c
}

// attach adds a leg to the call it belongs to, if that has room.
func (t *Tracker) attach(c *call, l *leg, h *hop, m *Message, s *sight, how legFlags) bool {
	if !t.room(c) {
		return false
	}
	if h.role == roleIn {
		h.role = roleRelay
	}
	l.flags |= how
	t.join(c, l)
	t.saw(c, m)
	if h.role == roleOut {
		t.goesOut(c, m, s)
	}
	return true
}

// refuse gives up a leg that has no place.
func (t *Tracker) refuse(l *leg) {
	t.stats.LegsRefused++
	t.forget(l)
}

// cause makes a leg the one that causes its call: it says who calls, whom, and which service.
func (t *Tracker) cause(c *call, l *leg, h *hop, m *Message, s *sight) {
	was := *c
	c.caller = l
	if h == c.callerHop() {
		c.started = h.invited
	}
	switch {
	case was.caller == l && was.pbx != nil && l.nhops > 1: // a border element's outer hop came after its inner one
	case s.dst.pbx != nil:
		c.pbx = s.dst.pbx
	case s.src.pbx != nil:
		c.pbx = s.src.pbx
	}
	t.callerIs(c, m, &s.from)
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	t.directs(c, m, s)
	k := keyFrom(&s.from, m)
	switch {
	case c.dir == Outbound:
		k = keyOf(keyCallee, uint64(c.to))
		t.recent.add(c)
	case s.from.kind == idAgent && s.to.kind == idUnknown:
		t.recent.add(c)
	case s.from.kind == idEndpoint:
		k = keyOf(keyInternal, 0)
	}
	t.enlist(c, k)
	t.relist(c)
	t.adopt(c, k)
	switch {
	case c.flags&callTentative == 0:
		if was.dir != c.dir || was.from != c.from || was.to != c.to || was.service != c.service || (was.flags^c.flags)&callWithheld != 0 {
			t.tell(CallUpdated, c, nil, m.Time, 0, "")
		}
	case s.src.kind == placePBX && s.from.kind != idAgent, h.flags&hopNoInvite != 0, t.mayContinue(c):
		// Its outer leg may still come, or the INVITE that says who calls, or what redirected him.
		t.timers.set(c, c.started+grace)
		return
	default:
		t.reveal(c, m.Time, t.device(c.dialler, m))
	}
	t.dialled(c, m.Time, t.device(c.dialler, m))
	t.touch(c, m.Time)
}

// directs tells the direction of a call by who calls whom, and its service.
func (t *Tracker) directs(c *call, m *Message, s *sight) {
	switch s.from.kind {
	case idAgent:
		c.dialler, c.dir = s.from.agent, Internal
		switch s.to.kind {
		case idExternal:
			c.dir = Outbound
			t.trunkIs(c, s.dst)
		case idAgent, idOwn:
			t.calleeIs(c, 0, nil, s.to.agent)
		default:
		}
	case idService, idOwn, idEndpoint:
		c.dialler, c.dir = s.from.agent, Internal
	default:
		c.dir = Inbound
		t.trunkIs(c, s.src)
		t.assign(c, t.serviceOf(m, t.numberingOf(s.src)), m)
	}
}

func (t *Tracker) callerIs(c *call, m *Message, from *identity) {
	c.flags &^= callWithheld
	c.from, c.text = from.number, ""
	name := ""
	switch from.kind {
	case idWithheld:
		c.flags |= callWithheld
		c.from = 0
	case idAgent, idOwn:
		name = from.agent.id
	case idExternal, idService:
	default:
		name = text(&m.From.URI)
	}
	if name != "" || c.extra != nil {
		c.more().from = name
	}
}

// calleeIs tells who is called: a number, or else an agent or what a URI says.
func (t *Tracker) calleeIs(c *call, n Number, u *URI, a *agent) {
	c.to, c.text = n, ""
	switch {
	case n != 0:
	case a != nil:
		c.more().to = a.id
	default:
		c.more().to = text(u)
	}
}

func (t *Tracker) trunkIs(c *call, p *place) {
	if p.trunk != nil {
		c.trunk = p.trunk
	}
}

// assign gives a call to a service, if it is for one; the last one owns it.
func (t *Tracker) assign(c *call, x *service, m *Message) (changed bool) {
	if x == nil || c.service != nil && c.service.ID == x.ID {
		return false
	}
	t.unqueue(c)
	c.service, c.text = x, ""
	n := t.site.numbering
	if c.pbx != nil {
		n = c.pbx.numbering
	}
	if num := n.Parse(requestURI(m).User, requestURI(m).PhoneContext); num != 0 {
		c.to = num
	}
	if !c.agentUp() {
		t.enqueue(c)
	}
	return true
}

// assignTold is assign for a call that the world may know already.
func (t *Tracker) assignTold(c *call, m *Message, s *sight) {
	if t.assign(c, t.serviceOf(m, t.numberingOf(s.src)), m) {
		t.tell(CallUpdated, c, nil, m.Time, 0, "")
	}
}

// goesOut makes a call outbound once a leg of it goes to an external number.
func (t *Tracker) goesOut(c *call, m *Message, s *sight) {
	if c.dir == Inbound && c.flags&callPresented == 0 {
		return // forwarded, and still the customer's call
	}
	t.trunkIs(c, s.dst)
	if c.dir == Outbound && c.to != 0 {
		return
	}
	c.dir = Outbound
	t.calleeIs(c, s.to.number, requestURI(m), nil)
	for l := c.first; l != nil && c.dialler == nil; l = l.next {
		if l.hop.role == roleAgent {
			c.dialler = l.hop.agent
		}
	}
	if c.dialler != nil { // whom the PBX showed him is not who calls
		c.from, c.more().from = 0, c.dialler.id
	}
	t.enlist(c, keyOf(keyCallee, uint64(c.to)))
	if c.flags&callTentative != 0 {
		t.reveal(c, m.Time, "")
	} else {
		t.tell(CallUpdated, c, nil, m.Time, 0, "")
	}
	t.dialled(c, m.Time, "")
}

// adopt takes in the legs that came before the one that causes them.
func (t *Tracker) adopt(c *call, k key) {
	if k != 0 {
		for o, n := t.lists[k.in(inOrphans)].first, 0; o != nil && n < maxCandidates; n++ {
			next := o.nodes[byKey].next
			if o != c && o.caller == nil && o.flags&callTentative != 0 && samePBX(o.pbx, c.pbx) && o.started >= c.started-int64(time.Second) {
				t.absorb(c, o, legTied)
			}
			o = next
		}
	}
	if c.dir != Inbound || k == 0 {
		return
	}
	t.rivals(c, k)
	// A leg out that shows this caller is the call forwarded, not one of ours.
	if o := t.recent.find(func(o *call) bool {
		return o != c && o.flags&callTentative != 0 && o.dir == Outbound && o.caller == nil && o.from != 0 && o.from == c.from && samePBX(o.pbx, c.pbx)
	}); o != nil {
		t.absorb(c, o, legTied)
	}
}

// rivals looks for legs that went to another call of a key before this one was known, and may be its.
func (t *Tracker) rivals(c *call, k key) {
	for _, in := range [...]listKind{inWaiting, inServed} {
		for o, n := t.lists[k.in(in)].first, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].next, n+1 {
			if o != c && samePBX(o.pbx, c.pbx) && o.tiedSince(c.started) {
				o.flags |= callInferred
				c.flags |= callInferred
			}
		}
	}
}

// tiedSince says whether a leg was tied to a call by number and time that began after a moment.
func (c *call) tiedSince(at int64) bool {
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTied != 0 && l.hop.invited >= at {
			return true
		}
	}
	return false
}

// absorb moves all legs of a call that nobody was told of into another.
func (t *Tracker) absorb(c, o *call, how legFlags) {
	t.strike(o)
	if c.dir == Outbound && c.trunk == nil {
		c.trunk = o.trunk
	}
	for l := o.first; l != nil; {
		next := l.next
		l.call, l.next = nil, nil
		if t.room(c) {
			l.flags = l.flags&^(legTied|legLinked) | how
			t.join(c, l)
			for h := &l.hop; h != nil; h = h.next {
				t.agentCaught(c, h, t.now)
			}
		} else {
			t.refuse(l)
		}
		l = next
	}
	c.seen = max(c.seen, o.seen)
	if c.dir == Outbound {
		t.farAnswered(c, c.seen)
	}
	t.touch(c, c.seen)
	if o.flags&callDirty == 0 {
		t.spares.giveCall(o)
	}
}

func samePBX(a, b *pbx) bool     { return a == nil || b == nil || a.ID == b.ID }
func sameTrunk(a, b *trunk) bool { return a == nil || b == nil || a.ID == b.ID }

// upstream is the call that causes a leg, by their common key: the oldest that waits and does not
// already ring that phone; of served ones a transfer's.
func (t *Tracker) upstream(k key, to *agent, m *Message, s *sight) *call {
	if k == 0 {
		return nil
	}
	via := t.divertedFrom(m, t.numberingOf(s.src))
	fits := func(c *call) bool {
		return samePBX(c.pbx, s.src.pbx) && (via == nil || c.service == nil || c.service.ID == via.ID)
	}
	var x candidates
	for _, in := range [...]listKind{inWaiting, inServed} {
		for c, n := t.lists[k.in(in)].first, 0; c != nil && n < maxCandidates; c, n = c.nodes[byKey].next, n+1 {
			if fits(c) && !c.done(m.Time) {
				x.add(c, in, to, m.Time)
			}
		}
	}
	return x.best()
}

// candidates are the calls that may cause a leg, by how likely they do.
type candidates struct {
	transfer *call // an agent just sent it on
	waiting  *call // the oldest that waits and does not ring that phone already
	served   *call // the oldest that is with an agent
	late     *call // the oldest whose caller has just left
	rung     *call // the oldest that rings that phone already
	stale    *call // the oldest whose caller may well be gone
	one      *call // the first of all
}

// add looks at a call of a list. Where there are several none of them is sure of its legs, nor of
// having none.
func (x *candidates) add(c *call, in listKind, to *agent, at int64) {
	if x.one == nil {
		x.one = c
	} else {
		x.one.flags |= callInferred
		c.flags |= callInferred
	}
	if x.transfer == nil && c.sentOn(to, at) {
		x.transfer = c
	}
	switch {
	case c.stale(at):
		x.stale = first(x.stale, c)
	case in == inServed:
		x.served = first(x.served, c)
	case to != nil && c.rings(to):
		x.rung = first(x.rung, c)
	case c.leaving():
		x.late = first(x.late, c)
	default:
		x.waiting = first(x.waiting, c)
	}
}

func (x *candidates) best() *call {
	return first(x.transfer, x.waiting, x.served, x.late, x.rung, x.stale)
}

// stale says whether a caller may well be gone, unseen: nothing was heard of him since the watch was
// blind or for long, or the agent left him and nobody else came.
func (c *call) stale(at int64) bool {
	if c.flags&callBlind != 0 || at-c.seen > int64(stalePatience) {
		return true
	}
	left := int64(0)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.role == roleAgent && h.alive() {
				return false
			}
			if h.wasAgent() {
				left = max(left, h.down)
			}
		}
	}
	return left != 0 && at-left > int64(referPatience)
}

// stalePatience is how long a caller may wait in silence before another of his number goes first.
const stalePatience = 5 * time.Minute

// sentOn says whether an agent has just sent the caller on to a phone.
func (c *call) sentOn(to *agent, at int64) bool {
	x := c.extra
	return x != nil && x.referred != 0 && at-x.referred < int64(referPatience) && (x.target == nil || to == nil || same(x.target, to))
}

// first is the first call that there is.
func first(calls ...*call) *call {
	for _, c := range calls {
		if c != nil {
			return c
		}
	}
	return nil
}

// leaving says whether the leg that causes a call has ended.
func (c *call) leaving() bool {
	_, over := c.over()
	return over
}

// done says whether the leg that causes a call has ended well before a moment, so that no new leg
// can be its.
func (c *call) done(at int64) bool {
	end, over := c.over()
	return over && at > end+int64(200*time.Millisecond)
}

// queued is the call that waits longest for a service and does not already ring a phone.
func (t *Tracker) queued(x *service, to *agent, m *Message, s *sight) *call {
	q := t.queues[x.ID]
	if q == nil {
		return nil
	}
	var found candidates
	for c, n := q.first, 0; c != nil && n < maxCandidates; c, n = c.nodes[byService].next, n+1 {
		if samePBX(c.pbx, s.src.pbx) && !c.done(m.Time) {
			found.add(c, inWaiting, to, m.Time)
		}
	}
	return first(found.waiting, found.late, found.stale)
}

// mayContinue says whether a fresh call may be the rest of one that was redirected, by a response that
// is still to come.
func (t *Tracker) mayContinue(c *call) bool {
	if c.dir != Inbound || c.service == nil || c.key == 0 {
		return false
	}
	for o, n := c.nodes[byKey].prev, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].prev, n+1 {
		h := o.callerHop()
		if o.service != nil && h != nil && h.up == 0 && (h.alive() || h.end == endUnknownFinal) && samePBX(o.pbx, c.pbx) {
			return true
		}
	}
	o := c.nodes[byKey].next // or the rest came first
	return o != nil && o.service != nil && o.started < c.started+grace && samePBX(o.pbx, c.pbx)
}

// redirected gives a call that was sent elsewhere the leg that came in again before that was seen.
func (t *Tracker) redirected(c *call) {
	if c.dir != Inbound || c.service == nil || c.key == 0 {
		return
	}
	for o, n := c.nodes[byKey].next, 0; o != nil && n < maxCandidates; o, n = o.nodes[byKey].next, n+1 {
		if o.caller == nil || o.service == nil || !samePBX(o.pbx, c.pbx) {
			continue
		}
		if o.flags&callTentative == 0 {
			if c.flags&callTentative != 0 && o.started < c.started+grace {
				o.started = c.started
				t.absorb(o, c, legTied)
				return
			}
			continue
		}
		l, x, pbx, to := o.caller, o.service, o.pbx, o.to
		t.absorb(c, o, legTied)
		c.caller, c.pbx = l, pbx
		if c.service.ID != x.ID {
			t.unqueue(c)
			c.service, c.to, c.text = x, to, ""
			t.relist(c)
			t.tell(CallUpdated, c, nil, t.now, 0, "")
		}
		return
	}
}

// overflowed is the call that a new inbound leg continues: the caller's first leg was redirected
// (RFC 3261 §21.3), or the new one says it was diverted from that call's service (RFC 5806).
func (t *Tracker) overflowed(m *Message, s *sight) *call {
	to := t.serviceOf(m, t.numberingOf(s.src))
	if to == nil || s.from.kind != idExternal && s.from.kind != idWithheld {
		return nil
	}
	via := t.divertedFrom(m, t.numberingOf(s.src))
	for c, n := t.lists[keyFrom(&s.from, m)].last, 0; c != nil && n < maxCandidates; c, n = c.nodes[byKey].prev, n+1 {
		h := c.callerHop()
		if h == nil || c.service == nil || c.dir != Inbound || !samePBX(c.pbx, s.dst.pbx) || !sameTrunk(c.trunk, s.src.trunk) {
			continue
		}
		redirected := h.end == endFinal && h.status/100 == 3 && (s.from.kind == idExternal || to.ID != c.service.ID)
		diverted := via != nil && via.ID == c.service.ID && to.ID != c.service.ID
		if redirected || diverted && !h.byBye() {
			return c
		}
	}
	return nil
}

// asksFor is the call of an agent who dialled a number: one that has no leg out yet, and else the
// latest whose legs out all failed.
func (t *Tracker) asksFor(n Number, m *Message, s *sight) (c, again *call) {
	if n == 0 {
		return nil, nil
	}
	for _, in := range [...]listKind{inWaiting, inServed} {
		for c, i := t.lists[keyOf(keyCallee, uint64(n)).in(in)].first, 0; c != nil && i < maxCandidates; c, i = c.nodes[byKey].next, i+1 {
			if !samePBX(c.pbx, s.src.pbx) || c.done(m.Time) {
				continue
			}
			h := c.farHop()
			if h == nil {
				return c, again
			}
			if !h.alive() && h.up == 0 {
				again = c
			}
		}
	}
	return nil, again
}

// presented is the call of a phone that the PBX rang first, to connect it with a number then, or of
// an agent who dialled what the PBX turned into that number.
func (t *Tracker) presented(n Number, m *Message, s *sight) *call {
	if n != 0 {
		orphans := t.lists[keyOf(keyCaller, uint64(n)).in(inOrphans)]
		for c, i := orphans.first, 0; c != nil && i < maxCandidates; c, i = c.nodes[byKey].next, i+1 {
			if c.caller == nil && c.agentUp() && samePBX(c.pbx, s.src.pbx) {
				c.flags |= callPresented // it showed the agent whom it would call for him
				return c
			}
		}
	}
	return t.recent.find(func(c *call) bool {
		if !samePBX(c.pbx, s.src.pbx) || c.farHop() != nil || c.done(m.Time) {
			return false
		}
		switch c.dir {
		case Internal: // to something that is no number, or from a phone the PBX rang first
			return c.agentUp() || c.flags&callPresented == 0 && m.Time-c.started < int64(dialPatience)
		case Outbound: // to a number that the PBX writes in another way
			return c.caller != nil && c.to.Maybe(n) && m.Time-c.started < int64(dialPatience)
		default:
			return false
		}
	})
}

// dialPatience is how long after an agent's INVITE the PBX may send its own.
const dialPatience = 10 * time.Second
