package hook

import (
	"fmt"
	"net/url"
	"strings"
)

// generic reads an event of the generic CTI form.
func generic(form url.Values) ([]Event, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if s := strings.TrimSpace(form.Get(n)); s != "" {
				return cut(s)
			}
		}
		return ""
	}
	e := Event{
		Call: first("callId", "call_id", "callid"), Parent: first("origCallId", "orig_call_id"), From: number(first("from")), To: number(first("to")),
		Cause: -1, ID: first("eventId", "event_id"),
	}
	if e.Call == "" {
		return nil, fmt.Errorf("%w: callId is missing", ErrEvent)
	}
	if e.Parent == e.Call {
		e.Parent = ""
	}
	switch d := strings.ToLower(first("direction")); d {
	case "in", "inbound":
		e.Directed = true
	case "out", "outbound":
		e.Directed, e.Outgoing = true, true
	case "":
	default:
		return nil, fmt.Errorf("%w: direction is %q, not in or out", ErrEvent, d)
	}
	e.Withheld = isHidden(e.From)
	names := func(keys ...string) {
		for _, k := range keys {
			for _, s := range form[k] {
				if s = number(cut(strings.TrimSpace(s))); s != "" && len(e.Agents) < maxAgents {
					e.Agents = append(e.Agents, s)
				}
			}
		}
	}
	switch event := first("event"); strings.ToLower(event) {
	case "newcall":
		e.Kind = Started
		if !e.Directed || e.From == "" || e.To == "" {
			return nil, fmt.Errorf("%w: newCall needs from, to and direction", ErrEvent)
		}
		names("user[]", "user", "userId[]", "userId")
	case "answer":
		e.Kind = Answered
		names("answeringNumber", "answering_number", "user[]", "user", "userId[]", "userId")
	case "hangup":
		e.Kind = Ended
		e.ended(first("cause"))
	default:
		return nil, fmt.Errorf("%w: event is %q, not newCall, answer or hangup", ErrEvent, event)
	}
	return []Event{e}, nil
}

// ended takes a cause in the words of the generic form.
func (e *Event) ended(cause string) {
	switch strings.ToLower(cause) {
	case "busy":
		e.ByCallee, e.Status, e.Cause = true, 486, 17
	case "noanswer":
		e.ByCallee, e.Status, e.Cause = true, 480, 19
	case "congestion":
		e.ByCallee, e.Status, e.Cause = true, 503, 34
	case "notfound":
		e.ByCallee, e.Status, e.Cause = true, 404, 1
	case "forwarded":
		e.Cause = 26 // goes on as another call
	case "normalclearing":
		e.Cause = 16
	}
}

// number reads a number as senders of the generic form write it: international, without a plus.
func number(s string) string {
	if len(s) < 8 || s[0] == '0' {
		return s
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return s
		}
	}
	return "+" + s
}

// isHidden says whether a number stands for one that is withheld.
func isHidden(s string) bool {
	switch strings.ToLower(s) {
	case "anonymous", "unknown", "private", "restricted", "withheld", "unavailable":
		return true
	}
	return false
}
