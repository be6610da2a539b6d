package cases

import "time"

// Assign gives an open case to an agent, or to nobody. Who assigns an unassigned case to himself claims
// it: when he does not call the customer within the list's claim_for, it is everybody's again. What
// another has only those take away who supervise; both learn who has it from a *Refusal with ErrTaken.
type Assign struct {
	To   string // an agent's id; empty: nobody
	From string // who had it as the person saw it; empty: whoever has, as far as he may take it
}

func (Assign) undoable() bool { return true }

func (d Assign) do(l *ledger, r *record, a *Act) error {
	if d.To == r.Assignee && r.State == Open {
		return nil
	}
	if err := decideAssign(r, a, d.From); err != nil {
		return err
	}
	if d.To == "" {
		r.release()
		l.change(r, Entry{Event: Released, Reason: ReleasedByHand, Agent: a.Agent})
		return nil
	}
	if d.To != a.Agent && !l.dir.Member(d.To, r.List) {
		return &FieldError{"to", ErrNotMember}
	}
	l.assign(r, d.To, a.Agent)
	return nil
}

// decideAssign says why a person may not give a case to somebody; nil when he may.
func decideAssign(r *record, a *Act, from string) error {
	switch {
	case r.State != Open:
		return ErrNotOpen
	case heldByOther(r, a), from != "" && from != r.Assignee:
		return takenBy(r)
	}
	return nil
}

// heldByOther says whether the case is another's, and not for this person to change.
func heldByOther(r *record, a *Act) bool {
	return r.Assignee != "" && r.Assignee != a.Agent && !a.Supervises
}

func takenBy(r *record) error { return &Refusal{Err: ErrTaken, Case: r.ID, By: r.Assignee} }

// assign gives a case to an agent; by himself, it is a claim.
func (l *ledger) assign(r *record, to, by string) {
	r.release()
	r.Assignee = to
	if to == by {
		r.Claimed = true
		l.claim(r, l.at)
	}
	l.change(r, Entry{Event: Assigned, Reason: to, Agent: by})
}

// claim lets the assignee's claim run from a time, when the customer is to be called.
func (l *ledger) claim(r *record, from time.Time) {
	r.Claim = time.Time{}
	if p := l.policy(r.List); r.Claimed && p.ClaimFor > 0 {
		r.Claim = from.Add(p.ClaimFor)
	}
}

// release takes a case from whoever has it.
func (r *record) release() {
	r.Assignee, r.Claimed, r.Claim, r.Accepted = "", false, time.Time{}, time.Time{}
	r.Personal, r.Fallback = "", time.Time{}
}

// Accept says that the assignee takes on a case that another gave him.
type Accept struct{}

func (Accept) undoable() bool { return true }

func (Accept) do(l *ledger, r *record, a *Act) error {
	switch {
	case r.State != Open:
		return ErrNotOpen
	case r.Assignee != a.Agent:
		return &Refusal{Err: ErrNotYours, Case: r.ID, By: r.Assignee}
	case !r.Accepted.IsZero():
		return nil
	}
	r.Accepted = l.at
	l.change(r, Entry{Event: Accepted, Agent: a.Agent})
	return nil
}

// personal makes a case one for an agent alone, until a while after it is due.
func (l *ledger) personal(r *record, agent string) {
	r.Assignee, r.Personal = agent, agent
	l.fallBack(r)
}

// fallBack works out when a personal callback is everybody's: some opening time after it is due.
func (l *ledger) fallBack(r *record) {
	r.Fallback = time.Time{}
	if list, ok := l.dir.List(r.List); ok && r.Personal != "" && list.Policy.PersonalFallback > 0 {
		r.Fallback = list.Hours.Add(later(l.at, r.Due), list.Policy.PersonalFallback).UTC()
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
