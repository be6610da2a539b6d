package cases_test

import (
	"errors"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

func TestAssigningIsACompareAndSet(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	c := w.must(by("101", id, 100), cases.Assign{To: "101"}, "assigned callbacks 101 by 101")
	if c.Assignee != "101" || !c.ClaimUntil.Equal(at(700)) {
		t.Errorf("got %+v", c)
	}
	w.must(by("101", id, 200), cases.Assign{To: "101"}) // it is so already, and the claim runs on
	if c := w.read(id); !c.ClaimUntil.Equal(at(700)) {
		t.Errorf("a claim was renewed: %s", c.ClaimUntil)
	}
	for name, d := range map[string]cases.Deed{
		"taking it": cases.Assign{To: "102"}, "giving it away": cases.Assign{To: "103"}, "giving it back": cases.Assign{},
		"closing it": cases.Close{Reason: cases.Successful}, "calling": cases.Try{}, "asking": cases.Await{Question: "when?"},
	} {
		if r := w.refused(by("102", id, 200), d, cases.ErrTaken); r == nil || r.By != "101" {
			t.Errorf("%s: the other is not told who has it: %+v", name, r)
		}
	}
	w.must(by("101", id, 300), cases.Assign{To: "102"}, "assigned callbacks 102 by 101")
	if c := w.read(id); !c.ClaimUntil.IsZero() || !c.Accepted.IsZero() {
		t.Errorf("what another was given is no claim: %+v", c)
	}
	w.refused(by("101", id, 300), cases.Accept{}, cases.ErrNotYours)
	w.must(by("102", id, 310), cases.Accept{}, "accepted callbacks by 102")
	w.must(by("102", id, 311), cases.Accept{})
	w.refused(by("102", id, 320), cases.Assign{To: "104"}, cases.ErrNotMember)
	w.refused(by("102", id, 320), cases.Assign{To: "nobody"}, cases.ErrNotMember)

	boss := by("boss", id, 400)
	boss.Supervises = true
	w.refused(boss, cases.Assign{To: "103", From: "101"}, cases.ErrTaken)
	w.must(boss, cases.Assign{To: "103", From: "102"}, "assigned callbacks 103 by boss")
	w.must(boss, cases.Assign{}, "released callbacks by_hand by boss")
	w.must(by("102", id, 500), cases.Assign{To: "102"}, "assigned callbacks 102 by 102")
	w.must(by("102", id, 510), cases.Assign{}, "released callbacks by_hand by 102")
	if c := w.read(id); c.Assignee != "" || !c.ClaimUntil.IsZero() {
		t.Errorf("got %+v", c)
	}
	w.must(by("102", id, 520), cases.Close{Reason: cases.Unsuccessful}, "closed callbacks unsuccessful by 102")
	w.refused(by("102", id, 530), cases.Assign{To: "102"}, cases.ErrNotOpen)
}

func TestAClaimNotFollowedByACallIsReleased(t *testing.T) {
	w := desk(t)
	maijas, pekkas := w.missed(maija, "support", 0).ID, w.missed(pekka, "support", 0).ID
	w.must(by("101", maijas, 100), cases.Assign{To: "101"}, "assigned support 101 by 101")
	w.must(by("101", pekkas, 100), cases.Assign{To: "101"}, "assigned support 101 by 101")
	w.expire(699)
	w.tell(dials("out", pekka, 650)) // the call follows
	w.expire(700, "released support claim_lapsed")
	if c := w.read(maijas); c.Assignee != "" {
		t.Errorf("%s still has it", c.Assignee)
	}
	if c := w.read(pekkas); c.Assignee != "101" || !c.ClaimUntil.IsZero() {
		t.Errorf("got %+v", c)
	}
	w.tell(rang("out", pekka, 650, 0, 690, sip.ResultBusy), "attempted support busy by 101")

	// The status puts it off; the claim lasts as long after it is due again.
	c := w.must(by("101", pekkas, 700), cases.Handle{Status: "busy"}, "handled support busy by 101")
	if c.Assignee != "101" || !c.Due.Equal(at(1000)) || !c.ClaimUntil.Equal(at(1600)) {
		t.Errorf("got %+v", c)
	}
	w.expire(1599)
	w.expire(1600, "released support claim_lapsed")
	w.must(by("102", maijas, 2000), cases.Assign{To: "102"}, "assigned support 102 by 102")
	w.must(by("102", maijas, 2010), cases.Try{}, "attempted support dialled by 102")
	w.expire(3000)

	// Where the call closes the case and nobody answers, it is still his.
	third := w.missed(358401234503, "hotline", 3000).ID
	w.must(by("101", third, 3100), cases.Assign{To: "101"}, "assigned callbacks 101 by 101")
	w.tell(dials("out 3", 358401234503, 3200), "closed callbacks agent_called by 101")
	w.tell(rang("out 3", 358401234503, 3200, 0, 3230, sip.ResultBusy), "attempted callbacks busy by 101", "reopened callbacks busy by 101")
	w.expire(9000)
	if c := w.read(third); c.Assignee != "101" {
		t.Errorf("%q has it", c.Assignee)
	}
}

func TestAPersonalCallbackFallsToEverybody(t *testing.T) {
	w := desk(t)
	c := w.create("102", 0, cases.Draft{List: "office", Number: maija, Personal: "101"})
	// Due after an hour, and then four hours of opening: 10:00 + 5 h = 15:00.
	if c.Assignee != "101" || c.Personal != "101" || !c.PersonalUntil.Equal(at(5*3600)) || !c.ClaimUntil.IsZero() {
		t.Errorf("got %+v", c)
	}
	if _, err := w.c.Next(t.Context(), by("102", "", 100), cases.NextQuery{Lists: []string{"office"}}); !errors.Is(err, cases.ErrNone) {
		t.Errorf("another was given it: %v", err)
	}
	w.refused(by("102", c.ID, 100), cases.Try{}, cases.ErrTaken)
	w.expire(5*3600 - 1)
	w.expire(5*3600, "released office personal_fallback")
	if c := w.read(c.ID); c.Assignee != "" || c.Personal != "" {
		t.Errorf("got %+v", c)
	}
	done, err := w.c.Next(t.Context(), by("102", "", 5*3600), cases.NextQuery{Lists: []string{"office"}})
	if err != nil || done.Case.ID != c.ID {
		t.Errorf("got %s, %v", done.Case.ID, err)
	}
	// In the afternoon the time goes on the next opening day.
	late := w.create("102", 5*3600, cases.Draft{List: "office", Number: pekka, Personal: "101"})
	if want := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC); !late.PersonalUntil.Equal(want) {
		t.Errorf("until %s, want %s", late.PersonalUntil, want)
	}
	if _, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: at(0)}, cases.Draft{List: "office", Personal: "104"}); !errors.Is(err, cases.ErrNotMember) {
		t.Errorf("for somebody who is no member: %v", err)
	}
}

func TestNextGivesWhatCanBeCalled(t *testing.T) {
	w := desk(t)
	lists := []string{"callbacks", "support", "office"}
	next := func(agent string, seconds float64, except ...string) string {
		t.Helper()
		done, err := w.c.Next(t.Context(), by(agent, "", seconds), cases.NextQuery{Lists: lists, Except: except})
		if errors.Is(err, cases.ErrNone) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		if done.Case.Assignee != agent {
			t.Errorf("%s was given the case of %s", agent, done.Case.Assignee)
		}
		return done.Case.ID
	}
	n := func(i int) sip.Number { return sip.Number(358401000000 + i) }
	first := w.missed(n(1), "hotline", 0).ID
	second := w.missed(n(2), "support", 1).ID
	third := w.missed(n(3), "hotline", 2).ID
	calling := w.missed(n(4), "hotline", -10).ID
	w.tell(rings("back", n(4), "hotline", 50), "calling_now callbacks")
	personal := w.create("102", 60, cases.Draft{List: "callbacks", Number: n(5), Personal: "103", Due: at(-100)}).ID
	waits := w.missed(n(6), "hotline", -20).ID
	w.must(by("102", waits, 60), cases.Await{Question: "?"}, "awaiting callbacks by 102")
	tried := w.missed(n(7), "support", -30).ID
	for i := range 3 {
		w.must(by("102", tried, 70+float64(i)), cases.Try{}, "attempted support dialled by 102")
	}
	w.missed(n(8), "press", -40) // not a list he asks for

	if got := next("101", 100); got != first {
		t.Errorf("got %s, want %s", got, first)
	}
	if got := next("101", 101); got != first {
		t.Errorf("got %s, want the one he has", got)
	}
	if got := next("101", 102, first); got != second {
		t.Errorf("got %s, want %s", got, second)
	}
	if got := next("103", 103); got != personal {
		t.Errorf("got %s, want his own %s", got, personal)
	}
	if got := next("102", 104); got != third {
		t.Errorf("got %s, want %s", got, third)
	}
	if got := next("102", 105, third); got != "" {
		t.Errorf("got %s, want none of %s calling, %s awaiting, %s tried", got, calling, waits, tried)
	}
	w.must(by("102", third, 110), cases.Try{}, "attempted callbacks dialled by 102")
	w.must(by("102", third, 120), cases.Handle{Status: "no_answer"}, "handled callbacks no_answer by 102")
	if got := next("102", 1000); got != "" {
		t.Errorf("got %s before it is to be called again", got)
	}
	if got := next("102", 120+1800); got != third {
		t.Errorf("got %s, want %s, which is due again", got, third)
	}
}

func TestNextCallsNobodyWhomAnotherIsAboutToCall(t *testing.T) {
	w := desk(t)
	hotline, support := w.missed(maija, "hotline", 0).ID, w.missed(maija, "support", 10).ID
	press := w.missed(maija, "press", 20).ID // of no group
	w.must(by("102", hotline, 100), cases.Assign{To: "102"}, "assigned callbacks 102 by 102")
	next := func(agent string) string {
		done, err := w.c.Next(t.Context(), by(agent, "", 200), cases.NextQuery{Lists: []string{"support", "press"}})
		if err != nil {
			t.Fatal(err)
		}
		return done.Case.ID
	}
	if got := next("101"); got != press {
		t.Errorf("101 was given %s, want %s", got, press)
	}
	if got := next("102"); got != support {
		t.Errorf("102 was given %s, want %s of the customer he has", got, support)
	}
}

func TestTheOldestIsGivenOutFirstWhereTheListSaysSo(t *testing.T) {
	w := desk(t)
	old := w.create("101", 0, cases.Draft{List: "campaign", Number: 358401000001, Due: at(50)}).ID
	w.create("101", 1, cases.Draft{List: "campaign", Number: 358401000002, Due: at(40)})
	done, err := w.c.Next(t.Context(), by("101", "", 100), cases.NextQuery{Lists: []string{"campaign"}, Order: directory.AllocationOldest})
	if err != nil || done.Case.ID != old {
		t.Errorf("got %s, %v, want %s", done.Case.ID, err, old)
	}
	if !done.Case.ClaimUntil.IsZero() {
		t.Error("claims do not lapse here")
	}
}
