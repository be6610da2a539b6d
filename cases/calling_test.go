package cases_test

import (
	"testing"

	"ringback/cases"
	"ringback/sip"
	"ringback/store"
)

var storeInMemory = store.Options{}

func TestACallerBackInTheQueueIsShown(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(rings("a", maija, "hotline", 0))
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		w.tell(rings("b", maija, "support", 100), "calling_now callbacks")
		w.tell(rings("b", maija, "support", 100))
		w.tell(rings("c", maija, "press", 100)) // another group
		if c := w.read(id); !c.CallingNow || !c.CallingSince.Equal(at(100)) {
			t.Errorf("got %+v", c)
		}
		w.tell(gone("b", maija, "support", 100, 140, sip.Timeout), "calling_over callbacks", "opened support timeout")
		w.tell(rings("b", maija, "support", 100)) // told after its end
		w.tell(rings("d", maija, "hotline", 200), "calling_now callbacks", "calling_now support")
		w.tell(served("d", maija, "hotline", 200, 300),
			"calling_over callbacks", "calling_over support", "closed callbacks caller_served by 101", "closed support caller_served by 101")
		same(t, "history", []string{"42 opened timeout", "302 closed caller_served by 101"}, w.history(id))
	})
}

func TestTwoCallsAtOnceOfOneCaller(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(rings("a", maija, "hotline", 0))
		w.tell(rings("b", maija, "hotline", 10))
		// The second waits on while the first is missed.
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "calling_now callbacks")
		w.tell(rings("c", maija, "support", 50))
		w.tell(gone("b", maija, "hotline", 10, 60, sip.Timeout), "miss_added callbacks timeout")
		if c := w.only(maija, "callbacks"); !c.CallingNow || !c.CallingSince.Equal(at(50)) {
			t.Errorf("got %+v", c)
		}
		w.tell(served("c", maija, "support", 50, 90), "calling_over callbacks", "closed callbacks caller_served by 101")
	})
}

func TestACallWhoseCallerTurnsOutToBeAnother(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(gone("b", pekka, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(rings("c", maija, "hotline", 100), "calling_now callbacks")
		update := rings("c", pekka, "hotline", 101)
		update.Kind = sip.CallUpdated
		w.tell(update, "calling_over callbacks", "calling_now callbacks")
		if w.only(maija, "callbacks").CallingNow || !w.only(pekka, "callbacks").CallingNow {
			t.Error("the wrong one is on the line")
		}
		w.tell(served("c", pekka, "hotline", 100, 200), "calling_over callbacks", "closed callbacks caller_served by 101")
	})
}

func TestServedWhileAnAgentCallsInVain(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
		w.tell(rings("b", maija, "hotline", 105))
		w.tell(served("b", maija, "hotline", 105, 130))
		w.tell(rang("out", maija, 100, 0, 150, sip.NoAnswer), "attempted callbacks no_answer by 101")
		w.none(maija)
		c := w.read(id)
		if c.State != cases.Closed || c.CloseReason != cases.AgentCalled || c.Attempts != 1 || !c.Closed.Equal(at(100)) {
			t.Errorf("got %+v", c)
		}
		if open := w.c.Open()["callbacks"]; open != 0 {
			t.Errorf("%d open cases are counted", open)
		}
		same(t, "history", []string{
			"42 opened timeout", "100 closed agent_called by 101", "152 attempted no_answer by 101",
		}, w.history(id))
		// Who is missed after all that is missed again.
		w.tell(gone("c", maija, "hotline", 160, 200, sip.Timeout), "reopened callbacks timeout")
	})
}

func TestServedWhileAnAgentCallsOnAnotherList(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
		w.tell(served("b", maija, "press", 105, 130)) // another group
		w.tell(rang("out", maija, 100, 0, 150, sip.NoAnswer), "attempted callbacks no_answer by 101", "reopened callbacks no_answer by 101")
		w.tell(dials("again", maija, 200), "closed callbacks agent_called by 101")
		w.tell(rang("again", maija, 200, 210, 220, sip.Answered), "attempted callbacks answered by 101")
		w.tell(served("c", maija, "hotline", 230, 260)) // nothing is left to close
	})
}

func TestResumeFinishesWhatNobodyWillTell(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, store.Options{Dir: dir})
	w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
	w.tell(gone("b", pekka, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
	w.tell(gone("c", maija, "support", 0, 40, sip.Timeout), "opened support timeout")
	w.tell(rings("seen on", maija, "hotline", 50), "calling_now callbacks", "calling_now support")
	w.tell(rings("never seen again", maija, "hotline", 55))
	w.tell(rings("gone", pekka, "hotline", 60), "calling_now callbacks")
	w.tell(dials("lost", maija, 100), "closed callbacks agent_called by 101")
	w.tell(dials("goes on", pekka, 110), "closed callbacks agent_called by 101")
	w.tell(gone("d", pekka, "support", 120, 130, sip.Timeout), "opened support timeout", "calling_now support")

	if err := w.st.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(store.Options{Dir: dir})
	live := []*sip.Call{rings("seen on", maija, "hotline", 50).Call, dials("goes on", pekka, 110).Call}
	changes, err := w.c.Resume(t.Context(), live, at(500))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "changes", []string{
		"attempted callbacks unknown by 101", "reopened callbacks unknown by 101", "calling_now callbacks",
		"attempted support unknown by 101", "calling_over support",
	}, lines(changes))
	if c := w.only(maija, "support"); !c.CallingNow {
		t.Error("a call that is still on the line is not shown")
	}
	w.tell(rang("lost", maija, 100, 110, 510, sip.Answered)) // its end was given up
	w.tell(rang("goes on", pekka, 110, 120, 600, sip.Answered), "attempted callbacks answered by 101",
		"attempted support answered by 101", "closed support agent_called by 101")
	w.tell(served("seen on", maija, "hotline", 50, 700), "calling_over callbacks", "calling_over support",
		"closed callbacks caller_served by 101", "closed support caller_served by 101")
}
