package sip

import (
	"slices"
	"strconv"
	"time"
)

// Party is who sends or gets a message, as a message ladder names its columns.
type Party uint8

// Parties. An agent's own phone is PartyAgent whichever way he calls.
const (
	PartyUnknown  Party = iota
	PartyCaller         // the customer who calls
	PartyPBX            // the PBX, or proxy
	PartyAgent          // an agent's phone
	PartyEndpoint       // voicemail, IVR, …
	PartyFar            // the far end of a call that leaves the PBX
)

// Step is one message of a call's ladder, as far as its evidence tells.
type Step struct {
	At       time.Time
	CallID   string
	From, To Party
	Agent    string // whose phone is PartyAgent
	Method   string // of a request; empty for a response, and where Note stands alone
	Status   uint16 // of a response; 0: it alerted, by 180 or 183, or where Unseen it failed
	Reason   string // of a request: its Reason header, as SIP;cause=408 (RFC 3326 §2)
	Unseen   bool   // the message itself was not seen, but what follows from it
	Note     string // what is no message: a hold, or what the PBX told
}

// Alerts says whether a step shows that a phone alerts.
func (s *Step) Alerts() bool { return s.Method == "" && s.Status == 0 && s.Note == "" && !s.Unseen }

// Ends says whether a step ends its leg. Of a CANCEL and the response it draws, the CANCEL does.
func (s *Step) Ends() bool {
	switch {
	case s.Method != "":
		return s.Method == "BYE" || s.Method == "CANCEL"
	case s.Unseen:
		return s.Status == 0
	}
	return s.Status >= 300 && s.Status != 487
}

// Steps are the messages that evidence tells of, in its order: what decided the call, not all that was
// sent. Of a long ladder the middle is left out, and left says how many steps that are.
func Steps(evidence []Evidence, d Direction) (steps []Step, left int) {
	for i := range evidence {
		steps = appendSteps(steps, &evidence[i], d)
	}
	if left = len(steps) - maxSteps; left > 0 {
		return slices.Delete(steps, maxSteps/2, maxSteps/2+left), left
	}
	return steps, 0
}

// maxSteps bounds a ladder.
const maxSteps = 64

// said is what the phrase of a piece of evidence says.
type said struct {
	side side
	fact fact
}

// saying are the phrases of evidence and what they say.
var saying = func() map[string]said {
	all := map[string]said{}
	for s := range numSides {
		for f := range numFacts {
			all[phrases[s][f]] = said{s, f}
		}
	}
	return all
}()

// ends are who speaks at a side's hop: who sent its INVITE and who received it.
func (s side) ends(d Direction) (from, to Party) {
	switch s {
	case sideCaller:
		if d == Outbound || d == Internal {
			return PartyAgent, PartyPBX
		}
		return PartyCaller, PartyPBX
	case sideAgent:
		return PartyPBX, PartyAgent
	case sideEndpoint:
		return PartyPBX, PartyEndpoint
	default:
		return PartyPBX, PartyFar
	}
}

func appendSteps(steps []Step, e *Evidence, d Direction) []Step {
	x, ok := saying[e.What]
	if !ok {
		return append(steps, Step{At: e.At, CallID: e.CallID, From: PartyPBX, Agent: e.Agent, Note: e.What})
	}
	inviting, invited := x.side.ends(d)
	asked := Step{At: e.At, CallID: e.CallID, From: inviting, To: invited, Agent: e.Agent}
	answered := Step{At: e.At, CallID: e.CallID, From: invited, To: inviting, Agent: e.Agent}
	switch x.fact {
	case factInvite:
		asked.Method = "INVITE"
		return append(steps, asked)
	case factAlerted:
		return append(steps, answered)
	case factAnswered, factAnsweredUnseen:
		answered.Status, answered.Unseen = 200, x.fact == factAnsweredUnseen
		return append(steps, answered)
	case factHeld:
		answered.Note = "on hold"
		return append(steps, answered)
	case factFailed, factFailedUnseen:
		answered.Status, answered.Unseen = e.Status, x.fact == factFailedUnseen
		return append(steps, answered)
	case factCancel:
		asked.Method, asked.Reason = "CANCEL", reasonText(0, e.Cause)
		steps = append(steps, asked)
		if e.Status != 0 {
			answered.Status = e.Status
			steps = append(steps, answered)
		}
		return steps
	case factByeCallee:
		answered.Method, answered.Reason = "BYE", reasonText(e.Status, e.Cause)
		return append(steps, answered)
	default:
		asked.Method, asked.Reason = "BYE", reasonText(e.Status, e.Cause)
		return append(steps, asked)
	}
}

// reasonText is a Reason header (RFC 3326 §2), empty where there was none.
func reasonText(status uint16, cause int) string {
	text := ""
	if status != 0 {
		text = "SIP;cause=" + strconv.Itoa(int(status))
	}
	if cause >= 0 {
		if text != "" {
			text += ", "
		}
		text += "Q.850;cause=" + strconv.Itoa(cause)
	}
	return text
}
