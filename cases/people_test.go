package cases_test

import (
	"errors"
	"testing"

	"ringback/cases"
	"ringback/sip"
)

func act(id string, seconds float64) cases.Act {
	return cases.Act{Case: id, Agent: "102", At: at(seconds), Note: "as he wished"}
}

func TestAnAutomaticCloseCanBeUndone(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
		changes, err := w.do(act(id, 150), cases.Undo{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changes", []string{"reopened callbacks undone by 102"}, lines(changes))
		// The same call's answer does not close it again; the next one's does.
		w.tell(rang("out", maija, 100, 105, 200, sip.Answered), "attempted callbacks answered by 101")
		w.only(maija, "callbacks")
		w.tell(dials("again", maija, 300), "closed callbacks agent_called by 101")
		if _, err := w.do(act(id, 901), cases.Undo{}); !errors.Is(err, cases.ErrTooLate) {
			t.Errorf("after ten minutes: %v", err)
		}
		same(t, "history", []string{
			"42 opened timeout", "100 closed agent_called by 101", "150 reopened undone by 102: as he wished",
			"202 attempted answered by 101", "300 closed agent_called by 101",
		}, w.history(id))
	})
}

func TestPeopleCloseAndReopen(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		changes, err := w.do(act(id, 100), cases.Close{Reason: cases.Successful})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changes", []string{"closed callbacks successful by 102"}, lines(changes))
		if c := changes[0].Case; c.ClosedBy != "102" || !c.UndoUntil.IsZero() || c.Proof != nil {
			t.Errorf("got %+v", c)
		}
		// Closed by hand is no automatic close: the next miss makes a new case.
		w.tell(gone("b", maija, "hotline", 200, 240, sip.Timeout), "opened callbacks timeout")
		if c := w.only(maija, "callbacks"); c.Previous != id {
			t.Errorf("linked to %q", c.Previous)
		}
		second := w.only(maija, "callbacks").ID

		for name, tt := range map[string]struct {
			do   func() ([]cases.Change, error)
			want error
		}{
			"reopening a second one":      {func() ([]cases.Change, error) { return w.do(act(id, 300), cases.Reopen{}) }, cases.ErrOtherOpen},
			"reopening an open one":       {func() ([]cases.Change, error) { return w.do(act(second, 300), cases.Reopen{}) }, cases.ErrNotClosed},
			"closing a closed one":        {func() ([]cases.Change, error) { return w.do(act(id, 300), cases.Close{Reason: cases.Successful}) }, cases.ErrNotOpen},
			"closing for Ringback's sake": {func() ([]cases.Change, error) { return w.do(act(second, 300), cases.Close{Reason: cases.Expired}) }, cases.ErrReason},
			"undoing what a person did":   {func() ([]cases.Change, error) { return w.do(act(id, 300), cases.Undo{}) }, cases.ErrOtherOpen},
			"keeping a closed one open":   {func() ([]cases.Change, error) { return w.do(act(id, 300), cases.KeepOpen{Keep: true}) }, cases.ErrNotOpen},
			"what is not there":           {func() ([]cases.Change, error) { return w.do(act("1NGE7R4-8XK2QJ", 300), cases.Undo{}) }, cases.ErrNotFound},
			"an old version": {func() ([]cases.Change, error) {
				a := act(second, 300)
				a.Version = 77
				return w.do(a, cases.Close{Reason: cases.Successful})
			}, cases.ErrStale},
		} {
			if changes, err := tt.do(); !errors.Is(err, tt.want) || changes != nil {
				t.Errorf("%s: got %v, %v, want %v", name, lines(changes), err, tt.want)
			}
		}

		if _, err := w.do(act(second, 400), cases.Close{Reason: cases.Unsuccessful}); err != nil {
			t.Fatal(err)
		}
		changes, err = w.do(act(id, 500), cases.Reopen{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changes", []string{"reopened callbacks by_hand by 102"}, lines(changes))
		if c := w.only(maija, "callbacks"); c.ID != id || c.CloseReason != cases.NotClosed || c.ClosedBy != "" {
			t.Errorf("got %+v", c)
		}
	})
}

func TestAnActGivenTwiceIsDoneOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		c := w.only(maija, "callbacks")
		a := act(c.ID, 100)
		a.ID, a.Version = "0190-click", c.Version
		if changes, err := w.do(a, cases.Close{Reason: cases.Successful}); err != nil || len(changes) != 1 {
			t.Fatalf("%v, %v", changes, err)
		}
		if changes, err := w.do(a, cases.Close{Reason: cases.Successful}); err != nil || len(changes) != 0 {
			t.Errorf("the second time: %v, %v", changes, err)
		}
	})
}

func TestWhatAPersonKeepsOpenIsNeverClosedAutomatically(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		for range 2 { // the second time it is so already
			if _, err := w.do(act(id, 50), cases.KeepOpen{Keep: true}); err != nil {
				t.Fatal(err)
			}
		}
		w.tell(dials("out", maija, 100))
		w.tell(rang("out", maija, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
		w.tell(served("b", maija, "hotline", 300, 400))
		if changes, err := w.c.Expire(t.Context(), at(30*86400)); err != nil || len(changes) > 0 {
			t.Errorf("expired: %v, %v", lines(changes), err)
		}
		same(t, "history", []string{"42 opened timeout", "50 edited keep_open by 102: as he wished", "202 attempted answered by 101"}, w.history(id))
		if _, err := w.do(act(id, 30*86400), cases.KeepOpen{Keep: false}); err != nil {
			t.Fatal(err)
		}
		changes, err := w.c.Expire(t.Context(), at(30*86400))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "then it expires", []string{"closed callbacks expired"}, lines(changes))
	})
}
