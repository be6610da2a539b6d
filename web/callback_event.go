package web

import (
	"time"

	"ringback/cases/callback"
)

const kindCallback = "callback"

// CallbackEvent is that a callback call has come further.
type CallbackEvent struct {
	Type  string       `json:"type" enum:"callback" doc:"Always callback."`
	Event string       `json:"event" enum:"queued,device,announcing,dialling,ringing,connected,over" doc:"How far it is."`
	At    time.Time    `json:"at" doc:"When."`
	Case  string       `json:"case" doc:"The case's id."`
	Agent string       `json:"agent" doc:"Whose it is."`
	Now   CallbackCall `json:"now" doc:"The call as it is now."`
}

// Callback publishes how a callback call is: to its agent at once, and to all who see the list.
func (e *Events) Callback(c *callback.Call, at time.Time) {
	if e.pass() {
		return
	}
	call := *c
	e.announce(kindCallback, c.Number, about{lists: []string{c.List}, agents: []string{c.Agent}}, func() any {
		return CallbackEvent{Type: kindCallback, Event: string(call.State), At: at, Case: call.Case, Agent: call.Agent, Now: callbackOf(&call)}
	})
}
