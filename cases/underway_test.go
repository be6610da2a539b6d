package cases_test

import (
	"testing"

	"ringback/cases"
	"ringback/sip"
	"ringback/store"
)

// Maija hangs up at 40, and the verdict falls at 42.
func TestAnAgentWhoIsQuickerThanTheVerdict(t *testing.T) {
	t.Run("reaches the customer", func(t *testing.T) {
		onBoth(t, func(w *world) {
			t := w.t
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 41))
			made := w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
			id := made[0].Case.ID
			w.none(maija)
			same(t, "proof", []string{"out@phone", "out@carrier"}, w.read(id).Proof)
			same(t, "what is told of it", []string{"out@phone", "out@carrier"}, made[1].CallIDs)
			if c := w.read(id); c.State != cases.Closed || !c.Closed.Equal(at(42)) || !c.UndoUntil.Equal(at(642)) {
				t.Errorf("got %+v", c)
			}
			w.tell(rang("out", maija, 41, 50, 90, sip.Answered), "attempted callbacks answered by 101")
			w.none(maija)
			same(t, "history", []string{"42 opened timeout", "42 closed agent_called by 101", "92 attempted answered by 101"}, w.history(id))
			for e, err := range w.c.History(id) {
				want := map[cases.ChangeEvent]string{cases.Opened: "a", cases.CaseClosed: "out", cases.Attempted: "out"}[e.Event]
				if err != nil || e.Call == nil || e.Call.ID != want {
					t.Errorf("%s is proved by %+v, want call %s", e.Event, e.Call, want)
				}
			}
			w.tell(gone("b", maija, "hotline", 100, 140, sip.Timeout), "reopened callbacks timeout")
		})
	})
	t.Run("does not reach him", func(t *testing.T) {
		onBoth(t, func(w *world) {
			t := w.t
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 40))
			made := w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 40, 0, 70, sip.NoAnswer), "attempted callbacks no_answer by 101", "reopened callbacks no_answer by 101")
			c := w.only(maija, "callbacks")
			if c.ID != made[0].Case.ID || c.Attempts != 1 || c.MissedCount != 1 || !c.Due.Equal(at(42+3600)) {
				t.Errorf("got %+v", c)
			}
			w.tell(dials("again", maija, 80), "closed callbacks agent_called by 101")
		})
	})
	t.Run("while a colleague is too", func(t *testing.T) {
		onBoth(t, func(w *world) {
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 41))
			w.tell(dials("out 2", maija, 41.5))
			w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
			w.tell(rang("out 2", maija, 41.5, 0, 43, sip.ResultBusy))
			w.tell(rang("out", maija, 41, 45, 50, sip.Answered), "attempted callbacks answered by 101")
			w.none(maija)
		})
	})
	t.Run("of a customer who rang again", func(t *testing.T) {
		onBoth(t, func(w *world) {
			w.tell(gone("before", maija, "hotline", 0, 10, sip.Timeout), "opened callbacks timeout")
			w.tell(dials("one", maija, 20), "closed callbacks agent_called by 101")
			w.tell(rang("one", maija, 20, 22, 30, sip.Answered), "attempted callbacks answered by 101")
			w.tell(rings("a", maija, "hotline", 35))
			w.tell(dials("out", maija, 41))
			w.tell(gone("a", maija, "hotline", 35, 40, sip.Timeout), "reopened callbacks timeout", "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 41, 0, 60, sip.ResultBusy), "attempted callbacks busy by 101", "reopened callbacks busy by 101")
		})
	})
	t.Run("and closes cases on two lists", func(t *testing.T) {
		onBoth(t, func(w *world) {
			w.tell(gone("before", maija, "press", 0, 10, sip.Timeout), "opened press timeout")
			w.tell(rings("a", maija, "hotline", 20))
			w.tell(dials("out", maija, 41), "closed press agent_called by 101")
			w.tell(gone("a", maija, "hotline", 20, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 41, 0, 60, sip.ResultBusy),
				"attempted press busy by 101", "reopened press busy by 101", "attempted callbacks busy by 101", "reopened callbacks busy by 101")
		})
	})
}

func TestAnAgentsCallThatHasNothingToDoWithTheMiss(t *testing.T) {
	for name, test := range map[string]func(*world){
		"it began while the customer was on the line": func(w *world) {
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 39))
			w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
			w.tell(rang("out", maija, 39, 45, 60, sip.Answered), "attempted callbacks answered by 101", "closed callbacks agent_called by 101")
		},
		"it is to another": func(w *world) {
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(rings("b", pekka, "hotline", 0))
			w.tell(dials("out", pekka, 41))
			w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
			w.tell(served("b", pekka, "hotline", 0, 60))
		},
		"the list waits for an answer": func(w *world) {
			w.tell(rings("a", maija, "support", 0))
			w.tell(dials("out", maija, 41))
			w.tell(gone("a", maija, "support", 0, 40, sip.Timeout), "opened support timeout")
			w.tell(rang("out", maija, 41, 45, 60, sip.Answered), "attempted support answered by 101", "closed support agent_called by 101")
		},
		"many share the number": func(w *world) {
			w.tell(rings("a", 358800555001, "hotline", 0))
			w.tell(dials("out", 358800555001, 41))
			w.tell(gone("a", 358800555001, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		},
		"it was over before": func(w *world) {
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 41))
			w.tell(rang("out", maija, 41, 0, 41.1, sip.NetworkFailure))
			w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		},
		"the caller turned out to be another": func(w *world) {
			w.tell(rings("a", maija, "hotline", 0))
			w.tell(dials("out", maija, 41))
			w.tell(gone("a", pekka, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		},
	} {
		t.Run(name, func(t *testing.T) { onBoth(t, test) })
	}
}

func TestAQuickAgentAndARestart(t *testing.T) {
	for name, restart := range map[string]int{"before the verdict": 0, "after it": 1} {
		t.Run(name, func(t *testing.T) {
			o := store.Options{Dir: t.TempDir()}
			w := newWorld(t, o)
			again := func(live ...*sip.Call) {
				if err := w.st.Close(); err != nil {
					t.Fatal(err)
				}
				w.open(o)
				if changes, err := w.c.Resume(t.Context(), live, at(41.5)); err != nil || len(changes) > 0 {
					t.Fatalf("resuming: %v, %v", lines(changes), err)
				}
			}
			in, out := rings("a", maija, "hotline", 0), dials("out", maija, 41)
			w.tell(in)
			w.tell(out)
			if restart == 0 {
				again(out.Call, in.Call)
			}
			w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
			if restart == 1 {
				again(out.Call)
				w.tell(out)                                             // both told once more, by a
				w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout)) // watch that was restored from earlier
			}
			w.tell(rang("out", maija, 41, 0, 60, sip.ResultUnknown), "attempted callbacks unknown by 101", "reopened callbacks unknown by 101")
			w.only(maija, "callbacks")
		})
	}
	t.Run("that loses the agent's call", func(t *testing.T) {
		o := store.Options{Dir: t.TempDir()}
		w := newWorld(t, o)
		w.tell(rings("a", maija, "hotline", 0))
		w.tell(dials("out", maija, 41))
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks agent_called by 101")
		if err := w.st.Close(); err != nil {
			t.Fatal(err)
		}
		w.open(o)
		changes, err := w.c.Resume(t.Context(), nil, at(50))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changes", []string{"attempted callbacks unknown by 101", "reopened callbacks unknown by 101"}, lines(changes))
	})
}
