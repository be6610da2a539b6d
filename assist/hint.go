package assist

import (
	"fmt"
	"time"

	"ringback/cases"
	"ringback/sip"
)

// Event is what happened to a hint.
type Event uint8

// The events of a hint, in the order they come. After Withdrawn the same hint may be raised again: the
// agent's phone rings a second time in the call.
const (
	Raised    Event = iota + 1 // the agent's phone rings, or he dialled
	Confirmed                  // the call is up
	Withdrawn                  // the agent's part in the call is over, or he dismissed the hint
)

// String returns the event in lower case.
func (e Event) String() string {
	switch e {
	case Raised:
		return "raised"
	case Confirmed:
		return "confirmed"
	case Withdrawn:
		return "withdrawn"
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler, as String.
func (e Event) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Event) UnmarshalText(b []byte) error {
	for _, known := range []Event{Raised, Confirmed, Withdrawn} {
		if string(b) == known.String() {
			*e = known
			return nil
		}
	}
	return fmt.Errorf("assist: %q is no event of a hint", b)
}

// Key is what a hint is one of: one agent, one call, one group.
type Key struct {
	Agent  string // directory id
	CallID string // sip.Call.ID
	// Group is the id of a list whose cases stand alone, and empty for all lists that are grouped by number.
	Group string
}

// Hint says: this call matches these cases. It is a value and may be kept; nobody changes Cases.
type Hint struct {
	Key

	Event     Event
	At        time.Time // of the event
	Number    sip.Number
	Direction sip.Direction
	PBX       string // directory id of the PBX the call goes through
	Device    string // contact URI of the phone it rings at or was made with; may be empty

	Cases []cases.Case // never empty; the most urgent first
	Note  string       // the last note on the first of them
	Name  string       // the contact that has the number; empty for none
}

// Misses is how often the customer was missed, in all cases.
func (h *Hint) Misses() int {
	n := 0
	for i := range h.Cases {
		n += h.Cases[i].MissedCount
	}
	return n
}

// Customer is what to call the customer: as somebody said on a case, else as the contact is called that
// has the number; empty when nobody knows.
func (h *Hint) Customer() string {
	for i := range h.Cases {
		if name := h.Cases[i].Name; name != "" {
			return name
		}
	}
	return h.Name
}

// Since is when the oldest case was opened.
func (h *Hint) Since() time.Time {
	since := h.Cases[0].Opened
	for i := range h.Cases {
		if c := &h.Cases[i]; c.Opened.Before(since) {
			since = c.Opened
		}
	}
	return since
}
