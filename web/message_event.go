package web

import (
	"time"

	"ringback/cases"
	"ringback/cases/voicemail"
)

const kindMessage = "message"

// MessageNews is what happened to a message.
type MessageNews string

// What happens to messages.
const (
	MessageLeft    MessageNews = "left"
	MessageHeard   MessageNews = "heard"
	MessageUnheard MessageNews = "unheard"
	MessageDeleted MessageNews = "deleted"
)

// MessageEvent is that a message came, was heard or was deleted.
type MessageEvent struct {
	Type      string    `json:"type" enum:"message" doc:"Always message."`
	Event     string    `json:"event" enum:"left,heard,unheard,deleted" doc:"What happened."`
	At        time.Time `json:"at" doc:"When."`
	Case      string    `json:"case" doc:"The case's id."`
	List      string    `json:"list" doc:"Its list."`
	Number    string    `json:"number" doc:"The customer's number; empty when none is known."`
	Agent     string    `json:"agent,omitempty" doc:"Who heard or deleted it; absent for nobody, and for a program."`
	Voicemail string    `json:"voicemail" enum:"none,unheard,heard" doc:"Whether the messages of the case were heard, after this."`
	Now       Message   `json:"now" doc:"The message as it is now, or was."`
}

// Message publishes what happened to a message of a case.
func (e *Events) Message(what MessageNews, m *voicemail.Message, c *cases.Case, agent string, at time.Time) {
	if e.pass() {
		return
	}
	event := MessageEvent{
		Type: kindMessage, Event: string(what), At: at, Case: c.ID, List: c.List, Number: c.Number.String(), Agent: agent,
		Voicemail: e.shower.voicemailOf(c.ID), Now: messageOf(m),
	}
	e.publish(kindMessage, c.Number, eventSize, &announced{aboutCase(c), func() any { return event }})
}
