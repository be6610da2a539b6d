package cases_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

func TestAStatusNeedsAnAttempt(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "support", 0).ID
	w.refused(by("101", id, 50), cases.Handle{Status: "busy"}, cases.ErrNoAttempt)
	w.refused(by("101", id, 50), cases.Handle{Status: "unheard"}, cases.ErrStatus)

	// Seen on the wire it is as good as made in the app; a network's failure is none.
	w.tell(dials("out", maija, 100))
	w.tell(rang("out", maija, 100, 0, 105, sip.NetworkFailure))
	w.refused(by("101", id, 110), cases.Handle{Status: "busy"}, cases.ErrNoAttempt)
	w.tell(dials("out 2", maija, 120))
	w.tell(rang("out 2", maija, 120, 0, 150, sip.ResultBusy), "attempted support busy by 101")
	c := w.must(by("101", id, 160), cases.Handle{Status: "busy"}, "handled support busy by 101")
	if c.Attempts != 1 || c.Handling != "busy" || !c.Attempt.Handled || !c.Due.Equal(at(460)) {
		t.Errorf("got %+v", c)
	}
	w.refused(by("101", id, 170), cases.Handle{Status: "busy"}, cases.ErrNoAttempt) // one for each attempt
	c = w.must(by("101", id, 180), cases.Try{}, "attempted support dialled by 101")
	if c.Attempts != 2 {
		t.Errorf("%d attempts", c.Attempts)
	}
	w.must(by("101", id, 190), cases.Handle{Status: "no_answer"}, "handled support no_answer by 101")
}

func TestAnAttemptOfTheAppAndTheWireIsOne(t *testing.T) {
	for _, tt := range []struct {
		what     string
		up       float64
		result   sip.Result
		attempts int
		told     []string
		suggests string
	}{
		{"busy", 0, sip.ResultBusy, 1, []string{"attempted support busy by 101"}, "busy"},
		{"answered", 115, sip.Answered, 1, []string{"attempted support answered by 101"}, ""},
		{"the network's fault", 0, sip.NetworkFailure, 0, []string{"attempted support network_failure by 101"}, ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			w := desk(t)
			id := w.missed(maija, "support", 0).ID
			w.must(by("101", id, 100), cases.Try{}, "attempted support dialled by 101")
			w.tell(dials("out", maija, 105))
			w.tell(rang("out", maija, 105, tt.up, 150, tt.result), tt.told...)
			c := w.read(id)
			if c.Attempts != tt.attempts {
				t.Errorf("%d attempts", c.Attempts)
			}
			list, _ := w.dir.List("support")
			if got := c.Suggested(&list.Policy); got != tt.suggests {
				t.Errorf("suggests %q, want %q", got, tt.suggests)
			}
			// Another call later is another attempt.
			w.tell(dials("out 2", maija, 300))
			w.tell(rang("out 2", maija, 300, 0, 350, sip.ResultBusy), "attempted support busy by 101")
			if c := w.read(id); c.Attempts != tt.attempts+1 {
				t.Errorf("then %d attempts", c.Attempts)
			}
		})
	}
}

func TestTheStatusIsPreselectedFromTheResult(t *testing.T) {
	for _, tt := range []struct {
		result sip.Result
		status uint16
		rings  float64
		want   string
	}{
		{sip.ResultBusy, 486, 5, "busy"},
		{sip.ResultBusy, 600, 5, "busy"},
		{sip.NoAnswer, 408, 5, "no_answer"},
		{sip.NoAnswer, 480, 5, "no_answer"},
		{sip.NoAnswer, 487, 15, "no_answer"}, // own CANCEL
		{sip.NoAnswer, 487, 14, ""},
		{sip.WrongNumber, 404, 1, "wrong_number"},
		{sip.WrongNumber, 410, 1, "wrong_number"},
		{sip.WrongNumber, 484, 1, "wrong_number"},
		{sip.ResultRejected, 403, 1, ""},
		{sip.NetworkFailure, 503, 1, ""},
		{sip.Answered, 200, 5, ""},
		{sip.ResultUnknown, 0, 5, ""},
	} {
		w := desk(t)
		id := w.missed(maija, "support", 0).ID
		w.tell(dials("out", maija, 100))
		ev := rang("out", maija, 100, 0, 100+tt.rings, tt.result)
		ev.Call.StatusCode = tt.status
		if _, err := w.c.Apply(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		c := w.read(id)
		list, _ := w.dir.List("support")
		if got := c.Suggested(&list.Policy); got != tt.want {
			t.Errorf("%s %d after %g s suggests %q, want %q", tt.result, tt.status, tt.rings, got, tt.want)
		}
		other := directory.Policy{}
		if got := c.Suggested(&other); got != "" {
			t.Errorf("suggests %q, which the list has not", got)
		}
	}
}

func TestWhatTheStatusesDo(t *testing.T) {
	for _, tt := range []struct {
		d        cases.Handle
		state    cases.State
		why      cases.CloseReason
		due      float64
		attempts int
		told     []string
	}{
		{cases.Handle{Status: "closed_successfully"}, cases.Closed, cases.Successful, 3642, 1, []string{"closed support successful by 101"}},
		{cases.Handle{Status: "closed_unsuccessfully"}, cases.Closed, cases.Unsuccessful, 3642, 1, []string{"closed support unsuccessful by 101"}},
		{cases.Handle{Status: "wrong_number"}, cases.Closed, cases.Unsuccessful, 3642, 1, []string{"closed support unsuccessful by 101"}},
		{cases.Handle{Status: "busy"}, cases.Open, 0, 200 + 300, 1, nil},
		{cases.Handle{Status: "no_answer"}, cases.Open, 0, 200 + 1800, 1, nil},
		{cases.Handle{Status: "call_later", Until: at(86_400)}, cases.Open, 0, 86_400, 0, nil},
	} {
		w := desk(t)
		id := w.missed(maija, "support", 0).ID
		w.must(by("101", id, 100), cases.Try{}, "attempted support dialled by 101")
		a := by("101", id, 200)
		a.Note = "so it was"
		c := w.must(a, tt.d, append([]string{"handled support " + tt.d.Status + " by 101"}, tt.told...)...)
		if c.State != tt.state || c.CloseReason != tt.why || c.Attempts != tt.attempts || c.Handling != tt.d.Status || c.LastNote != "so it was" {
			t.Errorf("%s: got %+v", tt.d.Status, c)
		}
		same(t, tt.d.Status+": due", at(tt.due), c.Due)
		if tt.d.Until.IsZero() != c.Scheduled.IsZero() {
			t.Errorf("%s: scheduled %s", tt.d.Status, c.Scheduled)
		}
	}
}

func TestCallLaterAsksForATimeAndOnlyThat(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "support", 0).ID
	w.must(by("101", id, 100), cases.Try{}, "attempted support dialled by 101")
	w.refused(by("101", id, 200), cases.Handle{Status: "call_later"}, cases.ErrTime)
	w.refused(by("101", id, 200), cases.Handle{Status: "call_later", Until: at(200)}, cases.ErrTime)
	w.refused(by("101", id, 200), cases.Handle{Status: "busy", Until: at(400)}, cases.ErrTime)
	c := w.must(by("101", id, 200), cases.Handle{Status: "call_later", Until: at(5 * 86_400)}, "handled support call_later by 101")
	// It has its time until expiry from then on.
	if want := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC); !c.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", c.Expires, want)
	}
	w.expire(5 * 86_400)
}

func TestRetriesAreInOpeningHoursAndGrow(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "office", 0).ID
	due := func(s string) time.Time {
		t.Helper()
		helsinki := w.dirHours("office").Location()
		moment, err := time.ParseInLocation("2006-01-02 15:04", s, helsinki)
		if err != nil {
			t.Fatal(err)
		}
		return moment.UTC()
	}
	five := 5*3600.0 + 2700 // 15:45
	w.must(by("101", id, five), cases.Try{}, "attempted office dialled by 101")
	c := w.must(by("101", id, five), cases.Handle{Status: "no_answer"}, "handled office no_answer by 101")
	same(t, "half an hour of opening", due("2026-11-23 08:15"), c.Due)
	monday := due("2026-11-23 14:30").Sub(ten).Seconds()
	w.must(by("101", id, monday), cases.Try{}, "attempted office dialled by 101")
	c = w.must(by("101", id, monday), cases.Handle{Status: "no_answer"}, "handled office no_answer by 101")
	same(t, "two hours of opening", due("2026-11-24 08:30"), c.Due)
	if !c.NotBefore.Equal(c.Due) || c.Attempts != 2 {
		t.Errorf("got %+v", c)
	}
	w.must(by("101", id, monday+100), cases.Try{}, "attempted office dialled by 101")
	w.must(by("101", id, monday+100), cases.Handle{Status: "no_answer"}, "handled office no_answer by 101", "closed office attempts_exhausted by 101")
}

func (w *world) dirHours(list string) *directory.Hours {
	l, _ := w.dir.List(list)
	return l.Hours
}

func TestThreeAttemptsThatReachNobodyCloseACase(t *testing.T) {
	w := desk(t)
	// On the wire, without anybody giving a status.
	id := w.missed(maija, "hotline", 0).ID
	for i := range 2 {
		name, from := fmt.Sprint("out ", i), float64(100*(i+1))
		w.tell(dials(name, maija, from), "closed callbacks agent_called by 101")
		w.tell(rang(name, maija, from, 0, from+20, sip.ResultBusy), "attempted callbacks busy by 101", "reopened callbacks busy by 101")
	}
	w.tell(dials("network", maija, 290), "closed callbacks agent_called by 101")
	w.tell(rang("network", maija, 290, 0, 295, sip.NetworkFailure), "reopened callbacks network_failure by 101")
	w.tell(dials("last", maija, 300), "closed callbacks agent_called by 101")
	w.tell(rang("last", maija, 300, 0, 320, sip.NoAnswer), "attempted callbacks no_answer by 101", "reopened callbacks no_answer by 101", "closed callbacks attempts_exhausted by 101")
	c := w.read(id)
	if c.State != cases.Closed || c.CloseReason != cases.AttemptsExhausted || c.Attempts != 3 || !c.UndoUntil.IsZero() {
		t.Errorf("got %+v", c)
	}
	w.none(maija)
	// The customer asked to be called later after all: the status replaces that.
	c = w.must(by("101", id, 330), cases.Handle{Status: "call_later", Until: at(9000)}, "handled callbacks call_later by 101", "reopened callbacks call_later by 101")
	if c.State != cases.Open || c.Attempts != 2 || !c.Due.Equal(at(9000)) {
		t.Errorf("got %+v", c)
	}

	// What is kept open, or scheduled for the future, never closes by itself.
	other := w.missed(pekka, "hotline", 0).ID
	w.must(by("101", other, 50), cases.KeepOpen{Keep: true}, "edited callbacks keep_open by 101")
	for i := range 4 {
		name, from := fmt.Sprint("kept ", i), float64(100*(i+1))
		w.tell(dials(name, pekka, from))
		w.tell(rang(name, pekka, from, 0, from+20, sip.ResultBusy), "attempted callbacks busy by 101")
	}
	// A list may allow any number.
	many := w.create("101", 0, cases.Draft{List: "campaign", Number: 358401234577}).ID
	for i := range 5 {
		day := float64(i * 86_400)
		w.must(by("101", many, day), cases.Try{}, "attempted campaign dialled by 101")
		w.must(by("101", many, day), cases.Handle{Status: "busy"}, "handled campaign busy by 101")
	}
}

func TestANumberIsTriedThreeTimesADay(t *testing.T) {
	w := desk(t)
	first, second := w.missed(maija, "support", 0).ID, w.missed(maija, "office", 0).ID
	w.must(by("101", first, 100), cases.Try{}, "attempted support dialled by 101")
	w.must(by("101", first, 110), cases.Try{}, "attempted support dialled by 101")
	w.tell(dials("out", maija, 10_000))
	w.tell(rang("out", maija, 10_000, 0, 10_020, sip.ResultBusy), "attempted support busy by 101", "closed support attempts_exhausted by 101", "attempted office busy by 101")
	w.refused(by("101", second, 11_000), cases.Try{}, cases.ErrTriedEnough)
	w.refused(by("101", second, 50_399), cases.Try{}, cases.ErrTriedEnough) // 23:59:59
	w.must(by("101", second, 50_400), cases.Try{}, "attempted office dialled by 101")
}

func TestAStatusAfterTheCallReplacesAgentCalled(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
	w.tell(rang("out", maija, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
	a := by("101", id, 210)
	c := w.must(a, cases.Handle{Status: "closed_successfully"}, "handled callbacks closed_successfully by 101")
	if c.CloseReason != cases.Successful || c.State != cases.Closed || c.Attempts != 1 || !c.UndoUntil.IsZero() || !c.Contacted.Equal(at(110)) {
		t.Errorf("got %+v", c)
	}
	w.refused(by("101", id, 220), cases.Handle{Status: "busy"}, cases.ErrNotOpen)
	c = w.must(by("101", id, 230), cases.Undo{}, "undone callbacks handled by 101")
	if c.CloseReason != cases.AgentCalled {
		t.Errorf("got %+v", c)
	}
	// It was his voicemail: the case is open again.
	c = w.must(by("101", id, 240), cases.Handle{Status: "no_answer"}, "handled callbacks no_answer by 101", "reopened callbacks no_answer by 101")
	if c.State != cases.Open || c.Attempts != 1 || !c.Due.Equal(at(240+1800)) {
		t.Errorf("got %+v", c)
	}

	// With a new case open on the list, the old one cannot be.
	id = w.missed(pekka, "hotline", 0).ID
	w.tell(dials("out 2", pekka, 100), "closed callbacks agent_called by 101")
	w.tell(rang("out 2", pekka, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
	other := w.missed(pekka, "hotline", 5000).ID
	if r := w.refused(by("101", id, 5100), cases.Handle{Status: "no_answer"}, cases.ErrOtherOpen); r == nil || r.Other != other {
		t.Errorf("got %+v", r)
	}
}

func TestWhoCalledMayHandleWhatAnotherHas(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "support", 0).ID
	w.must(by("102", id, 50), cases.Assign{To: "102"}, "assigned support 102 by 102")
	w.tell(dials("out", maija, 100)) // by 101
	w.tell(rang("out", maija, 100, 110, 150, sip.Answered), "attempted support answered by 101")
	w.refused(by("103", id, 160), cases.Handle{Status: "busy"}, cases.ErrTaken)
	w.must(by("101", id, 160), cases.Handle{Status: "closed_successfully"}, "handled support closed_successfully by 101", "closed support successful by 101")
}

func TestAGroupIsHandledTogetherOrInPart(t *testing.T) {
	open := func(w *world) (own, office, hotline, press string) {
		return w.missed(maija, "support", 0).ID, w.missed(maija, "office", 10).ID, w.missed(maija, "hotline", 20).ID, w.missed(maija, "press", 30).ID
	}
	t.Run("all", func(t *testing.T) {
		w := desk(t)
		own, office, hotline, _ := open(w)
		siblings, err := w.c.Siblings(own, []string{"support", "office", "callbacks", "press"})
		if err != nil || len(siblings) != 2 || siblings[0].ID != office || siblings[1].ID != hotline {
			t.Fatalf("siblings: %+v, %v", siblings, err)
		}
		if some, err := w.c.Siblings(own, []string{"support", "office"}); err != nil || len(some) != 1 {
			t.Errorf("of the lists one sees: %+v, %v", some, err)
		}
		w.must(by("101", own, 100), cases.Try{}, "attempted support dialled by 101")
		a := by("101", own, 200)
		a.ID, a.Note = "together", "solved it all"
		done, err := w.c.Do(t.Context(), a, cases.Handle{Status: "closed_successfully", Also: []string{office, hotline, office, own}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changes", []string{
			"handled support closed_successfully by 101", "closed support successful by 101",
			"handled office closed_successfully by 101", "closed office successful by 101",
			"handled callbacks closed_successfully by 101", "closed callbacks successful by 101",
		}, lines(done.Changes))
		for i, id := range []string{own, office, hotline} {
			if o := done.Outcomes[i]; o.ID != id || o.Err != nil || o.Case.State != cases.Closed || o.Case.LastNote != a.Note || o.Case.Attempts != 1 {
				t.Errorf("outcome %d: %+v", i, o)
			}
			if diff := cmp.Diff(w.read(id), done.Outcomes[i].Case); diff != "" {
				t.Errorf("outcome %d\n%s", i, diff)
			}
		}
		undone, err := w.c.UndoAct(t.Context(), by("101", "", 300), "together")
		if err != nil || len(undone.Outcomes) != 3 {
			t.Fatalf("%+v, %v", undone, err)
		}
		for _, o := range undone.Outcomes {
			if o.Err != nil || o.Case.State != cases.Open {
				t.Errorf("undone: %+v", o)
			}
		}
	})
	t.Run("chosen ones, and what cannot be is said", func(t *testing.T) {
		w := desk(t)
		own, office, hotline, press := open(w)
		stranger := w.missed(pekka, "office", 0).ID
		w.must(by("102", hotline, 50), cases.Assign{To: "102"}, "assigned callbacks 102 by 102")
		w.must(by("101", own, 100), cases.Try{}, "attempted support dialled by 101")
		done, err := w.c.Do(t.Context(), by("101", own, 200), cases.Handle{Status: "busy", Also: []string{hotline, press, stranger, "1NGE7R4-8XK2QJ"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range done.Outcomes {
			got = append(got, fmt.Sprint(o.Err))
		}
		same(t, "outcomes", []string{
			"<nil>", "cases: somebody else has it: " + hotline, "cases: not of the same group: " + press,
			"cases: not of the same group: " + stranger, "cases: not found: 1NGE7R4-8XK2QJ",
		}, got)
		if c := w.read(office); c.Handling != "" || c.Version != 1 {
			t.Errorf("what was not chosen changed: %+v", c)
		}
	})
}

func TestOneDayOfTheNumberIsCountedOnceForAGroup(t *testing.T) {
	w := desk(t)
	own, office := w.missed(maija, "support", 0).ID, w.missed(maija, "office", 10).ID
	w.must(by("101", own, 100), cases.Try{}, "attempted support dialled by 101")
	w.tell(dials("out", maija, 105))
	w.tell(rang("out", maija, 105, 0, 125, sip.NoAnswer), "attempted support no_answer by 101", "attempted office no_answer by 101")
	done, err := w.c.Do(t.Context(), by("101", own, 130), cases.Handle{Status: "no_answer", Also: []string{office}})
	if err != nil || done.Outcomes[1].Err != nil {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, id := range []string{own, office} {
		if c := w.read(id); c.Attempts != 1 {
			t.Errorf("%d attempts on %s", c.Attempts, c.List)
		}
	}
	// Two are left today.
	for i := range 2 {
		w.must(by("101", own, 140+float64(i)), cases.Try{}, "attempted support dialled by 101")
	}
	w.refused(by("101", own, 150), cases.Try{}, cases.ErrTriedEnough)
}
