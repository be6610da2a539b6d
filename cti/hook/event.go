package hook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ErrEvent is returned for a body that is no event.
var ErrEvent = errors.New("hook: no event")

// Kind is what an event tells.
type Kind uint8

// The kinds of events.
const (
	Unknown Kind = iota
	Started
	Ringing
	Answered
	Held
	Retrieved
	Ended
	Linked
	Noted
)

// types are the CloudEvents types of the kinds.
var types = [...]string{
	Unknown: "", Started: "ringback.call.started", Ringing: "ringback.call.ringing", Answered: "ringback.call.answered",
	Held: "ringback.call.held", Retrieved: "ringback.call.retrieved", Ended: "ringback.call.ended",
	Linked: "ringback.call.linked", Noted: "ringback.call.noted",
}

// String is the kind as its CloudEvents type.
func (k Kind) String() string { return types[min(int(k), len(types)-1)] }

// Event is what happened to one call. What was not told is empty.
type Event struct {
	ID   string // of the event, unique for its sender; empty where it has none
	Kind Kind
	At   time.Time // zero: now

	Call     string // the PBX's name for the call
	Parent   string // of the call that this one continues
	CallID   string // SIP Call-ID
	Outgoing bool
	Directed bool // Outgoing was told
	From, To string
	Withheld bool     // From is not to be shown
	Agents   []string // whose phones ring, or who answered: extensions, ids of the directory or numbers

	ByCallee bool // who ended it
	Cause    int  // Q.850, -1 where none was told
	Status   int  // SIP, 0 where none was told

	Fact, Note     string // of Noted
	Caller, Callee string // of Linked: SIP Call-IDs
}

// Bounds of what a sender may send.
const (
	maxBody   = 64 << 10
	maxText   = 256
	maxAgents = 64
	maxBatch  = 100
)

// Parse reads the events of a body, by its media type; header gives the others for CloudEvents in binary
// mode. An error is ErrEvent.
func Parse(contentType string, header func(string) string, body []byte) ([]Event, error) {
	if len(body) > maxBody {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrEvent, len(body))
	}
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "application/cloudevents+json":
		var x cloudEvent
		if err := json.Unmarshal(body, &x); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEvent, err)
		}
		return x.events()
	case kind == "application/cloudevents-batch+json":
		var all []cloudEvent
		if err := json.Unmarshal(body, &all); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEvent, err)
		}
		return batch(all)
	case header("Ce-Specversion") != "": // binary mode (CloudEvents HTTP binding 1.0.2 §3.1)
		return (&cloudEvent{
			Version: header("Ce-Specversion"), ID: header("Ce-Id"), Source: header("Ce-Source"), Type: header("Ce-Type"),
			Time: header("Ce-Time"), Data: body,
		}).events()
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEvent, err)
		}
		return generic(form)
	case kind == "application/json", kind == "":
		form, err := flatten(body)
		if err != nil {
			return nil, err
		}
		return generic(form)
	}
	return nil, fmt.Errorf("%w: the type %q is none of application/x-www-form-urlencoded, application/json and application/cloudevents+json", ErrEvent, cut(kind))
}

// flatten reads a JSON object as a form: values are texts, numbers, or lists of them.
func flatten(body []byte) (url.Values, error) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	form := url.Values{}
	for k, v := range object {
		switch v := v.(type) {
		case string:
			form.Add(k, v)
		case float64:
			form.Add(k, fmt.Sprintf("%.0f", v))
		case []any:
			for _, x := range v {
				if s, ok := x.(string); ok {
					form.Add(k, s)
				}
			}
		}
	}
	return form, nil
}

// cut bounds a text.
func cut(s string) string { return s[:min(len(s), maxText)] }
