package app

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// planView is the form that schedules a call.
type planView struct {
	caseView
	Devices []string // his own
	Device  string
	Date    string
	Time    string
	Zone    string // the customer's, in which the time is
	Zones   []string
	Mode    string
	Note    string
	Least   string   // the earliest date
	Refused string   // why a time was not taken
	Next    *moment  // the next one that is
	Planned *planned // what is scheduled already
}

// planned is a call that is scheduled.
type planned struct {
	web.ScheduledCall

	Title string // the customer
	When  moment
	There string // the time where the customer is, where that is another
	How   string
	Came  string // what came of it; empty: it waits
}

const (
	dateOnly = "2006-01-02"
	timeOnly = "15:04"
)

// schedulePage is the form, filled with the next time at which the customer may be called, or with the one that the
// address names.
func schedulePage(v *visit) error {
	page, err := v.plan()
	if err != nil {
		return err
	}
	at := v.now.Add(time.Hour).Round(15 * time.Minute)
	m, err := v.api.MayCall(v.ctx(), page.Case.ID, at)
	if err != nil {
		return err
	}
	if m.Verdict == "blocked" && m.Next != nil {
		at = *m.Next
	}
	if named, err := time.Parse(time.RFC3339, v.r.FormValue("at")); err == nil {
		at = named
	}
	page.Mode = "remind"
	page.in(m.Zones)
	page.at(at)
	return v.show(http.StatusOK, "schedule", page)
}

// plan is the form without a time.
func (v *visit) plan() (planView, error) {
	c, view, err := v.readCase("schedule")
	if err != nil {
		return planView{}, err
	}
	view.Title = v.say("Schedule a call")
	page := planView{caseView: view, Devices: v.me.Devices, Zone: v.zone.String(), Least: v.now.In(v.zone).AddDate(0, 0, -1).Format(dateOnly)}
	page.in([]string{page.Zone, v.app.o.Zone.String()})
	all, err := v.api.CaseSchedule(v.ctx(), c.ID)
	for i := range all {
		if all[i].State == "waiting" {
			p := v.planned(&all[i], view.Row.Title)
			page.Planned = &p
		}
	}
	return page, err
}

// in puts time zones first, the first of them as the chosen one.
func (p *planView) in(zones []string) {
	all := append(slices.Clone(zones), p.Zones...)
	p.Zones = nil
	for _, z := range all {
		if !slices.Contains(p.Zones, z) {
			p.Zones = append(p.Zones, z)
		}
	}
	p.Zone = p.Zones[0]
}

// at fills in a time, as it is where the customer is.
func (p *planView) at(t time.Time) {
	if zone, err := time.LoadLocation(p.Zone); err == nil {
		t = t.In(zone)
	}
	p.Date, p.Time = t.Format(dateOnly), t.Format(timeOnly)
}

// scheduleCall schedules a call. A time that is refused is answered with the form, with the next one in it.
func scheduleCall(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	f := v.r.PostForm
	b := web.ScheduleBody{Mode: f.Get("mode"), Device: f.Get("device")}
	b.Note = strings.TrimSpace(f.Get("note"))
	if b.Mode == "offer" {
		b.Device = "" // it is nobody's yet
	}
	var made web.ScheduledCall
	zone, wrong := v.customerZone(f.Get("zone"))
	if wrong == "" {
		b.Zone = zone.String()
		b.At, wrong = v.timeIn(zone, f.Get("date"), f.Get("time"))
	}
	id := v.r.PathValue("id")
	var next *time.Time
	if wrong == "" {
		var err error
		made, err = v.api.ScheduleCall(v.ctx(), id, b)
		problem, ok := errors.AsType[*client.Error](err)
		if err != nil && (!ok || problem.MayCall == nil && problem.Status != http.StatusUnprocessableEntity && problem.Code != "no_device") {
			return err
		}
		if ok {
			wrong, next = v.refused(problem)
		}
	}
	if wrong != "" {
		return v.planAgain(f, wrong, next)
	}
	v.tell(told{Text: v.say("Call scheduled: %s", v.moment(made.At).Text)})
	return v.back("/cases/" + url.PathEscape(id))
}

// refused is why a call is not scheduled so, and when it could be.
func (v *visit) refused(p *client.Error) (why string, next *time.Time) {
	if p.MayCall == nil {
		return v.problem(p), nil
	}
	next = p.MayCall.Next
	if p.Code == "past" {
		if next == nil && p.MayCall.Verdict != "blocked" {
			next = &p.MayCall.At
		}
		return v.say("This time is over."), next
	}
	m := v.may(p.MayCall)
	return strings.Join(m.Reasons, " "), next
}

// planAgain shows the form as it was filled in, with what is wrong with it.
func (v *visit) planAgain(f url.Values, wrong string, next *time.Time) error {
	page, err := v.plan()
	if err != nil {
		return err
	}
	page.Mode, page.Device, page.Note, page.Date, page.Time = f.Get("mode"), f.Get("device"), f.Get("note"), f.Get("date"), f.Get("time")
	page.in([]string{f.Get("zone")})
	page.Refused, page.Next = wrong, v.maybe(next)
	if next != nil {
		page.at(next.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)) // the form has no seconds
	}
	return v.again("schedule", page)
}

// customerZone is the time zone of a name, or what is wrong with that.
func (v *visit) customerZone(name string) (zone *time.Location, wrong string) {
	zone, err := time.LoadLocation(strings.TrimSpace(name))
	if err != nil || name == "" || name == "Local" {
		return nil, v.say("There is no time zone of this name.")
	}
	return zone, ""
}

// timeIn is a time by the clocks of a zone. One that they skip is none.
func (v *visit) timeIn(zone *time.Location, date, clock string) (t time.Time, wrong string) {
	text := date + "T" + clock
	t, err := time.ParseInLocation(dateTime, text, zone)
	switch {
	case err != nil:
		return t, v.say("Choose a date and a time.")
	case t.Format(dateTime) != text:
		return t, v.say("Clocks skip this time in that time zone.")
	}
	return t, ""
}

// planned shows a scheduled call.
func (v *visit) planned(s *web.ScheduledCall, title string) planned {
	p := planned{ScheduledCall: *s, Title: title, When: v.moment(s.At), How: cmp.Or(v.named(modes, s.Mode), s.Mode), Came: v.cameOf(s)}
	if zone, err := time.LoadLocation(s.Zone); err == nil && s.Zone != "" {
		if there := s.At.In(zone); there.Format(dateTime) != s.At.In(v.zone).Format(dateTime) {
			p.There = v.say("%s in %s", there.Format(v.say("3:04 PM")), s.Zone)
		}
	}
	return p
}

// cameOf is what came of a scheduled call, in words.
func (v *visit) cameOf(s *web.ScheduledCall) string {
	switch {
	case s.State == "cancelled":
		return v.say("Cancelled")
	case s.Outcome == "refused":
		return v.say("Refused: %s", cmp.Or(v.named(rules, s.Reason), v.named(refusals, s.Reason), s.Reason))
	}
	return cmp.Or(v.named(outcomes, s.Outcome), s.Outcome)
}

// plansView are the calls that are scheduled for oneself.
type plansView struct {
	head
	Waiting []planned
	Past    []planned
	Address string // of the calendar, just made
}

func plansPage(v *visit) error { return v.showPlans("") }

func (v *visit) showPlans(address string) error {
	all, err := v.api.Schedule(v.ctx(), "", v.now.AddDate(0, 0, -7), time.Time{})
	if err != nil {
		return err
	}
	page := plansView{head: v.head(v.say("Scheduled calls"), "more"), Address: address}
	for i := range all {
		title := numberText(all[i].Number)
		if c, err := v.api.Case(v.ctx(), all[i].Case); err == nil {
			title, _ = v.customer(&c.Case)
		}
		if p := v.planned(&all[i], title); all[i].State == "waiting" {
			page.Waiting = append(page.Waiting, p)
		} else {
			page.Past = append(page.Past, p)
		}
	}
	slices.Reverse(page.Past)
	return v.show(http.StatusOK, "plans", page)
}

func cancelPlan(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.api.CancelCall(v.ctx(), v.r.PathValue("id")); err != nil {
		return err
	}
	v.tell(told{Text: v.say("Cancelled")})
	return v.back("/schedule")
}

// changeCalendar makes the address of one's calendar, which is shown once, or takes it away.
func changeCalendar(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if v.r.PostFormValue("do") == "drop" {
		if err := v.api.DropCalendar(v.ctx()); err != nil {
			return err
		}
		v.tell(told{Text: v.say("The address of your calendar opens nothing any more")})
		return v.goTo("/schedule")
	}
	path, err := v.api.MakeCalendar(v.ctx())
	if err != nil {
		return err
	}
	return v.showPlans(v.server() + path)
}
