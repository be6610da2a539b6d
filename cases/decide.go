package cases

import (
	"time"

	"ringback/directory"
	"ringback/sip"
)

// action is what a decision does to a case.
type action uint8

const (
	doNothing     action = iota
	remember             // a short abandon, in case a second one comes
	openNew              // a case
	addMiss              // to the case there is
	reopen               // the case closed last, with the miss
	closeNow             // the case
	await                // the result of the agent's call
	noteAttempt          // to reach the customer
	noteAndClose         // likewise, and close the case
	noteAndReopen        // likewise, and reopen it
	show                 // that the customer is on the line
	letGo                // from whoever has it
)

// Why names the rule that decided, each a sentence of docs/cases.md. Logs, metrics and tests share it.
type Why string

// Why a miss made a case, or none.
const (
	whyFirstMiss     Why = "first_miss"     // no case of the number on the list
	whyAfterClose    Why = "after_close"    // a new case, linked to the closed one
	whyAlreadyOpen   Why = "already_open"   // one open case per list and number
	whyClosedLately  Why = "closed_lately"  // closed automatically a short while ago: it reopens
	whyShortPair     Why = "short_pair"     // two short abandons in a short while make one miss
	whyShortAbandon  Why = "short_abandon"  // counted, no case
	whyReachedSince  Why = "reached_since"  // the verdict falls late: he was called or served after the miss
	whyOtherNumber   Why = "other_number"   // he asked in this call to be called at another number, whose case has the miss
	whyWithheld      Why = "withheld"       // counted, no case: there is no number to call
	whyNoNumber      Why = "no_number"      // no identity at all
	whyNotCollected  Why = "not_collected"  // the list does not collect the reason
	whyUnknownList   Why = "unknown_list"   // the service's list is not in the directory
	whySharedNumber  Why = "shared_number"  // many customers behind one number are never merged or closed
	whyCallingNow    Why = "calling_now"    // the customer is on the line
	whyOtherGroup    Why = "other_group"    // the lists do not belong together
	whyDialled       Why = "dialled"        // an agent calls the number
	whyAnswered      Why = "answered"       // and the far end answered
	whyNotAnswered   Why = "not_answered"   // and it did not, or nobody saw
	whyTooShort      Why = "too_short"      // and it answered, but not for long enough
	whyServed        Why = "served"         // the customer called again and was served
	whyServedSince   Why = "served_since"   // the customer was served on another call, so it stays closed
	whyMissedSince   Why = "missed_since"   // but he was missed after that
	whyOpenedSince   Why = "opened_since"   // the case was opened or reopened after that: told again, or late
	whyAutoCloseOff  Why = "auto_close_off" // the list does not close for that
	whyKeepOpen      Why = "keep_open"      // a person wants the case open
	whyScheduled     Why = "scheduled"      // a person wants the customer called later
	whyUndone        Why = "undone"         // a person took back what this very call did
	whyOtherOpen     Why = "other_open"     // the customer would have two open cases on the list
	whyClosedByOther Why = "closed_by_other"
	whyExpired       Why = "expired"
	whyNotExpired    Why = "not_expired"
	whyUndoTooLate   Why = "undo_too_late"
	whyNotAutomatic  Why = "not_automatic" // a person closed it

	whyMoreAttempts      Why = "more_attempts"      // the list allows more
	whyAttemptsExhausted Why = "attempts_exhausted" // it was tried too often
	whyClaimLapsed       Why = "claim_lapsed"       // a claim not followed by a call is released
	whyPersonalFallback  Why = "personal_fallback"  // a personal callback falls to everybody
	whySuppressed        Why = "suppressed"         // the customer is not to be called
)

// standing is what is known of a customer on one list when he is missed.
type standing struct {
	shared  bool      // many customers call from his number
	open    bool      // he has an open case
	closed  bool      // he had one that was closed
	lately  time.Time // when that was, if it was automatically
	reached time.Time // and when he was called or served then
	short   time.Time // when his last short abandon began that is not part of a pair
}

// decideMiss says what a missed or dropped service call does.
func decideMiss(c *sip.Call, at time.Time, s standing, p *directory.Policy) (action, Why) {
	soon := !s.lately.IsZero() && at.Sub(s.lately) <= p.ReopenWithin
	pair := c.Short && !s.shared && p.ShortPair > 0 && !s.short.IsZero() && c.Started.Sub(s.short).Abs() <= p.ShortPair
	switch {
	case c.Withheld:
		return doNothing, whyWithheld
	case c.Caller == 0 && c.CallerID == "":
		return doNothing, whyNoNumber
	case !p.Collect.Has(c.Reason):
		return doNothing, whyNotCollected
	case c.Short && !pair:
		return remember, whyShortAbandon
	case s.shared:
		return openNew, whySharedNumber
	case s.open:
		return addMiss, whyAlreadyOpen
	case !s.lately.IsZero() && !endOf(c, at).After(s.reached):
		return addMiss, whyReachedSince
	case soon:
		return reopen, whyClosedLately
	case s.closed:
		return openNew, whyAfterClose
	case pair:
		return openNew, whyShortPair
	}
	return openNew, whyFirstMiss
}

// mayClose says whether a case may be closed automatically at all, and else why not.
func mayClose(r *record, at time.Time, shared bool) (Why, bool) {
	switch {
	case shared:
		return whySharedNumber, false
	case r.KeepOpen:
		return whyKeepOpen, false
	case r.Scheduled.After(at):
		return whyScheduled, false
	}
	return "", true
}

// decideDialled says what an agent's call to the number of an open case does at its INVITE. What an
// agent wants of a shared number nobody knows.
func decideDialled(r *record, at time.Time, shared bool, p *directory.Policy) (action, Why) {
	switch {
	case shared:
		return doNothing, whySharedNumber
	case at.Before(r.Since):
		return doNothing, whyOpenedSince
	}
	return decideCalled(r, at, p)
}

// decideUnderway says what an agent's call does to a case that comes to be while it is under way. One that began
// after the customer had gone, but before the verdict fell, does what it would have done had the verdict
// fallen at once. Of one that began earlier only its result tells.
func decideUnderway(r *record, dialled time.Time, shared bool, p *directory.Policy) (action, Why) {
	switch {
	case shared:
		return doNothing, whySharedNumber
	case dialled.Before(r.Missed):
		return doNothing, whyMissedSince
	}
	return decideCalled(r, dialled, p)
}

// decideCalled says what calling a customer does to his case.
func decideCalled(r *record, at time.Time, p *directory.Policy) (action, Why) {
	why, may := mayClose(r, at, false)
	switch {
	case !may:
		return await, why
	case p.AutoClose == directory.AutoCloseDialled:
		return closeNow, whyDialled
	case p.AutoClose == directory.AutoCloseAnswered:
		return await, whyDialled
	}
	return await, whyAutoCloseOff
}

// decideResult says what the end of an agent's call to the number does to a case: one that was open at
// its INVITE, or that came to be meanwhile. otherOpen: the customer has another one open on the list.
func decideResult(r *record, c *sip.Call, at time.Time, shared, otherOpen bool, p *directory.Policy) (action, Why) {
	answered := c.Result == sip.Answered
	if r.State == Closed {
		switch {
		case r.CloseReason != AgentCalled || r.ClosedCall != c.ID:
			return noteAttempt, whyClosedByOther
		case answered:
			return noteAttempt, whyAnswered
		case r.Reached.After(r.Closed):
			return noteAttempt, whyServedSince
		case otherOpen:
			return noteAttempt, whyOtherOpen
		}
		return noteAndReopen, whyNotAnswered
	}
	why, may := mayClose(r, at, shared)
	switch {
	case shared:
		return doNothing, why
	case at.Before(r.Since):
		return doNothing, whyOpenedSince
	case !endOf(c, at).After(r.Missed):
		return doNothing, whyMissedSince
	case !answered:
		return noteAttempt, whyNotAnswered
	case !may:
		return noteAttempt, why
	case r.UndoneCall == c.ID:
		return noteAttempt, whyUndone
	case p.AutoClose == directory.AutoCloseOff:
		return noteAttempt, whyAutoCloseOff
	case p.AutoClose == directory.AutoCloseAnswered && endOf(c, at).Sub(c.Answered) < p.AnsweredAfter:
		return noteAttempt, whyTooShort
	}
	return noteAndClose, whyAnswered
}

// decideServed says what a service call that was served does to an open case of its caller. grouped:
// the call's list is the case's, or one of its group.
func decideServed(r *record, c *sip.Call, at time.Time, shared, grouped bool, p *directory.Policy) (action, Why) {
	why, may := mayClose(r, at, shared)
	switch {
	case !grouped:
		return doNothing, whyOtherGroup
	case !may:
		return doNothing, why
	case !p.CallerServed:
		return doNothing, whyAutoCloseOff
	case at.Before(r.Since):
		return doNothing, whyOpenedSince
	case !endOf(c, at).After(r.Missed), beside(c, r, at):
		return doNothing, whyMissedSince
	}
	return closeNow, whyServed
}

// beside says whether a served call began before the missed one and was answered before that ended: then somebody else
// rang beside it, as a colleague behind the same number does, and still waits. A later call that was answered while the
// earlier one rang on is the same person trying again.
func beside(c *sip.Call, r *record, at time.Time) bool {
	return !c.Answered.IsZero() && c.Answered.Before(r.Missed) && startOf(c, at).Before(r.Missed.Add(-r.Wait))
}

// decideCalling says whether a service call that begins, or goes on while the case is opened, shows on
// an open case of its caller.
func decideCalling(r *record, at time.Time, shared, grouped bool) (action, Why) {
	switch {
	case shared:
		return doNothing, whySharedNumber
	case !grouped:
		return doNothing, whyOtherGroup
	case at.Before(r.Since):
		return doNothing, whyOpenedSince
	}
	return show, whyCallingNow
}

// decideExpiry says whether the time of an open case is up.
func decideExpiry(r *record, now time.Time) (action, Why) {
	switch at := r.expiry(); {
	case r.KeepOpen:
		return doNothing, whyKeepOpen
	case at.IsZero() || at.After(now):
		return doNothing, whyNotExpired
	}
	return closeNow, whyExpired
}

// decideUndo says whether an automatic close can be taken back.
func decideUndo(r *record, at time.Time, otherOpen bool) (action, Why) {
	switch {
	case r.State != Closed || !r.CloseReason.Automatic():
		return doNothing, whyNotAutomatic
	case at.After(r.UndoUntil):
		return doNothing, whyUndoTooLate
	case otherOpen:
		return doNothing, whyOtherOpen
	}
	return reopen, whyUndone
}

// endOf is when a call ended, for the party that decides: the customer. A call whose end was not seen
// ended when it was given up.
func endOf(c *sip.Call, at time.Time) time.Time {
	if c.Ended.IsZero() {
		return at
	}
	return c.Ended
}
