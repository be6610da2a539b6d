package directory

import (
	"slices"
	"time"

	"ringback/sip"
)

// Policy is how a list opens, keeps and closes its cases. Durations are written with their unit, as
// 90s, 60m or 1h30m.
type Policy struct {
	// Collect names the reasons of missed and dropped calls that make cases: outage, media_lost,
	// session_expired, signalling, transfer_failed, on_hold (all of these: dropped), voicemail,
	// abandoned_waiting, timeout, no_agent, lost, abandoned_ringing, busy, declined, failed (all of
	// these: missed). Default: missed and dropped.
	Collect Reasons `yaml:"collect"`
	// Vocabulary is the words screens use for reasons: standard, or enreach, which calls the
	// abandoned ones "dropped" and all the rest "missed". Default: standard.
	Vocabulary Vocabulary `yaml:"vocabulary"`
	// DueAfter is the opening time from the miss until the case is due. Default: 1h.
	DueAfter time.Duration `yaml:"due_after"`
	// ExpireAfter is the number of opening days, after the day of the miss, at whose end an open case
	// is closed as expired; 0 is never. An opening day is a date on which hours begin. Default: 3.
	ExpireAfter int `yaml:"expire_after"`
	// AutoClose says what an agent's call to the number of an open case does to it: dialled closes it
	// at once and reopens it when the customer did not answer, answered closes it when the customer
	// was on the line long enough, off leaves it. Default: dialled.
	AutoClose AutoClose `yaml:"auto_close"`
	// AnsweredAfter is how long the customer must be on the line with auto_close answered. Default:
	// 10s.
	AnsweredAfter time.Duration `yaml:"answered_after"`
	// ReopenWithin is how soon after an automatic close a new miss reopens the case rather than
	// making a new one. Default: 30m.
	ReopenWithin time.Duration `yaml:"reopen_within"`
	// UndoWithin is how long an automatic close, or what an agent did, can be undone. Default: 10m.
	UndoWithin time.Duration `yaml:"undo_within"`
	// CallerServed closes a customer's case when he called again and was served, on this list or
	// another of its group. Default: true.
	CallerServed bool `yaml:"caller_served"`
	// GroupByNumber makes the cases of one number on all lists that have it set one group. Default:
	// true.
	GroupByNumber bool `yaml:"group_by_number"`
	// ShortPair is the time in which two calls of one number, each given up too soon to count, make a
	// case together; 0 is never. Default: 10m.
	ShortPair time.Duration `yaml:"short_pair"`
	// AttemptsPerCase closes a case as attempts_exhausted when so many attempts did not reach the
	// customer, unless it is kept open or scheduled by a person; 0 is no limit. Default: 3.
	AttemptsPerCase int `yaml:"attempts_per_case"`
	// AttemptsPerDay is the limit of attempts to reach one number on one day; then its cases are neither
	// given out nor dialled from the app. 0 is no limit. Default: 3.
	AttemptsPerDay int `yaml:"attempts_per_day"`
	// Handling are the statuses an agent can set after an attempt, instead of the built-in ones. The result
	// of the call suggests one of those with the ids busy, no_answer and wrong_number.
	Handling []HandlingStatus `yaml:"handling"`
	// Hint is the one line an agent is sent when he is on a call with a customer who has a case:
	// {number}, {name}, {list}, {service}, {misses}, {age}, {due}, {reason}, {assignee}, {note} and
	// {recording} are filled in, a part in [ ] is left out when a field in it is empty, and \ takes
	// the meaning from the next character. Default: "Callback {number}[ ({name})] on {list}: missed
	// {misses}x, {age} ago[, with {assignee}][, note: {note}][, {recording}]".
	Hint string `yaml:"hint"`
	// ClaimFor is how long a case that an agent took stays his without a call to the customer; then it
	// is everybody's again. 0 is for ever. Default: 10m.
	ClaimFor time.Duration `yaml:"claim_for"`
	// Allocation is the order in which agents are given their next case: due, the one due first, or
	// oldest, the one opened first. Default: due.
	Allocation Allocation `yaml:"allocation"`
	// Offer says whether callbacks are offered to agents who are free, the one that waits longest first: off, app, where
	// who is logged in to the app is asked there, or device, where his telephone rings and says what it is about. Agents are
	// called by their own telephones then, so that needs an account at the PBX. Default: off.
	Offer OfferWay `yaml:"offer"`
	// OfferCases says which are offered: requests, those of customers who asked to be called, or all. Default: requests.
	OfferCases OfferCases `yaml:"offer_cases"`
	// OfferFor is how long an offer in the app stands until the next agent is asked. Default: 30s.
	OfferFor time.Duration `yaml:"offer_for"`
	// PersonalFallback is the opening time after which a callback meant for one agent is everybody's;
	// 0 is never. Default: 4h.
	PersonalFallback time.Duration `yaml:"personal_fallback"`
	// Resolutions are the codes that say how a case was solved, one of which may be given when it is
	// closed by hand.
	Resolutions []Resolution `yaml:"resolutions"`
	// ResolutionRequired closes no case by hand without one of the resolutions. Default: false.
	ResolutionRequired bool `yaml:"resolution_required"`
	// NoteRequired closes no case by hand without a note. Default: false.
	NoteRequired bool `yaml:"note_required"`
	// Retention is the number of days after its close that a case is kept, its history included; 0 is
	// for ever. Default: 0.
	Retention int `yaml:"retention"`
	// Notifications tells active members of new cases, by web push: those nobody has, and whoever has one when it is
	// due. Default: false.
	Notifications bool `yaml:"notifications"`
}

// Calling says who may be called, when, and what happens otherwise: rule by rule off, warn or block. At the top of the file it is
// for the whole company, in a list for the calls of its cases; what a list leaves out is as for the company. It is
// looked at when a case is opened for calling, when a call is scheduled and again before every dial. The numbers on
// the do-not-call, block and allow lists are kept over the API.
type Calling struct {
	// DoNotCall is about numbers on the do-not-call list. With block, their cases are closed as suppressed.
	// Default: block.
	DoNotCall Effect `yaml:"do_not_call"`
	// BlockList is about numbers on the company's block list. Of entries of the block and allow lists that fit a number
	// the longest decides, of two as long the block. Default: block.
	BlockList Effect `yaml:"block_list"`
	// AllowList is about numbers that are neither on the company's allow list nor on the agent's own. Default: off.
	AllowList Effect `yaml:"allow_list"`
	// Countries that may be called, as ISO 3166-1 alpha-2 codes. A number that an allow list has may be called anywhere.
	// Default: all.
	Countries []Country `yaml:"countries"`
	// OtherCountries is about numbers of all others. Default: block.
	OtherCountries Effect `yaml:"other_countries"`
	// Premium is about premium-rate and shared-cost numbers that no allow list has. Default: block.
	Premium Effect `yaml:"premium"`
	// ShortNumbers is about short numbers, as of emergency services and directory enquiries. Default: block.
	ShortNumbers Effect `yaml:"short_numbers"`
	// PIN is about calls to kinds of numbers that a PIN was set for, when it is missing or wrong. Default: block.
	PIN Effect `yaml:"pin"`
	// QuietHours are the hours of the night in which nobody is called, in the time zone of the number; where it may be of
	// several, in any of them. Default: 21:00-08:00.
	QuietHours Range `yaml:"quiet_hours"`
	// InQuietHours is about calls in the quiet hours. Default: block.
	InQuietHours Effect `yaml:"in_quiet_hours"`
	// OutsideHours is about calls while the list is closed. Default: warn.
	OutsideHours Effect `yaml:"outside_hours"`
	// Attempts is about cases and numbers that were tried as often as the list allows. Default: block.
	Attempts Effect `yaml:"attempts"`
}

// HandlingStatus is one thing an agent can say came of an attempt.
type HandlingStatus struct {
	// ID of the status.
	ID string `yaml:"id"`
	// Name on the button. Default: the id.
	Name string `yaml:"name"`
	// Terminal closes the case. Default: false.
	Terminal bool `yaml:"terminal"`
	// Success closes it as successful, a terminal status without it as unsuccessful. Default: false.
	Success bool `yaml:"success"`
	// CountsAsAttempt counts towards attempts_per_case and attempts_per_day. Default: false.
	CountsAsAttempt bool `yaml:"counts_as_attempt"`
	// RetryAfter is the opening time until the case is due again: after the first time this status is
	// set, after the second, and so on; the last repeats.
	RetryAfter []time.Duration `yaml:"retry_after"`
	// AsksTime has the agent say when the case is due again. Default: false.
	AsksTime bool `yaml:"asks_time"`
}

// Resolution is one way in which a case can be solved.
type Resolution struct {
	// ID of the resolution.
	ID string `yaml:"id"`
	// Name on the button. Default: the id.
	Name string `yaml:"name"`
}

// DefaultPolicy is the policy of a list for which the file sets nothing.
func DefaultPolicy() Policy {
	return Policy{
		Collect:          AllReasons(),
		DueAfter:         time.Hour,
		ExpireAfter:      3,
		AutoClose:        AutoCloseDialled,
		AnsweredAfter:    10 * time.Second,
		ReopenWithin:     30 * time.Minute,
		UndoWithin:       10 * time.Minute,
		CallerServed:     true,
		GroupByNumber:    true,
		ShortPair:        10 * time.Minute,
		AttemptsPerCase:  3,
		AttemptsPerDay:   3,
		ClaimFor:         10 * time.Minute,
		OfferFor:         30 * time.Second,
		PersonalFallback: 4 * time.Hour,
		Handling:         BuiltInHandling(),
		Hint:             DefaultHint,
	}
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

// Resolution is the resolution with the given id.
func (p *Policy) Resolution(id string) (Resolution, bool) {
	i := slices.IndexFunc(p.Resolutions, func(r Resolution) bool { return r.ID == id })
	if i < 0 {
		return Resolution{}, false
	}
	return p.Resolutions[i], true
}

// Allocation is the order in which agents are given their next case.
type Allocation uint8

// The orders of allocation.
const (
	AllocationDue    Allocation = iota // due first
	AllocationOldest                   // opened first
)

// OfferWay is how callbacks are offered to agents who are free.
type OfferWay uint8

// The ways.
const (
	OfferOff    OfferWay = iota // agents choose for themselves
	OfferApp                    // in the app, where he says yes or no
	OfferDevice                 // his telephone rings
)

// OfferCases says which cases of a list are offered.
type OfferCases uint8

// The cases.
const (
	OfferRequests OfferCases = iota // of customers who asked to be called
	OfferAll
)

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
func AllReasons() Reasons { return reasonsOfVerdict(sip.Missed) | reasonsOfVerdict(sip.Dropped) }

// Has says whether the set holds r.
func (s Reasons) Has(r sip.Reason) bool { return s>>r&1 == 1 }

// reasonNames are the reasons that make cases, as the file writes them.
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

// verdictNames stand in the file for all reasons of a verdict.
var verdictNames = []struct {
	verdict sip.Verdict
	name    string
}{{sip.Missed, "missed"}, {sip.Dropped, "dropped"}}

func reasonsOfVerdict(v sip.Verdict) Reasons {
	var set Reasons
	for _, n := range reasonNames {
		if n.verdict == v {
			set |= 1 << n.reason
		}
	}
	return set
}

// add puts what a word of the file stands for into the set.
func (s *Reasons) add(word string) error {
	known := make([]string, 0, len(verdictNames)+len(reasonNames))
	for _, n := range verdictNames {
		if n.name == word {
			*s |= reasonsOfVerdict(n.verdict)
			return nil
		}
		known = append(known, n.name)
	}
	for _, n := range reasonNames {
		if n.name == word {
			*s |= 1 << n.reason
			return nil
		}
		known = append(known, n.name)
	}
	return mistakef("%q is no reason; %s", word, suggest(word, known))
}

// words write the set as the file does, the shortest way.
func (s Reasons) words() []string {
	var words []string
	for _, n := range verdictNames {
		if all := reasonsOfVerdict(n.verdict); s&all == all {
			words, s = append(words, n.name), s&^all
		}
	}
	for _, n := range reasonNames {
		if s.Has(n.reason) {
			words = append(words, n.name)
		}
	}
	return words
}
