package directory

import (
	"fmt"
	"strings"
	"time"
)

// Date is a calendar date; Year 0 is every year.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Dates are the dates from First to Last, both with a year or both without. Without, Last may lie
// before First: over the turn of the year.
type Dates struct{ First, Last Date }

const datesForm = "write 2026-12-24, 12-24 for every year, or 2026-07-06..2026-07-31"

// UnmarshalText reads a date or two with dots between.
func (d *Dates) UnmarshalText(text []byte) error {
	first, last, isRange := strings.Cut(string(text), "..")
	if !isRange {
		last = first
	}
	from, err := parseDate(first)
	if err != nil {
		return err
	}
	to, err := parseDate(last)
	if err != nil {
		return err
	}
	switch {
	case (from.Year == 0) != (to.Year == 0):
		return mistakef("%q has a year at one end only; %s", text, datesForm)
	case from.Year != 0 && to.number() < from.number():
		return mistakef("%q ends before it begins; write the earlier date first", text)
	}
	*d = Dates{from, to}
	return nil
}

func parseDate(s string) (Date, error) {
	s = strings.TrimSpace(s)
	layout, short := time.DateOnly, len(s) == len("12-24")
	full := s
	if short { // a leap year, so that 02-29 is a date
		full = "2000-" + s
	}
	t, err := time.Parse(layout, full)
	if err != nil {
		return Date{}, mistakef("%q is no date; %s", s, datesForm)
	}
	if t.Year() < 2000 || t.Year() >= 2200 {
		return Date{}, mistakef("%q is not of this time; the year is from 2000 to 2199", s)
	}
	d := Date{t.Year(), t.Month(), t.Day()}
	if short {
		d.Year = 0
	}
	return d, nil
}

// MarshalText writes the dates as UnmarshalText reads them.
func (d Dates) MarshalText() ([]byte, error) {
	if d.First == d.Last {
		return []byte(d.First.String()), nil
	}
	return []byte(d.First.String() + ".." + d.Last.String()), nil
}

// String is the date as 2026-12-24, or as 12-24 when it is of every year.
func (d Date) String() string {
	if d.Year == 0 {
		return fmt.Sprintf("%02d-%02d", int(d.Month), d.Day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

func (d Date) number() day { return dayOfDate(d.Year, d.Month, d.Day) }

func monthDayOf(m time.Month, d int) monthDay {
	return monthDay(int16(m)*32 + int16(d))
}

// ofEveryYear yields each date of a range without years, February 29 among them.
func (d Dates) ofEveryYear(yield func(monthDay) bool) {
	t := time.Date(2000, d.First.Month, d.First.Day, 0, 0, 0, 0, time.UTC)
	for range 366 {
		_, m, dom := t.Date()
		if !yield(monthDayOf(m, dom)) || m == d.Last.Month && dom == d.Last.Day {
			return
		}
		if t = t.AddDate(0, 0, 1); t.Year() > 2000 {
			t = t.AddDate(-1, 0, 0)
		}
	}
}
