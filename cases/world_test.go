package cases_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// centre is a directory for tests: three lists in one group, one apart, and the settings that differ.
const centre = `
country: FI
time_zone: Europe/Helsinki
pbxs: [{id: pbx, addresses: 192.0.2.10}]
calendars:
  - id: office
    week: [{days: mon-fri, hours: 08:00-16:00}]
    exceptions: [{date: 2026-12-07, hours: 10:00-12:00}]
services:
  - {id: hotline, list: callbacks, numbers: +35893100100}
  - {id: support, list: support, numbers: +35893100200}
  - {id: sales, list: sales, numbers: +35893100300}
  - {id: press, list: press, numbers: +35893100400}
  - {id: office, list: office, numbers: +35893100500}
lists:
  - {id: callbacks}
  - {id: support, auto_close: answered}
  - {id: sales, auto_close: off, caller_served: false, collect: [busy, dropped]}
  - {id: press, group_by_number: false}
  - {id: office, hours: office}
shared_numbers: ["+358800555*"]
`

func parse(tb testing.TB, text string) *directory.Directory {
	tb.Helper()
	f, err := directory.Parse("centre.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// world is a contact centre whose calls a test tells.
type world struct {
	t    *testing.T
	st   *store.Store
	dir  *directory.Directory
	c    *cases.Cases
	twin bool // every event is told twice
}

// ten is a Friday, 10:00 in Helsinki. Events say their times in seconds since.
var ten = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return ten.Add(time.Duration(seconds * float64(time.Second))) }

func newWorld(t *testing.T, o store.Options) *world {
	t.Helper()
	w := &world{t: t, dir: parse(t, centre)}
	w.open(o)
	t.Cleanup(func() {
		if err := w.st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) open(o store.Options) {
	w.t.Helper()
	o.InMemory = o.Dir == ""
	var err error
	if w.st, err = store.Open(o); err != nil {
		w.t.Fatal(err)
	}
	if w.c, err = cases.New(w.st, func() *directory.Directory { return w.dir }, cases.Options{RequestOf: requestOf}); err != nil {
		w.t.Fatal(err)
	}
}

// requestOf is the act of what is asked in a call.
func requestOf(callID string) string { return "asked in " + callID }

// onBoth runs a test on the disk, in memory, and with every event told twice.
func onBoth(t *testing.T, test func(*world)) {
	t.Helper()
	t.Run("disk", func(t *testing.T) { test(newWorld(t, store.Options{Dir: t.TempDir()})) })
	t.Run("memory", func(t *testing.T) { test(newWorld(t, store.Options{})) })
	t.Run("told twice", func(t *testing.T) {
		w := newWorld(t, store.Options{})
		w.twin = true
		test(w)
	})
}

// line is a change as tests write it: event, list, reason, agent.
func line(ch cases.Change) string {
	text := strings.TrimSpace(strings.Join([]string{ch.Event.String(), ch.Case.List, ch.Reason}, " "))
	if ch.Agent != "" {
		text += " by " + ch.Agent
	}
	return text
}

func lines(all []cases.Change) []string {
	var out []string
	for _, ch := range all {
		out = append(out, line(ch))
	}
	return out
}

// tell applies an event and compares the changes.
func (w *world) tell(ev *sip.Event, want ...string) []cases.Change {
	w.t.Helper()
	got, err := w.c.Apply(w.t.Context(), ev)
	if err != nil {
		w.t.Fatalf("%s of %s: %v", ev.Kind, ev.Call.ID, err)
	}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		w.t.Errorf("%s of %s (-want +got)\n%s", ev.Kind, ev.Call.ID, diff)
	}
	if w.twin && (ev.Kind == sip.CallEnded || ev.Kind == sip.AgentDialled) {
		again, err := w.c.Apply(w.t.Context(), ev)
		if err != nil || len(again) > 0 {
			w.t.Errorf("%s of %s told twice: %v, %v", ev.Kind, ev.Call.ID, lines(again), err)
		}
	}
	return got
}

const anna, maija, pekka = "101", sip.Number(358401234501), sip.Number(358401234502)

func caller(n sip.Number, change func(*sip.Call), id, service string) *sip.Call {
	list := service
	if service == "hotline" {
		list = "callbacks"
	}
	c := &sip.Call{
		ID: id, PBX: "pbx", Direction: sip.Inbound, Service: service, List: list, Caller: n, CallerID: n.String(),
		CallIDs: []string{id + "@carrier", id + "@pbx"},
	}
	if change != nil {
		change(c)
	}
	return c
}

// rings is the beginning of a service call.
func rings(id string, n sip.Number, service string, from float64) *sip.Event {
	c := caller(n, func(c *sip.Call) { c.Started, c.CallIDs = at(from), nil }, id, service)
	return &sip.Event{Kind: sip.CallStarted, At: at(from), Call: c}
}

// gone is the verdict on a service call that was not served, two seconds after its end.
func gone(id string, n sip.Number, service string, from, to float64, reason sip.Reason) *sip.Event {
	c := caller(n, func(c *sip.Call) {
		c.Started, c.Ended, c.Reason, c.Verdict = at(from), at(to), reason, sip.Missed
		if reason <= sip.OnHold {
			c.Verdict, c.Answered, c.Agent = sip.Dropped, at(from+(to-from)/2), anna
		}
		c.Evidence = []sip.Evidence{
			{At: at(from), CallID: id + "@carrier", What: "caller INVITE", Cause: -1},
			{At: at(to), CallID: id + "@carrier", What: "caller BYE", Status: 200, Cause: 16},
		}
	}, id, service)
	return &sip.Event{Kind: sip.CallEnded, At: at(to + 2), Call: c}
}

func short(ev *sip.Event) *sip.Event {
	ev.Call.Short = true
	return ev
}

// served is the verdict on a service call that was with Anna.
func served(id string, n sip.Number, service string, from, to float64) *sip.Event {
	c := caller(n, func(c *sip.Call) {
		c.Started, c.Answered, c.Ended, c.Verdict, c.Agent = at(from), at(from+1), at(to), sip.Served, anna
	}, id, service)
	return &sip.Event{Kind: sip.CallEnded, At: at(to + 2), Call: c}
}

func outgoing(id string, n sip.Number) *sip.Call {
	return &sip.Call{
		ID: id, PBX: "pbx", Direction: sip.Outbound, Callee: n, CalleeID: n.String(), CallerID: anna,
		Agent: anna, DialledBy: anna, CallIDs: []string{id + "@phone", id + "@carrier"},
	}
}

// dials is Anna's INVITE to a number.
func dials(id string, n sip.Number, from float64) *sip.Event {
	c := outgoing(id, n)
	c.Started = at(from)
	return &sip.Event{Kind: sip.AgentDialled, At: at(from), Call: c, Agent: anna, Number: n}
}

// rang is the end of Anna's call: up is when the far end answered, 0 when it did not.
func rang(id string, n sip.Number, from, up, to float64, result sip.Result) *sip.Event {
	c := outgoing(id, n)
	c.Started, c.Ended, c.Result = at(from), at(to), result
	if up > 0 {
		c.Answered = at(up)
	}
	return &sip.Event{Kind: sip.CallEnded, At: at(to + 2), Call: c}
}

// only is the one open case of a number on a list.
func (w *world) only(n sip.Number, list string) cases.Case {
	w.t.Helper()
	var found []cases.Case
	all, err := w.c.OpenByNumber(n)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.List == list {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d open cases of %s on %s", len(found), n, list)
	}
	return found[0]
}

// none checks that a number has no open case.
func (w *world) none(n sip.Number) {
	w.t.Helper()
	if all, err := w.c.OpenByNumber(n); err != nil || len(all) > 0 {
		w.t.Errorf("%s has %d open cases, %v", n, len(all), err)
	}
}

func (w *world) read(id string) cases.Case {
	w.t.Helper()
	c, err := w.c.Case(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// do does something to a case and gives the changes.
func (w *world) do(a cases.Act, d cases.Deed) ([]cases.Change, error) {
	w.t.Helper()
	done, err := w.c.Do(w.t.Context(), a, d)
	return done.Changes, err
}

// history lists the entries of a case.
func (w *world) history(id string) []string {
	w.t.Helper()
	var all []string
	for e, err := range w.c.History(id) {
		if err != nil {
			w.t.Fatal(err)
		}
		text := fmt.Sprintf("%g %s %s", e.At.Sub(ten).Seconds(), e.Event, e.Reason)
		if e.Agent != "" {
			text += " by " + e.Agent
		}
		if e.Note != "" {
			text += ": " + e.Note
		}
		all = append(all, text)
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// stored is all that the store holds, its log of changes aside.
func (w *world) stored() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	err := w.st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Range{}) {
			all[string(key)] = string(value)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}
