package web

import (
	"time"

	"ringback/sip"
)

// Call is a call as the API shows it. The words are those of the directory and of sip.
type Call struct {
	ID         string     `json:"id" doc:"Stable and unique."`
	Direction  string     `json:"direction" enum:"unknown,inbound,outbound,internal" doc:"As the contact centre sees it."`
	PBX        string     `json:"pbx,omitempty" doc:"The PBX that was watched."`
	Trunk      string     `json:"trunk,omitempty" doc:"The trunk the caller came by, or an outbound call left by."`
	Service    string     `json:"service,omitempty" doc:"The called service that owns the call."`
	List       string     `json:"list,omitempty" doc:"The service's callback list."`
	Caller     string     `json:"caller" doc:"E.164, anonymous, an agent or an extension; empty when unknown."`
	Callee     string     `json:"callee" doc:"E.164, an agent or an extension; empty when unknown."`
	Contact    *Named     `json:"contact,omitempty" doc:"The contact that has the customer's number."`
	Agent      string     `json:"agent,omitempty" doc:"The agent it is or last was with; else the one who dialled."`
	Rang       []string   `json:"rang" nullable:"false" doc:"Agents whose phones alerted."`
	CallIDs    []string   `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of all legs, in order of appearance."`
	Started    time.Time  `json:"started" doc:"The first INVITE."`
	Answered   *time.Time `json:"answered,omitempty" doc:"First time with an agent; of an outbound call when the far end answered."`
	Ended      *time.Time `json:"ended,omitempty" doc:"End of the customer's leg; absent while live."`
	Verdict    string     `json:"verdict,omitempty" enum:"none,served,missed,dropped" doc:"What became of the call; absent while live."`
	Reason     string     `json:"reason,omitempty" doc:"The rule that decided the verdict."`
	Confidence string     `json:"confidence,omitempty" enum:"seen,inferred" doc:"Inferred: legs were tied by number and time, or a message needed was never seen."`
	Short      bool       `json:"short,omitempty" doc:"Abandoned so early that it makes no case by itself."`
	DialledBy  string     `json:"dialled_by,omitempty" doc:"Of an outbound call: the agent who dialled."`
	Result     string     `json:"result,omitempty" enum:"unknown,answered,busy,no_answer,wrong_number,network_failure,rejected" doc:"What became of the far end of an outbound call; absent while live."`
	StatusCode uint16     `json:"status_code,omitempty" doc:"The final SIP status that decided."`
	Evidence   []Evidence `json:"evidence,omitempty" nullable:"false" doc:"What the verdict rests on."`
}

// Evidence is one observed fact a verdict rests on.
type Evidence struct {
	At     time.Time `json:"at" doc:"When it was seen."`
	CallID string    `json:"call_id" doc:"The SIP Call-ID it was seen on."`
	What   string    `json:"what" doc:"The fact, as: caller BYE."`
	Status uint16    `json:"status_code,omitempty" doc:"SIP status code."`
	Cause  *int      `json:"cause,omitempty" doc:"Q.850 cause."`
	Agent  string    `json:"agent,omitempty" doc:"Whose leg it was seen on."`
}

// callOf is c as the API shows it; whether its verdict is final shows in ended.
func callOf(c *sip.Call, ended bool) Call {
	shown := Call{
		ID:        c.ID,
		Direction: c.Direction.String(),
		PBX:       c.PBX,
		Trunk:     c.Trunk,
		Service:   c.Service,
		List:      c.List,
		Caller:    c.CallerID,
		Callee:    c.CalleeID,
		Agent:     c.Agent,
		Rang:      someOf(c.Rang),
		CallIDs:   someOf(c.CallIDs),
		Started:   c.Started,
		Answered:  timeOf(c.Answered),
		Ended:     timeOf(c.Ended),
		DialledBy: c.DialledBy,
	}
	if !ended {
		return shown
	}
	shown.Verdict = c.Verdict.String()
	shown.Reason = c.Reason.String()
	shown.Confidence = c.Confidence.String()
	shown.Short = c.Short
	if c.Direction == sip.Outbound {
		shown.Result = c.Result.String()
	}
	shown.StatusCode = c.StatusCode
	for _, e := range c.Evidence {
		shown.Evidence = append(shown.Evidence, evidenceOf(e))
	}
	return shown
}

func evidenceOf(e sip.Evidence) Evidence {
	shown := Evidence{At: e.At, CallID: e.CallID, What: e.What, Status: e.Status, Agent: e.Agent}
	if e.Cause >= 0 {
		shown.Cause = &e.Cause
	}
	return shown
}

// someOf never is nil: in JSON a list without items is [].
func someOf(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}

// timeOf is nil for the zero time, which JSON leaves out.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
