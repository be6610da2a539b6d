package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/web"
)

// seen is what the demo prints; once it has said all of something the demo is stopped.
type seen struct {
	bytes.Buffer
	until []string
	stop  func()
}

func (s *seen) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if !slices.ContainsFunc(s.until, func(want string) bool { return !strings.Contains(s.String(), want) }) {
		s.stop()
	}
	return n, err
}

// TestTheDemoHoldsItsPromiseAndLeavesNothing plays for real until a case is open, and then sends everybody home.
func TestTheDemoHoldsItsPromiseAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // for a busy machine; it takes seconds
	defer cancel()
	out := &seen{until: []string{"gives up after", "CASE      opened: "}, stop: cancel}
	if err := Run(ctx, Options{Seed: 9, Out: out, Version: "test"}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"+44 7700 900001 rings ", "gives up after", "CASE      opened: ", "exactly one case",
		"  API      http://127.0.0.1:", "/v1/events", "/metrics",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing says %q in\n%s", want, out)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are colours where none were asked for")
	}
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range left {
		t.Errorf("%s was left behind", x.Name())
	}
}

func TestADemoTooShortToShowAnythingSaysSo(t *testing.T) {
	if err := Run(t.Context(), Options{For: time.Second, Out: io.Discard}); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("got %v", err)
	}
}

// TestTheLedgerSeesABrokenPromise tells it of calls and cases that do not fit, one fault each.
func TestTheLedgerSeesABrokenPromise(t *testing.T) {
	set := newStage()
	anna, sales := set.agents[0], set.services[0]
	const customer = "+447700900001"
	began := time.Now()
	missed := simulate.Happening{
		At: began, Kind: simulate.HungUp, Call: 1, CallID: "a", Customer: customer, Service: sales,
		Verdict: sip.Missed, Reason: sip.AbandonedWaiting, Waited: 4 * time.Second,
	}
	event := func(kind, callID string) []byte {
		return asJSON(t, web.CaseEvent{Type: "case", Event: kind, List: "sales", Number: customer, CallIDs: []string{callID}})
	}
	open := []web.Case{{List: "sales", Number: customer, State: "open"}}
	hint := simulate.Shown{At: began.Add(time.Second), Text: "Callback " + customer}

	for _, c := range []struct {
		name  string
		tell  func(l *ledger)
		open  []web.Case
		fault string // "" for none
	}{
		{"all is well", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
		}, open, ""},
		{"a visitor works on a case", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
			l.event("case", asJSON(t, web.CaseEvent{Type: "case", Event: "closed", List: "sales", Number: customer, Agent: "anna"}))
		}, nil, ""},
		{"a visitor makes a case", func(l *ledger) {
			l.event("case", asJSON(t, web.CaseEvent{Type: "case", Event: "opened", List: "sales", Number: customer, Agent: "anna"}))
		}, open, ""},
		{"no case", func(l *ledger) { l.played(missed) }, nil, "is owed a call by sales, and no case says so"},
		{"a case for nothing", func(l *ledger) { l.event("case", event("opened", "b")) }, nil, "for no call that was missed"},
		{"a case for a mistake", func(l *ledger) {
			short := missed
			short.Short = true
			l.played(short)
			l.event("case", event("opened", "a"))
		}, nil, "for no call that was missed"},
		{"a case that stays", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
			l.played(simulate.Happening{At: began, Kind: simulate.Dialled, CallID: "b", Customer: customer, Service: sales, Agent: anna, Outbound: true})
			l.shown(anna, hint)
		}, open, "has an open case on sales, and is owed nothing"},
		{"two cases", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
		}, append(open, open...), "has two open cases on sales"},
		{"no hint", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
			l.played(simulate.Happening{At: began, Kind: simulate.Alerted, CallID: "b", Customer: customer, Service: sales, Agent: anna})
		}, open, "anna's phone showed no hint"},
		{"a hint that comes", func(l *ledger) {
			l.played(missed)
			l.event("case", event("opened", "a"))
			l.played(simulate.Happening{At: began, Kind: simulate.Alerted, CallID: "b", Customer: customer, Service: sales, Agent: anna})
			l.shown(anna, hint)
		}, open, ""},
		{"a hint for nothing", func(l *ledger) { l.shown(anna, hint) }, nil, "showed a hint for nothing"},
		{"an event that is none", func(l *ledger) { l.event("case", []byte("{")) }, nil, "could not be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			l := newLedger(set, &screen{out: &out, began: began})
			c.tell(l)
			err := l.close(c.open)
			switch {
			case c.fault == "" && err != nil:
				t.Errorf("%v\n%s", err, &out)
			case c.fault != "" && (!errors.Is(err, ErrBroken) || !strings.Contains(out.String(), c.fault)):
				t.Errorf("got %v, want %q in\n%s", err, c.fault, &out)
			}
		})
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
