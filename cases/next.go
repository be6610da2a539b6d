package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/directory"
	"ringback/store"
)

// NextQuery asks for an agent's next case.
type NextQuery struct {
	Lists  []string
	Order  directory.Allocation // due first, or opened first among those due first
	Except []string             // ids of cases that he does not want now
}

// Next gives an agent his next case: of those that are his, or else of those nobody has, the first that
// can be called now. It claims the case for him in the same step, so of any number of agents who ask
// at once each gets another. ErrNone: there is none.
//
// Not given out are cases of customers who are calling right now, were called often enough today, or with whom
// another agent has a case of the same group; those that wait for an answer, and those to be called later.
func (c *Cases) Next(ctx context.Context, a Act, q NextQuery) (Done, error) {
	if a.Agent == "" || len(a.ID) > maxText || len(a.Agent) > maxText {
		return Done{}, fmt.Errorf("%w: an agent has to ask", ErrInput)
	}
	a.At = a.At.UTC().Round(0)
	return c.do(ctx, kindNext, a.ID, a.At, asking{a, q})
}

// kindNext is the command that gives out a case.
const kindNext = "cases.next"

// asking is its data.
type asking struct {
	Act
	NextQuery
}

// oldestOf is among how many cases, those due first, the one opened first is looked for.
const oldestOf = 500

func (c *Cases) applyNext(tx *store.Tx, cmd store.Command) (any, error) {
	q, ok := cmd.Data.(asking)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	l.doer = q.doer()
	if l.doneBefore(&q.Act) {
		return l.outcome()
	}
	r, err := l.next(&q)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, &Refusal{Err: ErrNone}
	}
	if r.Assignee == "" {
		before := r.bare()
		l.assign(r, q.Agent, q.Agent)
		r.Undo = undoing{act: q.ID, agent: q.Agent, at: l.at, event: Assigned, before: before}
	}
	l.result.done = append(l.result.done, Outcome{ID: r.ID})
	return l.acting(&q.Act)
}

// next finds the case to give out, nil when there is none.
func (l *ledger) next(q *asking) (*record, error) {
	for _, section := range [][]run{mineOf(q.Agent, q.Lists), l.heads.runs(l.tx, q.Lists)} {
		var best *record
		seen := 0
		for at, err := range merge(l.tx, section, nil) {
			if err != nil {
				return nil, err
			}
			if slices.Contains(q.Except, at.id) || !offered(&at.place, l.at) {
				continue
			}
			r := l.peek(at.id)
			if r == nil || !l.offers(r, q.Agent) {
				continue
			}
			if best == nil || r.Opened.Before(best.Opened) {
				best = r
			}
			if seen++; q.Order != directory.AllocationOldest || seen == oldestOf {
				break
			}
		}
		if l.err != nil {
			return nil, l.err
		}
		if best != nil {
			l.records = append(l.records, best)
			return best, nil
		}
	}
	return nil, nil
}

// peek reads a case that is not part of the command yet.
func (l *ledger) peek(id string) *record {
	b, ok := l.tx.Get(caseKey(id))
	if !ok {
		return nil
	}
	r, err := decodeRecord(b)
	if err != nil {
		l.fail(err)
		return nil
	}
	return r
}

// offered says whether a case can be called now, by what stands in the index.
func offered(p *place, now time.Time) bool {
	return !p.calling && !p.awaiting && !p.notBefore.After(now)
}

// offers says the same by the record and its customer, whom nobody else may be calling for another case of
// the group.
func (l *ledger) offers(r *record, agent string) bool {
	list, ok := l.dir.List(r.List)
	if !ok {
		return false
	}
	h := l.customerOf(r)
	today := 0
	if !h.shared {
		today = h.triedOn(l.at, list.Hours.Location())
	}
	return decideTry(r, &Act{Agent: r.Assignee}, today, &list.Policy) == nil && (h.shared || !l.heldInGroup(h, r, agent))
}

// heldInGroup says whether another agent has an open case of the customer that belongs together with this.
func (l *ledger) heldInGroup(h *held, r *record, agent string) bool {
	for i := range h.lists {
		o := &h.lists[i]
		if o.list == r.List || !l.dir.Grouped(r.List, o.list) {
			continue
		}
		for _, id := range o.open {
			if other := l.peek(id); other != nil && other.Assignee != "" && other.Assignee != agent {
				return true
			}
		}
	}
	return false
}
