package calling

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ringback/directory"
	"ringback/directory/audit"
)

// Kind is one of the lists.
type Kind string

// The lists.
const (
	DoNotCall Kind = "do-not-call" // customers who are not to be called
	Blocked   Kind = "blocked"     // numbers that the company does not call
	Allowed   Kind = "allowed"     // numbers that the company calls whatever else is said of them
	Personal  Kind = "personal"    // likewise, for one agent
)

// Place is a list, and whose it is.
type Place struct {
	Kind  Kind
	Agent string // of Personal; else empty
}

func (p Place) check() error {
	switch p.Kind {
	case DoNotCall, Blocked, Allowed:
		if p.Agent != "" {
			return fmt.Errorf("%w: the list %s is nobody's own", ErrInput, p.Kind)
		}
		return nil
	case Personal:
		if p.Agent == "" || len(p.Agent) > maxAgent {
			return fmt.Errorf("%w: a personal list is an agent's", ErrInput)
		}
		return nil
	}
	return ErrKind
}

// Entry is a number on a list.
type Entry struct {
	Pattern directory.Pattern // a number, or the beginning of numbers
	Note    string            // why; may be empty
	Added   time.Time
	By      audit.Who // who put it there last
}

// Draft is an entry to be put on a list.
type Draft struct {
	Pattern directory.Pattern
	Note    string
}

// Errors of this package.
var (
	// ErrNotFound is returned for an entry that is not on the list.
	ErrNotFound = errors.New("calling: not on the list")
	// ErrKind is returned for a list that there is none of.
	ErrKind = errors.New("calling: no such list")
	// ErrInput is wrapped by what is wrong with an entry or a PIN.
	ErrInput = errors.New("calling: this cannot be kept")
	// ErrCursor is returned for a cursor that no page gave.
	ErrCursor = errors.New("calling: not a cursor of this list")
	// ErrTries is returned when somebody gave wrong PINs too often, for a while.
	ErrTries = errors.New("calling: too many wrong PINs")
)

// What an entry holds at most, in bytes, and the least digits of a beginning: a whole calling code.
const (
	maxNote  = 500
	maxAgent = 64
)

// checked is the draft as it is kept.
func (d *Draft) checked(p Place) (Draft, error) {
	out := Draft{Pattern: d.Pattern, Note: strings.Join(strings.Fields(d.Note), " ")}
	switch {
	case out.Pattern.Number == 0:
		return out, fmt.Errorf("%w: an entry needs a number", ErrInput)
	case out.Pattern.Wildcard && p.Kind == DoNotCall:
		return out, fmt.Errorf("%w: the do-not-call list holds whole numbers", ErrInput)
	case len(out.Note) > maxNote || !utf8.ValidString(out.Note) || strings.ContainsFunc(out.Note, unicode.IsControl):
		return out, fmt.Errorf("%w: a note has at most %d bytes, and no control characters", ErrInput, maxNote)
	}
	return out, nil
}
