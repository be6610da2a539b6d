package directory

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

func TestDefaultsAreThoseOfTheDomain(t *testing.T) {
	want := Policy{
		DueAfter: 60 * time.Minute, ExpireAfter: 3, AutoClose: AutoCloseDialled, AnsweredAfter: 10 * time.Second,
		ReopenWithin: 30 * time.Minute, UndoWithin: 10 * time.Minute, CallerServed: true, GroupByNumber: true, ShortPair: 10 * time.Minute,
		AttemptsPerCase: 3, AttemptsPerDay: 3, Hint: DefaultHint,
		ClaimFor: 10 * time.Minute, OfferFor: 30 * time.Second, PersonalFallback: 4 * time.Hour,
		Handling: []HandlingStatus{
			{ID: "closed_successfully", Name: "Closed successfully", Terminal: true, Success: true, CountsAsAttempt: true},
			{ID: "closed_unsuccessfully", Name: "Closed unsuccessfully", Terminal: true, CountsAsAttempt: true},
			{ID: "busy", Name: "Busy", CountsAsAttempt: true, RetryAfter: []time.Duration{5 * time.Minute}},
			{ID: "no_answer", Name: "No answer", CountsAsAttempt: true, RetryAfter: []time.Duration{30 * time.Minute, 2 * time.Hour}},
			{ID: "wrong_number", Name: "Wrong number", Terminal: true, CountsAsAttempt: true},
			{ID: "call_later", Name: "Call later", AsksTime: true},
		},
	}
	got := DefaultPolicy()
	for r := sip.Outage; r <= sip.Failed; r++ {
		if !got.Collect.Has(r) {
			t.Errorf("reason %d makes no case", r)
		}
	}
	for _, r := range []sip.Reason{sip.ReasonNone, sip.StillLive, sip.UnknownEnd} {
		if got.Collect.Has(r) {
			t.Errorf("reason %d, of calls without verdict, makes a case", r)
		}
	}
	got.Collect = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s, ok := got.Status("no_answer"); !ok || s.Name != "No answer" {
		t.Errorf("Status(no_answer) = %+v, %v", s, ok)
	}
	if s, ok := got.Status("none"); ok {
		t.Errorf("Status(none) = %+v", s)
	}
}

func TestReasonsAreCalledAsPackageSIPDoes(t *testing.T) {
	for _, n := range reasonNames {
		if n.reason.String() != n.name {
			t.Errorf("the file calls %s %s", n.reason, n.name)
		}
	}
}

func TestHintIsWrittenFromItsFields(t *testing.T) {
	fields := map[string]string{"number": "+358401234567", "list": "Callbacks", "misses": "2", "age": "14 min", "note": "asked\r\nfor Anna"}
	value := func(name string) string { return fields[name] }
	for text, want := range map[string]string{
		DefaultHint:                      "Callback +358401234567 on Callbacks: missed 2x, 14 min ago, note: asked for Anna",
		"plain":                          "plain",
		"":                               "",
		"[{name}]{number}[ of {list}]":   "+358401234567 of Callbacks",
		"[a {name} b {number} c]":        "",
		`\[{misses}\] \{x\} \\`:          `[2] {x} \`,
		"{number":                        "{number",
		"[{number}":                      "",
		"[x {number}] [y {name}] {list}": "x +358401234567  Callbacks",
	} {
		if got := ExpandHint(text, value); got != want {
			t.Errorf("ExpandHint(%q) = %q, want %q", text, got, want)
		}
	}
	if err := checkHint(DefaultHint); err != nil {
		t.Errorf("the default hint: %v", err)
	}
}
