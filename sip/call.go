package sip

import (
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
)

// call is all legs that belong together.
type call struct {
	number      uint64 // in order of appearance
	id          uint64
	first, last *leg
	caller      *leg // the leg that causes the others: the customer's, or the dialling agent's
	service     *service
	pbx         *pbx
	trunk       *trunk
	dialler     *agent // outbound: who dialled
	agent       *agent // whom the caller is or was with first

	from, to         Number
	fromText, toText string // where there is no number: for people

	prev, next *call // among the calls of one key, oldest first
	list       *callers
	key        callerKey

	started  int64
	seen     int64 // the latest message
	deadline int64
	referred int64 // an agent asked for a transfer (REFER)
	target   *agent

	timer  int32
	legs   int16
	up     int16 // agents' hops that are up
	dir    Direction
	in     listIn
	flags  callFlags
	folded fold
}

type callFlags uint32

const (
	callTentative callFlags = 1 << iota // told to nobody yet: the leg that causes it may still come
	callWithheld
	callInferred  // legs that were folded were tied by number and time
	callOrphan    // the leg that causes it was never seen
	callDialled   // AgentDialled was emitted
	callWithAgent // an agent's leg has been up
	callFarUp     // outbound: told that the far end answered
	callPresented // orphan whose From is a service: the PBX may be calling the agent first
	callChallenged
	callDirty   // changed since it was last written behind
	callKept    // written behind at least once
	callCounted // among its trunk's live served calls
)

// fold is what is kept of an agent's legs that ended unanswered, when a call has too many of them.
type fold uint8

const (
	foldReached fold = 1 << iota
	foldRang
	foldRangOut
	foldBusy
	foldDeclined
	foldOther
)

// maxLegs bounds the legs a call keeps; of ended unanswered agents' legs the oldest are folded.
const maxLegs = 256

// grace is how long a leg waits for the one that causes it, which may arrive later.
const grace = int64(500 * time.Millisecond)

// challengePatience is how long a challenged caller has to come back with credentials.
const challengePatience = int64(32 * time.Second)

func (t *Tracker) newCall(l *leg, m *Message) *call {
	if len(t.timers) >= t.opt.MaxCalls {
		t.evict()
	}
	t.calls++
	c := &call{number: t.calls, started: m.Time, seen: m.Time, first: l, last: l, legs: 1}
	var b [8]byte
	for i := range b {
		b[i] = byte(m.Time >> (8 * i))
	}
	d := xxhash.New()
	_, _ = d.WriteString(l.callID)
	_, _ = d.Write(b[:])
	c.id = d.Sum64()
	l.call = c
	t.timers.add(c, m.Time+int64(t.opt.Lost))
	t.mark(c)
	return c
}

// join moves a leg that has no call yet to a call.
func (t *Tracker) join(c *call, l *leg) {
	if c.legs >= maxLegs {
		t.fold(c)
	}
	l.call, l.next = c, nil
	if c.last == nil {
		c.first = l
	} else {
		c.last.next = l
	}
	c.last = l
	c.legs++
	c.started = min(c.started, l.hop.invited)
}

// fold forgets the oldest agent's leg that ended unanswered and keeps what the verdict needs of it.
func (t *Tracker) fold(c *call) {
	var prev *leg
	for l := c.first; l != nil; prev, l = l, l.next {
		h := &l.hop
		if l == c.caller || h.next != nil || h.role != roleAgent || h.state != terminated || h.up != 0 {
			continue
		}
		c.folded |= foldOf(h)
		if l.flags&legTied != 0 {
			c.flags |= callInferred
		}
		if prev == nil {
			c.first = l.next
		} else {
			prev.next = l.next
		}
		if c.last == l {
			c.last = prev
		}
		c.legs--
		t.forget(l)
		return
	}
}

func foldOf(h *hop) fold {
	if h.flags&hopReached == 0 {
		return 0
	}
	f := foldReached
	if h.rang() {
		f |= foldRang
	}
	switch {
	case h.status == 486 || h.status == 600:
		f |= foldBusy
	case h.status == 603:
		f |= foldDeclined
	case h.status/100 == 3: // a redirection is no phone's answer
		f &^= foldReached
	case h.up != 0:
		f |= foldOther
	case h.alerted != 0 && (h.status == 0 || h.status == 487 || h.status == 408 || h.status == 480):
		f |= foldRangOut
	default:
		f |= foldOther
	}
	return f
}

func (t *Tracker) forget(l *leg) {
	delete(t.legs, l.callID)
	t.ended.add(hash([]byte(l.callID)), t.now)
}

// evict gives up the longest silent calls, a part of all at a time, so that a flood costs each new
// call a constant.
func (t *Tracker) evict() {
	n := max(1, len(t.timers)/64)
	seen := make([]int64, len(t.timers))
	for i, c := range t.timers {
		seen[i] = c.seen
	}
	slices.Sort(seen)
	limit := seen[n-1]
	var out []*call
	for _, c := range t.timers {
		if c.seen <= limit && len(out) < n {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *call) int { return int(a.number) - int(b.number) })
	for _, c := range out {
		t.stats.Evicted++
		t.end(c, c.seen, UnknownEnd)
	}
}

// callerHop is the hop that speaks for the caller's leg: the one nearest the caller; of several
// tries the one that is up, else the one still going on, else the last that was no challenge.
func (c *call) callerHop() *hop {
	if c.caller == nil {
		return nil
	}
	least := uint8(255)
	c.caller.hops(func(h *hop) bool {
		if h.role == roleIn {
			least = min(least, h.vias)
		}
		return true
	})
	var best *hop
	rank := -1
	c.caller.hops(func(h *hop) bool {
		if h.role != roleIn || h.vias != least {
			return true
		}
		r := 1
		switch {
		case h.up != 0:
			r = 3
		case h.alive():
			r = 2
		case h.flags&hopChallenged != 0:
			r = 0
		}
		if r >= rank {
			best, rank = h, r
		}
		return true
	})
	return best
}

// eachHop calls f for every hop of every leg.
func (c *call) eachHop(f func(*leg, *hop)) {
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			f(l, h)
		}
	}
}

// farHop is the hop that speaks for the far end of an outbound call: over the trunk where that is
// seen, the latest try first; else none.
func (c *call) farHop() *hop {
	var best *hop
	c.eachHop(func(_ *leg, h *hop) {
		if h.role != roleOut {
			return
		}
		if best == nil || best.up == 0 && (h.up != 0 || h.vias >= best.vias && h.invited >= best.invited) {
			best = h
		}
	})
	return best
}

// over says whether the leg that decides the call's length has ended, and when.
func (c *call) over() (int64, bool) {
	if h := c.callerHop(); h != nil {
		if h.flags&hopChallenged != 0 && h.up == 0 {
			return h.down, false
		}
		return h.down, !h.alive()
	}
	last := int64(0)
	alive := false
	c.eachHop(func(_ *leg, h *hop) {
		alive = alive || h.alive()
		last = max(last, h.down)
	})
	return last, !alive
}

// due is when a call's timer truly runs out.
func (t *Tracker) due(c *call) int64 {
	const never = int64(1) << 62
	if c.flags&callTentative != 0 {
		return c.started + grace
	}
	if at, over := c.over(); over {
		return at + int64(t.opt.Settle)
	}
	h := c.callerHop()
	switch {
	case h != nil && h.flags&hopChallenged != 0 && h.up == 0:
		return h.down + challengePatience
	case c.flags&callWithAgent != 0 && t.wasWithAgent(c), c.dir != Inbound && c.anyUp():
		if t.finishing {
			return never
		}
		return c.firstUp() + int64(t.opt.MaxCall)
	case h != nil && h.up != 0:
		return h.up + int64(t.opt.MaxWait)
	case c.anyUp():
		if t.finishing {
			return never
		}
		return c.firstUp() + int64(t.opt.MaxCall)
	}
	return c.seen + int64(t.opt.Lost)
}

func (c *call) anyUp() bool { return c.firstUp() != 0 }

func (c *call) firstUp() int64 {
	up := int64(0)
	c.eachHop(func(_ *leg, h *hop) {
		if h.up != 0 && (up == 0 || h.up < up) {
			up = h.up
		}
	})
	return up
}

// ring is a call's timer that ran out.
func (t *Tracker) ring(c *call) {
	if c.flags&callTentative != 0 {
		t.promote(c)
		t.timers.set(c, t.due(c))
		return
	}
	at, over := c.over()
	if over {
		t.end(c, at, ReasonNone)
		return
	}
	h := c.callerHop()
	switch {
	case h != nil && h.flags&hopChallenged != 0 && h.up == 0:
		t.stats.Challenged++
		c.flags |= callChallenged
		t.end(c, h.down, UnknownEnd)
	case c.flags&callWithAgent != 0 && t.wasWithAgent(c), c.dir != Inbound && c.anyUp():
		t.end(c, t.now, UnknownEnd)
	case h == nil && c.anyUp():
		t.end(c, t.now, UnknownEnd)
	default:
		t.end(c, t.now, Lost)
	}
}

// touch moves a call's timer forward when a message made it due earlier.
func (t *Tracker) touch(c *call) {
	if c.timer < 0 {
		return
	}
	at, over := c.over()
	if !over || c.flags&callTentative != 0 {
		return
	}
	t.uncount(c, at)
	if d := at + int64(t.opt.Settle); d < c.deadline {
		t.timers.set(c, d)
	}
}

// count and uncount keep the number of served calls that are live on a trunk.
func (t *Tracker) count(c *call) {
	if c.flags&callCounted == 0 && c.dir == Inbound && c.service != nil {
		c.flags |= callCounted
		t.outageOf(c).live++
	}
}

func (t *Tracker) uncount(c *call, at int64) {
	if c.flags&callCounted != 0 {
		c.flags &^= callCounted
		t.outageOf(c).ended(at)
	}
}

// end takes a call off the books: its agents' legs end with it, its verdict is told, and its
// Call-IDs are remembered for a while so that late messages revive nothing.
func (t *Tracker) end(c *call, at int64, why Reason) {
	if c.flags&callTentative != 0 {
		t.promote(c)
	}
	j := t.judge(c, at, why)
	if c.dir == Inbound {
		c.agent = t.firstAgent(c)
	}
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.alive() && h.agent != nil {
				h.state, h.end, h.down = terminated, endWithCall, at
				t.left(c, h, t.now)
			}
		}
	}
	if c.flags&callDialled != 0 && c.dialler != nil {
		t.tell(AgentLeft, c, c.dialler, t.now, c.to, nil)
	}
	t.timers.remove(c)
	t.unlist(c)
	if c.flags&callKept != 0 {
		t.gone = append(t.gone, c.id)
	}
	if c.flags&callCounted != 0 { // its end was not seen: no part of an outage
		c.flags &^= callCounted
		t.outageOf(c).live--
	}
	s := c.snapshot(true)
	s.Verdict, s.Reason, s.Confidence, s.Short, s.Result, s.StatusCode = j.verdict, j.reason, j.confidence, j.short, j.result, j.status
	s.Evidence = t.evidence(c)
	if why != StillLive && why != UnknownEnd && why != Lost {
		s.Ended = stamp(at)
	}
	t.emit(&Event{Kind: CallEnded, At: stamp(t.now), Call: s})
	for l := c.first; l != nil; {
		next := l.next
		t.forget(l)
		l.next, l.call = nil, nil
		l = next
	}
}

func stamp(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// tell emits an event of a call.
func (t *Tracker) tell(k EventKind, c *call, a *agent, at int64, n Number, m *Message) {
	if c.flags&callTentative != 0 {
		return
	}
	e := &Event{Kind: k, At: stamp(at), Call: c.snapshot(k == AgentDialled), Number: n}
	if a != nil {
		e.Agent = a.id
		e.Device = t.device(a, m)
	}
	t.emit(e)
}

// external is the number of a call's external party.
func (c *call) external() Number {
	if c.dir == Outbound {
		return c.to
	}
	if c.flags&callWithheld != 0 || c.dir == Internal {
		return 0
	}
	return c.from
}

// snapshot is what the world may know of a call. The lists of legs are filled only where asked,
// as most events need none.
func (c *call) snapshot(whole bool) *Call {
	s := &Call{
		ID: strconv.FormatUint(c.id, 36), Direction: c.dir, Callee: c.to, CallerID: c.fromText, CalleeID: c.toText,
		Withheld: c.flags&callWithheld != 0, Started: stamp(c.started),
	}
	if c.pbx != nil {
		s.PBX = c.pbx.ID
	}
	if c.trunk != nil {
		s.Trunk = c.trunk.ID
	}
	if c.service != nil && c.dir == Inbound {
		s.Service, s.List = c.service.ID, c.service.List
	}
	switch {
	case s.Withheld:
		s.CallerID = "anonymous"
	case c.from != 0:
		s.Caller, s.CallerID = c.from, c.from.String()
	}
	if c.to != 0 {
		s.CalleeID = c.to.String()
	}
	if c.dialler != nil {
		s.DialledBy, s.Agent = c.dialler.id, c.dialler.id
	}
	if c.agent != nil && (c.dir != Outbound || c.dialler == nil) {
		s.Agent = c.agent.id
	}
	if c.dir == Outbound {
		if h := c.farUp(); h != 0 {
			s.Answered = stamp(h)
		}
	} else if c.flags&callWithAgent != 0 {
		s.Answered = stamp(c.agentUp())
	}
	if whole {
		s.CallIDs = make([]string, 0, c.legs)
		c.eachHop(func(l *leg, h *hop) {
			if h == &l.hop {
				s.CallIDs = append(s.CallIDs, l.callID)
			}
			if h.agent != nil && h.role == roleAgent && h.rang() && !slices.Contains(s.Rang, h.agent.id) {
				s.Rang = append(s.Rang, h.agent.id)
			}
		})
	}
	return s
}

// agentUp is when an agent's leg and the caller's were first up together, or 0.
func (c *call) agentUp() int64 {
	h := c.callerHop()
	up := int64(0)
	c.eachHop(func(_ *leg, g *hop) {
		if g.role != roleAgent || g.up == 0 {
			return
		}
		at := g.up
		if h != nil {
			if h.up == 0 || h.down != 0 && g.up >= h.down {
				return
			}
			at = max(at, h.up)
		}
		if up == 0 || at < up {
			up = at
		}
	})
	return up
}

// farUp is when the far end of an outbound call answered, or 0.
func (c *call) farUp() int64 {
	if h := c.farHop(); h != nil {
		return h.up
	}
	if h := c.callerHop(); h != nil {
		return h.up
	}
	return 0
}
