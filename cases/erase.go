package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// Erase deletes all cases of a number, open and closed, with their histories, and all that is
// remembered of it: for a person who wants his data gone. The changes have nothing of the case but its id,
// list and version. What the cases counted for in the statistics stays, as it tells of nobody. It
// looks at every case there is, so it takes seconds where there are a million.
func (c *Cases) Erase(ctx context.Context, a Act, n sip.Number) ([]Change, error) {
	if n == 0 {
		return nil, fmt.Errorf("%w: no number to erase", ErrInput)
	}
	c.expect([]sip.Number{n}, 1)
	defer c.expect([]sip.Number{n}, -1)
	ids, err := c.casesOf(n)
	if err != nil {
		return nil, err
	}
	at := a.At.UTC().Round(0)
	var all []Change
	for portion := range slices.Chunk(ids, expireAtOnce) {
		changes, err := c.erase(ctx, erasing{IDs: portion, Agent: a.Agent, Reason: ErasedPerson, By: a.doer()}, at)
		all = append(all, changes...)
		if err != nil {
			return all, err
		}
	}
	changes, err := c.erase(ctx, erasing{Number: n, Agent: a.Agent, Reason: ErasedPerson, By: a.doer()}, at)
	return append(all, changes...), err
}

// casesOf finds all cases of a number.
func (c *Cases) casesOf(n sip.Number) (ids []string, err error) {
	err = c.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix(tableCase)) {
			id, number, err := whose(value)
			if err != nil {
				return err
			}
			if number == n {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

// whose reads of a record no more than which case it is and whose.
func whose(b []byte) (id string, n sip.Number, err error) {
	d := reader{b: b}
	d.format("case")
	id = d.string()
	d.bytes()
	return id, sip.Number(d.uint()), d.err
}

// kindErase is the command that deletes cases.
const kindErase = "cases.erase"

// erasing is its data.
type erasing struct {
	IDs    []string
	Number sip.Number // with all that is left of it; 0: none
	Agent  string
	Reason string
	Before time.Time // only cases closed before; zero: all
	By     doer
}

func (c *Cases) erase(ctx context.Context, e erasing, at time.Time) ([]Change, error) {
	res, err := c.st.Do(ctx, store.Command{ID: at.Format(time.RFC3339), Kind: kindErase, At: at, Data: e})
	return c.settle(nil, 0, res, err)
}

func (c *Cases) applyErase(tx *store.Tx, cmd store.Command) (any, error) {
	e, ok := cmd.Data.(erasing)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	l.doer = e.By
	ids := e.IDs
	if e.Number != 0 {
		h := l.customer(e.Number, "")
		ids = append(slices.Clone(ids), h.open()...) // opened meanwhile
	}
	for _, id := range ids {
		r := l.record(id)
		if r == nil || !e.Before.IsZero() && (r.State != Closed || !r.Closed.Before(e.Before)) {
			continue
		}
		r.gone = true
		l.forgetCase(r)
		l.change(r, Entry{Event: Erased, Reason: e.Reason, Agent: e.Agent})
		ch := &l.result.changes[len(l.result.changes)-1]
		ch.Case = Case{ID: r.ID, List: r.List, State: r.State, Version: r.Version}
	}
	l.entries = slices.DeleteFunc(l.entries, func(p pending) bool { return p.of.gone })
	if e.Number != 0 {
		l.forgetCustomer(e.Number)
	}
	return l.finish()
}

// forgetCase takes a case from what is known of its customer.
func (l *ledger) forgetCase(r *record) {
	o := l.left(r)
	if o.last == r.ID {
		o.last, o.closed, o.reached = "", time.Time{}, time.Time{}
	}
}

// forgetCustomer deletes what is remembered of a number beside its cases.
func (l *ledger) forgetCustomer(n sip.Number) {
	h := l.customer(n, "")
	*h.customer = customer{}
	h.changed = true
	for key, value := range l.tx.Scan(store.Prefix(tableCall)) {
		d, err := decodeDial(value)
		if err != nil {
			l.fail(err)
			return
		}
		if sip.Number(d.number) == n {
			l.tx.Delete(slices.Clone(key))
		}
	}
}

// erase deletes a case with its history.
func (l *ledger) erase(r *record) {
	l.tx.Delete(caseKey(r.ID))
	for key := range l.tx.Scan(store.Prefix(tableHistory, r.ID)) {
		l.tx.Delete(slices.Clone(key))
	}
	if r.ExternalID != "" {
		l.tx.Delete(externalKey(r.List, r.ExternalID))
	}
}

// retire deletes the cases that were closed longer ago than their lists keep them.
func (c *Cases) retire(ctx context.Context, now time.Time) ([]Change, error) {
	var all []Change
	for _, list := range c.dir().Lists() {
		if list.Policy.Retention <= 0 {
			continue
		}
		before := now.AddDate(0, 0, -list.Policy.Retention)
		for {
			ids, err := c.closedBefore(list.ID, before, expireAtOnce)
			if err != nil {
				return all, err
			}
			if len(ids) == 0 {
				break
			}
			changes, err := c.erase(ctx, erasing{IDs: ids, Reason: ErasedRetention, Before: before, By: doer{by: audit.Who{Kind: audit.System}, many: true}}, now)
			all = append(all, changes...)
			if err != nil || len(changes) == 0 {
				return all, err
			}
		}
	}
	return all, nil
}

// closedBefore lists closed cases of a list, the oldest first.
func (c *Cases) closedBefore(list string, before time.Time, limit int) (ids []string, err error) {
	err = c.st.View(func(s *store.Snapshot) error {
		r := store.Prefix(tableClosed, list)
		r.To = store.Key(tableClosed, list, before)
		for key := range s.Scan(r) {
			var id string
			if err := store.SplitKey(key, nil, nil, nil, &id); err != nil {
				return err
			}
			if ids = append(ids, id); len(ids) == limit {
				break
			}
		}
		return nil
	})
	return ids, err
}
