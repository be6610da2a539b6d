package assist

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ringback/directory"
)

// MaxText is how long the text of a hint may be, in characters. Desk phones show little more, and a
// request with it fits into a datagram whatever the script.
const MaxText = 160

// Text is the line that a phone shows for a hint: the text of the list of its first case, filled in.
func Text(d *directory.Directory, h *Hint) string {
	text, zone := directory.DefaultHint, time.UTC
	if l, ok := d.List(h.Cases[0].List); ok {
		text, zone = l.Policy.Hint, l.Hours.Location()
	}
	return line(directory.ExpandHint(text, func(field string) string { return fieldOf(d, h, zone, field) }))
}

// fieldOf is what a hint says of one field of directory.HintFields; nothing for what is not known.
func fieldOf(d *directory.Directory, h *Hint, zone *time.Location, field string) string {
	first := &h.Cases[0]
	switch field {
	case "number":
		return h.Number.String()
	case "name":
		return h.Customer()
	case "list":
		return listNames(d, h)
	case "service":
		if s, ok := d.Service(first.Service); ok {
			return s.Name
		}
	case "misses":
		return fmt.Sprint(h.Misses())
	case "age":
		return age(h.At.Sub(h.Since()))
	case "due":
		return clock(first.Due, h.At, zone)
	case "reason":
		return strings.ReplaceAll(first.Reason.String(), "_", " ")
	case "note":
		return h.Note
	case "assignee":
		return assignees(d, h)
	}
	return ""
}

func listNames(d *directory.Directory, h *Hint) string {
	var names []string
	for i := range h.Cases {
		name := h.Cases[i].List
		if l, ok := d.List(name); ok {
			name = l.Name
		}
		names = addOnce(names, name)
	}
	return strings.Join(names, ", ")
}

// assignees are those who hold a case, but for the agent who is told.
func assignees(d *directory.Directory, h *Hint) string {
	var names []string
	for i := range h.Cases {
		id := h.Cases[i].Assignee
		if id == "" || id == h.Agent {
			continue
		}
		if a, ok := d.Agent(id); ok {
			id = a.Name
		}
		names = addOnce(names, id)
	}
	return strings.Join(names, ", ")
}

func addOnce(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// age is a span of time as a person says it.
func age(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "moments"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 36*time.Hour:
		return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d.Round(24*time.Hour)/(24*time.Hour)))
}

// clock is a time of day in the list's time zone, with its date when that is not today's.
func clock(t, now time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t, now = t.In(zone), now.In(zone)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("Mon 2 Jan 15:04")
}

// line makes one short line of a text that holds what people and phones wrote: no control characters,
// nothing that turns the direction of writing, no run of spaces, and no more than MaxText characters.
func line(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
			continue
		case r == utf8.RuneError, unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			continue
		}
		if space && n > 0 {
			b.WriteByte(' ')
			n++
		}
		b.WriteRune(r)
		n++
		space = false
	}
	if n <= MaxText {
		return b.String()
	}
	cut := []rune(b.String())[:MaxText-1]
	for len(cut) > 0 && (unicode.IsSpace(cut[len(cut)-1]) || unicode.IsMark(cut[len(cut)-1])) {
		cut = cut[:len(cut)-1]
	}
	return string(cut) + "…"
}
