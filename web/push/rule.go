package push

import (
	"slices"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/people"
)

// Kind is what a notice is about.
type Kind string

// The kinds.
const (
	NewCase Kind = "case" // a customer is to be called back
	Hint    Kind = "hint" // the person is on a call with a customer who has a case
	Due     Kind = "due"  // a case of the person's is due
	Trial   Kind = "test" // nothing: he wanted to see whether it works
)

// Why says what became of a notice, as logs, metrics and tests name it.
type Why string

// Why a person is told, or not.
const (
	Told       Why = "told"
	NotEnabled Why = "not_enabled" // the list does not want it
	NotActive  Why = "not_active"  // he is no member of the list, or not active on it
	Muted      Why = "muted"       // he does not want to hear of it
	Quiet      Why = "quiet"       // it is one of his quiet hours
	Over       Why = "over"        // the case is closed, or no longer what the notice says
	Assigned   Why = "assigned"    // somebody has the case
	Own        Why = "own"         // he made the case himself
	Personal   Why = "personal"    // the case is meant for somebody else
)

// Person is who may be told.
type Person struct {
	ID     string
	Active []string // the lists he works on and is active on
	Notify people.Notify
}

// Decide says whether a person is told of a case, on its list, at a moment (docs/app.md).
// due is when the case of a Due notice was to be called.
func Decide(k Kind, c *cases.Case, l *directory.List, p *Person, due, now time.Time) Why {
	switch {
	case l == nil || !l.Policy.Notifications:
		return NotEnabled
	case c.State != cases.Open:
		return Over
	case k == Due && (c.Assignee != p.ID || !c.Due.Equal(due) || c.Due.After(now)):
		return Over
	case k == NewCase && c.Assignee != "":
		return Assigned
	case k == NewCase && c.CreatedBy == p.ID:
		return Own
	case k == NewCase && c.Personal != "" && c.Personal != p.ID:
		return Personal
	case k == NewCase && !slices.Contains(p.Active, l.ID):
		return NotActive
	}
	return p.wants(k, l.ID, now)
}

// DecideHint says whether a person is told of a hint for him. Lists have no say: it is about a call he is in.
func DecideHint(p *Person, now time.Time) Why { return p.wants(Hint, "", now) }

func (p *Person) wants(k Kind, list string, now time.Time) Why {
	switch n := &p.Notify; {
	case k == NewCase && slices.Contains(n.Muted, list), k == Hint && n.NoHints, k == Due && n.NoReminders:
		return Muted
	case k != Hint && n.Quiet(now): // who is on a call is awake
		return Quiet
	}
	return Told
}
