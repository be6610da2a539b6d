package web

import (
	"slices"
	"time"

	"ringback/cases"
	"ringback/sip"
)

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
	Rang       []string   `json:"rang" nullable:"false" doc:"Agents whose phones alerted, in that order."`
	EndedBy    string     `json:"ended_by,omitempty" enum:"caller,pbx,agent,endpoint,far_end" doc:"Of an inbound call who ended the caller's leg, of another who hung up first; absent where that was not seen."`
	Ladder     []Step     `json:"ladder" nullable:"false" doc:"The messages that decided it, oldest first; at most 64."`
	LeftOut    int        `json:"left_out,omitempty" doc:"How many were left out of the middle of the ladder."`
}

// Step is one message of a call's ladder.
type Step struct {
	At     time.Time `json:"at" doc:"When it was seen."`
	CallID string    `json:"call_id" doc:"The SIP Call-ID of its leg."`
	From   string    `json:"from" enum:"caller,pbx,agent,endpoint,far_end" doc:"Who sent it."`
	To     string    `json:"to,omitempty" enum:"caller,pbx,agent,endpoint,far_end" doc:"Who got it; absent for what the PBX told."`
	Agent  string    `json:"agent,omitempty" doc:"Whose phone agent is."`
	Method string    `json:"method,omitempty" doc:"Of a request."`
	Status uint16    `json:"status_code,omitempty" doc:"Of a response; absent with neither method nor note: it alerted, by 180 or 183, or where unseen it failed."`
	Reason string    `json:"reason,omitempty" example:"Q.850;cause=16" doc:"Its Reason header (RFC 3326)."`
	Unseen bool      `json:"unseen,omitempty" doc:"The message itself was not seen, but what follows from it."`
	Note   string    `json:"note,omitempty" doc:"What is no message: a hold, or what the PBX told."`
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
	shown.tell(p)
	return shown
}

// tell shows a call's evidence as a ladder, who rang and who ended it.
func (shown *Proof) tell(p *cases.Proof) {
	shown.Rang, shown.Ladder = []string{}, []Step{}
	var steps []sip.Step
	steps, shown.LeftOut = sip.Steps(p.Evidence, p.Direction)
	for i := range steps {
		x := &steps[i]
		shown.Ladder = append(shown.Ladder, Step{
			At: x.At, CallID: x.CallID, From: x.From.String(), To: x.To.String(), Agent: x.Agent,
			Method: x.Method, Status: x.Status, Reason: x.Reason, Unseen: x.Unseen, Note: x.Note,
		})
		if x.From == sip.PartyAgent && x.Alerts() && x.Agent != "" && !slices.Contains(shown.Rang, x.Agent) {
			shown.Rang = append(shown.Rang, x.Agent)
		}
		if x.Ends() && shown.EndedBy == "" && (p.Direction != sip.Inbound || x.From == sip.PartyCaller || x.To == sip.PartyCaller) {
			shown.EndedBy = x.From.String()
		}
	}
}
