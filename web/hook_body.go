package web

import (
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/web/webhook"
)

// hookSchema is the version of the bodies below. Members are only ever added to a version; what would
// break a receiver makes the next.
const hookSchema = 1

// HookMessage is the body of every message to a webhook.
type HookMessage struct {
	Type      string    `json:"type"`      // of the event, as case.closed; says what data is
	ID        string    `json:"id"`        // of the event, as in the header webhook-id
	Timestamp time.Time `json:"timestamp"` // of the event
	Schema    int       `json:"schema"`
	Data      any       `json:"data"` // HookCase, HookHint or HookErased
}

// HookCase is the data of an event about a case.
type HookCase struct {
	Event   string `json:"event"`            // what happened, as closed
	Case    string `json:"case"`             // the case's id
	List    string `json:"list"`             // its list
	Version uint64 `json:"version"`          // of the case after the event
	Reason  string `json:"reason,omitempty"` // why
	Agent   string `json:"agent,omitempty"`  // who did it; absent for nobody
	Call    string `json:"call,omitempty"`   // the call that caused it; absent when none did
	Now     *Case  `json:"now,omitempty"`    // the case, in this version or a later one; absent once it is erased
}

// HookHint is the data of an event about a hint.
type HookHint struct {
	Event string `json:"event"` // raised, confirmed, withdrawn
	Now   Hint   `json:"now"`
}

// HookErased is the data of an event about cases that were erased before the message was delivered.
type HookErased struct {
	Cases  []string `json:"cases"`
	Erased bool     `json:"erased"` // true
}

// CaseHookType is the type of an event about a case.
func CaseHookType(e cases.ChangeEvent) string { return "case." + e.String() }

// HintHookType is the type of an event about a hint.
func HintHookType(e assist.Event) string { return "hint." + e.String() }

// testHookType is the type of a message that tells nothing but that messages arrive.
const testHookType = "webhook.test"

// HookTypes are the types of all events that webhooks can be told of.
func HookTypes() []string {
	var all []string
	for e := cases.Opened; e.String() != cases.ChangeUnknown.String(); e++ {
		all = append(all, CaseHookType(e))
	}
	for _, e := range []assist.Event{assist.Raised, assist.Confirmed, assist.Withdrawn} {
		all = append(all, HintHookType(e))
	}
	return all
}

// CaseHook is the body of a message about a change of a case; c is nil once the case is erased.
func (s *Server) CaseHook(id string, l *cases.Logged, c *cases.Case) []byte {
	data := HookCase{
		Event: l.Event.String(), Case: l.Case, List: l.List, Version: l.Version, Reason: l.Reason, Agent: l.Agent, Call: l.Call,
	}
	if c != nil {
		now := s.shower.caseOf(c)
		data.Now = &now
	}
	return encode(HookMessage{CaseHookType(l.Event), id, l.At.UTC(), hookSchema, data})
}

// HintHook is the body of a message about a hint.
func (s *Server) HintHook(id string, h *assist.Hint) []byte {
	return encode(HookMessage{HintHookType(h.Event), id, h.At.UTC(), hookSchema, HookHint{h.Event.String(), s.shower.hintOf(h)}})
}

// ErasedHook is the body that a message gets when a case it tells of is erased.
func ErasedHook(m webhook.Message) []byte {
	return encode(HookMessage{m.Type, m.ID, m.At.UTC(), hookSchema, HookErased{someOf(m.Cases), true}})
}

// testMessage is a message for trying an endpoint.
func testMessage(id string, at time.Time) webhook.Message {
	return webhook.Message{
		ID: id, Type: testHookType, At: at, Queued: at, Body: encode(HookMessage{testHookType, id, at.UTC(), hookSchema, struct{}{}}),
	}
}
