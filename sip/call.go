package sip

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// call is all legs that belong together.
type call struct {
	caller      *leg // the leg that causes the others: the customer's, or the dialling agent's
	first, last *leg
	started     int64
	seen        int64 // the latest message
	deadline    int64
	timer       int32
	flags       callFlags
	dir         Direction
	folded      fold
	legs        int16
	slot        uint32 // Call.Slot; 0 until the call is told of

	service *service
	pbx     *pbx
	trunk   *trunk
	dialler *agent // outbound: who dialled
	extra   *extra // what few calls have

	from, to Number
	text     string // id and numbers for people, each ended by a zero; empty until told
	id       uint64
	number   uint64 // in order of appearance

	key   key
	peers *lists  // of key
	queue *list   // of the service, while the caller waits
	nodes [2]node // its places among the calls of its key and of its service
}

// extra is what few calls have.
type extra struct {
	from, to string     // for people, where there is no number
	referred int64      // an agent asked for a transfer (REFER)
	target   *agent     // to whom, where that is an agent
	customer recentCall // of a consultation: whom the agent left when he left it
	traits   [3]trait   // of what the caller withheld
	notes    []Evidence // that its PBX told
}

type callFlags uint16

const (
	callTentative callFlags = 1 << iota // told to nobody yet: the leg that causes it may still come
	callBlind                           // restored or long silent, and nothing was heard of its caller since
	callWithheld
	callWanting   // its leg is linked to one that was not seen yet
	callInferred  // something about it had to be guessed that its legs do not show
	callDialled   // AgentDialled was told
	callDialling  // and not yet AgentLeft
	callFarUp     // outbound: told that the far end answered
	callPresented // its agent's leg shows a service as the caller: the PBX may be calling the agent first
	callDirty     // changed since it was last written behind
	callKept      // written behind at least once
	callCounted   // among its trunk's live calls with an agent
	callVoicemail // the PBX told that its caller reached voicemail
	callSilent    // the PBX told that no media came any more
)

// newCall begins a call with its first leg.
func (t *Tracker) newCall(l *leg, m *Message) *call {
	if len(t.timers) >= t.opt.MaxCalls {
		t.evict()
	}
	t.calls++
	c := t.spares.call()
	*c = call{number: t.calls, started: m.Time, seen: m.Time, first: l, last: l, legs: 1}
	var d xxhash.Digest
	d.ResetWithSeed(0)
	_, _ = d.WriteString(l.callID)
	t.scratch = binary.LittleEndian.AppendUint64(t.scratch[:0], uint64(m.Time))
	_, _ = d.Write(t.scratch)
	c.id = d.Sum64()
	l.call = c
	t.timers.add(c, m.Time+int64(t.opt.Lost))
	t.mark(c)
	return c
}

// more is the call's extra, made when it is first needed.
func (c *call) more() *extra {
	if c.extra == nil {
		c.extra = &extra{}
	}
	return c.extra
}

// join adds a leg that is in no call to a call.
func (t *Tracker) join(c *call, l *leg) {
	l.call, l.next = c, nil
	if c.last == nil {
		c.first = l
	} else {
		c.last.next = l
	}
	c.last = l
	c.legs++
	t.mark(c)
}

// part takes a leg out of its call. Its agents' AgentLeft is the caller's business.
func (t *Tracker) part(l *leg) {
	c := l.call
	var prev *leg
	for x := c.first; x != l; x = x.next {
		prev = x
	}
	if prev == nil {
		c.first = l.next
	} else {
		prev.next = l.next
	}
	if c.last == l {
		c.last = prev
	}
	if c.caller == l {
		c.caller = nil
	}
	l.next, l.call = nil, nil
	c.legs--
	t.mark(c)
}

// forget takes a leg off the books. Its Call-ID is remembered for a while, so that late messages
// revive nothing; for long where its dialog may well live on.
func (t *Tracker) forget(l *leg) {
	id := t.idOfText(l.callID)
	for h := &l.hop; h != nil; h = h.next {
		if h.end == endWithCall || h.alive() {
			t.lasting.add(id, t.now)
			break
		}
	}
	t.bury(id)
	t.hops -= int(l.nhops)
	t.spares.giveLeg(l)
}

// evict gives up the longest silent calls, a part of all at a time, so that a flood costs each new
// call a constant.
func (t *Tracker) evict() {
	n := max(1, len(t.timers)/64)
	seen := make([]int64, len(t.timers))
	for i := range t.timers {
		seen[i] = t.timers[i].call.seen
	}
	slices.Sort(seen)
	limit := seen[n-1]
	var out []*call
	for i := range t.timers {
		if c := t.timers[i].call; c.seen <= limit && len(out) < n {
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
	l := c.caller
	if l == nil {
		return nil
	}
	if l.hop.next == nil && l.hop.role == roleIn {
		return &l.hop
	}
	least := uint8(255)
	for h := &l.hop; h != nil; h = h.next {
		if h.role == roleIn {
			least = min(least, h.vias)
		}
	}
	var best *hop
	rank := -1
	for h := &l.hop; h != nil; h = h.next {
		if h.role != roleIn || h.vias != least {
			continue
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
	}
	return best
}

// farHop is the hop that speaks for the far end of an outbound call: the one over the trunk that is
// up, else the latest try; of a proxy's hops the one nearest the far end. nil where none was seen.
func (c *call) farHop() *hop {
	var best *hop
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.role != roleOut {
				continue
			}
			if best == nil || best.up == 0 && (h.up != 0 || h.vias >= best.vias && h.invited >= best.invited) {
				best = h
			}
		}
	}
	return best
}

// hops calls f for every hop of every leg.
func (c *call) hops(f func(*leg, *hop)) {
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			f(l, h)
		}
	}
}

// any says whether a hop of the call satisfies f.
func (c *call) any(f func(*hop) bool) bool {
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if f(h) {
				return true
			}
		}
	}
	return false
}

// agentUp says whether an agent's leg is up now.
func (c *call) agentUp() bool {
	return c.any(func(h *hop) bool { return h.state == confirmed && (h.role == roleAgent || h.flags&hopByAgent != 0) })
}

// firstUp is when the first of the call's hops came up, or 0.
func (c *call) firstUp() int64 {
	up := int64(0)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.up != 0 && (up == 0 || h.up < up) {
				up = h.up
			}
		}
	}
	return up
}

// rings says whether a phone of an agent is already part of a call.
func (c *call) rings(a *agent) bool {
	return c.any(func(h *hop) bool { return h.role == roleAgent && h.alive() && same(h.agent, a) })
}

// same says whether two agents are one, under whatever plan.
func same(a, b *agent) bool { return a == b || a != nil && b != nil && a.id == b.id }
