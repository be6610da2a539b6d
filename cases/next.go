package cases

import (
	"bytes"
	"context"
	"fmt"
	"iter"
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

// maxOffers is how many cases one command looks at for one that can be called, as everything else waits for
// it: where more than these are put off or held up, there is none.
const maxOffers = 10_000

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
	own, err := l.own(q)
	if err != nil {
		return nil, err
	}
	best, err := l.pick(q, func(yield func(indexed, error) bool) {
		for i := range own {
			if !yield(own[i], nil) {
				return
			}
		}
	})
	switch {
	case best != nil || err != nil:
	case q.Order == directory.AllocationOldest:
		best, err = l.pick(q, merge(l.tx, l.heads.runs(l.tx, q.Lists), nil))
	default:
		best, err = l.first(q)
	}
	if err == nil {
		err = l.err
	}
	if best != nil && err == nil {
		l.records = append(l.records, best)
	}
	return best, err
}

// own are the open cases of the agent on the lists he asks for, by priority.
func (l *ledger) own(q *asking) ([]indexed, error) {
	var own []indexed
	all := run{prefix: store.Key(tableMine, q.Agent), behind: 5}
	for at, err := range all.walk(l.tx, nil) {
		if err != nil {
			return nil, err
		}
		var due time.Time
		var misses int64
		if err := store.SplitKey(at.order, &at.list, &due, &misses); err != nil {
			return nil, err
		}
		if slices.Contains(q.Lists, at.list) {
			at.order = store.Key(due, misses, at.id)
			own = append(own, at)
		}
		if len(own) == oldestOf {
			break
		}
	}
	slices.SortFunc(own, func(a, b indexed) int { return bytes.Compare(a.order, b.order) })
	return own, nil
}

// pick takes from cases in their order the first that can be given out, or the oldest of the first ones.
func (l *ledger) pick(q *asking, all iter.Seq2[indexed, error]) (best *record, err error) {
	seen, looked := 0, 0
	for at, err := range all {
		if err != nil {
			return nil, err
		}
		if looked++; looked > maxOffers {
			break
		}
		r := l.offer(q, &at)
		if r == nil {
			continue
		}
		if best == nil || r.Opened.Before(best.Opened) {
			best = r
		}
		if seen++; q.Order != directory.AllocationOldest || seen == oldestOf {
			break
		}
	}
	return best, nil
}

// first finds the first unassigned case. It looks only into lists that may have one due before those found
// already: of many lists, into one or two.
func (l *ledger) first(q *asking) (best *record, err error) {
	runs := l.heads.known(q.Lists)
	slices.SortFunc(runs, func(a, b run) int { return a.from.Compare(b.from) })
	var order []byte
	looked := 0
	for i := range runs {
		r := &runs[i]
		if best != nil && r.from.After(best.Due) {
			break
		}
		head := endOfTime
		for at, err := range r.walk(l.tx, nil) {
			if err != nil {
				return nil, err
			}
			if head.Equal(endOfTime) {
				if err := store.SplitKey(at.order, &head); err != nil {
					return nil, err
				}
			}
			if looked++; looked > maxOffers || best != nil && bytes.Compare(at.order, order) > 0 {
				break
			}
			if found := l.offer(q, &at); found != nil {
				best, order = found, at.order
				break
			}
		}
		l.heads.reached(r.list, head)
	}
	return best, nil
}

// offer reads a case if it can be given out, else nil.
func (l *ledger) offer(q *asking, at *indexed) *record {
	if slices.Contains(q.Except, at.id) || !offered(&at.place, l.at) {
		return nil
	}
	if r := l.peek(at.id); r != nil && l.offers(r, q.Agent) {
		return r
	}
	return nil
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
