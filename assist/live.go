package assist

import (
	"iter"
	"slices"
	"time"

	"ringback/cases"
	"ringback/sip"
)

// call is a live call with the agents that have or had a part in it.
type call struct {
	id         string
	slot       uint32    // of sip.Call; 0 of one that was restored
	since      time.Time // its first event here
	parts      []*part
	prev, next *call // in ring; next also of those to be used again

	// Where the part of most calls finds room.
	first part
	room  [1]*part
}

// part is one agent's part in a call: his phones ring, are up, or no longer.
type part struct {
	callID      string
	agent       *agent
	since       time.Time  // his first event in it
	number      sip.Number // of the external party
	direction   sip.Direction
	pbx, device string
	up          bool
	gone        bool // over, for now
	recent      bool // it was put among the agent's recent calls
	told        []*told

	ofNumber   links // among the parts of its number
	ofTheAgent links // among the parts of its agent
}

// agent is an agent with a part in a live call, or recent calls.
type agent struct {
	id      string
	parts   chain
	recent  []RecentCall
	changed bool // recent did since somebody asked
}

// told is a hint of a part: one group.
type told struct {
	group     string
	cases     []cases.Case
	note      string // of the first case
	name      string // of the contact that has the number
	event     Event  // the latest, zero before the first
	at        time.Time
	fresh     bool // cases came in since it was withdrawn
	dismissed bool
}

// part is an agent's part in the call, nil when he has none.
func (c *call) part(agent string) *part {
	for _, p := range c.parts {
		if p.agent.id == agent {
			return p
		}
	}
	return nil
}

// tell is the hint of a group; the group's first cases make it.
func (p *part) tell(group string) *told {
	for _, t := range p.told {
		if t.group == group {
			return t
		}
	}
	t := &told{group: group}
	p.told = append(p.told, t)
	return t
}

// maxCases bounds the cases of one hint. A number has one open case per list.
const maxCases = 64

// take notes a case. What the agent was already told stays as it is: a case that is opened or closed
// meanwhile is no second hint.
func (t *told) take(c *cases.Case) {
	i := slices.IndexFunc(t.cases, func(x cases.Case) bool { return x.ID == c.ID })
	switch {
	case t.event == Raised || t.event == Confirmed:
		return
	case i >= 0:
		t.cases[i] = *c
	case len(t.cases) < maxCases:
		t.cases = append(t.cases, *c)
	}
	t.fresh = true
}

func (t *told) become(p *part, e Event, at time.Time) Hint {
	t.event, t.at, t.fresh = e, at, false
	return t.hint(p, e, at)
}

// withdraw ends a hint that is before the agent.
func (t *told) withdraw(out []Hint, p *part, at time.Time) []Hint {
	if t.event == Raised || t.event == Confirmed {
		out = append(out, t.become(p, Withdrawn, at))
	}
	t.cases = nil
	return out
}

func (t *told) hint(p *part, e Event, at time.Time) Hint {
	return Hint{
		Key: Key{Agent: p.agent.id, CallID: p.callID, Group: t.group}, Event: e, At: at,
		Number: p.number, Direction: p.direction, PBX: p.pbx, Device: p.device, Cases: t.cases, Note: t.note, Name: t.name,
	}
}

// links tie a part to those that it has something in common with, in the order in which they came. The
// first one's prev is the last.
type links struct{ prev, next *part }

// chain is the first of parts that have something in common.
type chain struct{ first *part }

func (n *chain) add(p *part, of func(*part) *links) {
	if n.first == nil {
		*of(p) = links{prev: p}
		n.first = p
		return
	}
	first := of(n.first)
	*of(p) = links{prev: first.prev}
	of(first.prev).next = p
	first.prev = p
}

func (n *chain) remove(p *part, of func(*part) *links) {
	at := *of(p)
	*of(p) = links{}
	if n.first == p {
		n.first = at.next
	} else {
		of(at.prev).next = at.next
	}
	switch {
	case at.next != nil:
		of(at.next).prev = at.prev
	case n.first != nil:
		of(n.first).prev = at.prev
	}
}

func (n *chain) all(of func(*part) *links) iter.Seq[*part] {
	return func(yield func(*part) bool) {
		for p := n.first; p != nil; p = of(p).next {
			if !yield(p) {
				return
			}
		}
	}
}

func byNumber(p *part) *links { return &p.ofNumber }
func byAgent(p *part) *links  { return &p.ofTheAgent }

// ring is the calls in the order in which they came.
type ring struct{ oldest, newest *call }

func (r *ring) add(c *call) {
	c.prev = r.newest
	if r.newest != nil {
		r.newest.next = c
	} else {
		r.oldest = c
	}
	r.newest = c
}

func (r *ring) remove(c *call) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		r.oldest = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		r.newest = c.prev
	}
	c.prev, c.next = nil, nil
}

func (r *ring) all() iter.Seq[*call] {
	return func(yield func(*call) bool) {
		for c := r.oldest; c != nil; c = c.next {
			if !yield(c) {
				return
			}
		}
	}
}
