package cases_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
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
		var text strings.Builder
		fmt.Fprint(&text, e.Event, " ", e.Note, " ", e.Visible)
		for _, f := range e.Fields {
			fmt.Fprintf(&text, " %s:%q→%q", f.Name, f.Old, f.New)
		}
		got = append(got, text.String())
	}
	same(t, "history", []string{
		"opened  false", "commented he will be back at two false", "commented we call you at two true",
		`edited  false name:""→"Maija" note:""→"prefers mornings" a:""→"1" b:""→"2" due:"2026-11-20T09:00:42Z"→"2026-11-20T21:53:20Z"`,
		`edited  false a:"1"→"" b:"2"→"3"`,
	}, got)
	long := strings.Repeat("x", 900)
	w.refused(by("101", id, 130), cases.Edit{Name: &long}, cases.ErrInput)
	bad := "\xff"
	w.refused(by("101", id, 130), cases.Edit{Topic: &bad}, cases.ErrInput)
	early := at(1)
	w.refused(by("101", id, 130), cases.Edit{Expires: &early}, cases.ErrInput)
	w.refused(by("101", id, 130), cases.Edit{Due: &early, Later: true}, cases.ErrTime)
	w.refused(by("101", id, 130), cases.Edit{Later: true}, cases.ErrTime)
	for _, year := range []int{1600, 2200, 2262, 9999} { // what nanoseconds since 1970 cannot hold, and what little is missing to
		far := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		w.refused(by("101", id, 130), cases.Edit{Due: &far}, cases.ErrInput)
		w.refused(by("101", id, 130), cases.Edit{Expires: &far}, cases.ErrInput)
		w.refused(by("101", id, 130), cases.Handle{Status: "call_later", Until: far}, cases.ErrInput)
		for _, d := range []cases.Draft{{List: "callbacks", Due: far}, {List: "callbacks", Expires: far}} {
			if _, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: at(130)}, d); !errors.Is(err, cases.ErrInput) {
				t.Errorf("made for %d: %v", year, err)
			}
		}
	}
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
