package people

import (
	"errors"
	"fmt"
	"time"
)

// Notify is what a person wants to be told of. The zero value is what everybody begins with: everything,
// at any time.
type Notify struct {
	Muted       []string `json:",omitempty"` // lists of his of whose new cases he is not told
	NoHints     bool     `json:",omitempty"` // not of a call he is in
	NoReminders bool     `json:",omitempty"` // not when a case of his is due

	QuietFrom string `json:",omitempty"` // not from this time of day on, as "22:00"; empty: at any time
	QuietTo   string `json:",omitempty"` // until this one, maybe of the next day
	Zone      string `json:",omitempty"` // in this time zone; empty: UTC
}

// ErrQuiet is returned for quiet hours that are none.
var ErrQuiet = errors.New("people: not quiet hours; write two times of day as 22:00 and a time zone as Europe/Helsinki")

// timeOfDay is how a time of day is written.
const timeOfDay = "15:04"

// Check says whether quiet hours can be used, with ErrQuiet.
func (n *Notify) Check() error {
	if n.QuietFrom == "" && n.QuietTo == "" && n.Zone == "" {
		return nil
	}
	for _, text := range []string{n.QuietFrom, n.QuietTo} {
		if _, err := time.Parse(timeOfDay, text); err != nil && (n.QuietFrom != "" || n.QuietTo != "") {
			return fmt.Errorf("%w: %q", ErrQuiet, text)
		}
	}
	if _, err := time.LoadLocation(n.Zone); err != nil || n.Zone == "Local" {
		return fmt.Errorf("%w: %q", ErrQuiet, n.Zone)
	}
	return nil
}

// Quiet says whether a moment lies in the quiet hours.
func (n *Notify) Quiet(now time.Time) bool {
	if n.QuietFrom == "" {
		return false
	}
	zone, err := time.LoadLocation(n.Zone)
	from, err2 := time.Parse(timeOfDay, n.QuietFrom)
	to, err3 := time.Parse(timeOfDay, n.QuietTo)
	if errors.Join(err, err2, err3) != nil {
		return false
	}
	at := now.In(zone)
	minute, first, last := at.Hour()*60+at.Minute(), from.Hour()*60+from.Minute(), to.Hour()*60+to.Minute()
	if first <= last {
		return first <= minute && minute < last
	}
	return minute >= first || minute < last // over midnight
}
