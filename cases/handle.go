package cases

import (
	"fmt"
	"slices"
	"time"

	"ringback/directory"
	"ringback/sip"
)

// Handle gives a case the status that came of an attempt: see directory.HandlingStatus for what it does.
// One status for each attempt; a status given after an agent's call closed the case replaces that.
//
// Also names other cases of the group: all, or chosen ones. They get the status too, without an attempt
// of their own, and one that cannot is an outcome with an error and stops nothing.
type Handle struct {
	Status     string
	Until      time.Time // when to call again, of a status that asks for a time; else zero
	Resolution string    // of a terminal one
	Also       []string  // ids
}

func (Handle) undoable() bool { return true }

func (d Handle) do(l *ledger, r *record, a *Act) error {
	if len(d.Also) > maxBatch {
		return wrong("also", "%d other cases, at most %d", len(d.Also), maxBatch)
	}
	if err := checkTime("until", d.Until); err != nil {
		return err
	}
	if err := l.handle(r, a, &d, true); err != nil {
		return err
	}
	for _, id := range d.Also {
		if id == r.ID || slices.ContainsFunc(l.result.done[l.settled:], func(o Outcome) bool { return o.ID == id }) {
			continue
		}
		l.result.done = append(l.result.done, Outcome{ID: id, Err: l.handleAlso(id, r, a, &d)})
	}
	return nil
}

// handleAlso gives another case of the group the same status.
func (l *ledger) handleAlso(id string, r *record, a *Act, d *Handle) error {
	other := l.record(id)
	switch {
	case l.err != nil:
		return l.err
	case other == nil:
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	case !l.grouped(r, other):
		return &Refusal{Err: ErrNotGrouped, Case: id}
	}
	return l.deed(other, a, also{*d})
}

// also is Handle for another case of the group.
type also struct{ Handle }

func (d also) do(l *ledger, r *record, a *Act) error { return l.handle(r, a, &d.Handle, false) }

// handle gives a case a status; own says that it is the one the attempt was for.
func (l *ledger) handle(r *record, a *Act, d *Handle, own bool) error {
	p := l.policy(r.List)
	s, known := p.Status(d.Status)
	if !known {
		return ErrStatus
	}
	if err := decideHandle(r, a, d, &s, own, p); err != nil {
		return err
	}
	if r.State == Closed && !s.Terminal {
		if err := l.mayReopen(r); err != nil {
			return err
		}
	}
	l.given(r, a, &s)
	l.change(r, Entry{Event: Handled, Reason: s.ID, Agent: a.Agent})
	switch {
	case s.Terminal:
		l.settle(r, a, d, &s, p)
		return nil
	case r.State == Closed:
		l.reopen(r, s.ID, a.Agent)
	}
	if act, why := decideExhausted(r, l.at, l.customerOf(r).shared, p); s.CountsAsAttempt && act == closeNow {
		l.decided(why)
		l.close(r, AttemptsExhausted, a.Agent, time.Time{}, p)
		return nil
	}
	l.retry(r, d, &s)
	return nil
}

// decideHandle says why a status cannot be given to a case; nil when it can.
func decideHandle(r *record, a *Act, d *Handle, s *directory.HandlingStatus, own bool, p *directory.Policy) error {
	tried := !r.Try.at.IsZero() && !r.Try.handled
	replaces := tried && (r.CloseReason == AgentCalled || r.CloseReason == AttemptsExhausted)
	switch {
	case r.State != Open && !replaces:
		return ErrNotOpen
	case own && !tried:
		return ErrNoAttempt
	case heldByOther(r, a) && (!tried || r.Try.agent != a.Agent):
		return takenBy(r)
	case s.AsksTime && !d.Until.After(a.At), !s.AsksTime && !d.Until.IsZero():
		return ErrTime
	case s.Terminal:
		return decideResolution(d.Resolution, a.Note, p)
	case d.Resolution != "":
		return ErrResolution
	}
	return nil
}

// given notes the status, and whether the attempt counts: the one seen on the wire or made in the app and
// the status given for it are one.
func (l *ledger) given(r *record, a *Act, s *directory.HandlingStatus) {
	if r.Try.at.IsZero() || r.Try.handled {
		r.Try = try{at: l.at, agent: a.Agent} // of the case that it was handled with
		if s.CountsAsAttempt {
			r.Try.counted = true
			r.Attempts++
			r.Attempted = l.at
			if r.Tried.IsZero() {
				r.Tried = l.at
			}
		}
	} else if s.CountsAsAttempt {
		l.count(r)
	} else {
		l.uncount(r)
	}
	if !s.Terminal && len(s.RetryAfter) > 0 && r.Try.result == sip.Answered && !r.Contacted.Before(r.Try.at) {
		r.Contacted = time.Time{} // a mailbox answered
	}
	r.Try.handled = true
	r.Handling = s.ID
	i := slices.IndexFunc(r.Given, func(g given) bool { return g.status == s.ID })
	if i < 0 {
		r.Given = append(slices.Clip(r.Given), given{status: s.ID})
		i = len(r.Given) - 1
	} else {
		r.Given = slices.Clone(r.Given)
	}
	r.Given[i].n++
}

// settle closes a case with a terminal status, or gives a closed one the reason of the status.
func (l *ledger) settle(r *record, a *Act, d *Handle, s *directory.HandlingStatus, p *directory.Policy) {
	why := Unsuccessful
	if s.Success {
		why = Successful
		r.saidReached()
	}
	r.Resolution = d.Resolution
	l.close(r, why, a.Agent, l.at, p)
	l.refresh(r)
}

// retry says when an open case is due again.
func (l *ledger) retry(r *record, d *Handle, s *directory.HandlingStatus) {
	switch n := len(s.RetryAfter); {
	case s.AsksTime:
		l.schedule(r, d.Until)
	case n > 0:
		i := slices.IndexFunc(r.Given, func(g given) bool { return g.status == s.ID })
		after := s.RetryAfter[min(int(r.Given[i].n), n)-1]
		due := l.at.Add(after)
		if list, ok := l.dir.List(r.List); ok {
			due = list.Hours.Add(l.at, after)
		}
		r.Due, r.NotBefore, r.Scheduled = due.UTC(), due.UTC(), time.Time{}
		l.fallBack(r)
		l.claim(r, r.Due)
		l.outlive(r)
	}
	r.changed = true
	l.refresh(r)
}

// refresh gives the changes of a case that were noted before all was done the case as it is now.
func (l *ledger) refresh(r *record) {
	for i := range l.result.changes {
		if ch := &l.result.changes[i]; ch.Case.ID == r.ID && ch.Case.Version == r.Version {
			ch.Case = r.public()
		}
	}
}
