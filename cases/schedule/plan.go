package schedule

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"ringback/directory/audit"
	"ringback/sip"
)

// Mode is what happens when a scheduled call is due.
type Mode string

// The modes.
const (
	Remind Mode = "remind" // its agent is told
	Dial   Mode = "dial"   // his device is rung and joined with the customer
	Offer  Mode = "offer"  // the case is offered to its agent or, without one, to all who are active on the list
)

// State is how far a scheduled call is.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Due       State = "due"       // handed out; Outcome says what came of it
	Cancelled State = "cancelled" // by a person, or by another plan for the case
)

// Outcome is what came of a scheduled call that was due.
type Outcome string

// The outcomes. What is refused is told to the agent with the reason.
const (
	NoOutcome   Outcome = ""            // not yet
	Reminded    Outcome = "reminded"    // its agent was told
	Offered     Outcome = "offered"     // the case was offered
	Dialled     Outcome = "dialled"     // his device was rung
	Refused     Outcome = "refused"     // the rules, or the device, stood against it
	TooLate     Outcome = "too_late"    // nothing ran when it was due: nobody is dialled then, its agent is told
	Over        Outcome = "over"        // the case was closed, or is to be called later
	Interrupted Outcome = "interrupted" // the process ended in the midst of it
)

// Plan is one scheduled call.
type Plan struct {
	ID string
	Draft
	Created time.Time
	By      audit.Who // who scheduled it

	State   State
	Ended   time.Time // when it was handed out or cancelled
	Outcome Outcome
	Reason  string // of Refused: the rule, as cases/maycall names it, or why no device could be rung
}

// Draft is a call to be scheduled.
type Draft struct {
	Case   string // its id
	List   string
	Number sip.Number // to be called instead of the case's; 0: that
	Agent  string     // who calls; only Offer may do without
	Device string     // of his: an extension or an AOR; empty: whichever he uses
	At     time.Time
	Zone   string // the customer's time zone, by its IANA name, in which the time was agreed
	Mode   Mode
	Note   string
	PIN    bool // who scheduled it gave the PIN that the number needs
}

// Errors of this package.
var (
	// ErrNotFound is returned for a plan that there is none of.
	ErrNotFound = errors.New("schedule: not found")
	// ErrPast is returned for a time that is over, or hardly in the future.
	ErrPast = errors.New("schedule: the time is over")
	// ErrInput is wrapped by what is wrong with a plan.
	ErrInput = errors.New("schedule: this cannot be scheduled")
	// ErrNotWaiting is returned when a plan to be cancelled is due or cancelled already.
	ErrNotWaiting = errors.New("schedule: it no longer waits")
)

// What a plan holds at most, in bytes, and how far ahead one is.
const (
	maxNote  = 2000
	maxWord  = 256
	farthest = 366 * 24 * time.Hour
)

// check looks at what can be seen without the store.
func (d *Draft) check(now time.Time) error {
	if d.Zone != "" {
		if _, err := time.LoadLocation(d.Zone); err != nil || d.Zone == "Local" {
			return fmt.Errorf("%w: there is no time zone of this name", ErrInput)
		}
	}
	switch {
	case !d.At.After(now):
		return ErrPast
	case d.At.Sub(now) > farthest:
		return fmt.Errorf("%w: it is more than a year ahead", ErrInput)
	case d.Mode != Remind && d.Mode != Dial && d.Mode != Offer:
		return fmt.Errorf("%w: there is no mode %q", ErrInput, d.Mode)
	case d.Agent == "" && d.Mode != Offer:
		return fmt.Errorf("%w: somebody has to call", ErrInput)
	case d.Case == "":
		return fmt.Errorf("%w: it is for no case", ErrInput)
	case len(d.Note) > maxNote || !utf8.ValidString(d.Note):
		return fmt.Errorf("%w: a note has at most %d bytes", ErrInput, maxNote)
	}
	for _, word := range []string{d.Case, d.List, d.Agent, d.Device} {
		if len(word) > maxWord || !utf8.ValidString(word) {
			return fmt.Errorf("%w: a name is too long", ErrInput)
		}
	}
	return nil
}
