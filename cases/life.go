package cases

import (
	"time"

	"ringback/directory"
)

// openCase makes the record of a new case.
func (l *ledger) openCase(h *held, previous string, list *directory.List) *record {
	r := &record{List: list.ID, Number: l.call.Caller, State: Open, Opened: l.at, Since: l.at, Previous: previous}
	r.OpenedFor = l.call.Reason
	if r.Number == 0 {
		r.Caller = clip(l.call.CallerID)
	}
	l.identify(r, h.key, l.call.ID)
	l.records = append(l.records, r)
	return r
}

// identify gives a new case its id, made of its customer and of what caused it.
func (l *ledger) identify(r *record, customer []byte, cause string) {
	for try := 0; ; try++ {
		r.ID = newID(l.at, r.List, customer, cause, try)
		if l.ids.free(r.ID, l.at) || l.record(r.ID) == nil {
			return
		}
	}
}

// miss adds the call to a case. Due never moves later; the time until expiry begins anew.
func (l *ledger) miss(r *record, list *directory.List, event ChangeEvent) {
	c := l.call
	r.Misses++
	r.Service, r.Verdict, r.Reason, r.Confidence = c.Service, c.Verdict, c.Reason, c.Confidence
	r.Missed = endOf(c, l.at)
	r.Wait = waited(c, l.at)
	r.CallIDs = append(r.CallIDs, clipped(c.CallIDs)...)
	r.CallIDs = r.CallIDs[max(0, len(r.CallIDs)-maxCallIDs):]
	if due := list.Hours.Add(l.at, list.Policy.DueAfter).UTC(); r.Due.IsZero() || due.Before(r.Due) {
		r.Due = due
		l.fallBack(r)
	}
	r.NotBefore = time.Time{} // the customer wants to be called
	l.extend(r, list)
	if !r.Awaiting.IsZero() {
		l.informed(r, "")
	}
	l.change(r, Entry{Event: event, Reason: c.Reason.String()})
}

// extend gives an open case its full time until expiry, counted from now.
func (l *ledger) extend(r *record, list *directory.List) {
	if list.Policy.ExpireAfter <= 0 || r.OwnExpiry && r.Expires.After(l.at) {
		return
	}
	if at := list.Hours.EndOfOpeningDay(l.at, list.Policy.ExpireAfter).UTC(); at.After(r.Expires) {
		r.Expires = at
	}
}

// close closes a case, or gives a closed one another reason; reached is when the customer was called or
// served.
func (l *ledger) close(r *record, why CloseReason, agent string, reached time.Time, p *directory.Policy) {
	replaces := r.State == Closed
	r.State, r.Closed, r.CloseReason, r.ClosedBy = Closed, l.at, why, agent
	r.Reached, r.Calling, r.Claim = reached, nil, time.Time{}
	r.ClosedCall, r.Proof, r.UndoUntil = "", nil, time.Time{}
	if l.call != nil {
		r.ClosedCall, r.Proof = l.call.ID, clipped(l.call.CallIDs[:min(len(l.call.CallIDs), maxCallIDs)])
	}
	if why.Automatic() {
		r.UndoUntil = l.at.Add(p.UndoWithin)
	}
	if !replaces {
		l.change(r, Entry{Event: CaseClosed, Reason: why.String(), Agent: agent})
	}
	l.closed(r)
}

// reopen reopens a case. It is due when it was; time until expiry it has left at least as much as a
// new one would when there is none.
func (l *ledger) reopen(r *record, why, agent string) {
	r.open(l.at)
	if list, ok := l.dir.List(r.List); ok && !r.Expires.IsZero() && !r.Expires.After(l.at) {
		l.extend(r, list)
	}
	l.change(r, Entry{Event: Reopened, Reason: why, Agent: agent})
	l.opened(r)
}

func (r *record) open(at time.Time) {
	r.State, r.Since, r.Closed, r.CloseReason, r.ClosedBy = Open, at, time.Time{}, NotClosed, ""
	r.ClosedCall, r.Proof, r.UndoUntil, r.Reached = "", nil, time.Time{}, time.Time{}
}

// anew forgets what was done to reach a customer who was reached, and calls again.
func (r *record) anew() {
	r.release()
	r.Attempts, r.Attempted, r.Try, r.Given, r.Handling, r.Resolution = 0, time.Time{}, try{}, nil, "", ""
	r.Scheduled, r.NotBefore = time.Time{}, time.Time{}
}
