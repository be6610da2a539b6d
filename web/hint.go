package web

import (
	"slices"
	"time"

	"ringback/assist"
	"ringback/cases/voicemail"
)

// Hint tells an agent that the call he is on is with a customer who has a case.
type Hint struct {
	Event  string    `json:"event" enum:"raised,confirmed,withdrawn" doc:"Where it stands: raised when the phone rings or the agent dialled, confirmed when the call is up, withdrawn when the agent's part is over."`
	At     time.Time `json:"at" doc:"Since when."`
	Agent  string    `json:"agent" doc:"Who is told."`
	Call   string    `json:"call" doc:"The call's id."`
	Number string    `json:"number" doc:"The customer's number."`
	Name   string    `json:"name,omitempty" doc:"The customer's name: of a case, else of the contact that has the number."`
	Case   string    `json:"case" doc:"The most urgent case."`
	Cases  []string  `json:"cases" nullable:"false" doc:"All cases it tells of, the most urgent first."`
	Lists  []string  `json:"lists" nullable:"false" doc:"The callback lists of these cases."`
	Misses int       `json:"misses" doc:"How often the customer was missed, in all cases."`
	Since  time.Time `json:"since" doc:"When the oldest of the cases was opened."`

	Voicemail string `json:"voicemail" enum:"none,unheard,heard" doc:"Whether the customer left messages with these cases, and whether all of them were heard."`
}

// hintOf is a hint as the API shows it.
func (s *shower) hintOf(h *assist.Hint) Hint {
	shown := Hint{
		Event: h.Event.String(), At: h.At, Agent: h.Agent, Call: h.CallID, Number: h.Number.String(), Name: h.Customer(),
		Cases: []string{}, Lists: []string{}, Misses: h.Misses(), Voicemail: string(voicemail.None),
	}
	for i := range h.Cases {
		shown.Cases = append(shown.Cases, h.Cases[i].ID)
		if state := s.voicemailOf(h.Cases[i].ID); shown.Voicemail != string(voicemail.Unheard) && state != string(voicemail.None) {
			shown.Voicemail = state
		}
		if !slices.Contains(shown.Lists, h.Cases[i].List) {
			shown.Lists = append(shown.Lists, h.Cases[i].List)
		}
	}
	if len(h.Cases) > 0 {
		shown.Case, shown.Since = h.Cases[0].ID, h.Since()
	}
	return shown
}
