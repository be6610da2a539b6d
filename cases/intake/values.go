package intake

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"ringback/directory"
	"ringback/sip"
)

// numbers reads telephone numbers as people and spreadsheets write them.
type numbers struct {
	country directory.Country // empty: only numbers in full can be read
	plan    *sip.Numbering
}

func numbersOf(c directory.Country) (*numbers, error) {
	of := string(c)
	if of == "" {
		of = "FI" // any will do for numbers with a +
	}
	plan, err := sip.NewNumbering(of, nil)
	if err != nil {
		return nil, fmt.Errorf("intake: numbers of %s: %w", c, err)
	}
	return &numbers{c, plan}, nil
}

// ParseNumber reads a telephone number as people write it: in full, or in the national form of a country.
// Without a country only numbers in full are read. The error says what to mend, with the text.
func ParseNumber(text string, c directory.Country) (sip.Number, error) {
	n, err := numbersOf(c)
	if err != nil {
		return 0, err
	}
	return n.number(text)
}

// exponent is a number that a spreadsheet shortened.
var exponent = regexp.MustCompile(`^\d[.,]\d+[eE]\+?\d+$`)

// number reads one. Spreadsheets drop the 0 or the + that a number begins with; the plan puts them back.
func (n *numbers) number(cell string) (sip.Number, error) {
	text := strings.TrimPrefix(strings.TrimSpace(cell), "tel:")
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, strings.ReplaceAll(text, "(0)", ""))
	switch {
	case exponent.MatchString(text):
		return 0, fmt.Errorf("the spreadsheet shortened the number to %s; format the column as text and fill it again", text)
	case strings.IndexFunc(text, func(r rune) bool {
		return r < ' ' || !strings.ContainsRune(" \u00a0\u202f+0123456789-‐‑–./()", r)
	}) >= 0:
		return 0, fmt.Errorf("%q is no telephone number", short(text))
	case len(digits) < 5:
		return 0, fmt.Errorf("%q is too short to be a telephone number", short(text))
	}
	international := strings.HasPrefix(digits, "+") || strings.HasPrefix(digits, "00")
	if n.country == "" && !international {
		return 0, fmt.Errorf("%q has no + and country code, and neither the list nor the directory says of which country it is", short(text))
	}
	switch number := n.plan.Parse([]byte(digits), nil); {
	case number != 0:
		return number, nil
	case international:
		return 0, fmt.Errorf("%q is no number anybody can have; check its digits", short(text))
	}
	return 0, fmt.Errorf("%q is no number in %s; write it in full, or with + and country code", short(text), n.country)
}

// short is a cell as far as a message shows it.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// errTime is what is said of a cell that is no time.
var errTime = errors.New("is no date or time; write it as 2026-11-20 or 2026-11-20 14:30")

// layouts of times, in the order in which they are tried. Days come before months but in the United
// States.
var (
	layouts         = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006 15.04", "2.1.2006 klo 15.04", "2.1.2006 klo 15:04", "2/1/2006 15:04", "2/1/2006 15:04:05"}
	dateLayouts     = []string{"2006-01-02", "2.1.2006", "2/1/2006", "2006/01/02", "20060102"}
	layoutsUS       = []string{"1/2/2006 15:04", "1/2/2006 15:04:05", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM"}
	dateLayoutsUS   = []string{"1/2/2006"}
	earliest, later = 2000, 2200
)

// timeOf reads a time in a zone; day says that it is a day without a time of day.
func timeOf(cell string, country directory.Country, zone *time.Location) (t time.Time, day bool, err error) {
	cell = strings.TrimSpace(cell)
	if t, err := time.Parse(time.RFC3339, cell); err == nil {
		return between(t, false)
	}
	times, dates := layouts, dateLayouts
	if country == "US" {
		times, dates = append(layoutsUS, layouts...), append(dateLayoutsUS, dateLayouts...)
	}
	for _, l := range times {
		if t, err := time.ParseInLocation(l, cell, zone); err == nil {
			return between(t, false)
		}
	}
	for _, l := range dates {
		if t, err := time.ParseInLocation(l, cell, zone); err == nil {
			return between(t, true)
		}
	}
	return time.Time{}, false, fmt.Errorf("%q %w", short(cell), errTime)
}

func between(t time.Time, day bool) (time.Time, bool, error) {
	if t.Year() < earliest || t.Year() > later {
		return t, day, fmt.Errorf("the year %d cannot be meant", t.Year())
	}
	return t, day, nil
}
