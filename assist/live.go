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
	since      time.Time // its first event here
	parts      []*part
	prev, next *call // in ring
}

// part is one agent's part in a call: his phones ring, are up, or no longer.
type part struct {
	callID, agent string
	number        sip.Number // of the external party
	direction     sip.Direction
	pbx, device   string
	up            bool
	gone          bool // over, for now
	told          []*told
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
		Key: Key{Agent: p.agent, CallID: p.callID, Group: t.group}, Event: e, At: at,
		Number: p.number, Direction: p.direction, PBX: p.pbx, Device: p.device, Cases: t.cases, Note: t.note, Name: t.name,
	}
}

// index finds parts by what they have in common, in the order in which they came.
type index[K comparable] map[K][]*part

func (x index[K]) add(k K, p *part) { x[k] = append(x[k], p) }

func (x index[K]) remove(k K, p *part) {
	rest := slices.DeleteFunc(x[k], func(q *part) bool { return q == p })
	if len(rest) == 0 {
		delete(x, k)
		return
	}
	x[k] = rest
}

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
