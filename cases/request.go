package cases

import (
	"context"
	"errors"
	"time"

	"ringback/directory"
)

// Request is a customer who asks to be called: the first request of a customer on a list makes a case, a later one
// while that is open is counted there, and the case that was opened stays as it is but for its due time, which
// may only come closer. Again says that there was a case. A request given again by the act's id is not counted
// again.
func (c *Cases) Request(ctx context.Context, a Act, n Draft) (done Done, again bool, err error) {
	n.Channel = ChannelRequest
	for {
		done, err = c.Create(ctx, a, n)
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok || !errors.Is(err, ErrOtherOpen) {
			return done, false, err
		}
		b := a
		b.Case, b.Version = refusal.Other, 0
		done, err = c.Do(ctx, b, asked{n.reason()})
		if !errors.Is(err, ErrNotOpen) && !errors.Is(err, ErrNotFound) { // else it was closed in between
			return done, true, err
		}
	}
}

// asked counts a further request.
type asked struct{ reason string }

func (w asked) do(l *ledger, r *record, a *Act) error {
	if r.State != Open {
		return ErrNotOpen
	}
	r.Requests++
	if list, known := l.dir.List(r.List); known {
		if due := list.Hours.Add(l.at, list.Policy.DueAfter).UTC(); due.Before(r.Due) {
			r.Due = due
		}
		l.extend(r, list)
	}
	if r.Scheduled.IsZero() {
		r.NotBefore = time.Time{} // the customer wants to be called
	}
	l.change(r, Entry{Event: Commented, Reason: w.reason, Agent: a.Agent, Note: a.Note})
	return nil
}

// askedElsewhere says whether the caller of a missed call asked in it to be called at another number. The miss is that
// case's then: he is one customer, who is called once.
func (l *ledger) askedElsewhere(h *held, list *directory.List) bool {
	if l.requestOf == nil {
		return false
	}
	for _, id := range l.call.CallIDs {
		x := l.acted(l.requestOf(id))
		if x == nil {
			continue
		}
		for _, asked := range x.named() {
			r := l.record(asked)
			if r == nil || l.customerOf(r) == h {
				continue
			}
			if r.State == Open {
				l.miss(r, list, MissAdded)
			}
			return true
		}
	}
	return false
}
