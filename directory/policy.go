package directory

import (
	"slices"
	"time"

	"ringback/sip"
)

// Policy is how a list opens, keeps and closes its cases. DefaultPolicy gives what applies where the
// directory file says nothing.
type Policy struct {
	Collect    Reasons    // the verdict reasons that make cases
	Vocabulary Vocabulary // what screens call them

	DueAfter    time.Duration // opening time from the miss to when the case is due
	ExpireAfter int           // opening days after which an open case closes as expired; 0: never

	AutoClose     AutoClose     // what an agent's call to the number of an open case does
	AnsweredAfter time.Duration // AutoCloseAnswered: how long the far end has to be up
	ReopenWithin  time.Duration // a new miss this soon after an automatic close reopens the case
	UndoWithin    time.Duration // how long an automatic close can be undone by hand
	CallerServed  bool          // a customer served on the list, or a list of its group, closes his cases
	GroupByNumber bool          // cases of one number on the lists that have this set are one group

	ShortPair time.Duration // two short abandons of one number within this make a case; 0: they never do

	AttemptsPerCase int // attempts after which a case closes as attempts_exhausted; 0: no limit
	AttemptsPerDay  int // attempts at one number on one local date; 0: no limit

	Handling []HandlingStatus // what an agent can say came of an attempt
	Hint     string           // the text of a hint, for ExpandHint
	Notify   bool             // members are told of new cases
}

// DefaultPolicy is the policy of a list that sets nothing.
func DefaultPolicy() Policy {
	return Policy{
		Collect:         AllReasons(),
		DueAfter:        time.Hour,
		ExpireAfter:     3,
		AutoClose:       AutoCloseDialled,
		AnsweredAfter:   10 * time.Second,
		ReopenWithin:    30 * time.Minute,
		UndoWithin:      10 * time.Minute,
		CallerServed:    true,
		GroupByNumber:   true,
		ShortPair:       10 * time.Minute,
		AttemptsPerCase: 3,
		AttemptsPerDay:  3,
		Handling:        BuiltInHandling(),
		Hint:            DefaultHint,
	}
}

// AutoClose says what an agent's call to the number of an open case does to the case. The zero value
// does nothing.
type AutoClose uint8

// The modes of automatic closing.
const (
	AutoCloseOff      AutoClose = iota
	AutoCloseDialled            // closes at the INVITE, reopens when the far end did not answer
	AutoCloseAnswered           // closes when the far end was up for AnsweredAfter
)

// Vocabulary is the set of words in which screens show reasons; the reasons stay as they are.
type Vocabulary uint8

// The vocabularies.
const (
	VocabularyStandard Vocabulary = iota
	VocabularyEnreach             // abandoned_* is shown as "dropped", all the rest as "missed"
)

// Reasons is a set of verdict reasons.
type Reasons uint64

// ReasonsOf is the set of the given reasons.
func ReasonsOf(reasons ...sip.Reason) Reasons {
	var set Reasons
	for _, r := range reasons {
		set |= 1 << r
	}
	return set
}

// AllReasons is the set of every reason a missed or dropped call can have.
func AllReasons() Reasons {
	var set Reasons
	for _, n := range reasonNames {
		set |= 1 << n.reason
	}
	return set
}

// Has says whether the set holds r.
func (s Reasons) Has(r sip.Reason) bool { return s>>r&1 == 1 }

// HandlingStatus is one thing an agent can say came of an attempt.
type HandlingStatus struct {
	ID              string
	Name            string
	Terminal        bool            // closes the case
	Success         bool            // as successful; a terminal status without it closes it as unsuccessful
	CountsAsAttempt bool            // towards the limits of attempts
	RetryAfter      []time.Duration // when the case is due again: after the first time, the second, …; the last repeats
	AsksTime        bool            // the agent gives the time at which the case is due again
}

// BuiltInHandling are the statuses of a list that names none of its own.
func BuiltInHandling() []HandlingStatus {
	return []HandlingStatus{
		{ID: "closed_successfully", Name: "Closed successfully", Terminal: true, Success: true, CountsAsAttempt: true},
		{ID: "closed_unsuccessfully", Name: "Closed unsuccessfully", Terminal: true, CountsAsAttempt: true},
		{ID: "busy", Name: "Busy", CountsAsAttempt: true, RetryAfter: []time.Duration{5 * time.Minute}},
		{ID: "no_answer", Name: "No answer", CountsAsAttempt: true, RetryAfter: []time.Duration{30 * time.Minute, 2 * time.Hour}},
		{ID: "wrong_number", Name: "Wrong number", Terminal: true, CountsAsAttempt: true},
		{ID: "call_later", Name: "Call later", AsksTime: true},
	}
}

// Status is the handling status with the given id.
func (p *Policy) Status(id string) (HandlingStatus, bool) {
	i := slices.IndexFunc(p.Handling, func(s HandlingStatus) bool { return s.ID == id })
	if i < 0 {
		return HandlingStatus{}, false
	}
	return p.Handling[i], true
}

// reasonNames are the reasons that make cases, as the directory file writes them. The groups are
// "missed" and "dropped".
var reasonNames = []struct {
	reason  sip.Reason
	name    string
	verdict sip.Verdict
}{
	{sip.Outage, "outage", sip.Dropped},
	{sip.MediaLost, "media_lost", sip.Dropped},
	{sip.SessionExpired, "session_expired", sip.Dropped},
	{sip.Signalling, "signalling", sip.Dropped},
	{sip.TransferFailed, "transfer_failed", sip.Dropped},
	{sip.OnHold, "on_hold", sip.Dropped},
	{sip.Voicemail, "voicemail", sip.Missed},
	{sip.AbandonedWaiting, "abandoned_waiting", sip.Missed},
	{sip.Timeout, "timeout", sip.Missed},
	{sip.NoAgent, "no_agent", sip.Missed},
	{sip.Lost, "lost", sip.Missed},
	{sip.AbandonedRinging, "abandoned_ringing", sip.Missed},
	{sip.Busy, "busy", sip.Missed},
	{sip.Declined, "declined", sip.Missed},
	{sip.Failed, "failed", sip.Missed},
}
