package cases

import (
	"time"

	"ringback/directory"
	"ringback/directory/audit"
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
