package app

import "time"

// moment is a time as pages show it.
type moment struct {
	ISO  string // for machines
	Text string // near: how far; else the day or the date
	Full string // with all there is
	Late bool   // of a due time: past, or today
}

// day is the days that two times are apart in a zone: 0 the same, 1 tomorrow.
func day(now, t time.Time, zone *time.Location) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(t).Sub(date(now)) / (24 * time.Hour))
}

// moment shows a time: near now by how far it is, today by the clock, else by day.
func (v *visit) moment(t time.Time) moment {
	t = t.In(v.zone)
	m := moment{ISO: t.UTC().Format(time.RFC3339), Full: v.fullTime(t)}
	clock := t.Format(v.say("3:04 PM"))
	switch d := day(v.now, t, v.zone); {
	case d == 0:
		m.Text = v.today(t, clock)
	case d == -1:
		m.Text = v.say("yesterday %s", clock)
	case d == 1:
		m.Text = v.say("tomorrow %s", clock)
	case d > 1 && d < 7, d < -1 && d > -7:
		m.Text = v.say(t.Format("Mon")) + " " + clock
	case t.Year() == v.now.In(v.zone).Year():
		m.Text = t.Format(v.say("Jan 2")) + " " + clock
	default:
		m.Text = t.Format(v.say("Jan 2, 2006"))
	}
	return m
}

// today shows a time of today.
func (v *visit) today(t time.Time, clock string) string {
	switch d := t.Sub(v.now); {
	case d > -time.Minute && d < time.Minute:
		return v.say("now")
	case d < 0 && d > -time.Hour:
		return v.say("%d min ago", int(-d/time.Minute))
	case d > 0 && d < time.Hour:
		return v.say("in %d min", int(d/time.Minute))
	}
	return clock
}

// due shows a due time, which is late today and earlier.
func (v *visit) due(t time.Time) moment {
	m := v.moment(t)
	m.Late = day(v.now, t, v.zone) <= 0
	return m
}

// maybe shows a time that may be absent.
func (v *visit) maybe(t *time.Time) *moment {
	if t == nil || t.IsZero() {
		return nil
	}
	m := v.moment(*t)
	return &m
}

// fullTime is a time with weekday, date, clock and zone.
func (v *visit) fullTime(t time.Time) string {
	t = t.In(v.zone)
	return v.say(t.Format("Mon")) + " " + t.Format(v.say("Jan 2, 2006")) + " " + t.Format(v.say("3:04 PM")) + " " + t.Format("MST")
}

// span is how long something lasted, for people.
func (v *visit) span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return v.say("%d s", int(d/time.Second))
	case d < time.Hour:
		return v.say("%d min %d s", int(d/time.Minute), int(d%time.Minute/time.Second))
	case d < 48*time.Hour:
		return v.say("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return v.say("%d days", int(d/(24*time.Hour)))
}

// zoneName is the zone as others know it; empty when it has no name but here.
func (v *visit) zoneName() string {
	if name := v.zone.String(); name != "Local" {
		return name
	}
	return ""
}
