package web

import (
	"strconv"
	"time"

	"ringback/cases"
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
	Verdict     string     `json:"verdict" enum:"none,served,missed,dropped" doc:"What became of the latest miss."`
	Reason      string     `json:"reason,omitempty" doc:"The rule that decided that."`
	Confidence  string     `json:"confidence" enum:"seen,inferred" doc:"Inferred: legs were tied by number and time, or a message needed was never seen."`
	MissedCount int        `json:"missed_count" doc:"How often the customer was missed or dropped."`
	Wait        float64    `json:"wait" doc:"How long he waited for an agent at the latest miss, in seconds."`
	CallIDs     []string   `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of the missed calls, the latest ones."`
	Opened      time.Time  `json:"opened" doc:"When it was opened."`
	Missed      time.Time  `json:"missed" doc:"When the customer went away last."`
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
	Previous    string     `json:"previous,omitempty" doc:"The closed case of the same customer before this one."`
	Version     uint64     `json:"version" doc:"Grows with every change; also the ETag."`
}

func caseOf(c *cases.Case) Case {
	return Case{
		ID: c.ID, List: c.List, Number: c.Number.String(), Caller: c.Caller, State: c.State.String(), Service: c.Service,
		Verdict: c.Verdict.String(), Reason: c.Reason.String(), Confidence: c.Confidence.String(),
		MissedCount: c.MissedCount, Wait: c.Wait.Seconds(), CallIDs: someOf(c.CallIDs),
		Opened: c.Opened, Missed: c.Missed, Due: c.Due, Expires: timeOf(c.Expires),
		Closed: timeOf(c.Closed), CloseReason: c.CloseReason.String(), ClosedBy: c.ClosedBy, Proof: someOf(c.Proof), UndoUntil: timeOf(c.UndoUntil),
		CallingNow: c.CallingNow, CallingFrom: timeOf(c.CallingSince),
		Assignee: c.Assignee, Scheduled: timeOf(c.Scheduled), KeepOpen: c.KeepOpen, Attempts: c.Attempts, Attempted: timeOf(c.Attempted),
		Previous: c.Previous, Version: c.Version,
	}
}

// versionOf is a case's version for ETag and If-Match.
func versionOf(c *cases.Case) string { return strconv.FormatUint(c.Version, 10) }

// Entry is one line of a case's history.
type Entry struct {
	At     time.Time `json:"at" doc:"When."`
	Event  string    `json:"event" enum:"opened,miss_added,attempted,closed,reopened,calling_now,calling_over,edited" doc:"What happened."`
	Reason string    `json:"reason,omitempty" doc:"Why: the reason of the miss, the attempt's result, why it closed or opened again, what was edited."`
	Agent  string    `json:"agent,omitempty" doc:"Who did it; absent for nobody."`
	Note   string    `json:"note,omitempty" doc:"What he wrote."`
	Proof  *Proof    `json:"proof,omitempty" doc:"The call that caused it; absent when none did."`
}

// Proof is what was seen of the call that an entry rests on.
type Proof struct {
	Call       string     `json:"call" doc:"The call's id."`
	Direction  string     `json:"direction" enum:"unknown,inbound,outbound,internal" doc:"As the contact centre sees it."`
	Service    string     `json:"service,omitempty" doc:"The called service."`
	Trunk      string     `json:"trunk,omitempty" doc:"The trunk it came by or left by."`
	Verdict    string     `json:"verdict" enum:"none,served,missed,dropped" doc:"What became of it."`
	Reason     string     `json:"reason,omitempty" doc:"The rule that decided that."`
	Confidence string     `json:"confidence" enum:"seen,inferred" doc:"Inferred: legs were tied by number and time, or a message needed was never seen."`
	Result     string     `json:"result,omitempty" enum:"unknown,answered,busy,no_answer,wrong_number,network_failure,rejected" doc:"What became of the far end of an outbound call."`
	StatusCode uint16     `json:"status_code,omitempty" doc:"The final SIP status that decided."`
	Started    time.Time  `json:"started" doc:"The first INVITE."`
	Answered   *time.Time `json:"answered,omitempty" doc:"First time with an agent; of an outbound call when the far end answered."`
	Ended      *time.Time `json:"ended,omitempty" doc:"End of the customer's leg; absent while it was live."`
	CallIDs    []string   `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of its legs."`
	Evidence   []Evidence `json:"evidence" nullable:"false" doc:"The facts."`
}

func entryOf(e *cases.Entry) Entry {
	shown := Entry{At: e.At, Event: e.Event.String(), Reason: e.Reason, Agent: e.Agent, Note: e.Note}
	if e.Call != nil {
		shown.Proof = proofOf(e.Call)
	}
	return shown
}

func proofOf(p *cases.Proof) *Proof {
	shown := &Proof{
		Call: p.ID, Direction: p.Direction.String(), Service: p.Service, Trunk: p.Trunk,
		Verdict: p.Verdict.String(), Reason: p.Reason.String(), Confidence: p.Confidence.String(), StatusCode: p.StatusCode,
		Started: p.Started, Answered: timeOf(p.Answered), Ended: timeOf(p.Ended), CallIDs: someOf(p.CallIDs), Evidence: []Evidence{},
	}
	if p.Direction == sip.Outbound {
		shown.Result = p.Result.String()
	}
	for _, fact := range p.Evidence {
		shown.Evidence = append(shown.Evidence, evidenceOf(fact))
	}
	return shown
}
