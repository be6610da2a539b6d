package cases

import (
	"context"
	"time"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/sip"
)

// Suppress closes an open case as suppressed because its customer is not to be called any more. Neither who has
// it nor what the list asks for of a close by hand stands in the way.
type Suppress struct{}

func (Suppress) do(l *ledger, r *record, a *Act) error {
	if r.State != Open {
		return ErrNotOpen
	}
	l.close(r, Suppressed, a.Agent, time.Time{}, l.policy(r.List))
	return nil
}

// suppress closes the cases that the command opened of customers who are not to be called: each has its history, and
// nobody is asked to call. What a person opens again by hand stays open.
func (l *ledger) suppress() {
	if l.doNotCall == nil {
		return
	}
	for _, r := range l.records {
		if r.State != Open || r.was.state == Open || r.Number == 0 || !r.changed {
			continue
		}
		if r.was.state == Closed && (l.doer.by.Kind == audit.Person || l.doer.by.Kind == audit.Token) {
			continue
		}
		if l.callingRules(r.List).DoNotCall == directory.Block && l.doNotCall(l.tx, r.Number) {
			l.decided(whySuppressed)
			l.close(r, Suppressed, "", time.Time{}, l.policy(r.List))
		}
	}
}

// callingRules are those of a list, or of the company where there is no such list.
func (l *ledger) callingRules(list string) directory.Calling {
	if x, ok := l.dir.List(list); ok {
		return x.Calling
	}
	return l.dir.Calling()
}

// Suppress closes all open cases of a number, on all lists, as suppressed: its customer is not to be called any more. Lists on
// which that rule does not block keep theirs.
func (c *Cases) Suppress(ctx context.Context, a Act, n sip.Number) ([]Change, error) {
	open, err := c.OpenByNumber(n)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range open {
		if list, known := c.dir().List(open[i].List); !known || list.Calling.DoNotCall == directory.Block {
			ids = append(ids, open[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	done, err := c.Batch(ctx, a, ids[:min(len(ids), maxBatch)], Suppress{})
	return done.Changes, err
}
