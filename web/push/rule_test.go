package push_test

import (
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/people"
	"ringback/web/push"
)

func TestWhoIsToldOfACase(t *testing.T) {
	now := time.Date(2026, 7, 1, 21, 30, 0, 0, time.UTC)
	due := now.Add(-time.Minute)
	type world struct {
		c cases.Case
		l directory.List
		p push.Person
	}
	for _, tt := range []struct {
		name   string
		kind   push.Kind
		change func(*world)
		want   push.Why
	}{
		{"a member active on the list is told of a case that nobody has", push.NewCase, func(*world) {}, push.Told},
		{"nobody before the list enables it", push.NewCase, func(w *world) { w.l.Policy.Notifications = false }, push.NotEnabled},
		{"nobody who is not active", push.NewCase, func(w *world) { w.p.Active = []string{"billing"} }, push.NotActive},
		{"nobody when somebody has it", push.NewCase, func(w *world) { w.c.Assignee = "bertil" }, push.Assigned},
		{"nor whoever has it", push.NewCase, func(w *world) { w.c.Assignee = "anna" }, push.Assigned},
		{"not of what he made himself", push.NewCase, func(w *world) { w.c.CreatedBy = "anna" }, push.Own},
		{"not of what is another's", push.NewCase, func(w *world) { w.c.Personal = "bertil" }, push.Personal},
		{"of what is his", push.NewCase, func(w *world) { w.c.Personal = "anna" }, push.Told},
		{"not of what is over", push.NewCase, func(w *world) { w.c.State = cases.Closed }, push.Over},
		{"not of a list that he muted", push.NewCase, func(w *world) { w.p.Notify.Muted = []string{"support"} }, push.Muted},
		{"not in his quiet hours", push.NewCase, func(w *world) {
			w.p.Notify.QuietFrom, w.p.Notify.QuietTo, w.p.Notify.Zone = "22:00", "07:00", "Europe/Helsinki" // 00:30 there
		}, push.Quiet},
		{"but beside them", push.NewCase, func(w *world) { w.p.Notify.QuietFrom, w.p.Notify.QuietTo = "22:00", "07:00" }, push.Told},
		{"of what is due and his", push.Due, func(w *world) { w.c.Assignee = "anna" }, push.Told},
		{"not of what is due and another's", push.Due, func(w *world) { w.c.Assignee = "bertil" }, push.Over},
		{"not when it is due later by now", push.Due, func(w *world) { w.c.Assignee, w.c.Due = "anna", now.Add(time.Hour) }, push.Over},
		{"not when he wants no reminders", push.Due, func(w *world) { w.c.Assignee, w.p.Notify.NoReminders = "anna", true }, push.Muted},
	} {
		w := world{
			cases.Case{State: cases.Open, List: "support", Due: due},
			directory.List{ID: "support", Policy: directory.Policy{Notifications: true}},
			push.Person{ID: "anna", Active: []string{"support"}},
		}
		tt.change(&w)
		if got := push.Decide(tt.kind, &w.c, &w.l, &w.p, due, now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := push.Decide(push.NewCase, &cases.Case{State: cases.Open}, nil, &push.Person{}, due, now); got != push.NotEnabled {
		t.Errorf("of a list that is gone: %s", got)
	}
	quiet := people.Notify{QuietFrom: "00:00", QuietTo: "23:59"}
	if got := push.DecideHint(&push.Person{Notify: quiet}, now); got != push.Told {
		t.Errorf("a hint in quiet hours: %s", got)
	}
	if got := push.DecideHint(&push.Person{Notify: people.Notify{NoHints: true}}, now); got != push.Muted {
		t.Errorf("a hint that is not wanted: %s", got)
	}
}

func TestQuietHoursThatAreNoneAreRefused(t *testing.T) {
	for _, n := range []people.Notify{{QuietFrom: "22:00"}, {QuietTo: "07:00"}, {QuietFrom: "24:00", QuietTo: "07:00"}, {QuietFrom: "a", QuietTo: "b"}, {Zone: "Local"}, {Zone: "Mars"}} {
		if n.Check() == nil {
			t.Errorf("%+v", n)
		}
	}
	for _, n := range []people.Notify{{}, {QuietFrom: "22:00", QuietTo: "07:00"}, {QuietFrom: "12:00", QuietTo: "13:00", Zone: "Europe/Helsinki"}, {Zone: "Europe/Helsinki"}} {
		if err := n.Check(); err != nil {
			t.Error(err)
		}
	}
}
