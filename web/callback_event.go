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
	news := &callbackNews{call: *c, at: at, about: about{lists: []string{c.List}, agents: []string{c.Agent}}}
	e.put(&event{of: e, kind: kindCallback, size: eventSize, tells: c.Number, news: news}, news.about.agents)
}

// callbackNews is that a callback call has come further.
type callbackNews struct {
	call  callback.Call
	at    time.Time
	about about
}

func (n *callbackNews) whom() *about { return &n.about }

func (n *callbackNews) body() []byte {
	return encode(CallbackEvent{Type: kindCallback, Event: string(n.call.State), At: n.at, Case: n.call.Case, Agent: n.call.Agent, Now: callbackOf(&n.call)})
}
