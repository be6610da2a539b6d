package assist

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// step is an event with what cases found for it.
type step struct {
	ev    *sip.Event
	found []cases.Case
}

func ringing(s float64, call, agent string, found ...cases.Case) step {
	return step{event(s, sip.AgentRinging, call, agent, matti), found}
}

func dialled(s float64, call, agent string, found ...cases.Case) step {
	return step{event(s, sip.AgentDialled, call, agent, matti), found}
}

func answered(s float64, call, agent string, found ...cases.Case) step {
	return step{event(s, sip.AgentAnswered, call, agent, matti), found}
}

func left(s float64, call, agent string) step {
	return step{event(s, sip.AgentLeft, call, agent, matti), nil}
}

func ended(s float64, call string) step { return step{event(s, sip.CallEnded, call, "", 0), nil} }

// TestHints has a row for every sentence of the rules.
func TestHints(t *testing.T) {
	support, billing, claims := open("S1", "support", matti), open("B1", "billing", matti), open("C1", "claims", matti)
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{
			"inbound: raised at ring, confirmed at answer, withdrawn at the end",
			[]step{ringing(1, "in", "anna", support), answered(4, "in", "anna", support), left(60, "in", "anna"), ended(62, "in")},
			"1 raised anna matti S1\n4 confirmed anna matti S1\n60 withdrawn anna matti S1\n",
		},
		{
			"outgoing: raised at the INVITE, with the case that this very call closed",
			[]step{dialled(1, "out", "anna", support), answered(9, "out", "anna", support), left(70, "out", "anna"), ended(70, "out")},
			"1 raised anna matti S1\n9 confirmed anna matti S1\n70 withdrawn anna matti S1\n",
		},
		{
			"outgoing, not answered: withdrawn at the end",
			[]step{dialled(1, "out", "anna", support), left(12, "out", "anna"), ended(12, "out")},
			"1 raised anna matti S1\n12 withdrawn anna matti S1\n",
		},
		{
			"an agent whose phone stopped ringing: withdrawn at that moment",
			[]step{ringing(1, "in", "anna", support), ringing(1, "in", "bertil", support), answered(4, "in", "bertil", support), left(4.5, "in", "anna"), left(30, "in", "bertil"), ended(32, "in")},
			"1 raised anna matti S1\n1 raised bertil matti S1\n4 confirmed bertil matti S1\n4.5 withdrawn anna matti S1\n30 withdrawn bertil matti S1\n",
		},
		{
			"the end of the call withdraws what nothing else did",
			[]step{ringing(1, "in", "anna", support), ended(9, "in")},
			"1 raised anna matti S1\n9 withdrawn anna matti S1\n",
		},
		{
			"no case, no hint",
			[]step{ringing(1, "in", "anna"), answered(4, "in", "anna"), left(9, "in", "anna"), ended(9, "in")},
			"",
		},
		{
			"only cases on lists that the agent may see",
			[]step{ringing(1, "in", "cecilia", support, billing), ringing(1, "in", "david", support, billing), ringing(1, "in", "2001", support)},
			"1 raised cecilia matti S1\n",
		},
		{
			"cases of one number on several lists are one group and one hint",
			[]step{ringing(1, "in", "anna", support, billing), answered(2, "in", "anna", support, billing), ended(9, "in")},
			"1 raised anna matti B1+S1\n2 confirmed anna matti B1+S1\n9 withdrawn anna matti B1+S1\n",
		},
		{
			"a list that is not grouped has a hint of its own",
			[]step{ringing(1, "in", "anna", support, claims), answered(2, "in", "anna", support, claims), left(9, "in", "anna")},
			"1 raised anna matti S1\n1 raised anna matti C1\n2 confirmed anna matti S1\n2 confirmed anna matti C1\n9 withdrawn anna matti S1\n9 withdrawn anna matti C1\n",
		},
		{
			"one hint per agent, call and group, however often an event comes",
			[]step{ringing(1, "in", "anna", support), ringing(1.5, "in", "anna", support), answered(2, "in", "anna", support), answered(3, "in", "anna", support), ringing(4, "in", "anna", support), left(9, "in", "anna"), left(9.5, "in", "anna"), ended(10, "in")},
			"1 raised anna matti S1\n2 confirmed anna matti S1\n9 withdrawn anna matti S1\n",
		},
		{
			"two calls, two hints",
			[]step{ringing(1, "in", "anna", support), ringing(2, "in2", "anna", support), ended(3, "in"), ended(4, "in2")},
			"1 raised anna matti S1\n2 raised anna matti S1\n3 withdrawn anna matti S1\n4 withdrawn anna matti S1\n",
		},
		{
			"the ring was not seen: raised and confirmed together",
			[]step{answered(4, "in", "anna", support), ended(9, "in")},
			"4 raised anna matti S1\n4 confirmed anna matti S1\n9 withdrawn anna matti S1\n",
		},
		{
			"the case came between ring and answer",
			[]step{ringing(1, "in", "anna"), answered(4, "in", "anna", support), ended(9, "in")},
			"4 raised anna matti S1\n4 confirmed anna matti S1\n9 withdrawn anna matti S1\n",
		},
		{
			"the queue rings the phone again: the hint comes again",
			[]step{ringing(1, "in", "anna", support), left(15, "in", "anna"), ringing(17, "in", "anna", support), answered(20, "in", "anna", support), left(30, "in", "anna")},
			"1 raised anna matti S1\n15 withdrawn anna matti S1\n17 raised anna matti S1\n20 confirmed anna matti S1\n30 withdrawn anna matti S1\n",
		},
		{
			"and not when its case was closed meanwhile",
			[]step{ringing(1, "in", "anna", support), left(15, "in", "anna"), ringing(17, "in", "anna"), answered(20, "in", "anna"), left(30, "in", "anna")},
			"1 raised anna matti S1\n15 withdrawn anna matti S1\n",
		},
		{
			"a case that is closed during the call changes nothing",
			[]step{ringing(1, "in", "anna", support), answered(4, "in", "anna"), left(30, "in", "anna")},
			"1 raised anna matti S1\n4 confirmed anna matti S1\n30 withdrawn anna matti S1\n",
		},
		{
			"another case during the call is no second hint",
			[]step{ringing(1, "in", "anna", support), answered(4, "in", "anna", support, billing), left(30, "in", "anna")},
			"1 raised anna matti S1\n4 confirmed anna matti S1\n30 withdrawn anna matti S1\n",
		},
		{
			"a transfer gives the next agent his hint",
			[]step{ringing(1, "in", "anna", support), answered(4, "in", "anna", support), ringing(10, "in", "bertil", support), left(11, "in", "anna"), answered(12, "in", "bertil", support), ended(20, "in")},
			"1 raised anna matti S1\n4 confirmed anna matti S1\n10 raised bertil matti S1\n11 withdrawn anna matti S1\n12 confirmed bertil matti S1\n20 withdrawn bertil matti S1\n",
		},
		{
			"equal last digits are shown by nobody and match nothing",
			[]step{ringing(1, "in", "anna", open("S9", "support", almost))},
			"",
		},
		{
			"a withheld number matches nothing",
			[]step{{event(1, sip.AgentRinging, "in", "anna", 0), []cases.Case{open("S0", "support", 0)}}, {event(2, sip.AgentAnswered, "in", "anna", 0), nil}, ended(3, "in")},
			"",
		},
		{
			"a number that becomes known at the answer",
			[]step{{event(1, sip.AgentRinging, "in", "anna", 0), nil}, answered(4, "in", "anna", support), ended(9, "in")},
			"4 raised anna matti S1\n4 confirmed anna matti S1\n9 withdrawn anna matti S1\n",
		},
		{
			"the agent is given another customer in the same call",
			[]step{answered(1, "in", "anna", support), {event(5, sip.AgentAnswered, "in", "anna", teppo), []cases.Case{open("S2", "support", teppo)}}, ended(9, "in")},
			"1 raised anna matti S1\n1 confirmed anna matti S1\n5 withdrawn anna matti S1\n5 raised anna teppo S2\n5 confirmed anna teppo S2\n9 withdrawn anna teppo S2\n",
		},
		{
			"an agent whom nobody can name",
			[]step{ringing(1, "in", "", support), dialled(2, "out", "", support), ended(3, "in"), ended(3, "out")},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAssist(t, Options{})
			var got []Hint
			for _, s := range tt.steps {
				got = append(got, a.Handle(s.ev, s.found)...)
			}
			if diff := cmp.Diff(tt.want, story(got)); diff != "" {
				t.Errorf("hints (-want +got):\n%s", diff)
			}
			for _, s := range tt.steps {
				got = append(got, a.Handle(event(100, sip.CallEnded, s.ev.Call.ID, "", 0), nil)...)
			}
			if s := a.Stats(); s.Calls != 0 || s.Parts != 0 || len(a.numbers)+busyAgents(a) != 0 {
				t.Errorf("after the end of all calls: %+v, %d numbers, %d agents", s, len(a.numbers), busyAgents(a))
			}
			if story(a.Live("")) != "" {
				t.Errorf("after the end of all calls: %s", story(a.Live("")))
			}
		})
	}
}

func TestTheMostUrgentCaseIsFirst(t *testing.T) {
	later, sooner, older := open("later", "support", matti), open("sooner", "billing", matti), open("older", "support", matti)
	sooner.Due = at(-60)
	older.Opened = at(-7200)
	a := newAssist(t, Options{})
	h := a.Handle(event(1, sip.AgentRinging, "in", "anna", matti), []cases.Case{later, sooner, older})
	if got := story(h); got != "1 raised anna matti sooner+older+later\n" {
		t.Error(got)
	}
	if got, want := h[0].Since(), at(-7200); !got.Equal(want) || h[0].Misses() != 6 {
		t.Errorf("since %v, %d misses", got, h[0].Misses())
	}
}

func TestHintBringsTheLastNote(t *testing.T) {
	a := newAssist(t, Options{Note: func(id string) string { return "note on " + id }})
	found := []cases.Case{open("S1", "support", matti)}
	for _, h := range append(a.Handle(event(1, sip.AgentAnswered, "in", "anna", matti), found), a.Live("anna")...) {
		if h.Note != "note on S1" {
			t.Errorf("%v: %q", h.Event, h.Note)
		}
	}
}

func TestHintBringsTheContactsName(t *testing.T) {
	a := newAssist(t, Options{Name: func(n sip.Number) string { return "name of " + n.String() }})
	found := []cases.Case{open("S1", "support", matti)}
	for _, h := range append(a.Handle(event(1, sip.AgentAnswered, "in", "anna", matti), found), a.Live("anna")...) {
		if h.Name != "name of +358401234567" {
			t.Errorf("%v: %q", h.Event, h.Name)
		}
	}
}

func TestWhoMaySeeAListIsToldOfItsCasesMemberOrNot(t *testing.T) {
	d := newDirectory(t, strings.NewReplacer(
		"{id: david, extensions: \"104\"}", "{id: david, extensions: \"104\", roles: [agent, admin]}",
		"name: Billing,", "name: Billing, readers: cecilia,",
	).Replace(centre))
	a := New(Options{Directory: func() *directory.Directory { return d }})
	b := []cases.Case{open("B1", "billing", matti)}
	for _, agent := range []string{"cecilia", "david"} {
		if h := a.Handle(event(1, sip.AgentRinging, "to "+agent, agent, matti), b); len(h) != 1 {
			t.Errorf("%s is told of %d hints", agent, len(h))
		}
	}
}

func TestDismissedHintDoesNotComeAgainInThatCall(t *testing.T) {
	s := open("S1", "support", matti)
	a := newAssist(t, Options{})
	h := a.Handle(event(1, sip.AgentRinging, "in", "anna", matti), []cases.Case{s})
	if len(h) != 1 {
		t.Fatal("no hint")
	}
	if got := story(a.Dismiss(h[0].Key, at(2))); got != "2 withdrawn anna matti S1\n" {
		t.Errorf("dismissed: %q", got)
	}
	if a.Dismiss(h[0].Key, at(2.5)) != nil || a.Dismiss(Key{Agent: "anna", CallID: "none"}, at(3)) != nil {
		t.Error("dismissed twice")
	}
	var got []Hint
	for _, st := range []step{answered(3, "in", "anna", s), left(4, "in", "anna"), ringing(5, "in", "anna", s), ended(6, "in")} {
		got = append(got, a.Handle(st.ev, st.found)...)
	}
	if len(got) != 0 {
		t.Errorf("afterwards:\n%s", story(got))
	}
	if got := story(a.Handle(event(9, sip.AgentRinging, "in2", "anna", matti), []cases.Case{s})); got != "9 raised anna matti S1\n" {
		t.Errorf("in the next call: %q", got)
	}
}

func TestCaseThatOpensDuringTheCallIsToldAtOnce(t *testing.T) {
	a := newAssist(t, Options{})
	change := func(s float64, e cases.ChangeEvent, c cases.Case) string {
		return story(a.Changed(cases.Change{Event: e, Case: c, At: at(s)}))
	}
	s := open("S1", "support", matti)
	a.Handle(event(1, sip.AgentRinging, "in", "anna", matti), nil)
	a.Handle(event(1, sip.AgentRinging, "in", "david", matti), nil)
	a.Handle(event(2, sip.AgentAnswered, "in", "anna", matti), nil)
	if got := change(3, cases.Opened, s); got != "3 raised anna matti S1\n3 confirmed anna matti S1\n" {
		t.Errorf("opened: %q", got)
	}
	for _, e := range []cases.ChangeEvent{cases.Opened, cases.MissAdded, cases.Attempted, cases.CaseClosed, cases.Reopened} {
		if got := change(4, e, s); got != "" {
			t.Errorf("%v a second time: %q", e, got)
		}
	}
	if got := change(4, cases.Opened, open("B1", "billing", matti)); got != "" {
		t.Errorf("another of the same group: %q", got)
	}
	if got := change(4, cases.Opened, open("S2", "support", teppo)); got != "" {
		t.Errorf("another customer's: %q", got)
	}
	a.Handle(event(9, sip.AgentLeft, "in", "anna", matti), nil)
	if got := change(10, cases.Reopened, s); got != "" {
		t.Errorf("after the call: %q", got)
	}
}

func TestLiveHintsAreThoseBeforeTheAgentNow(t *testing.T) {
	a := newAssist(t, Options{})
	s := []cases.Case{open("S1", "support", matti)}
	for _, agent := range []string{"anna", "bertil"} {
		a.Handle(event(1, sip.AgentRinging, "in", agent, matti), s)
	}
	a.Handle(event(2, sip.AgentAnswered, "in", "anna", matti), s)
	if got := story(a.Live("")); got != "2 confirmed anna matti S1\n1 raised bertil matti S1\n" {
		t.Errorf("all: %q", got)
	}
	if got := story(a.Live("bertil")); got != "1 raised bertil matti S1\n" {
		t.Errorf("his: %q", got)
	}
	a.Handle(event(3, sip.AgentLeft, "in", "bertil", matti), nil)
	if got := story(a.Live("bertil")); got != "" {
		t.Errorf("after he left: %q", got)
	}
}

func TestRecentCallsAreHisLastTenWithinTheHour(t *testing.T) {
	a := newAssist(t, Options{})
	for i := range 12 {
		call := fmt.Sprint("out", i)
		a.Handle(event(float64(i)*60, sip.AgentDialled, call, "anna", matti+sip.Number(i)), nil)
		a.Handle(event(float64(i)*60+30, sip.CallEnded, call, "", 0), nil)
	}
	a.Handle(event(700, sip.AgentRinging, "in", "anna", teppo), nil) // answered by somebody else
	a.Handle(event(705, sip.CallEnded, "in", "", 0), nil)
	got := a.Recent("anna", at(720))
	if len(got) != 10 || got[0].CallID != "out11" || got[9].CallID != "out2" || !got[0].At.Equal(at(690)) || got[0].Direction != sip.Outbound {
		t.Errorf("%d calls, %+v", len(got), got)
	}
	if got := a.Recent("anna", at(5*60+30+3600)); len(got) != 7 || got[6].CallID != "out5" {
		t.Errorf("an hour after the sixth: %d calls", len(got))
	}
	if got := a.Recent("bertil", at(720)); len(got) != 0 {
		t.Errorf("of an agent without calls: %v", got)
	}
	// A call that goes on is as recent as its last moment, and counts once.
	a.Handle(event(800, sip.AgentAnswered, "long", "anna", matti), nil)
	a.Handle(event(810, sip.AgentAnswered, "short", "anna", teppo), nil)
	a.Handle(event(820, sip.CallEnded, "short", "", 0), nil)
	a.Handle(event(5000, sip.AgentLeft, "long", "anna", matti), nil)
	got = a.Recent("anna", at(5001))
	if len(got) != 1 || got[0].CallID != "long" || got[0].Direction != sip.Inbound {
		t.Errorf("%+v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	a := newAssist(t, Options{MaxLive: 10, MaxAgents: 5})
	s := []cases.Case{open("S1", "support", matti)}
	var got []Hint
	for i := range 30 { // calls that never end
		got = append(got, a.Handle(event(float64(i), sip.AgentAnswered, fmt.Sprint("in", i), "anna", matti), s)...)
		a.Handle(event(float64(i), sip.AgentAnswered, fmt.Sprint("in", i), fmt.Sprint("stranger", i), matti), s)
	}
	st := a.Stats()
	if st.Parts > 10 || st.Agents != 5 || st.GivenUp == 0 || partsOf(a, matti) > 10 {
		t.Errorf("%+v", st)
	}
	withdrawn := 0
	for _, h := range got {
		if h.Event == Withdrawn {
			withdrawn++
		}
	}
	if raised := len(a.Live("anna")); raised+withdrawn != 30 {
		t.Errorf("%d before the agent, %d withdrawn, of 30", raised, withdrawn)
	}
	// Agents whose calls are long ago make room for others.
	later := event(2*3600, sip.AgentAnswered, "later", "bertil", matti)
	a.Handle(later, nil)
	if len(a.Recent("bertil", later.At)) != 1 {
		t.Error("no room for an agent of today")
	}
	many := make([]cases.Case, 500)
	for i := range many {
		many[i] = open(fmt.Sprint(i), "support", teppo)
	}
	h := a.Handle(event(2*3600+1, sip.AgentRinging, "many", "anna", teppo), many)
	if n := len(h[len(h)-1].Cases); n != maxCases {
		t.Errorf("%d cases in one hint", n)
	}
}

func TestCallWithoutAnEndIsForgotten(t *testing.T) {
	a := newAssist(t, Options{MaxCall: 13 * time.Hour})
	s := []cases.Case{open("S1", "support", matti)}
	a.Handle(event(0, sip.AgentAnswered, "in", "anna", matti), s)
	if got := a.Handle(event(12*3600, sip.AgentRinging, "in2", "bertil", teppo), nil); len(got) != 0 {
		t.Error(story(got))
	}
	if got := story(a.Handle(event(13*3600+1, sip.AgentRinging, "in3", "bertil", teppo), nil)); got != "46801 withdrawn anna matti S1\n" {
		t.Errorf("%q", got)
	}
	if st := a.Stats(); st.Calls != 2 || st.GivenUp != 1 {
		t.Errorf("%+v", st)
	}
}

func TestEventsThatAreNobodysAreIgnored(t *testing.T) {
	a := newAssist(t, Options{})
	for k := range sip.CallEnded + 2 {
		if got := a.Handle(&sip.Event{Kind: k, At: at(1)}, nil); got != nil {
			t.Errorf("%v without a call: %v", k, got)
		}
		if got := a.Handle(&sip.Event{Kind: k, At: at(1), Call: &sip.Call{ID: "x"}}, nil); got != nil {
			t.Errorf("%v without an agent: %v", k, got)
		}
	}
	if st := a.Stats(); st != (Stats{}) {
		t.Errorf("%+v", st)
	}
}

func TestEventWords(t *testing.T) {
	for _, e := range []Event{Raised, Confirmed, Withdrawn} {
		b, err := e.MarshalText()
		var back Event
		if err != nil || back.UnmarshalText(b) != nil || back != e {
			t.Errorf("%v: %s, %v, %v", uint8(e), b, err, back)
		}
	}
	var e Event
	if e.UnmarshalText([]byte("unknown")) == nil || Event(9).String() != "unknown" {
		t.Error("an unknown word is an event")
	}
}

// busyAgents counts the agents with a part in a live call.
func busyAgents(a *Assist) int {
	n := 0
	for _, g := range a.agents {
		if g.parts.first != nil {
			n++
		}
	}
	return n
}

// partsOf counts the parts that are with a number.
func partsOf(a *Assist, number sip.Number) int {
	n, with := 0, a.numbers[number]
	for range with.all(byNumber) {
		n++
	}
	return n
}

func TestAPersonalCallbackOfAnotherGivesNoHint(t *testing.T) {
	a := newAssist(t, Options{})
	c := open("S1", "support", matti)
	c.Personal, c.CreatedBy = "bertil", "cecilia"
	if got := a.Handle(event(0, sip.AgentAnswered, "in1", "anna", matti), []cases.Case{c}); len(got) != 0 {
		t.Errorf("anna: %s", story(got))
	}
	for i, who := range []string{"bertil", "cecilia"} {
		call := fmt.Sprint("in", i+2)
		if got := a.Handle(event(float64(i+1), sip.AgentAnswered, call, who, matti), []cases.Case{c}); len(got) != 2 {
			t.Errorf("%s: %s", who, story(got))
		}
	}
}
