package directory

import (
	"cmp"
	"slices"
	"time"
	_ "time/tzdata" // calendars mean the same on machines without a time zone database
)

// compile makes hours of a calendar that has been checked; zone is that of calendars without one.
func (c *Calendar) compile(zone string) *Hours {
	if c.TimeZone != "" {
		zone = c.TimeZone
	}
	h := &Hours{zone: loadZone(zone)}
	for _, w := range c.Week {
		for i := range dayNames {
			if w.Days&(1<<i) != 0 {
				weekday := time.Weekday((i + 1) % 7)
				h.week[weekday] = sortedSpans(append(h.week[weekday], spansOf(w.Hours)...))
			}
		}
	}
	for _, e := range c.Exceptions {
		spans := sortedSpans(spansOf(e.Hours))
		if e.Date.First.Year != 0 {
			h.dates = append(h.dates, dated{e.Date.First.number(), e.Date.Last.number(), spans})
			continue
		}
		if h.yearly == nil {
			h.yearly = make(map[monthDay][]span)
		}
		for d := range e.Date.ofEveryYear {
			h.yearly[d] = spans
		}
	}
	slices.SortFunc(h.dates, func(a, b dated) int { return cmp.Compare(a.first, b.first) })
	return h
}

func loadZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

func spansOf(ranges []Range) []span {
	spans := make([]span, 0, len(ranges))
	for _, r := range ranges {
		spans = append(spans, span{int32(r.From), int32(r.To)})
	}
	return spans
}

func sortedSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return spans
}

// longestClosed is the longest time in days that a calendar may be closed on end.
const longestClosed = 366

// closedTooLong finds dates after which the calendar does not open for more than a year.
func (h *Hours) closedTooLong() (from day, found bool) {
	for _, e := range h.dates {
		if len(e.spans) == 0 && e.first >= from {
			if from = h.nextOpeningDay(e.first); from-e.first > longestClosed {
				return e.first, true
			}
		}
	}
	// Yearly exceptions close a whole year only together, in the same way every 28 years.
	if len(h.yearly) >= 52 {
		start := dayOfDate(2000, 1, 1)
		if len(h.dates) > 0 {
			start = max(start, h.dates[len(h.dates)-1].last+1)
		}
		for d := start; d < start+28*366; d = max(d+1, h.nextOpeningDay(d)) {
			if h.nextOpeningDay(d)-d > longestClosed {
				return d, true
			}
		}
	}
	return 0, false
}

// nextOpeningDay is the first day from d on with hours, looking a little over a year ahead.
func (h *Hours) nextOpeningDay(d day) day {
	end := d + longestClosed + 1
	for d < end && len(h.spans(d)) == 0 {
		d++
	}
	return d
}
