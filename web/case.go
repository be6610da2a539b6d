package web

import (
	"strconv"
	"time"

	"ringback/cases"
	"ringback/cases/voicemail"
	"ringback/sip"
)

// Case is a customer to call back, as the API shows it.
type Case struct {
	ID          string     `json:"id" doc:"Stable, unique, sorts by when the case was opened."`
	List        string     `json:"list" doc:"Its callback list."`
	Number      string     `json:"number,omitempty" doc:"The customer's number; absent when his identity is none."`
	Caller      string     `json:"caller" doc:"The number, or the identity where there is none, for people."`
	State       string     `json:"state" enum:"open,closed" doc:"Whether the customer is still to be called."`
	Service     string     `json:"service,omitempty" doc:"The service called last."`
	Verdict     string     `json:"verdict,omitempty" enum:"served,missed,dropped" doc:"What became of the latest miss; absent when no call made the case."`
	Reason      string     `json:"reason,omitempty" doc:"The rule that decided that."`
	Confidence  string     `json:"confidence,omitempty" enum:"seen,inferred" doc:"Of the verdict, absent without one. Inferred: legs were tied by number and time, or a message needed was never seen."`
	MissedCount int        `json:"missed_count" doc:"How often the customer was missed or dropped."`
	Wait        float64    `json:"wait" doc:"How long he waited for an agent at the latest miss, in seconds."`
	CallIDs     []string   `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of the missed calls, the latest ones."`
	Opened      time.Time  `json:"opened" doc:"When it was opened."`
	Missed      *time.Time `json:"missed,omitempty" doc:"When the customer went away last; absent when no call made the case."`
	Due         time.Time  `json:"due" doc:"When he should have been called."`
	Expires     *time.Time `json:"expires,omitempty" doc:"When it closes by itself."`
	Closed      *time.Time `json:"closed,omitempty" doc:"When it closed."`
	CloseReason string     `json:"close_reason,omitempty" enum:"successful,unsuccessful,agent_called,caller_served,expired,attempts_exhausted,suppressed,merged" doc:"Why it closed."`
	ClosedBy    string     `json:"closed_by,omitempty" doc:"Who dialled, served or closed it by hand."`
	Proof       []string   `json:"proof" nullable:"false" doc:"SIP Call-IDs of the call that closed it."`
	UndoUntil   *time.Time `json:"undo_until,omitempty" doc:"Until when its closing can be undone."`
	CallingNow  bool       `json:"calling_now,omitempty" doc:"The customer is on the line again: do not dial."`
	CallingFrom *time.Time `json:"calling_since,omitempty" doc:"Since when."`
	Assignee    string     `json:"assignee,omitempty" doc:"The agent who has it."`
	Scheduled   *time.Time `json:"scheduled,omitempty" doc:"When a person wants him called."`
	KeepOpen    bool       `json:"keep_open,omitempty" doc:"It is never closed automatically."`
	Attempts    int        `json:"attempts" doc:"Tries to reach him."`
	Attempted   *time.Time `json:"attempted,omitempty" doc:"When the last one was."`
	Channel     string     `json:"channel_in" enum:"call,manual,request,import,api" doc:"The way it came in."`
	Requests    int        `json:"requests,omitempty" doc:"How often the customer asked to be called, by the callback line or another program."`
	CreatedBy   string     `json:"created_by,omitempty" doc:"The agent or program that made it; absent when a call did."`
	ExternalID  string     `json:"external_id,omitempty" doc:"What an import or another program calls it."`
	Name        string     `json:"name,omitempty" doc:"The customer's name."`
	Contact     *Named     `json:"contact,omitempty" doc:"The contact that has the number."`
	Topic       string     `json:"topic,omitempty" doc:"What it is about."`
	Note        string     `json:"note,omitempty" doc:"What there is to know."`
	LastNote    string     `json:"last_note,omitempty" doc:"What somebody wrote last with a handling, a comment or another act."`
	Fields      Fields     `json:"fields,omitempty" doc:"Further columns of an import."`
	Personal    string     `json:"personal,omitempty" doc:"The agent it is meant for; absent: everybody."`
	PersonalEnd *time.Time `json:"personal_until,omitempty" doc:"When it is everybody's."`
	Accepted    *time.Time `json:"accepted,omitempty" doc:"When the assignee accepted what another gave him."`
	ClaimUntil  *time.Time `json:"claim_until,omitempty" doc:"Until when the assignee, who took it himself, has to call; then it is released."`
	NotBefore   *time.Time `json:"not_before,omitempty" doc:"It is not offered before."`
	Awaiting    *time.Time `json:"awaiting,omitempty" doc:"Since when it waits for information."`
	Question    string     `json:"question,omitempty" doc:"What it waits for."`
	Attempt     *Attempt   `json:"attempt,omitempty" doc:"The latest try to reach the customer."`
	Suggested   string     `json:"suggested,omitempty" doc:"The handling status that the latest attempt suggests."`
	Handling    string     `json:"handling,omitempty" doc:"The handling status given last."`
	Resolution  string     `json:"resolution,omitempty" doc:"Given when it was closed."`
	Contacted   *time.Time `json:"contacted,omitempty" doc:"When a call reached the customer first: as the wire shows, or as a person says of an attempt."`
	Undo        *Undoable  `json:"undo,omitempty" doc:"The act that whoever did it can take back, while nothing else happens to the case."`
	Voicemail   string     `json:"voicemail" enum:"none,unheard,heard" doc:"Whether the customer left messages, and whether all of them were heard."`
	Previous    string     `json:"previous,omitempty" doc:"The closed case of the same customer before this one."`
	Version     uint64     `json:"version" doc:"Grows with every change; also the ETag."`
}

// Named is a contact by id and name.
type Named struct {
	ID   string `json:"id" doc:"The contact's id."`
	Name string `json:"name" doc:"His name."`
}

// Fields are further columns of an import.
type Fields map[string]string

// Attempt is one try to reach a customer.
type Attempt struct {
	At      time.Time `json:"at" doc:"When."`
	Agent   string    `json:"agent,omitempty" doc:"Who tried; absent when nobody knows."`
	Call    string    `json:"call,omitempty" doc:"The call's id; absent when it was not seen on the wire."`
	Result  string    `json:"result,omitempty" enum:"unknown,answered,busy,no_answer,wrong_number,network_failure,rejected" doc:"What became of that call."`
	Counted bool      `json:"counted" doc:"Whether it counts towards the limits of the list."`
	Handled bool      `json:"handled" doc:"Whether a handling status was given for it."`
}

// Undoable is an act that can be taken back.
type Undoable struct {
	Act   string    `json:"act" doc:"Its id."`
	Agent string    `json:"agent" doc:"Who did it, and may take it back."`
	At    time.Time `json:"at" doc:"When."`
	Event string    `json:"event" doc:"What it did, as in the history."`
}

// shower shows cases: suggest tells which handling status a case's latest attempt suggests, name the contact that has a
// number, and state whether a case's messages were heard; all may be nil.
type shower struct {
	suggest func(*cases.Case) string
	name    func(sip.Number) *Named
	state   func(id string) voicemail.State
}

// voicemailOf says whether the messages of a case were heard.
func (s *shower) voicemailOf(id string) string {
	if s.state == nil {
		return string(voicemail.None)
	}
	return string(s.state(id))
}

// callOf is a call as the API shows it, with the name of its customer.
func (s *shower) callOf(c *sip.Call, ended bool) Call {
	shown := callOf(c, ended)
	customer := c.Caller
	if c.Direction == sip.Outbound {
		customer = c.Callee
	}
	if s.name != nil && customer != 0 {
		shown.Contact = s.name(customer)
	}
	return shown
}

// caseOf is a case as the API shows it.
func (s *shower) caseOf(c *cases.Case) Case {
	shown := caseOf(c)
	shown.Voicemail = s.voicemailOf(c.ID)
	if s.suggest != nil && c.Attempt != nil && !c.Attempt.Handled {
		shown.Suggested = s.suggest(c)
	}
	if s.name != nil && c.Number != 0 {
		shown.Contact = s.name(c.Number)
	}
	return shown
}

// caseOf is a case as far as it says itself how it is shown.
func caseOf(c *cases.Case) Case {
	return Case{
		ID: c.ID, List: c.List, Number: c.Number.String(), Caller: c.Caller, State: c.State.String(), Service: c.Service,
		Verdict: verdictOf(c), Reason: c.Reason.String(), Confidence: confidenceOf(c),
		MissedCount: c.MissedCount, Wait: c.Wait.Seconds(), CallIDs: someOf(c.CallIDs),
		Opened: c.Opened, Missed: timeOf(c.Missed), Due: c.Due, Expires: timeOf(c.Expires),
		Closed: timeOf(c.Closed), CloseReason: c.CloseReason.String(), ClosedBy: c.ClosedBy, Proof: someOf(c.Proof), UndoUntil: timeOf(c.UndoUntil),
		CallingNow: c.CallingNow, CallingFrom: timeOf(c.CallingSince),
		Assignee: c.Assignee, Scheduled: timeOf(c.Scheduled), KeepOpen: c.KeepOpen, Attempts: c.Attempts, Attempted: timeOf(c.Attempted),
		Channel: c.Channel.String(), Requests: c.Requests, CreatedBy: c.CreatedBy, ExternalID: c.ExternalID,
		Name: c.Name, Topic: c.Topic, Note: c.Note, LastNote: c.LastNote, Fields: c.Fields,
		Personal: c.Personal, PersonalEnd: timeOf(c.PersonalUntil), Accepted: timeOf(c.Accepted), ClaimUntil: timeOf(c.ClaimUntil), NotBefore: timeOf(c.NotBefore),
		Awaiting: timeOf(c.Awaiting), Question: c.Question, Attempt: attemptOf(c.Attempt), Handling: c.Handling, Resolution: c.Resolution, Contacted: timeOf(c.Contacted),
		Undo: undoableOf(c.Undo), Previous: c.Previous, Version: c.Version,
	}
}

func attemptOf(a *cases.Attempt) *Attempt {
	if a == nil {
		return nil
	}
	shown := &Attempt{At: a.At, Agent: a.Agent, Call: a.Call, Counted: a.Counted, Handled: a.Handled}
	if a.Call != "" {
		shown.Result = a.Result.String()
	}
	return shown
}

func undoableOf(u *cases.Undoable) *Undoable {
	if u == nil {
		return nil
	}
	return &Undoable{Act: u.Act, Agent: u.Agent, At: u.At, Event: u.Event.String()}
}

// verdictOf is what became of the latest miss; a case that no call made has none.
func verdictOf(c *cases.Case) string {
	if c.Verdict == sip.VerdictNone {
		return ""
	}
	return c.Verdict.String()
}

// confidenceOf says how sure the verdict on the latest miss is; a case that no call made has none.
func confidenceOf(c *cases.Case) string {
	if c.Verdict == sip.VerdictNone {
		return ""
	}
	return c.Confidence.String()
}

// versionOf is a case's version for ETag and If-Match.
func versionOf(c *cases.Case) string { return strconv.FormatUint(c.Version, 10) }

// Entry is one line of a case's history.
type Entry struct {
	At     time.Time `json:"at" doc:"When."`
	Event  string    `json:"event" enum:"opened,miss_added,attempted,closed,reopened,calling_now,calling_over,edited,assigned,released,accepted,commented,handled,awaiting,informed,undone,erased" doc:"What happened."`
	Reason string    `json:"reason,omitempty" doc:"Why: the reason of the miss, the attempt's result, why it closed or opened again, what was edited."`
	Agent  string    `json:"agent,omitempty" doc:"Who did it; absent for nobody."`
	Note   string    `json:"note,omitempty" doc:"What he wrote."`
	Proof  *Proof    `json:"proof,omitempty" doc:"The call that caused it; absent when none did."`

	Visible bool          `json:"visible,omitempty" doc:"Of a comment: the customer may see it."`
	Fields  []FieldChange `json:"fields,omitempty" nullable:"false" doc:"Of an edit: what was changed."`
}

// FieldChange is one field of a case that was changed.
type FieldChange struct {
	Name string `json:"name" doc:"Which."`
	Old  string `json:"old" doc:"What it was; empty for nothing."`
	New  string `json:"new" doc:"What it is."`
}

func entryOf(e *cases.Entry) Entry {
	shown := Entry{At: e.At, Event: e.Event.String(), Reason: e.Reason, Agent: e.Agent, Note: e.Note, Visible: e.Visible}
	for _, f := range e.Fields {
		shown.Fields = append(shown.Fields, FieldChange(f))
	}
	if e.Call != nil {
		shown.Proof = proofOf(e.Call)
	}
	return shown
}
