package directory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// hours compiles one calendar written in YAML through the front door.
func hours(t *testing.T, zone, calendar string) *Hours {
	t.Helper()
	text := "time_zone: " + zone + "\ncalendars:\n  - id: c\n    " + strings.ReplaceAll(strings.TrimSpace(calendar), "\n", "\n    ") +
		"\nlists: [{id: l, hours: c}]\n"
	f, err := Parse("calendar.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := d.List("l")
	return l.Hours
}

func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	if when, err := time.Parse(time.RFC3339, text); err == nil {
		return when.In(loc)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

const (
	helsinki = "Europe/Helsinki"
	office   = `
week:
  - {days: mon-fri, hours: [08:00-12:00, 13:00-16:00]}
exceptions:
  - {date: 12-24..12-26, name: Christmas}
  - {date: 2026-12-31, hours: 08:00-12:00}
  - {date: 2026-05-01}
`
	night = `
week:
  - {days: mon-fri, hours: 22:00-06:00}
`
	clock = `
week:
  - {days: mon-sun, hours: 00:00-24:00}
`
)

func TestListIsOpenInItsRanges(t *testing.T) {
	for _, c := range []struct {
		name, zone, calendar, at string
		want                     bool
	}{
		{"in the morning", helsinki, office, "2026-11-20 09:00", true},
		{"the first instant belongs to a range", helsinki, office, "2026-11-20 08:00", true},
		{"the last does not", helsinki, office, "2026-11-20 16:00", false},
		{"closed at lunch", helsinki, office, "2026-11-20 12:30", false},
		{"closed on Saturday", helsinki, office, "2026-11-21 09:00", false},
		{"closed on a date of one year", helsinki, office, "2026-05-01 09:00", false},
		{"open on that date in another year", helsinki, office, "2028-05-01 09:00", true},
		{"closed in a range of dates of every year", helsinki, office, "2031-12-26 09:00", false},
		{"special hours of a date", helsinki, office, "2026-12-31 11:59", true},
		{"which end early", helsinki, office, "2026-12-31 13:30", false},
		{"past midnight the range of the day before lasts", helsinki, night, "2026-11-21 05:59", true},
		{"and ends", helsinki, night, "2026-11-21 06:00", false},
		{"no range began on Sunday", helsinki, night, "2026-11-23 05:00", false},
		{"the first of two 03:30", helsinki, night, "2026-10-25T03:30:00+03:00", false},
		{"zones are minded", "America/New_York", office, "2026-11-20T13:30:00Z", true},
		{"in a zone of its own offset", "Asia/Kathmandu", office, "2026-11-20T02:15:00Z", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := hours(t, c.zone, c.calendar).Open(at(t, c.zone, c.at)); got != c.want {
				t.Errorf("Open(%s) = %v, want %v", c.at, got, c.want)
			}
		})
	}
}

func TestOpeningTimeIsAddedAcrossNightsHolidaysAndClockChanges(t *testing.T) {
	const sunday = "week: [{days: sun, hours: 00:00-24:00}]"
	for _, c := range []struct {
		name, zone, calendar, at string
		add                      time.Duration
		want                     string
	}{
		{"within a range", helsinki, office, "2026-11-20 09:00", time.Hour, "2026-11-20 10:00"},
		{"over lunch", helsinki, office, "2026-11-20 11:30", time.Hour, "2026-11-20 13:30"},
		{"over the weekend", helsinki, office, "2026-11-20 15:30", time.Hour, "2026-11-23 08:30"},
		{"from a closed time", helsinki, office, "2026-11-21 15:30", time.Hour, "2026-11-23 09:00"},
		{"ending at closing time is the next opening", helsinki, office, "2026-11-20 15:00", time.Hour, "2026-11-23 08:00"},
		{"over Christmas", helsinki, office, "2026-12-23 15:30", time.Hour, "2026-12-28 08:30"},
		{"nothing, while open", helsinki, office, "2026-11-20 09:00", 0, "2026-11-20 09:00"},
		{"nothing, while closed", helsinki, office, "2026-11-20 07:00", 0, "2026-11-20 08:00"},
		{"less than nothing counts as nothing", helsinki, office, "2026-11-20 07:00", -time.Hour, "2026-11-20 08:00"},
		{"over midnight", helsinki, night, "2026-11-20 23:00", 2 * time.Hour, "2026-11-21 01:00"},
		{"a night of 23 hours", helsinki, sunday, "2026-03-29 00:00", 22 * time.Hour, "2026-03-29 23:00"},
		{"a day of 25 hours", helsinki, sunday, "2026-10-25 00:00", 24 * time.Hour, "2026-10-25 23:00"},
		{"into the hour that is repeated", helsinki, sunday, "2026-10-25 02:00", 90 * time.Minute, "2026-10-25T03:30:00+03:00"},
		{"and through it", helsinki, sunday, "2026-10-25 02:00", 150 * time.Minute, "2026-10-25T03:30:00+02:00"},
		{"a range that begins in the skipped hour", helsinki, "week: [{days: sun, hours: 03:30-05:00}]", "2026-03-29 00:00", time.Minute, "2026-03-29T04:01:00+03:00"},
		{"a range within the skipped hour never opens", helsinki, "week: [{days: sun, hours: 03:10-03:50}]", "2026-03-29 00:00", 0, "2026-04-05 03:10"},
		{"a range that ends in the repeated hour ends at its second", helsinki, "week: [{days: sun, hours: 02:00-03:30}]", "2026-10-25 02:00", 2 * time.Hour, "2026-10-25T03:00:00+02:00"},
		{"midnight that does not exist", "America/Santiago", clock, "2026-09-05 23:00", 2 * time.Hour, "2026-09-06T02:00:00-03:00"},
		{"a date that does not exist", "Pacific/Apia", "week: [{days: fri, hours: 08:00-16:00}]", "2011-12-29 12:00", time.Hour, "2012-01-06 09:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := hours(t, c.zone, c.calendar).Add(at(t, c.zone, c.at), c.add), at(t, c.zone, c.want)
			if !got.Equal(want) {
				t.Errorf("Add(%s, %s) = %s, want %s", c.at, c.add, got, want)
			}
		})
	}
}

func TestOpeningDaysEndWhenTheirLastRangeDoes(t *testing.T) {
	for _, c := range []struct {
		name, zone, calendar, at string
		n                        int
		want                     string
	}{
		{"three days from a Friday noon", helsinki, office, "2026-11-20 12:00", 3, "2026-11-25 16:00"},
		{"from Friday night", helsinki, office, "2026-11-20 20:00", 3, "2026-11-25 16:00"},
		{"from Friday before opening", helsinki, office, "2026-11-20 06:00", 3, "2026-11-25 16:00"},
		{"from Saturday", helsinki, office, "2026-11-21 12:00", 3, "2026-11-25 16:00"},
		{"from Monday", helsinki, office, "2026-11-23 12:00", 1, "2026-11-24 16:00"},
		{"holidays do not count", helsinki, office, "2026-12-23 12:00", 1, "2026-12-28 16:00"},
		{"a short day counts, and ends early", helsinki, office, "2026-12-30 12:00", 1, "2026-12-31 12:00"},
		{"less than one day is one", helsinki, office, "2026-11-23 12:00", -7, "2026-11-24 16:00"},
		{"a night belongs to the day it began on", helsinki, night, "2026-11-20 03:00", 1, "2026-11-21 06:00"},
		{"open around the clock, days end at midnight", helsinki, clock, "2026-11-20 12:00", 3, "2026-11-24 00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := hours(t, c.zone, c.calendar).EndOfOpeningDay(at(t, c.zone, c.at), c.n), at(t, c.zone, c.want)
			if !got.Equal(want) {
				t.Errorf("EndOfOpeningDay(%s, %d) = %s, want %s", c.at, c.n, got, want)
			}
		})
	}
}

func TestHoursThatNeverCloseCountEveryInstant(t *testing.T) {
	var zero *Hours
	f, err := Parse("", []byte("time_zone: Europe/Helsinki\nlists: [{id: l}]"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := d.List("l")
	now := at(t, helsinki, "2026-11-20 23:30")
	for name, h := range map[string]*Hours{"nil": zero, "zero": {}, "list without hours": l.Hours} {
		if !h.Always() || !h.Open(now) || !h.NextOpen(now).Equal(now) || !h.Add(now, time.Hour).Equal(now.Add(time.Hour)) {
			t.Errorf("%s: not open at every instant", name)
		}
	}
	if got, want := l.Hours.EndOfOpeningDay(now, 1), at(t, helsinki, "2026-11-22 00:00"); !got.Equal(want) {
		t.Errorf("a list without hours ends its days at %s, want %s: midnight where the file says it is", got, want)
	}
	if got, want := zero.EndOfOpeningDay(now, 1), at(t, "UTC", "2026-11-22 00:00"); !got.Equal(want) {
		t.Errorf("nil hours end their days at %s, want %s", got, want)
	}
}

// randomCalendar has ranges and exceptions of all kinds.
func randomCalendar(r *rand.Rand) Calendar {
	zones := []string{helsinki, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Atlantic/Azores", "UTC", "Africa/Casablanca", "Pacific/Apia"}
	c := Calendar{ID: "c", TimeZone: zones[r.IntN(len(zones))]}
	days := Days(1 + r.IntN(127))
	from := r.IntN(12 * 60)
	to := from + 1 + r.IntN(11*60)
	c.Week = append(c.Week, WeekHours{days, []Range{{from, to}}})
	switch r.IntN(3) {
	case 0:
		c.Week[0].Hours = append(c.Week[0].Hours, Range{to, min(to+1+r.IntN(600), minutesPerDay)})
	case 1: // past midnight, up to where the next day begins
		start := to + 1 + r.IntN(minutesPerDay-to-1)
		c.Week[0].Hours = append(c.Week[0].Hours, Range{start, min(minutesPerDay+from, start+minutesPerDay)})
	}
	for year := 2025; year < 2028; year++ {
		first := Date{year, time.Month(1 + r.IntN(12)), 1 + r.IntN(28)}
		e := DateHours{Date: Dates{first, first}}
		if r.IntN(2) == 0 {
			e.Hours = []Range{{60, 60 + 1 + r.IntN(1000)}}
		}
		c.Exceptions = append(c.Exceptions, e)
	}
	c.Exceptions = append(c.Exceptions, DateHours{Date: Dates{Date{0, time.Month(1 + r.IntN(12)), 1}, Date{0, time.Month(1 + r.IntN(12)), 28}}})
	if r.IntN(2) == 0 {
		c.Exceptions[len(c.Exceptions)-1].Hours = []Range{{0, minutesPerDay}}
	}
	return c
}

func TestOpeningTimeHoldsItsLaws(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	checked := 0
	for range 50 {
		c := randomCalendar(r)
		f := &File{Calendars: []Calendar{c}, Lists: []ListEntry{{ID: "l", Hours: "c", Policy: DefaultPolicy()}}}
		d, err := New(f)
		if err != nil {
			continue // closed for too long
		}
		checked++
		l, _ := d.List("l")
		h := l.Hours
		for range 4 {
			u := time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(3 * 366 * 24 * time.Hour))))
			if r.IntN(3) == 0 {
				u = u.Truncate(time.Hour)
			}
			checkLaws(t, h, u, time.Duration(r.Int64N(int64(20*time.Hour))), time.Duration(r.Int64N(int64(20*time.Hour))))
			if t.Failed() {
				t.Fatalf("seed %d, calendar:\n%s", seed, Format(f))
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d calendars of 50 opened at all", checked)
	}
}

func checkLaws(t *testing.T, h *Hours, u time.Time, a, b time.Duration) {
	t.Helper()
	sum, steps := h.Add(u, a+b), h.Add(h.Add(u, a), b)
	if !sum.Equal(steps) {
		t.Errorf("Add(%s, %s+%s) = %s, in two steps %s", u, a, b, sum, steps)
	}
	if sum.Before(u.Add(a + b)) {
		t.Errorf("Add(%s, %s) = %s, which is too soon", u, a+b, sum)
	}
	if !h.Open(sum) {
		t.Errorf("Add(%s, %s) = %s, which is closed", u, a+b, sum)
	}
	if v := u.Add(b); h.Add(v, a).Before(h.Add(u, a)) {
		t.Errorf("Add(%s, %s) is before that of the earlier %s", v, a, u)
	}
	if next := h.NextOpen(u); h.Open(u) != next.Equal(u) {
		t.Errorf("Open(%s) = %v, but it next opens at %s", u, h.Open(u), next)
	}
	if passed := opened(h, u, sum); passed != a+b {
		t.Errorf("between %s and Add(%s) = %s it is open for %s", u, a+b, sum, passed)
	}
	one, two := h.EndOfOpeningDay(u, 1), h.EndOfOpeningDay(u, 2)
	if !u.Before(one) || !one.Before(two) && !one.Equal(two) {
		t.Errorf("opening days after %s end at %s and %s", u, one, two)
	}
	if h.Open(one.Add(-1)) == false {
		t.Errorf("it is closed just before %s, where an opening day ends", one)
	}
}

// opened counts opening time the slow way: minute by minute.
func opened(h *Hours, from, to time.Time) time.Duration {
	total := time.Duration(0)
	for t := from; t.Before(to); {
		next := t.Truncate(time.Minute).Add(time.Minute)
		if next.After(to) {
			next = to
		}
		if h.Open(t) {
			total += next.Sub(t)
		}
		t = next
	}
	return total
}

func TestSearchForOpeningTimeEnds(t *testing.T) {
	h := hours(t, "UTC", "week: [{days: mon, hours: 08:00-08:01}]")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := h.Add(start, 1<<62); got.Year() < 2120 || got.Year() > 2130 {
		t.Errorf("an absurd duration ends in %d, want about a hundred years on", got.Year())
	}
	for _, far := range []time.Time{{}, time.Unix(-1<<60, 0), time.Unix(1<<60, 0), time.Unix(1<<62, 0)} {
		_ = h.Add(far, time.Hour)
		_ = h.EndOfOpeningDay(far, 3)
		_ = h.Open(far)
	}
}

func BenchmarkDueAndExpiry(b *testing.B) {
	c := Calendar{ID: "c", TimeZone: helsinki, Week: []WeekHours{{Days: 0b11111, Hours: []Range{{480, 960}}}}}
	for i := range 200 { // years of holidays
		d := Date{2020 + i/20, time.Month(1 + i%12), 1 + i%28}
		c.Exceptions = append(c.Exceptions, DateHours{Date: Dates{d, d}, Name: fmt.Sprint(i)})
	}
	h := c.compile("UTC")
	at := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		h.Add(at, time.Hour)
		h.EndOfOpeningDay(at, 3)
	}
}

func TestShortDayEndsNotBeforeTheNightBeforeIt(t *testing.T) {
	h := hours(t, "UTC", "week: [{days: wed-fri, hours: [10:00-16:00, 23:00-10:00]}]\nexceptions: [{date: 2026-10-15, hours: 01:00-03:00}]")
	monday := time.Date(2026, 10, 12, 11, 0, 0, 0, time.UTC)
	want := time.Date(2026, 10, 15, 10, 0, 0, 0, time.UTC)
	for n := 1; n <= 2; n++ {
		if got := h.EndOfOpeningDay(monday, n); !got.Equal(want) {
			t.Errorf("opening day %d ends at %s, want %s", n, got, want)
		}
	}
}
