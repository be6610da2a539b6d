package cases_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ringback/cases"
	"ringback/sip"
)

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
