package web

import (
	"strings"
	"time"
	"unicode/utf8"
)

// What an agent's calendar is made of. RFC 5545 is large; a feed of events in UTC needs these few of its rules, which a
// library for reading and writing all of it would not make fewer.

// icalendar writes a calendar: lines ended by CRLF and folded at 75 octets (RFC 5545 §3.1).
type icalendar struct{ b strings.Builder }

// line writes a content line, folded so that no character is cut in two.
func (c *icalendar) line(name, value string) {
	rest := name + ":" + value
	for width := 75; len(rest) > width; width = 74 { // the blank that continues a line counts
		cut := width
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		c.b.WriteString(rest[:cut] + "\r\n ")
		rest = rest[cut:]
	}
	c.b.WriteString(rest + "\r\n")
}

// icalText takes the meaning from what has one in a text (RFC 5545 §3.3.11), and control characters out.
var icalText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func (c *icalendar) text(name, value string) {
	value = strings.ToValidUTF8(value, "\uFFFD")
	value = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, value)
	c.line(name, icalText.Replace(value))
}

// time writes a time in UTC (RFC 5545 §3.3.5, form 2).
func (c *icalendar) time(name string, t time.Time) { c.line(name, t.UTC().Format("20060102T150405Z")) }

// calendarEvent is one entry of a calendar.
type calendarEvent struct {
	id          string
	start       time.Time
	stamp       time.Time // when it was changed last
	summary     string
	description string
}

// callTakes is how long a call is shown to take.
const callTakes = 15 * time.Minute

// writeCalendar is a calendar with its events, each with an alarm at its start (RFC 5545 §3.6.1, §3.6.6).
func writeCalendar(name string, events []calendarEvent) string {
	var c icalendar
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Ringback//Scheduled calls//EN")
	c.line("METHOD", "PUBLISH")
	c.text("X-WR-CALNAME", name)
	c.line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M") // RFC 7986 §5.7
	for _, e := range events {
		c.line("BEGIN", "VEVENT")
		c.text("UID", e.id+"@ringback")
		c.time("DTSTAMP", e.stamp)
		c.time("DTSTART", e.start)
		c.time("DTEND", e.start.Add(callTakes))
		c.text("SUMMARY", e.summary)
		if e.description != "" {
			c.text("DESCRIPTION", e.description)
		}
		c.line("BEGIN", "VALARM")
		c.line("ACTION", "DISPLAY")
		c.text("DESCRIPTION", e.summary)
		c.line("TRIGGER", "PT0S")
		c.line("END", "VALARM")
		c.line("END", "VEVENT")
	}
	c.line("END", "VCALENDAR")
	return c.b.String()
}
