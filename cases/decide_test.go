package cases

import (
	"testing"
	"time"

	"ringback/directory"
	"ringback/sip"
)

var (
	noon     = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	defaults = directory.DefaultPolicy()
)

// with is the default policy but for one setting.
func with(change func(*directory.Policy)) *directory.Policy {
	p := directory.DefaultPolicy()
	change(&p)
	return &p
}

func missedCall(change func(*sip.Call)) *sip.Call {
	c := &sip.Call{
		ID: "call", Direction: sip.Inbound, Service: "hotline", List: "callbacks",
		Caller: 358401234567, CallerID: "+358401234567", Verdict: sip.Missed, Reason: sip.AbandonedWaiting,
		Started: noon.Add(-40 * time.Second), Ended: noon.Add(-2 * time.Second),
	}
	if change != nil {
		change(c)
	}
	return c
}

// A row for every rule that says what a missed or dropped call does.
func TestDecideMiss(t *testing.T) {
	short := func(c *sip.Call) { c.Short, c.Started = true, noon.Add(-3*time.Second) }
	began := noon.Add(-3 * time.Second)
	for _, tt := range []struct {
		sentence string
		call     func(*sip.Call)
		known    standing
		policy   *directory.Policy
		want     action
		why      Why
	}{
		{sentence: "every customer not served gets a case", want: openNew, why: whyFirstMiss},
		{
			sentence: "a dropped call makes a case too",
			call:     func(c *sip.Call) { c.Verdict, c.Reason = sip.Dropped, sip.MediaLost }, want: openNew, why: whyFirstMiss,
		},
		{sentence: "exactly one open case per list and number", known: standing{open: true}, want: addMiss, why: whyAlreadyOpen},
		{
			sentence: "also when a case of his was closed a short while ago",
			known:    standing{open: true, closed: true, lately: noon.Add(-time.Minute)}, want: addMiss, why: whyAlreadyOpen,
		},
		{sentence: "after a close, a new miss opens a new case linked to the old one", known: standing{closed: true}, want: openNew, why: whyAfterClose},
		{
			sentence: "closed automatically ≤ 30 min ago it reopens instead",
			known:    standing{closed: true, lately: noon.Add(-30 * time.Minute), reached: noon.Add(-30 * time.Minute)}, want: reopen, why: whyClosedLately,
		},
		{
			sentence: "closed automatically longer ago it does not",
			known:    standing{closed: true, lately: noon.Add(-30*time.Minute - 1), reached: noon.Add(-time.Hour)}, want: openNew, why: whyAfterClose,
		},
		{
			sentence: "30 min is a setting", policy: with(func(p *directory.Policy) { p.ReopenWithin = time.Minute }),
			known: standing{closed: true, lately: noon.Add(-2 * time.Minute), reached: noon.Add(-2 * time.Minute)}, want: openNew, why: whyAfterClose,
		},
		{
			sentence: "a miss whose verdict falls after he was reached reopens nothing",
			known:    standing{closed: true, lately: noon.Add(-time.Second), reached: noon.Add(-time.Second)}, want: addMiss, why: whyReachedSince,
		},
		{
			sentence: "however late that is",
			known:    standing{closed: true, lately: noon.Add(-time.Hour), reached: noon.Add(-time.Hour)},
			call:     func(c *sip.Call) { c.Ended = noon.Add(-time.Hour) }, want: addMiss, why: whyReachedSince,
		},
		{sentence: "withheld number: counted, no case", call: func(c *sip.Call) { c.Withheld, c.Caller, c.CallerID = true, 0, "anonymous" }, want: doNothing, why: whyWithheld},
		{sentence: "no identity at all: nobody to call", call: func(c *sip.Call) { c.Caller, c.CallerID = 0, "" }, want: doNothing, why: whyNoNumber},
		{sentence: "an identity that is no E.164 number can be called", call: func(c *sip.Call) { c.Caller, c.CallerID = 0, "maija@example.org" }, want: openNew, why: whyFirstMiss},
		{
			sentence: "a list chooses which reasons it collects",
			policy:   with(func(p *directory.Policy) { p.Collect = directory.ReasonsOf(sip.Busy) }), want: doNothing, why: whyNotCollected,
		},
		{
			sentence: "also for customers who have a case", known: standing{open: true},
			policy: with(func(p *directory.Policy) { p.Collect = directory.ReasonsOf(sip.Busy) }), want: doNothing, why: whyNotCollected,
		},
		{sentence: "short abandon: counted, no case", call: short, want: remember, why: whyShortAbandon},
		{sentence: "also for customers who have a case", call: short, known: standing{open: true}, want: remember, why: whyShortAbandon},
		{sentence: "two from one number in 10 min make one", call: short, known: standing{short: began.Add(-10 * time.Minute)}, want: openNew, why: whyShortPair},
		{sentence: "but not in more than 10 min", call: short, known: standing{short: began.Add(-10*time.Minute - 1)}, want: remember, why: whyShortAbandon},
		{sentence: "two add one miss to an open case", call: short, known: standing{short: began.Add(-time.Minute), open: true}, want: addMiss, why: whyAlreadyOpen},
		{
			sentence: "10 min is a setting, 0 is never", call: short, known: standing{short: began},
			policy: with(func(p *directory.Policy) { p.ShortPair = 0 }), want: remember, why: whyShortAbandon,
		},
		{sentence: "a long call does not make a pair of a short one", known: standing{short: noon.Add(-time.Minute)}, want: openNew, why: whyFirstMiss},
		{sentence: "shared numbers are never merged", known: standing{shared: true, open: true}, want: openNew, why: whySharedNumber},
		{sentence: "nor reopened", known: standing{shared: true, closed: true, lately: noon}, want: openNew, why: whySharedNumber},
		{sentence: "nor paired", call: short, known: standing{shared: true, short: began}, want: remember, why: whyShortAbandon},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		got, why := decideMiss(missedCall(tt.call), noon, tt.known, p)
		if got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

// openRecord is a case missed a minute before noon.
func openRecord(change func(*record)) *record {
	r := &record{ID: "1NGE7R4-8XK2QJ", List: "callbacks", Number: 358401234567, State: Open, Missed: noon.Add(-time.Minute), Expires: noon.Add(72 * time.Hour)}
	if change != nil {
		change(r)
	}
	return r
}

func closedRecord(change func(*record)) *record {
	r := openRecord(func(r *record) {
		r.State, r.Closed, r.CloseReason, r.ClosedCall, r.UndoUntil = Closed, noon, AgentCalled, "dial", noon.Add(10*time.Minute)
	})
	if change != nil {
		change(r)
	}
	return r
}

var (
	kept      = func(r *record) { r.KeepOpen = true }
	scheduled = func(r *record) { r.Scheduled = noon.Add(time.Hour) }
	wasDue    = func(r *record) { r.Scheduled = noon.Add(-time.Hour) }
	answered  = with(func(p *directory.Policy) { p.AutoClose = directory.AutoCloseAnswered })
	off       = with(func(p *directory.Policy) { p.AutoClose = directory.AutoCloseOff })
)

func TestDecideDialled(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		shared   bool
		policy   *directory.Policy
		want     action
		why      Why
	}{
		{sentence: "dialled closes at the INVITE", want: closeNow, why: whyDialled},
		{sentence: "answered waits for the far end", policy: answered, want: await, why: whyDialled},
		{sentence: "off closes nothing, the attempt counts", policy: off, want: await, why: whyAutoCloseOff},
		{sentence: "never: cases marked keep-open", change: kept, want: await, why: whyKeepOpen},
		{sentence: "never: scheduled by a human for the future", change: scheduled, want: await, why: whyScheduled},
		{sentence: "scheduled for a time that has come is as any other", change: wasDue, want: closeNow, why: whyDialled},
		{sentence: "never: shared numbers", shared: true, want: doNothing, why: whySharedNumber},
		{sentence: "not a case that was opened after it", change: func(r *record) { r.Since = noon.Add(1) }, want: doNothing, why: whyOpenedSince},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		got, why := decideDialled(openRecord(tt.change), noon, tt.shared, p)
		if got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideUnderway(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		dialled  time.Time
		shared   bool
		policy   *directory.Policy
		want     action
		why      Why
	}{
		{sentence: "dialled before the verdict fell: closes as if it had fallen at once", dialled: noon.Add(-59 * time.Second), want: closeNow, why: whyDialled},
		{sentence: "dialled the very moment the customer hung up", dialled: noon.Add(-time.Minute), want: closeNow, why: whyDialled},
		{sentence: "dialled while he was on the line: the result tells", dialled: noon.Add(-time.Minute - 1), want: doNothing, why: whyMissedSince},
		{sentence: "answered waits for the far end", dialled: noon, policy: answered, want: await, why: whyDialled},
		{sentence: "off closes nothing", dialled: noon, policy: off, want: await, why: whyAutoCloseOff},
		{sentence: "never: cases marked keep-open", dialled: noon, change: kept, want: await, why: whyKeepOpen},
		{sentence: "never: scheduled by a human for the future", dialled: noon, change: scheduled, want: await, why: whyScheduled},
		{sentence: "never: shared numbers", dialled: noon, shared: true, want: doNothing, why: whySharedNumber},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		got, why := decideUnderway(openRecord(tt.change), tt.dialled, tt.shared, p)
		if got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideResult(t *testing.T) {
	for _, tt := range []struct {
		sentence  string
		record    *record
		call      func(*sip.Call)
		shared    bool
		otherOpen bool
		policy    *directory.Policy
		want      action
		why       Why
	}{
		{sentence: "closed by this call and answered: it stays closed", record: closedRecord(nil), want: noteAttempt, why: whyAnswered},
		{sentence: "reopens if the far end did not answer", record: closedRecord(nil), call: ended(sip.NoAnswer), want: noteAndReopen, why: whyNotAnswered},
		{sentence: "busy is no answer", record: closedRecord(nil), call: ended(sip.ResultBusy), want: noteAndReopen, why: whyNotAnswered},
		{sentence: "nor is a wrong number", record: closedRecord(nil), call: ended(sip.WrongNumber), want: noteAndReopen, why: whyNotAnswered},
		{sentence: "or the result was never seen", record: closedRecord(nil), call: ended(sip.ResultUnknown), want: noteAndReopen, why: whyNotAnswered},
		{
			sentence: "closed by a person meanwhile: his word stands", call: ended(sip.NoAnswer),
			record: closedRecord(func(r *record) { r.CloseReason, r.ClosedCall = Successful, "" }), want: noteAttempt, why: whyClosedByOther,
		},
		{
			sentence: "closed by another agent's call", call: ended(sip.NoAnswer),
			record: closedRecord(func(r *record) { r.ClosedCall = "other" }), want: noteAttempt, why: whyClosedByOther,
		},
		{
			sentence: "the customer was served meanwhile on another call: it stays closed", call: ended(sip.NoAnswer),
			record: closedRecord(func(r *record) { r.Reached = noon.Add(1) }), want: noteAttempt, why: whyServedSince,
		},
		{sentence: "one open case per list and number", record: closedRecord(nil), call: ended(sip.NoAnswer), otherOpen: true, want: noteAttempt, why: whyOtherOpen},

		{sentence: "answered: closes when the far end was up ≥ 10 s", record: openRecord(nil), policy: answered, call: up(10 * time.Second), want: noteAndClose, why: whyAnswered},
		{sentence: "answered: but not sooner", record: openRecord(nil), policy: answered, call: up(10*time.Second - 1), want: noteAttempt, why: whyTooShort},
		{
			sentence: "10 s is a setting", record: openRecord(nil), call: up(time.Second), want: noteAndClose, why: whyAnswered,
			policy: with(func(p *directory.Policy) { p.AutoClose, p.AnsweredAfter = directory.AutoCloseAnswered, time.Second }),
		},
		{sentence: "answered: not without an answer", record: openRecord(nil), policy: answered, call: ended(sip.NoAnswer), want: noteAttempt, why: whyNotAnswered},
		{sentence: "off: the attempt is all", record: openRecord(nil), policy: off, want: noteAttempt, why: whyAutoCloseOff},
		{sentence: "a case that came to be after the INVITE closes with the answer", record: openRecord(nil), want: noteAndClose, why: whyAnswered},
		{sentence: "never: cases marked keep-open", record: openRecord(kept), want: noteAttempt, why: whyKeepOpen},
		{sentence: "never: scheduled by a human for the future", record: openRecord(scheduled), want: noteAttempt, why: whyScheduled},
		{sentence: "never: shared numbers", record: openRecord(nil), shared: true, want: doNothing, why: whySharedNumber},
		{sentence: "what a person undid this call does not do again", record: openRecord(func(r *record) { r.UndoneCall = "dial" }), want: noteAttempt, why: whyUndone},
		{sentence: "another call does", record: openRecord(func(r *record) { r.UndoneCall = "other" }), want: noteAndClose, why: whyAnswered},
		{
			sentence: "nor is a case touched that was opened after its end",
			record:   openRecord(func(r *record) { r.Since = noon.Add(3 * time.Second) }), want: doNothing, why: whyOpenedSince,
		},
		{
			sentence: "a miss after the agent's call is not made good by it",
			record:   openRecord(func(r *record) { r.Missed = noon.Add(time.Minute) }), want: doNothing, why: whyMissedSince,
		},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		c := &sip.Call{ID: "dial", Direction: sip.Outbound, Callee: 358401234567, Result: sip.Answered, Started: noon.Add(-20 * time.Second), Answered: noon.Add(-12 * time.Second), Ended: noon}
		if tt.call != nil {
			tt.call(c)
		}
		got, why := decideResult(tt.record, c, noon.Add(2*time.Second), tt.shared, tt.otherOpen, p)
		if got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func ended(r sip.Result) func(*sip.Call) {
	return func(c *sip.Call) { c.Result, c.Answered = r, time.Time{} }
}

func up(d time.Duration) func(*sip.Call) {
	return func(c *sip.Call) { c.Answered = c.Ended.Add(-d) }
}

func TestDecideServed(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		shared   bool
		apart    bool
		policy   *directory.Policy
		want     action
		why      Why
	}{
		{sentence: "the same number was served on any of the lists of the group", want: closeNow, why: whyServed},
		{sentence: "not on a list of another group", apart: true, want: doNothing, why: whyOtherGroup},
		{sentence: "afterwards", change: func(r *record) { r.Missed = noon }, want: doNothing, why: whyMissedSince},
		{sentence: "not by a call that was served beside, however long it lasted", change: func(r *record) { r.Missed, r.Wait = noon.Add(-time.Millisecond), 10*time.Second }, want: doNothing, why: whyMissedSince},
		{sentence: "but by a later one, answered while the earlier rang on", change: func(r *record) { r.Missed, r.Wait = noon.Add(-time.Millisecond), time.Hour }, want: closeNow, why: whyServed},
		{sentence: "not a case that was opened since", change: func(r *record) { r.Since = noon.Add(3 * time.Second) }, want: doNothing, why: whyOpenedSince},
		{sentence: "a list can do without", policy: with(func(p *directory.Policy) { p.CallerServed = false }), want: doNothing, why: whyAutoCloseOff},
		{sentence: "auto_close is of agents' calls alone", policy: off, want: closeNow, why: whyServed},
		{sentence: "never: cases marked keep-open", change: kept, want: doNothing, why: whyKeepOpen},
		{sentence: "never: scheduled by a human for the future", change: scheduled, want: doNothing, why: whyScheduled},
		{sentence: "never: shared numbers", shared: true, want: doNothing, why: whySharedNumber},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		c := missedCall(func(c *sip.Call) { c.Verdict, c.Answered, c.Ended = sip.Served, noon.Add(-time.Second), noon })
		got, why := decideServed(openRecord(tt.change), c, noon.Add(2*time.Second), tt.shared, !tt.apart, p)
		if got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideCalling(t *testing.T) {
	for _, tt := range []struct {
		sentence        string
		since           time.Time
		shared, grouped bool
		want            action
		why             Why
	}{
		{"a caller back in the queue sets calling_now", noon, false, true, show, whyCallingNow},
		{"not in another group's queue", noon, false, false, doNothing, whyOtherGroup},
		{"nobody knows which customer of a shared number it is", noon, true, true, doNothing, whySharedNumber},
		{"nor when he was told of before the case was opened", noon.Add(1), false, true, doNothing, whyOpenedSince},
	} {
		if got, why := decideCalling(openRecord(func(r *record) { r.Since = tt.since }), noon, tt.shared, tt.grouped); got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideExpiry(t *testing.T) {
	expires := noon.Add(72 * time.Hour)
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		now      time.Time
		want     action
		why      Why
	}{
		{sentence: "then closed expired", now: expires, want: closeNow, why: whyExpired},
		{sentence: "not before", now: expires.Add(-1), want: doNothing, why: whyNotExpired},
		{sentence: "a list can do without", change: func(r *record) { r.Expires = time.Time{} }, now: expires, want: doNothing, why: whyNotExpired},
		{sentence: "what a person keeps open stays open", change: kept, now: expires, want: doNothing, why: whyKeepOpen},
		{
			sentence: "what a person scheduled has until then", now: expires,
			change: func(r *record) { r.Scheduled = expires.Add(time.Hour) }, want: doNothing, why: whyNotExpired,
		},
		{
			sentence: "and not for ever", now: expires.Add(time.Hour),
			change: func(r *record) { r.Scheduled = expires.Add(time.Hour) }, want: closeNow, why: whyExpired,
		},
	} {
		if got, why := decideExpiry(openRecord(tt.change), tt.now); got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideUndo(t *testing.T) {
	for _, tt := range []struct {
		sentence  string
		change    func(*record)
		after     time.Duration
		otherOpen bool
		want      action
		why       Why
	}{
		{sentence: "can be undone for 10 min", after: 10 * time.Minute, want: reopen, why: whyUndone},
		{sentence: "and not longer", after: 10*time.Minute + 1, want: doNothing, why: whyUndoTooLate},
		{sentence: "caller_served likewise", change: func(r *record) { r.CloseReason = CallerServed }, want: reopen, why: whyUndone},
		{sentence: "what a person closed he reopens", change: func(r *record) { r.CloseReason = Successful }, want: doNothing, why: whyNotAutomatic},
		{sentence: "what expired likewise", change: func(r *record) { r.CloseReason = Expired }, want: doNothing, why: whyNotAutomatic},
		{sentence: "an open case has nothing to undo", change: func(r *record) { r.State = Open }, want: doNothing, why: whyNotAutomatic},
		{sentence: "one open case per list and number", otherOpen: true, want: doNothing, why: whyOtherOpen},
	} {
		if got, why := decideUndo(closedRecord(tt.change), noon.Add(tt.after), tt.otherOpen); got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}
