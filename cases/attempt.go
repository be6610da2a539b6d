package cases

import (
	"cmp"
	"time"

	"ringback/directory"
	"ringback/sip"
)

// Try notes that an agent calls the customer, from the app: an attempt, and the one that the wire shows
// then is the same. Nobody else may have the case, the customer not be calling right now, and his number
// not have been tried too often today.
type Try struct{}

func (Try) do(l *ledger, r *record, a *Act) error {
	list, known := l.dir.List(r.List)
	if !known {
		return ErrNoList
	}
	h := l.customerOf(r)
	today := 0
	if !h.shared {
		today = h.triedOn(l.at, list.Hours.Location())
	}
	if err := decideTry(r, a, today, &list.Policy); err != nil {
		return err
	}
	r.Try = try{at: l.at, agent: a.Agent, app: true}
	l.count(r)
	r.Claim = time.Time{} // the call follows
	l.change(r, Entry{Event: Attempted, Reason: Dialled, Agent: a.Agent})
	return nil
}

// decideTry says why an agent may not call; tried is how often the number was today.
func decideTry(r *record, a *Act, tried int, p *directory.Policy) error {
	switch {
	case r.State != Open:
		return ErrNotOpen
	case r.Number == 0 && r.Caller == "":
		return ErrNoNumber
	case heldByOther(r, a):
		return takenBy(r)
	case len(r.Calling) > 0:
		return ErrCallingNow
	case p.AttemptsPerDay > 0 && tried >= p.AttemptsPerDay:
		return ErrTriedEnough
	}
	return nil
}

// count counts the attempt, for the case and for the number.
func (l *ledger) count(r *record) {
	if r.Try.counted {
		return
	}
	r.Try.counted = true
	r.Attempts++
	r.Attempted = r.Try.at
	if r.Tried.IsZero() {
		r.Tried = r.Try.at
	}
	h := l.customerOf(r)
	h.try(r.Try.at)
	h.changed = true
}

// uncount takes that back.
func (l *ledger) uncount(r *record) {
	if !r.Try.counted {
		return
	}
	r.Try.counted = false
	r.Attempts--
	h := l.customerOf(r)
	h.untry(r.Try.at)
	h.changed = true
}

// sameTry is how long before and after an agent pressed the button his call may begin on the wire.
const (
	sameTryBefore = 30 * time.Second
	sameTryAfter  = 10 * time.Minute
)

// tooSoon is how long it has to ring before giving up says that nobody answers.
const tooSoon = 15 * time.Second

// sawTry notes the result of an agent's call on a case, and says whether it is an attempt. The attempt
// that the agent began in the app is this one; a network's failure is none. began is when the attempt
// was made, for all cases of the customer.
func (l *ledger) sawTry(r *record, agent string, began time.Time) bool {
	c := l.call
	same := l.sameTry(r, agent)
	if c.Result == sip.NetworkFailure {
		if same {
			l.uncount(r)
			r.Try = try{}
		}
		return same // it was told as one
	}
	t := try{at: began, agent: agent, call: c.ID, result: c.Result}
	t.early = c.Result == sip.NoAnswer && c.StatusCode != 408 && c.StatusCode != 480 && endOf(c, l.at).Sub(startOf(c, l.at)) < tooSoon
	if same {
		t.app, t.counted = true, r.Try.counted
	}
	r.Try = t
	l.count(r)
	if c.Result == sip.Answered {
		r.sawReached(cmp.Or(c.Answered, endOf(c, l.at)))
	}
	return true
}

// sawReached notes that a call reached the customer. What the wire shows replaces what a person said.
func (r *record) sawReached(at time.Time) {
	if r.Contacted.IsZero() || r.Said {
		r.Contacted, r.Said = at, false
	}
}

// saidReached notes that a person says that the latest attempt reached the customer. Without an attempt nobody did.
func (r *record) saidReached() {
	if r.Contacted.IsZero() && !r.Try.at.IsZero() {
		r.Contacted, r.Said = r.Try.at, true
	}
}

// sameTry says whether the call on the wire is the attempt that its agent began in the app.
func (l *ledger) sameTry(r *record, agent string) bool {
	t, start := &r.Try, startOf(l.call, l.at)
	return t.app && t.call == "" && !t.handled && cmp.Or(agent, t.agent) == t.agent &&
		start.After(t.at.Add(-sameTryBefore)) && start.Before(t.at.Add(sameTryAfter))
}

// began is when the attempt was made that the call on the wire is: by the button in the app, if an agent
// pressed it on one of the cases.
func (l *ledger) began(agent string) time.Time {
	for _, r := range l.records {
		if l.sameTry(r, agent) {
			return r.Try.at
		}
	}
	return startOf(l.call, l.at)
}

// decideExhausted says whether an attempt that did not reach the customer was the last one.
func decideExhausted(r *record, at time.Time, shared bool, p *directory.Policy) (action, Why) {
	why, may := mayClose(r, at, shared)
	switch {
	case p.AttemptsPerCase <= 0 || r.Attempts < uint64(p.AttemptsPerCase):
		return doNothing, whyMoreAttempts
	case !may:
		return doNothing, why
	}
	return closeNow, whyAttemptsExhausted
}

// Suggested is the handling status that the result of the latest attempt suggests, of those its list has;
// empty when it suggests none, or one was given. 486 and 600 suggest "busy"; 408, 480, and giving up
// after 15 seconds or more "no_answer"; 404, 410 and 484 "wrong_number".
func (c *Case) Suggested(p *directory.Policy) string {
	if c.Attempt == nil || c.Attempt.Handled {
		return ""
	}
	id := ""
	switch c.Attempt.Result {
	case sip.ResultBusy:
		id = "busy"
	case sip.NoAnswer:
		if !c.Attempt.TooSoon {
			id = "no_answer"
		}
	case sip.WrongNumber:
		id = "wrong_number"
	default:
	}
	if _, known := p.Status(id); !known {
		return ""
	}
	return id
}
