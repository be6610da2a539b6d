package sip

import "time"

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
	for c, in := range t.causing(k) {
		if fits(c) && !c.done(m.Time) {
			x.add(c, in, to, m.Time)
		}
	}
	return x.best()
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

// candidates are the calls that may cause a leg, by how likely they do.
type candidates struct {
	transfer *call // an agent just sent it on
	waiting  *call // the oldest that waits and does not ring that phone already
	dialled  *call // the oldest that an agent dialled and handed on
	served   *call // the oldest that is with an agent
	late     *call // the oldest whose caller has just left
	rung     *call // the oldest that rings that phone already
	stale    *call // the oldest whose caller may well be gone
	one      *call // the first of all
}

// add looks at a call of a list. Where there are several none of them is sure of its legs, nor of
// having none. One that an agent dialled and handed on comes after those who called and wait, unless he named
// the phone.
func (x *candidates) add(c *call, in listKind, to *agent, at int64) {
	dialled := c.dir == Outbound && c.key.kind() == keyCaller
	if dialled && !c.seeks(to, at) {
		return
	}
	if x.one == nil {
		x.one = c
	} else {
		x.one.flags |= callInferred
		c.flags |= callInferred
	}
	if x.transfer == nil && c.sentOn(to, at) && (!dialled || to != nil && same(c.extra.target, to)) {
		x.transfer = c
	}
	switch {
	case c.stale(at):
		x.stale = first(x.stale, c)
	case dialled:
		x.dialled = first(x.dialled, c)
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
	return first(x.transfer, x.waiting, x.dialled, x.served, x.late, x.rung, x.stale)
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

// seeks says whether whom an agent called may be on his way to another phone: the agent just sent him there,
// or left him and nobody else has him.
func (c *call) seeks(to *agent, at int64) bool {
	if c.sentOn(to, at) {
		return true
	}
	h := c.callerHop()
	return (h == nil || !h.alive()) && !c.agentUp()
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
