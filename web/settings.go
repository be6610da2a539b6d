package web

import (
	"encoding"
	"strings"
	"time"

	"ringback/directory"
	"ringback/sip"
)

// ListSettings are what supervisors can change of a list. The words and their meaning are those of the
// directory.
type ListSettings struct {
	Name        string   `json:"name" doc:"For people."`
	Members     []string `json:"members" nullable:"false" doc:"Who works on it; * is every agent."`
	Supervisors []string `json:"supervisors" nullable:"false" doc:"Who runs it; * is every supervisor."`
	Readers     []string `json:"readers" nullable:"false" doc:"Who only sees it; * is everybody."`

	Collect            []string         `json:"collect" nullable:"false" doc:"Reasons of calls that make cases."`
	DueAfter           string           `json:"due_after" example:"1h" doc:"Opening time until a case is due."`
	ExpireAfter        int              `json:"expire_after" doc:"Opening days until a case expires; 0: never."`
	AutoClose          string           `json:"auto_close" enum:"off,dialled,answered" doc:"What an agent's call to the customer does."`
	AnsweredAfter      string           `json:"answered_after" example:"10s" doc:"How long the customer must be on the line with auto_close answered."`
	ReopenWithin       string           `json:"reopen_within" example:"30m" doc:"How soon after an automatic close a new miss reopens the case."`
	UndoWithin         string           `json:"undo_within" example:"10m" doc:"How long something can be taken back."`
	CallerServed       bool             `json:"caller_served" doc:"Close when the customer called again and was served."`
	GroupByNumber      bool             `json:"group_by_number" doc:"Cases of one customer on such lists are a group."`
	AttemptsPerCase    int              `json:"attempts_per_case" doc:"Attempts until a case is given up; 0: no limit."`
	AttemptsPerDay     int              `json:"attempts_per_day" doc:"Attempts to reach one number on one day; 0: no limit."`
	ClaimFor           string           `json:"claim_for" example:"10m" doc:"How long a case somebody took is his without a call; 0s: for ever."`
	Allocation         string           `json:"allocation" enum:"due,oldest" doc:"Which case is given out next."`
	Offer              string           `json:"offer" enum:"off,app,device" doc:"Whether callbacks are offered to agents who are free: off; in the app; by ringing their device."`
	OfferCases         string           `json:"offer_cases" enum:"requests,all" doc:"Which: of customers who asked to be called, or all."`
	OfferFor           string           `json:"offer_for" example:"30s" doc:"How long an offer in the app stands until the next agent is asked."`
	PersonalFallback   string           `json:"personal_fallback" example:"4h" doc:"Opening time until a personal callback is everybody's; 0s: never."`
	Handling           []HandlingStatus `json:"handling" nullable:"false" doc:"What can come of an attempt."`
	Resolutions        []Resolution     `json:"resolutions" nullable:"false" doc:"How a case can be solved."`
	ResolutionRequired bool             `json:"resolution_required" doc:"No close by hand without one."`
	NoteRequired       bool             `json:"note_required" doc:"No close by hand without a note."`
	Notifications      bool             `json:"notifications" doc:"Tell active members of new cases."`
	Retention          int              `json:"retention" doc:"Days after the close that a case is kept; 0: for ever."`
}

// HandlingStatus is one thing an agent can say came of an attempt.
type HandlingStatus struct {
	ID              string   `json:"id" minLength:"1" maxLength:"64" doc:"As the API names it."`
	Name            string   `json:"name,omitempty" maxLength:"100" doc:"On the button; absent: the id."`
	Terminal        bool     `json:"terminal,omitempty" doc:"Closes the case."`
	Success         bool     `json:"success,omitempty" doc:"Closes it as successful."`
	CountsAsAttempt bool     `json:"counts_as_attempt,omitempty" doc:"Counts towards the limits."`
	RetryAfter      []string `json:"retry_after,omitempty" maxItems:"10" nullable:"false" doc:"When the case is due again: after the first time it is given, the second, and so on."`
	AsksTime        bool     `json:"asks_time,omitempty" doc:"Asks when the case is due again."`
}

// Resolution is one way in which a case can be solved.
type Resolution struct {
	ID   string `json:"id" minLength:"1" maxLength:"64" doc:"As the API names it."`
	Name string `json:"name,omitempty" maxLength:"100" doc:"On the button; absent: the id."`
}

// ListEdit is what is changed of a list; what is absent stays.
type ListEdit struct {
	Name        *string   `json:"name,omitempty" maxLength:"100"`
	Members     *[]string `json:"members,omitempty" maxItems:"10000"`
	Supervisors *[]string `json:"supervisors,omitempty" maxItems:"10000" doc:"By an admin only."`
	Readers     *[]string `json:"readers,omitempty" maxItems:"10000"`

	Collect            *[]string         `json:"collect,omitempty" maxItems:"30"`
	DueAfter           *string           `json:"due_after,omitempty" maxLength:"20"`
	ExpireAfter        *int              `json:"expire_after,omitempty" minimum:"0" maximum:"10000"`
	AutoClose          *string           `json:"auto_close,omitempty" enum:"off,dialled,answered"`
	AnsweredAfter      *string           `json:"answered_after,omitempty" maxLength:"20"`
	ReopenWithin       *string           `json:"reopen_within,omitempty" maxLength:"20"`
	UndoWithin         *string           `json:"undo_within,omitempty" maxLength:"20"`
	CallerServed       *bool             `json:"caller_served,omitempty"`
	GroupByNumber      *bool             `json:"group_by_number,omitempty"`
	AttemptsPerCase    *int              `json:"attempts_per_case,omitempty" minimum:"0" maximum:"10000"`
	AttemptsPerDay     *int              `json:"attempts_per_day,omitempty" minimum:"0" maximum:"10000"`
	ClaimFor           *string           `json:"claim_for,omitempty" maxLength:"20"`
	Allocation         *string           `json:"allocation,omitempty" enum:"due,oldest"`
	Offer              *string           `json:"offer,omitempty" enum:"off,app,device"`
	OfferCases         *string           `json:"offer_cases,omitempty" enum:"requests,all"`
	OfferFor           *string           `json:"offer_for,omitempty" maxLength:"20"`
	PersonalFallback   *string           `json:"personal_fallback,omitempty" maxLength:"20"`
	Handling           *[]HandlingStatus `json:"handling,omitempty" maxItems:"50"`
	Resolutions        *[]Resolution     `json:"resolutions,omitempty" maxItems:"100"`
	ResolutionRequired *bool             `json:"resolution_required,omitempty"`
	NoteRequired       *bool             `json:"note_required,omitempty"`
	Notifications      *bool             `json:"notifications,omitempty"`
	Retention          *int              `json:"retention,omitempty" minimum:"0" maximum:"100000"`
}

func settingsOf(l *directory.ListEntry) ListSettings {
	shown := ListSettings{
		Name: l.Name, Members: someOf(l.Members), Supervisors: someOf(l.Supervisors), Readers: someOf(l.Readers),
		Collect: reasonsOf(l.Collect), DueAfter: spanOf(l.DueAfter), ExpireAfter: l.ExpireAfter, AutoClose: textOf(l.AutoClose), AnsweredAfter: spanOf(l.AnsweredAfter),
		ReopenWithin: spanOf(l.ReopenWithin), UndoWithin: spanOf(l.UndoWithin), CallerServed: l.CallerServed, GroupByNumber: l.GroupByNumber,
		AttemptsPerCase: l.AttemptsPerCase, AttemptsPerDay: l.AttemptsPerDay, ClaimFor: spanOf(l.ClaimFor), Allocation: textOf(l.Allocation),
		Offer: textOf(l.Offer), OfferCases: textOf(l.OfferCases), OfferFor: spanOf(l.OfferFor),
		PersonalFallback: spanOf(l.PersonalFallback), Handling: []HandlingStatus{}, Resolutions: []Resolution{},
		ResolutionRequired: l.ResolutionRequired, NoteRequired: l.NoteRequired, Notifications: l.Notifications, Retention: l.Retention,
	}
	for _, h := range l.Handling {
		status := HandlingStatus{
			ID: h.ID, Name: h.Name, Terminal: h.Terminal, Success: h.Success, CountsAsAttempt: h.CountsAsAttempt, AsksTime: h.AsksTime,
		}
		for _, after := range h.RetryAfter {
			status.RetryAfter = append(status.RetryAfter, spanOf(after))
		}
		shown.Handling = append(shown.Handling, status)
	}
	for _, r := range l.Resolutions {
		shown.Resolutions = append(shown.Resolutions, Resolution{r.ID, r.Name})
	}
	return shown
}

// apply changes a list; what the directory then says is wrong with it is the directory's business.
func (e *ListEdit) apply(l *directory.ListEntry) error {
	set(&l.Name, e.Name)
	set(&l.Members, e.Members)
	set(&l.Supervisors, e.Supervisors)
	set(&l.Readers, e.Readers)
	set(&l.ExpireAfter, e.ExpireAfter)
	set(&l.CallerServed, e.CallerServed)
	set(&l.GroupByNumber, e.GroupByNumber)
	set(&l.AttemptsPerCase, e.AttemptsPerCase)
	set(&l.AttemptsPerDay, e.AttemptsPerDay)
	set(&l.ResolutionRequired, e.ResolutionRequired)
	set(&l.NoteRequired, e.NoteRequired)
	set(&l.Notifications, e.Notifications)
	set(&l.Retention, e.Retention)
	for _, span := range []struct {
		name string
		to   *time.Duration
		from *string
	}{
		{"due_after", &l.DueAfter, e.DueAfter},
		{"answered_after", &l.AnsweredAfter, e.AnsweredAfter},
		{"reopen_within", &l.ReopenWithin, e.ReopenWithin},
		{"undo_within", &l.UndoWithin, e.UndoWithin},
		{"claim_for", &l.ClaimFor, e.ClaimFor},
		{"offer_for", &l.OfferFor, e.OfferFor},
		{"personal_fallback", &l.PersonalFallback, e.PersonalFallback},
	} {
		if span.from == nil {
			continue
		}
		var err error
		if *span.to, err = spanIn(*span.from); err != nil {
			return invalid("body."+span.name, "not a time as 90s, 60m or 1h30m")
		}
	}
	return e.applyWords(l)
}

func (e *ListEdit) applyWords(l *directory.ListEntry) error {
	if e.Collect != nil {
		l.Collect = 0
		for _, word := range *e.Collect {
			reason, ok := sip.ParseReason(word)
			if !ok || !directory.AllReasons().Has(reason) {
				return invalid("body.collect", "not all of these are reasons that make cases")
			}
			l.Collect |= directory.ReasonsOf(reason)
		}
	}
	for _, word := range []struct {
		name string
		to   encoding.TextUnmarshaler
		from *string
	}{
		{"auto_close", &l.AutoClose, e.AutoClose},
		{"allocation", &l.Allocation, e.Allocation},
		{"offer", &l.Offer, e.Offer},
		{"offer_cases", &l.OfferCases, e.OfferCases},
	} {
		if word.from == nil {
			continue
		}
		if err := word.to.UnmarshalText([]byte(*word.from)); err != nil {
			return invalid("body."+word.name, err.Error())
		}
	}
	if e.Resolutions != nil {
		l.Resolutions = nil
		for _, r := range *e.Resolutions {
			l.Resolutions = append(l.Resolutions, directory.Resolution{ID: r.ID, Name: r.Name})
		}
	}
	if e.Handling == nil {
		return nil
	}
	l.Handling = nil
	for _, h := range *e.Handling {
		status := directory.HandlingStatus{
			ID: h.ID, Name: h.Name, Terminal: h.Terminal, Success: h.Success, CountsAsAttempt: h.CountsAsAttempt, AsksTime: h.AsksTime,
		}
		for _, text := range h.RetryAfter {
			after, err := spanIn(text)
			if err != nil {
				return invalid("body.handling", "retry_after is not a time as 90s, 60m or 1h30m")
			}
			status.RetryAfter = append(status.RetryAfter, after)
		}
		l.Handling = append(l.Handling, status)
	}
	return nil
}

// reasonsOf are the words of a set of reasons.
func reasonsOf(set directory.Reasons) []string {
	words := []string{}
	for r := range sip.Reason(64) {
		if set.Has(r) {
			words = append(words, r.String())
		}
	}
	return words
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// spanOf is a time as the directory writes it, without the zeros at its end: 1h rather than 1h0m0s.
func spanOf(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func spanIn(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = ErrInvalid
	}
	return d, err
}

// textOf is a word of the directory.
func textOf(v interface{ MarshalText() ([]byte, error) }) string {
	b, err := v.MarshalText()
	if err != nil {
		return ""
	}
	return string(b)
}
