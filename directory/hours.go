package directory

import (
	"iter"
	"math"
	"slices"
	"time"
)

// Hours are the opening hours of a list, compiled: which instants are open, and arithmetic in
// opening time. A nil *Hours and the zero Hours are always open, their days are days of UTC.
// Hours are immutable and may be used by any number of goroutines.
//
// Ranges are written in local wall-clock time and mean instants: a range that starts or ends in an
// hour the clocks skip starts or ends at the moment they jump; in an hour that the clocks repeat it
// starts at the first and ends at the second. So a night of 25 hours open around the clock has 25
// hours of opening time, and one of 23 has 23.
type Hours struct {
	zone   *time.Location
	week   [7][]span // by time.Weekday; all empty: always open
	dates  []dated   // exceptions of certain dates, sorted, never overlapping
	yearly map[monthDay][]span
}

// span is a range of local wall-clock time in minutes after the midnight its day begins with. It may
// end on the next day, at most 24 hours after it began.
type span struct{ from, to int32 }

// day is a calendar date as the number of days since 1970-01-01.
type day int64

// dated are the hours of every date from first to last, instead of the week's.
type dated struct {
	first, last day
	spans       []span
}

// monthDay is a date of every year, as month*32 + day.
type monthDay int16

// opening is one range as instants, in Unix seconds, with the date it is written under.
type opening struct {
	day        day
	start, end int64
}

const (
	secondsPerDay = 86400

	// horizon ends every search for opening time. Parse refuses calendars that stay closed for more
	// than a year, so only absurd durations reach it.
	horizon = 100 * 366

	// widestOffset exceeds every offset from UTC the time zone database has ever held, in seconds.
	widestOffset = 16 * 3600
)

var wholeDay = []span{{0, 24 * 60}}

// Location is the time zone the hours are written in.
func (h *Hours) Location() *time.Location {
	if h == nil || h.zone == nil {
		return time.UTC
	}
	return h.zone
}

// Always says whether the hours never close.
func (h *Hours) Always() bool {
	if h == nil {
		return true
	}
	for _, spans := range h.week {
		if len(spans) > 0 {
			return false
		}
	}
	return true
}

// Open says whether the list is open at t. A range holds its first instant and not its last.
func (h *Hours) Open(t time.Time) bool {
	if h.Always() {
		return true
	}
	now, today := t.Unix(), h.dayOf(t)
	for o := range h.openings(today-2, today+1) {
		if o.start > now {
			break
		}
		if now < o.end {
			return true
		}
	}
	return false
}

// NextOpen is the first instant not before t at which the list is open.
func (h *Hours) NextOpen(t time.Time) time.Time { return h.Add(t, 0) }

// Add gives the instant at which d of opening time has passed since t; a negative d counts as 0. The
// instant is one at which the list is open: when d ends exactly at closing time, it is the next
// opening. It looks no further than a hundred years ahead.
func (h *Hours) Add(t time.Time, d time.Duration) time.Time {
	d = max(d, 0)
	if h.Always() {
		return t.Add(d)
	}
	today := h.dayOf(t)
	for o := range h.openings(today-2, today+horizon) {
		if start := time.Unix(o.start, 0); t.Before(start) {
			t = start.In(t.Location())
		}
		left := time.Unix(o.end, 0).Sub(t)
		if left > d {
			return t.Add(d)
		}
		if left > 0 {
			d -= left
			t = t.Add(left)
		}
	}
	return t
}

// EndOfOpeningDay is the moment the list closes for the day on the n-th opening day after the day of
// t; n below 1 counts as 1. An opening day is a local date on which some range begins, and it ends
// when the last of its ranges does, even past midnight, and not before the opening days before it: their
// last range may reach beyond a short day of exception. The day of t is the opening day whose range t
// lies in, and the local date of t when the list is closed.
//
// With Monday to Friday 08:00–16:00 and n = 3, a Friday noon, a Friday night and a Saturday all give
// the Wednesday at 16:00. Where it never closes, days end at local midnight.
func (h *Hours) EndOfOpeningDay(t time.Time, n int) time.Time {
	now, today := t.Unix(), h.dayOf(t)
	own := today
	for o := range h.openings(today-2, today+1) {
		if o.start <= now && now < o.end {
			own = o.day
		}
	}
	var last day
	end, days := int64(math.MinInt64), 0
	for o := range h.openings(own+1, own+horizon) {
		if days == 0 || o.day != last {
			if days >= max(n, 1) {
				break
			}
			days, last = days+1, o.day
		}
		end = max(end, o.end)
	}
	if days == 0 {
		return t
	}
	return time.Unix(end, 0).In(t.Location())
}

// dayOf is the local date of t.
func (h *Hours) dayOf(t time.Time) day {
	y, m, d := t.In(h.Location()).Date()
	return dayOfDate(y, m, d)
}

func dayOfDate(y int, m time.Month, d int) day {
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

func (d day) date() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// openings yields the ranges of the dates from first to last by their start. Ranges of one date do
// not overlap, but the last of one may reach into the next.
func (h *Hours) openings(first, last day) iter.Seq[opening] {
	zone := h.Location()
	return func(yield func(opening) bool) {
		for d := first; d <= last; d++ {
			for _, s := range h.spans(d) {
				midnight := int64(d) * secondsPerDay
				start, _ := instants(zone, midnight+int64(s.from)*60)
				_, end := instants(zone, midnight+int64(s.to)*60)
				if start < end && !yield(opening{d, start, end}) {
					return
				}
			}
		}
	}
}

// spans are the ranges that begin on d: of the exception for that very date, else of the exception
// for that date of every year, else of the week.
func (h *Hours) spans(d day) []span {
	if h.Always() {
		return wholeDay
	}
	if i, found := slices.BinarySearchFunc(h.dates, d, func(x dated, d day) int {
		switch {
		case x.last < d:
			return -1
		case x.first > d:
			return 1
		}
		return 0
	}); found {
		return h.dates[i].spans
	}
	if len(h.yearly) > 0 {
		_, m, dom := d.date().Date()
		if spans, ok := h.yearly[monthDayOf(m, dom)]; ok {
			return spans
		}
	}
	return h.week[((int(d)+4)%7+7)%7] // 1970-01-01 was a Thursday
}

// instants gives the first and the last instant at which the clocks of zone show wall (local time
// written as Unix seconds). They differ in an hour that is repeated; for one that is skipped, both
// are the moment the clocks jump over it.
func instants(zone *time.Location, wall int64) (first, last int64) {
	found := false
	for t := time.Unix(wall-widestOffset, 0).In(zone); ; {
		_, offset := t.Zone()
		from, to := t.ZoneBounds()
		at := wall - int64(offset)
		if !from.IsZero() && at < from.Unix() {
			if !found {
				first, last = from.Unix(), from.Unix()
			}
			return first, last
		}
		if to.IsZero() || at < to.Unix() {
			if !found {
				first, found = at, true
			}
			last = at
		}
		if to.IsZero() || to.Unix() > wall+widestOffset {
			return first, last
		}
		t = to
	}
}
