package cases_test

import (
	"testing"

	"ringback/cases"
	"ringback/sip"
	"ringback/store"
)

// asks has the caller of a call ask to be called at a number.
func (w *world) asks(call string, n sip.Number, seconds float64) (cases.Case, bool) {
	w.t.Helper()
	done, again, err := w.c.Request(w.t.Context(), cases.Act{ID: requestOf(call + "@carrier"), At: at(seconds)}, cases.Draft{List: "callbacks", Number: n})
	if err != nil {
		w.t.Fatal(err)
	}
	return done.Case, again
}

func TestACallerWhoAsksInHisCallHasOneCase(t *testing.T) {
	onBoth(t, func(w *world) {
		// At the number that he calls from: his case has the miss.
		own, again := w.asks("a", maija, 10)
		w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "miss_added callbacks abandoned_waiting")
		if c := w.only(maija, "callbacks"); again || c.ID != own.ID || c.MissedCount != 1 || c.Requests != 1 {
			t.Errorf("his case is %+v", c)
		}

		// At another one: so has the case of that, and there is none of the number that he called from.
		other, again := w.asks("b", pekka, 110)
		w.tell(gone("b", 358401234503, "hotline", 100, 140, sip.AbandonedWaiting), "miss_added callbacks abandoned_waiting")
		w.none(358401234503)
		if c := w.only(pekka, "callbacks"); again || c.ID != other.ID || c.MissedCount != 1 || c.Requests != 1 || c.CallIDs[0] != "b@carrier" {
			t.Errorf("the case is %+v", c)
		}

		// The next time he does not ask.
		w.tell(gone("c", 358401234503, "hotline", 200, 240, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
	})
}

func TestACallerWhoWasCalledBeforeTheVerdictHasNoSecondCase(t *testing.T) {
	w := newWorld(t, store.Options{})
	w.asks("a", pekka, 10)
	w.tell(dials("out", pekka, 20), "closed callbacks agent_called by 101")
	w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting))
	w.none(maija)
}

func TestARequestIsRememberedOverARestart(t *testing.T) {
	o := store.Options{Dir: t.TempDir()}
	w := newWorld(t, o)
	w.asks("a", pekka, 10)
	if err := w.st.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(o)
	w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "miss_added callbacks abandoned_waiting")
	w.none(maija)
}
