package cases_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// desks is a directory of people at work.
const desks = `
country: FI
time_zone: Europe/Helsinki
pbxs: [{id: pbx, addresses: 192.0.2.10}]
calendars:
  - {id: office, week: [{days: mon-fri, hours: 08:00-16:00}]}
agents:
  - {id: "101", extensions: "101"}
  - {id: "102", extensions: "102"}
  - {id: "103", extensions: "103"}
  - {id: "104", extensions: "104"}
services:
  - {id: hotline, list: callbacks, numbers: +35893100100}
  - {id: support, list: support, numbers: +35893100200}
  - {id: press, list: press, numbers: +35893100400}
  - {id: office, list: office, numbers: +35893100500}
  - {id: strict, list: strict, numbers: +35893100600}
lists:
  - {id: callbacks, members: ["101", "102", "103"]}
  - {id: support, members: ["101", "102"], auto_close: off}
  - {id: press, members: ["101"], group_by_number: false}
  - {id: office, members: ["101", "102"], hours: office, auto_close: off}
  - id: strict
    members: ["101", "102"]
    auto_close: off
    resolution_required: true
    note_required: true
    resolutions: [{id: solved}, {id: refunded, name: Money back}]
  - {id: campaign, kind: call, members: ["101", "102", "103"], attempts_per_case: 0, claim_for: 0s, allocation: oldest}
shared_numbers: ["+358800555*"]
`

// desk is a world with those people.
func desk(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: parse(t, desks)}
	w.open(store.Options{})
	t.Cleanup(func() {
		if err := w.st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// must does something to a case that the rules allow, and compares the changes.
func (w *world) must(a cases.Act, d cases.Deed, want ...string) cases.Case {
	w.t.Helper()
	done, err := w.c.Do(w.t.Context(), a, d)
	if err != nil {
		w.t.Fatalf("%T by %s: %v", d, a.Agent, err)
	}
	if diff := cmp.Diff(want, lines(done.Changes)); diff != "" {
		w.t.Errorf("%T by %s (-want +got)\n%s", d, a.Agent, diff)
	}
	if got := w.read(a.Case); !cmp.Equal(done.Case, got) {
		w.t.Errorf("%T: the case given is not the one stored\n%s", d, cmp.Diff(done.Case, got))
	}
	for _, ch := range done.Changes {
		if ch.Case.ID == a.Case && ch.Case.Version == done.Case.Version && !cmp.Equal(done.Case, ch.Case, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Undo" }, cmp.Ignore())) {
			w.t.Errorf("%T: the case told is not the one stored\n%s", d, cmp.Diff(done.Case, ch.Case))
		}
	}
	return done.Case
}

// refused does something that the rules do not allow, and that changes nothing.
func (w *world) refused(a cases.Act, d cases.Deed, want error) *cases.Refusal {
	w.t.Helper()
	before := w.read(a.Case)
	done, err := w.c.Do(w.t.Context(), a, d)
	if !errors.Is(err, want) || len(done.Changes) > 0 {
		w.t.Errorf("%T by %s: got %v, %v, want %v", d, a.Agent, lines(done.Changes), err, want)
	}
	if diff := cmp.Diff(before, w.read(a.Case)); diff != "" {
		w.t.Errorf("%T by %s was refused and changed\n%s", d, a.Agent, diff)
	}
	refusal, _ := errors.AsType[*cases.Refusal](err)
	return refusal
}

func by(agent, id string, seconds float64) cases.Act {
	return cases.Act{Case: id, Agent: agent, At: at(seconds)}
}

// missed opens a case for a missed call on a service.
func (w *world) missed(n sip.Number, service string, from float64) cases.Case {
	w.t.Helper()
	changes := w.tell(gone(fmt.Sprint("miss ", n, service, from), n, service, from, from+40, sip.Timeout), fmt.Sprintf("opened %s timeout", listOf(service)))
	return changes[0].Case
}

func listOf(service string) string {
	if service == "hotline" {
		return "callbacks"
	}
	return service
}

func (w *world) create(agent string, seconds float64, d cases.Draft) cases.Case {
	w.t.Helper()
	done, err := w.c.Create(w.t.Context(), cases.Act{Agent: agent, At: at(seconds)}, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return done.Case
}

func (w *world) expire(seconds float64, want ...string) {
	w.t.Helper()
	changes, err := w.c.Expire(w.t.Context(), at(seconds))
	if err != nil {
		w.t.Fatal(err)
	}
	same(w.t, fmt.Sprint("at ", seconds), want, lines(changes))
}

func TestOnlyTheListIsNeededForACase(t *testing.T) {
	w := desk(t)
	c := w.create("101", 0, cases.Draft{List: "callbacks"})
	want := cases.Case{
		ID: c.ID, List: "callbacks", State: cases.Open, Opened: at(0), Due: at(3600),
		Expires: time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), Version: 1, CreatedBy: "101",
	}
	same(t, "the case", want, c)
	same(t, "read back", want, w.read(c.ID))
	second := w.create("101", 0, cases.Draft{List: "callbacks"})
	if second.ID == c.ID {
		t.Error("a second case without a number is the first")
	}
	same(t, "history", []string{"0 opened call by 101"}, w.history(c.ID))
	if _, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: at(0)}, cases.Draft{}); !errors.Is(err, cases.ErrNoList) {
		t.Errorf("without a list: %v", err)
	}
	if _, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: at(0)}, cases.Draft{List: "callbacks", Expires: at(-5)}); !errors.Is(err, cases.ErrInput) {
		t.Errorf("expired already: %v", err)
	}
}

func TestACaseMadeByHandHasAllThatIsSaidOfIt(t *testing.T) {
	w := desk(t)
	d := cases.Draft{
		List: "office", Number: maija, Channel: cases.ChannelManual, Name: "Maija", Topic: "Bill", Note: "call at noon",
		Due: at(7200), Expires: at(90_000), Fields: map[string]string{"customer": "77"}, ExternalID: "crm-1",
	}
	c := w.create("101", 0, d)
	if c.Number != maija || c.Name != "Maija" || c.Topic != "Bill" || c.Note != "call at noon" || c.Channel != cases.ChannelManual ||
		!c.Due.Equal(at(7200)) || !c.Scheduled.Equal(at(7200)) || !c.Expires.Equal(at(90_000)) || c.Fields["customer"] != "77" || c.ExternalID != "crm-1" {
		t.Errorf("got %+v", c)
	}
	same(t, "read back", c, w.read(c.ID))
	again := w.create("102", 10, d)
	if again.ID != c.ID || again.Version != 1 {
		t.Errorf("the same external id made %s", again.ID)
	}
	_, err := w.c.Create(t.Context(), cases.Act{Agent: "102", At: at(20)}, cases.Draft{List: "office", Number: maija})
	refusal, ok := errors.AsType[*cases.Refusal](err)
	if !errors.Is(err, cases.ErrOtherOpen) || !ok || refusal.Other != c.ID {
		t.Errorf("a second open case of a number on a list: %v", err)
	}
	w.create("102", 30, cases.Draft{List: "callbacks", Number: maija})
	shared := sip.Number(358800555001)
	w.create("102", 40, cases.Draft{List: "callbacks", Number: shared})
	w.create("102", 40, cases.Draft{List: "callbacks", Number: shared})

	// A missed call of the customer is added to the case, and it is due no later.
	w.tell(gone("m", maija, "office", 50, 90, sip.Timeout), "miss_added office timeout")
	if c := w.read(c.ID); c.MissedCount != 1 || !c.Due.Equal(at(92).Add(time.Hour)) || !c.Expires.Equal(at(90_000)) || !c.NotBefore.IsZero() {
		t.Errorf("got %+v", c)
	}
}

func TestCreatingTwiceWithOneActMakesOneCase(t *testing.T) {
	w := desk(t)
	a := cases.Act{ID: "crm/key", Agent: "101", At: at(0)}
	first, err := w.c.Create(t.Context(), a, cases.Draft{List: "callbacks", Number: maija})
	if err != nil || len(first.Changes) != 1 {
		t.Fatalf("%v, %v", lines(first.Changes), err)
	}
	a.At = at(100)
	second, err := w.c.Create(t.Context(), a, cases.Draft{List: "callbacks", Number: maija})
	if err != nil || len(second.Changes) != 0 || second.Case.ID != first.Case.ID {
		t.Errorf("the second time: %s, %v, %v", second.Case.ID, lines(second.Changes), err)
	}
}

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

func TestCommentsAndEditsStandInTheHistory(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	a := by("101", id, 100)
	w.refused(a, cases.Comment{}, cases.ErrNote)
	a.Note = "he will be back at two"
	c := w.must(a, cases.Comment{}, "commented callbacks by 101")
	if c.LastNote != a.Note {
		t.Errorf("got %q", c.LastNote)
	}
	a.Note, a.At = "we call you at two", at(110)
	w.must(a, cases.Comment{Visible: true}, "commented callbacks by 101")
	name, note := "Maija", "prefers mornings"
	due := at(50_000)
	w.must(by("102", id, 120), cases.Edit{Name: &name, Note: &note, Due: &due, Fields: map[string]string{"b": "2", "a": "1"}}, "edited callbacks name by 102")
	w.must(by("102", id, 121), cases.Edit{Name: &name}) // it is so already
	w.must(by("102", id, 122), cases.Edit{Fields: map[string]string{"b": "3"}}, "edited callbacks a by 102")
	var got []string
	for e, err := range w.c.History(id) {
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(e.Event, " ", e.Note, " ", e.Visible)
		for _, f := range e.Fields {
			text += fmt.Sprintf(" %s:%q→%q", f.Name, f.Old, f.New)
		}
		got = append(got, text)
	}
	same(t, "history", []string{
		"opened  false", "commented he will be back at two false", "commented we call you at two true",
		`edited  false name:""→"Maija" note:""→"prefers mornings" a:""→"1" b:""→"2" due:"2026-11-20T09:00:42Z"→"2026-11-20T21:53:20Z"`,
		`edited  false a:"1"→"" b:"2"→"3"`,
	}, got)
	long := strings.Repeat("x", 300)
	w.refused(by("101", id, 130), cases.Edit{Name: &long}, cases.ErrInput)
	bad := "\xff"
	w.refused(by("101", id, 130), cases.Edit{Topic: &bad}, cases.ErrInput)
	early := at(1)
	w.refused(by("101", id, 130), cases.Edit{Expires: &early}, cases.ErrInput)
}

func TestANumberCanBeCorrected(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	other := w.missed(pekka, "hotline", 0).ID
	n, third := pekka, sip.Number(358401234599)
	if r := w.refused(by("101", id, 100), cases.Edit{Number: &n}, cases.ErrOtherOpen); r == nil || r.Other != other {
		t.Errorf("got %+v", r)
	}
	w.must(by("101", id, 100), cases.Edit{Number: &third}, "edited callbacks number by 101")
	w.none(maija)
	if c := w.only(third, "callbacks"); c.ID != id || c.Caller != third.String() {
		t.Errorf("got %+v", c)
	}
	w.missed(maija, "hotline", 200)
	w.refused(by("101", id, 210), cases.Undo{}, cases.ErrOtherOpen)
	w.tell(dials("out", third, 300), "closed callbacks agent_called by 101")
}

func TestWhatAHumanScheduledIsNotClosedAutomatically(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	due := at(86_400)
	w.must(by("101", id, 100), cases.Edit{Due: &due}, "edited callbacks due by 101")
	w.tell(dials("out", maija, 200))
	w.tell(rang("out", maija, 200, 210, 300, sip.Answered), "attempted callbacks answered by 101")
	w.tell(served("again", maija, "hotline", 400, 500))
	if c := w.only(maija, "callbacks"); c.ID != id || c.Attempts != 1 {
		t.Errorf("got %+v", c)
	}
	w.expire(3*86_400 - 30_000)
	w.expire(30*86_400, "closed callbacks expired")
}

func TestAwaitingInformation(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	c := w.must(by("101", id, 100), cases.Await{Question: "which invoice?"}, "awaiting callbacks by 101")
	if !c.Awaiting.Equal(at(100)) || c.Question != "which invoice?" {
		t.Errorf("got %+v", c)
	}
	if _, err := w.c.Next(t.Context(), by("102", "", 150), cases.NextQuery{Lists: []string{"callbacks"}}); !errors.Is(err, cases.ErrNone) {
		t.Errorf("it was given out: %v", err)
	}
	c = w.must(by("102", id, 200), cases.Inform{}, "informed callbacks by 102")
	if !c.Awaiting.IsZero() || c.Question != "" {
		t.Errorf("got %+v", c)
	}
	w.must(by("102", id, 201), cases.Inform{})
	w.must(by("101", id, 300), cases.Await{Question: "and now?"}, "awaiting callbacks by 101")
	w.tell(gone("again", maija, "hotline", 400, 440, sip.Busy), "informed callbacks", "miss_added callbacks busy")
}

func TestClosingNeedsWhatTheListAsksFor(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "strict", 0).ID
	a := by("101", id, 100)
	w.refused(a, cases.Close{Reason: cases.Successful}, cases.ErrResolution)
	w.refused(a, cases.Close{Reason: cases.Successful, Resolution: "unheard"}, cases.ErrResolution)
	w.refused(a, cases.Close{Reason: cases.Successful, Resolution: "solved"}, cases.ErrNote)
	w.must(a, cases.Try{}, "attempted strict dialled by 101")
	w.refused(a, cases.Handle{Status: "closed_successfully"}, cases.ErrResolution)
	a.Note = "bill corrected"
	c := w.must(a, cases.Close{Reason: cases.Successful, Resolution: "refunded"}, "closed strict successful by 101")
	if c.Resolution != "refunded" || c.LastNote != "bill corrected" || !c.Contacted.Equal(at(100)) {
		t.Errorf("got %+v", c)
	}
	w.refused(by("101", id, 200), cases.Close{Reason: cases.Expired}, cases.ErrReason)
	other := w.missed(maija, "hotline", 0).ID
	w.refused(by("101", other, 200), cases.Close{Reason: cases.Successful, Resolution: "solved"}, cases.ErrResolution)
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

func TestSeveralAreDoneAtOnceAndUndone(t *testing.T) {
	w := desk(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, w.missed(sip.Number(358401000000+i), "hotline", float64(i)).ID)
	}
	w.must(by("102", ids[1], 50), cases.Assign{To: "102"}, "assigned callbacks 102 by 102")
	ids = append(ids, "1NGE7R4-8XK2QJ")
	a := cases.Act{ID: "select", Agent: "101", At: at(100)}
	done, err := w.c.Batch(t.Context(), a, ids, cases.Close{Reason: cases.Unsuccessful})
	if err != nil {
		t.Fatal(err)
	}
	results := func(all []cases.Outcome) (texts []string) {
		for i, o := range all {
			if o.ID != ids[i] {
				t.Errorf("outcome %d is of %s, not %s", i, o.ID, ids[i])
			}
			if o.Err != nil {
				texts = append(texts, strings.TrimSuffix(o.Err.Error(), ": "+o.ID))
			} else {
				texts = append(texts, o.Case.State.String())
			}
		}
		return texts
	}
	same(t, "outcomes", []string{"closed", "cases: somebody else has it", "closed", "closed", "closed", "cases: not found"}, results(done.Outcomes))
	if len(done.Changes) != 4 {
		t.Errorf("%d changes", len(done.Changes))
	}
	again, err := w.c.Batch(t.Context(), a, ids, cases.Close{Reason: cases.Unsuccessful})
	if err != nil || len(again.Changes) != 0 || len(again.Outcomes) != 4 {
		t.Errorf("given twice: %v, %v", again, err)
	}

	w.must(by("101", ids[2], 110), cases.Reopen{}, "reopened callbacks by_hand by 101") // something else since
	undo, err := w.c.UndoAct(t.Context(), cases.Act{ID: "undo", Agent: "101", At: at(700)}, "select")
	if err != nil {
		t.Fatal(err)
	}
	ids = slices.Delete(ids, 1, 2)
	same(t, "undone", []string{"open", "cases: nothing to undo", "open", "open"}, results(undo.Outcomes))
	same(t, "changes", []string{"reopened callbacks undone by 101", "reopened callbacks undone by 101", "reopened callbacks undone by 101"}, lines(undo.Changes))
	if _, err := w.c.UndoAct(t.Context(), cases.Act{Agent: "101", At: at(700)}, "unheard of"); !errors.Is(err, cases.ErrNoUndo) {
		t.Errorf("an act that never was: %v", err)
	}
	undo, err = w.c.UndoAct(t.Context(), cases.Act{Agent: "101", At: at(701)}, "select")
	if err != nil || slices.ContainsFunc(undo.Outcomes, func(o cases.Outcome) bool { return !errors.Is(o.Err, cases.ErrNoUndo) }) {
		t.Errorf("a second time: %+v, %v", undo.Outcomes, err)
	}
	many := make([]string, 501)
	if _, err := w.c.Batch(t.Context(), a, many, cases.Reopen{}); !errors.Is(err, cases.ErrInput) {
		t.Errorf("too many: %v", err)
	}
}

func TestEveryDeedIsTakenBackWhole(t *testing.T) {
	name, due := "Maija", at(86_400)
	third := sip.Number(358401234599)
	for _, tt := range []struct {
		deed cases.Deed
		told string
	}{
		{cases.Assign{To: "101"}, "undone support assigned by 101"},
		{cases.Assign{To: "102"}, "undone support assigned by 101"},
		{cases.Edit{Name: &name, Due: &due, Number: &third}, "undone support edited by 101"},
		{cases.Await{Question: "?"}, "undone support awaiting by 101"},
		{cases.KeepOpen{Keep: true}, "undone support edited by 101"},
		{cases.Close{Reason: cases.Suppressed}, "reopened support undone by 101"},
		{cases.Handle{Status: "busy"}, "undone support handled by 101"},
		{cases.Handle{Status: "call_later", Until: at(40_000)}, "undone support handled by 101"},
		{cases.Handle{Status: "closed_successfully"}, "reopened support undone by 101"},
		{cases.Handle{Status: "wrong_number"}, "reopened support undone by 101"},
	} {
		t.Run(fmt.Sprintf("%T %+v", tt.deed, tt.deed), func(t *testing.T) {
			w := desk(t)
			id := w.missed(maija, "support", 0).ID
			w.must(by("101", id, 50), cases.Try{}, "attempted support dialled by 101")
			before := w.read(id)
			a := by("101", id, 100)
			a.ID = "deed"
			if _, err := w.c.Do(t.Context(), a, tt.deed); err != nil {
				t.Fatal(err)
			}
			w.refused(by("102", id, 200), cases.Undo{}, cases.ErrNotYours)
			w.refused(by("101", id, 701), cases.Undo{}, cases.ErrTooLate)
			w.refused(by("101", id, 700), cases.Undo{Act: "another"}, cases.ErrNoUndo)
			got := w.must(by("101", id, 700), cases.Undo{Act: "deed"}, tt.told)
			before.Version = got.Version
			same(t, "the case", before, got)
			w.only(maija, "support")
			w.refused(by("101", id, 700), cases.Undo{}, cases.ErrNoUndo)
			counters, err := w.c.Counters([]string{"support"}, "101", at(0))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "counters", cases.Counters{Open: 1, DueInHour: 0, Unassigned: 1}, counters["support"])
		})
	}
}

func TestWhatHappenedSinceIsNotUndone(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	w.must(by("101", id, 100), cases.Assign{To: "101"}, "assigned callbacks 101 by 101")
	w.tell(rings("back", maija, "hotline", 110), "calling_now callbacks") // that is not the case's own
	w.tell(gone("back", maija, "hotline", 110, 150, sip.Busy), "calling_over callbacks", "miss_added callbacks busy")
	w.refused(by("101", id, 200), cases.Undo{}, cases.ErrNoUndo)
	w.must(by("101", id, 210), cases.KeepOpen{Keep: true}, "edited callbacks keep_open by 101")
	w.tell(rings("again", maija, "hotline", 220), "calling_now callbacks")
	c := w.must(by("101", id, 230), cases.Undo{}, "undone callbacks edited by 101")
	if c.KeepOpen || !c.CallingNow {
		t.Errorf("got %+v", c)
	}
	w.must(by("101", id, 300), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
	w.tell(served("again", maija, "hotline", 220, 310))
	boss := by("boss", id, 320)
	boss.Supervises = true
	c = w.must(boss, cases.Undo{}, "reopened callbacks undone by boss")
	if c.CallingNow {
		t.Error("a call that is over shows on the case")
	}
}
