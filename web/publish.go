package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/sip"
)

// The kinds of events.
const (
	kindCall = "call"
	kindCase = "case"
	kindHint = "hint"
)

// CallEvent is something that happened to a call.
type CallEvent struct {
	Type   string    `json:"type" enum:"call" doc:"Always call."`
	Event  string    `json:"event" enum:"started,updated,agent_dialled,agent_ringing,agent_answered,agent_left,ended" doc:"What happened."`
	At     time.Time `json:"at" doc:"When, by the message's capture time."`
	Call   string    `json:"call" doc:"The call's id."`
	Agent  string    `json:"agent,omitempty" doc:"Of agent events: who."`
	Number string    `json:"number,omitempty" doc:"Of agent events: the external party."`
	Now    Call      `json:"now" doc:"The call as it is now."`
}

// CaseEvent is something that happened to a case.
type CaseEvent struct {
	Type    string    `json:"type" enum:"case" doc:"Always case."`
	Event   string    `json:"event" enum:"opened,miss_added,attempted,closed,reopened,calling_now,calling_over,edited,assigned,released,accepted,commented,handled,awaiting,informed,undone,erased" doc:"What happened."`
	At      time.Time `json:"at" doc:"When."`
	Case    string    `json:"case" doc:"The case's id."`
	List    string    `json:"list" doc:"Its callback list."`
	Number  string    `json:"number" doc:"The customer's number; empty when his identity is none."`
	Reason  string    `json:"reason,omitempty" doc:"Why: the reason of the miss, the attempt's result, why it closed or opened again, what was edited."`
	Agent   string    `json:"agent,omitempty" doc:"Who did it; absent for nobody."`
	Call    string    `json:"call,omitempty" doc:"The call that caused it; absent when none did."`
	CallIDs []string  `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of that call: the proof."`
	Now     Case      `json:"now" doc:"The case as it is now."`
}

// HintEvent is something that happened to a hint.
type HintEvent struct {
	Type   string    `json:"type" enum:"hint" doc:"Always hint."`
	Event  string    `json:"event" enum:"raised,confirmed,withdrawn" doc:"What happened."`
	At     time.Time `json:"at" doc:"When."`
	Agent  string    `json:"agent" doc:"Who is told."`
	Number string    `json:"number" doc:"The customer's number."`
	Case   string    `json:"case" doc:"The most urgent case."`
	Call   string    `json:"call" doc:"The call's id."`
	Now    Hint      `json:"now" doc:"The hint as it is now."`
}

// Call publishes what happened to a call. Nothing of the event is kept but a copy.
func (e *Events) Call(ev *sip.Event) {
	if e.pass() {
		return
	}
	n := &callNews{shower: e.shower}
	call, said := *ev.Call, *ev
	if ev.Kind != sip.CallEnded {
		call.Evidence = nil // it is told in the end
	}
	said.Call = &call
	n.kept.Keep(&said)
	e.publish(kindCall, cmp.Or(ev.Number, ev.Call.Caller), sizeOfCall(&call), n)
}

// callNews is that something happened to a call.
type callNews struct {
	kept   sip.Kept
	shower *shower
	once   sync.Once
	about  about
}

func (n *callNews) whom() *about {
	n.once.Do(func() { n.about = aboutCall(n.kept.Event.Call) })
	return &n.about
}

func (n *callNews) body() []byte {
	ev := &n.kept.Event
	return encode(CallEvent{
		Type:   kindCall,
		Event:  ev.Kind.String(),
		At:     ev.At,
		Call:   ev.Call.ID,
		Agent:  ev.Agent,
		Number: ev.Number.String(),
		Now:    n.shower.callOf(ev.Call, ev.Kind == sip.CallEnded),
	})
}

// aboutCall is whom a call concerns: the members of its list, and the agents who are or were on it.
func aboutCall(c *sip.Call) about {
	var a about
	if c.List != "" {
		a.lists = []string{c.List}
	}
	for _, agent := range append([]string{c.Agent, c.DialledBy}, c.Rang...) {
		if agent != "" && !slices.Contains(a.agents, agent) {
			a.agents = append(a.agents, agent)
		}
	}
	return a
}

// Case publishes a change of a case.
func (e *Events) Case(ch cases.Change) {
	if e.pass() {
		return
	}
	size := eventSize
	for _, ids := range [][]string{ch.CallIDs, ch.Case.CallIDs} {
		for _, id := range ids {
			size += 2 * len(id)
		}
	}
	e.publish(kindCase, ch.Case.Number, size, &caseNews{ch, e.shower, aboutCase(&ch.Case)})
}

// aboutCase is whom a case concerns.
func aboutCase(c *cases.Case) about {
	a := about{lists: []string{c.List}}
	if c.Personal != "" {
		a.personal = []string{c.Personal, c.CreatedBy}
	}
	return a
}

// caseNews is that something happened to a case.
type caseNews struct {
	ch     cases.Change
	shower *shower
	about  about
}

func (n *caseNews) whom() *about { return &n.about }

func (n *caseNews) body() []byte {
	ch := &n.ch
	return encode(CaseEvent{
		Type:    kindCase,
		Event:   ch.Event.String(),
		At:      ch.At,
		Case:    ch.Case.ID,
		List:    ch.Case.List,
		Number:  ch.Case.Number.String(),
		Reason:  ch.Reason,
		Agent:   ch.Agent,
		Call:    ch.Call,
		CallIDs: someOf(ch.CallIDs),
		Now:     n.shower.caseOf(&ch.Case),
	})
}

// Hint publishes what happened to a hint. Its agent is told at once.
func (e *Events) Hint(h assist.Hint) {
	if e.pass() {
		return
	}
	n := &hintNews{h, e.shower, aboutHint(&h)}
	e.put(&event{of: e, kind: kindHint, size: eventSize * (1 + len(h.Cases)), tells: h.Number, news: n}, n.about.agents)
}

// hintNews is that something happened to a hint.
type hintNews struct {
	hint   assist.Hint
	shower *shower
	about  about
}

func (n *hintNews) whom() *about { return &n.about }

func (n *hintNews) body() []byte {
	now := n.shower.hintOf(&n.hint)
	return encode(HintEvent{
		Type: kindHint, Event: now.Event, At: now.At, Agent: now.Agent, Number: now.Number, Case: now.Case, Call: now.Call, Now: now,
	})
}

// aboutHint is whom a hint concerns: its agent, and those who may see all of its cases.
func aboutHint(h *assist.Hint) about {
	a := about{agents: []string{h.Agent}}
	for i := range h.Cases {
		a.lists = append(a.lists, h.Cases[i].List)
	}
	return a
}

// eventSize is about what an event takes beside its texts, kept and as JSON.
const eventSize = 1024

// sizeOfCall is about how many bytes an event of this call keeps. A stranger chooses how long Call-IDs
// are, so they are what counts; each is kept once and once more as JSON.
func sizeOfCall(c *sip.Call) int {
	n := eventSize
	for _, id := range c.CallIDs {
		n += 2 * len(id)
	}
	for i := range c.Evidence {
		n += 2*len(c.Evidence[i].CallID) + 200
	}
	return n
}

// encode is v as JSON, nil if it cannot be, which no value of ours does.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
