package cases_test

import (
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
)

func TestAMissedCallOpensACase(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(rings("a", maija, "hotline", 0))
		changes := w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		got := changes[0].Case
		want := cases.Case{
			ID: got.ID, List: "callbacks", Number: maija, Caller: "+358401234501", State: cases.Open,
			Service: "hotline", Verdict: sip.Missed, Reason: sip.AbandonedWaiting, MissedCount: 1, Wait: 40 * time.Second,
			CallIDs: []string{"a@carrier", "a@pbx"}, Opened: at(42), Missed: at(40), Due: at(42).Add(time.Hour),
			Expires: time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), // always open: the end of the third day
			Version: 1,
		}
		same(t, "the case", want, got)
		same(t, "read back", want, w.only(maija, "callbacks"))
		same(t, "read by its id", want, w.read(got.ID))
		same(t, "the proof of the change", []string{"a@carrier", "a@pbx"}, changes[0].CallIDs)
		same(t, "history", []string{"42 opened abandoned_waiting"}, w.history(got.ID))
		for e := range w.c.History(got.ID) {
			same(t, "proof", &cases.Proof{
				ID: "a", Direction: sip.Inbound, Service: "hotline", Verdict: sip.Missed, Reason: sip.AbandonedWaiting,
				Started: at(0), Ended: at(40), CallIDs: []string{"a@carrier", "a@pbx"},
				Evidence: []sip.Evidence{
					{At: at(0), CallID: "a@carrier", What: "caller INVITE", Cause: -1},
					{At: at(40), CallID: "a@carrier", What: "caller BYE", Status: 200, Cause: 16},
				},
			}, e.Call)
		}
		if open := w.c.Open()["callbacks"]; open != 1 {
			t.Errorf("%d open cases are counted", open)
		}
	})
}

func TestAnotherMissIsAddedAndDueNeverMovesLater(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		first := w.only(maija, "callbacks")
		day := 86400.0
		w.tell(gone("b", maija, "hotline", day, day+90, sip.MediaLost), "miss_added callbacks media_lost")
		c := w.only(maija, "callbacks")
		if c.ID != first.ID || c.MissedCount != 2 || c.Wait != 45*time.Second || c.Reason != sip.MediaLost || c.Verdict != sip.Dropped {
			t.Errorf("got %+v", c)
		}
		same(t, "due", first.Due, c.Due)
		same(t, "expiry begins anew", first.Expires.Add(24*time.Hour), c.Expires)
		same(t, "Call-IDs", []string{"a@carrier", "a@pbx", "b@carrier", "b@pbx"}, c.CallIDs)
		same(t, "history", []string{"42 opened abandoned_waiting", "86492 miss_added media_lost"}, w.history(c.ID))
		w.tell(gone("c", maija, "support", day, day+10, sip.Busy), "opened support busy")
		w.tell(gone("d", pekka, "hotline", day, day+10, sip.Busy), "opened callbacks busy")
	})
}

func TestDueAndExpiryAreInOpeningHours(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ missed, due, expires string }{
		{"2026-11-20 10:00", "2026-11-20 11:00", "2026-11-25 16:00"}, // a Friday
		{"2026-11-20 15:30", "2026-11-23 08:30", "2026-11-25 16:00"}, // shortly before it closes
		{"2026-11-21 12:00", "2026-11-23 09:00", "2026-11-25 16:00"}, // on a Saturday
		{"2026-12-04 15:30", "2026-12-07 10:30", "2026-12-09 16:00"}, // before a day with hours of its own
		{"2026-12-07 11:45", "2026-12-08 08:45", "2026-12-10 16:00"}, // on it
		{"2026-11-20 23:59", "2026-11-23 09:00", "2026-11-25 16:00"}, // at night
	} {
		w := newWorld(t, storeInMemory)
		moment, err := time.ParseInLocation("2006-01-02 15:04", tt.missed, helsinki)
		if err != nil {
			t.Fatal(err)
		}
		ev := gone("a", maija, "office", 0, 40, sip.Timeout)
		ev.At = moment
		w.tell(ev, "opened office timeout")
		c := w.only(maija, "office")
		const layout = "2006-01-02 15:04"
		if due, expires := c.Due.In(helsinki).Format(layout), c.Expires.In(helsinki).Format(layout); due != tt.due || expires != tt.expires {
			t.Errorf("missed %s: due %s and expires %s, want %s and %s", tt.missed, due, expires, tt.due, tt.expires)
		}
		byHand, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: moment}, cases.Draft{List: "office"})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "due like one made by hand", byHand.Case.Due, c.Due)
		same(t, "expires like one made by hand", byHand.Case.Expires, c.Expires)
		if c.Overdue(c.Due.Add(-1)) || !c.Overdue(c.Due) {
			t.Error("it is overdue from when it is due")
		}
	}
}

func TestAnAgentsCallClosesAtItsINVITEAndStaysClosedWhenAnswered(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		id := w.only(maija, "callbacks").ID
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
		w.none(maija)
		c := w.read(id)
		if c.State != cases.Closed || c.ClosedBy != anna || c.CloseReason != cases.AgentCalled || !c.Closed.Equal(at(100)) || !c.UndoUntil.Equal(at(700)) {
			t.Errorf("got %+v", c)
		}
		same(t, "proof", []string{"out@phone", "out@carrier"}, c.Proof)
		by, err := w.c.ClosedBy("out")
		if err != nil || len(by) != 1 || by[0].ID != id {
			t.Errorf("closed by the call: %v, %v", by, err)
		}
		w.tell(rang("out", maija, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
		c = w.read(id)
		if c.State != cases.Closed || c.Attempts != 1 || !c.Attempted.Equal(at(100)) {
			t.Errorf("got %+v", c)
		}
		same(t, "history", []string{"42 opened abandoned_waiting", "100 closed agent_called by 101", "202 attempted answered by 101"}, w.history(id))
	})
}

func TestItReopensWhenTheFarEndDidNotAnswer(t *testing.T) {
	for _, tt := range []struct {
		result   sip.Result
		word     string
		attempts int
	}{
		{sip.ResultBusy, "busy", 1},
		{sip.NoAnswer, "no_answer", 1},
		{sip.WrongNumber, "wrong_number", 1},
		{sip.ResultRejected, "rejected", 1},
		{sip.ResultUnknown, "unknown", 1},
		{sip.NetworkFailure, "network_failure", 0}, // 5xx is the network's fault and no attempt
	} {
		t.Run(tt.word, func(t *testing.T) {
			onBoth(t, func(w *world) {
				t := w.t
				w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
				before := w.only(maija, "callbacks")
				w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
				want := []string{"reopened callbacks " + tt.word + " by 101"}
				if tt.attempts > 0 {
					want = append([]string{"attempted callbacks " + tt.word + " by 101"}, want...)
				}
				w.tell(rang("out", maija, 100, 0, 120, tt.result), want...)
				c := w.only(maija, "callbacks")
				if c.ID != before.ID || c.Attempts != tt.attempts || c.CloseReason != cases.NotClosed || !c.Closed.IsZero() || len(c.Proof) > 0 {
					t.Errorf("got %+v", c)
				}
				same(t, "due", before.Due, c.Due)
				same(t, "expiry", before.Expires, c.Expires)
				if by, err := w.c.ClosedBy("out"); err != nil || len(by) > 0 {
					t.Errorf("closed by the call: %v, %v", by, err)
				}
			})
		})
	}
}

func TestAnsweredModeClosesWhenTheFarEndWasUpLongEnough(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell(gone("a", maija, "support", 0, 40, sip.Busy), "opened support busy")
		w.tell(dials("1", maija, 100))
		w.tell(rang("1", maija, 100, 110, 119.9, sip.Answered), "attempted support answered by 101")
		w.tell(dials("2", maija, 200))
		w.tell(rang("2", maija, 200, 0, 230, sip.NoAnswer), "attempted support no_answer by 101")
		w.tell(dials("3", maija, 300))
		w.tell(rang("3", maija, 300, 310, 320, sip.Answered), "attempted support answered by 101", "closed support agent_called by 101")
		w.none(maija)
	})
}

func TestOffRecordsAttemptsAndClosesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "sales", 0, 40, sip.Busy), "opened sales busy")
		w.tell(gone("b", maija, "sales", 50, 60, sip.Timeout)) // not collected
		w.tell(dials("out", maija, 100))
		w.tell(rang("out", maija, 100, 110, 320, sip.Answered), "attempted sales answered by 101")
		w.tell(served("again", maija, "sales", 400, 500))
		if c := w.only(maija, "sales"); c.Attempts != 1 || c.MissedCount != 1 {
			t.Errorf("got %+v", c)
		}
	})
}

func TestACallerServedOnAnyListOfTheGroupClosesHisCases(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(gone("b", maija, "support", 0, 40, sip.Timeout), "opened support timeout")
		w.tell(gone("c", maija, "press", 0, 40, sip.Timeout), "opened press timeout")
		w.tell(served("d", pekka, "hotline", 100, 200))
		w.tell(served("e", maija, "hotline", 100, 200), "closed callbacks caller_served by 101", "closed support caller_served by 101")
		if c := w.only(maija, "press"); c.CallingNow {
			t.Error("another group's case was touched")
		}
		w.tell(served("f", maija, "press", 300, 400), "closed press caller_served by 101")
	})
}

func TestServedMeansAfterwards(t *testing.T) {
	onBoth(t, func(w *world) {
		// Two calls at once from one number: one was served and over before the other was missed.
		w.tell(gone("b", maija, "hotline", 5, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		w.tell(served("a", maija, "hotline", 0, 39))
		// Or was being served then, and talked on: who rang beside him, as a colleague does, still waits.
		w.tell(served("c", maija, "hotline", 2, 80))
		// Who tried again while the first rang on was served.
		w.tell(served("d", maija, "hotline", 35, 80), "closed callbacks caller_served by 101")
	})
}

func TestANewMissReopensWhatWasClosedAutomaticallyAShortWhileAgo(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		w.tell(served("b", maija, "hotline", 100, 200), "closed callbacks caller_served by 101")
		w.tell(gone("c", maija, "hotline", 300, 340, sip.Busy), "reopened callbacks busy")
		c := w.only(maija, "callbacks")
		if c.ID != id || c.MissedCount != 2 || c.Reason != sip.Busy {
			t.Errorf("got %+v", c)
		}
		w.tell(served("d", maija, "hotline", 400, 500), "closed callbacks caller_served by 101")

		later := 502.0 + 1801
		w.tell(gone("e", maija, "hotline", later-20, later-2, sip.Busy), "opened callbacks busy")
		c = w.only(maija, "callbacks")
		if c.ID == id || c.Previous != id || c.MissedCount != 1 {
			t.Errorf("got %+v", c)
		}
	})
}

func TestAMissThatIsJudgedAfterTheCustomerWasReachedOpensNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		id := w.only(maija, "callbacks").ID
		w.tell(dials("out", maija, 101), "closed callbacks agent_called by 101")
		w.tell(gone("b", maija, "hotline", 60, 100, sip.AbandonedWaiting), "miss_added callbacks abandoned_waiting")
		w.none(maija)
		if c := w.read(id); c.MissedCount != 2 || c.State != cases.Closed {
			t.Errorf("got %+v", c)
		}
		w.tell(rang("out", maija, 101, 0, 110, sip.NoAnswer), "attempted callbacks no_answer by 101", "reopened callbacks no_answer by 101")
	})
}

func TestACustomerWhoLeavesTheQueueToTakeTheAgentsCallIsNotCalledTwice(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(rings("b", maija, "hotline", 90), "calling_now callbacks")
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
		w.tell(gone("b", maija, "hotline", 90, 104, sip.AbandonedWaiting), "reopened callbacks abandoned_waiting")
		w.tell(rang("out", maija, 100, 105, 200, sip.Answered), "attempted callbacks answered by 101", "closed callbacks agent_called by 101")
	})
}

func TestAnAgentWhoDialsBeforeTheVerdictFellHasCalledBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell(dials("out", maija, 41)) // no case yet
		w.tell(gone("a", maija, "hotline", 0, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		w.tell(rang("out", maija, 41, 45, 200, sip.Answered), "attempted callbacks answered by 101", "closed callbacks agent_called by 101")
		w.tell(gone("b", pekka, "hotline", 0, 40, sip.AbandonedWaiting), "opened callbacks abandoned_waiting")
		w.tell(rang("early", pekka, 10, 15, 39, sip.Answered)) // over before he was missed
	})
}

func TestShortAbandons(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(short(gone("a", maija, "hotline", 0, 1, sip.AbandonedWaiting)))
		w.tell(short(gone("b", maija, "hotline", 601, 602, sip.AbandonedWaiting))) // more than 10 min later
		w.tell(short(gone("c", pekka, "hotline", 700, 701, sip.AbandonedWaiting)))
		w.none(maija)
		w.tell(short(gone("d", maija, "support", 1201, 1202, sip.AbandonedRinging)), "opened support abandoned_ringing")
		w.tell(short(gone("e", maija, "support", 1210, 1211, sip.AbandonedRinging))) // the next pair begins
		w.tell(short(gone("f", maija, "support", 1220, 1221, sip.AbandonedRinging)), "miss_added support abandoned_ringing")
		if c := w.only(maija, "support"); c.MissedCount != 2 {
			t.Errorf("got %+v", c)
		}
	})
}

func TestCallersWithoutANumber(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		hidden := gone("a", 0, "hotline", 0, 40, sip.Timeout)
		hidden.Call.Withheld, hidden.Call.CallerID = true, "anonymous"
		w.tell(hidden)

		named := func(id string, from float64) *sip.Event {
			ev := gone(id, 0, "hotline", from, from+40, sip.Timeout)
			ev.Call.CallerID = "maija@example.org"
			return ev
		}
		c := w.tell(named("b", 0), "opened callbacks timeout")[0].Case
		if c.Number != 0 || c.Caller != "maija@example.org" {
			t.Errorf("got %+v", c)
		}
		w.tell(named("c", 100), "miss_added callbacks timeout")
		w.tell(dials("out", 0, 200))
		again := served("d", 0, "hotline", 300, 400)
		again.Call.CallerID = "maija@example.org"
		w.tell(again, "closed callbacks caller_served by 101")
	})
}

func TestCallsThatAreNoServiceCallsOpenNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		direct := gone("a", maija, "hotline", 0, 40, sip.Timeout)
		direct.Call.Service, direct.Call.List = "", ""
		w.tell(direct)
		internal := gone("b", 0, "hotline", 0, 40, sip.Timeout)
		internal.Call.Direction, internal.Call.CallerID = sip.Internal, "102"
		w.tell(internal)
		unknown := gone("c", maija, "hotline", 0, 40, sip.Timeout)
		unknown.Call.List = "gone"
		w.tell(unknown)
		lost := gone("d", maija, "hotline", 0, 40, sip.UnknownEnd)
		lost.Call.Verdict = sip.VerdictNone
		w.tell(lost)
		w.none(maija)
		if n := w.c.Decisions()["unknown_list"]; n != 1 && !w.twin {
			t.Errorf("decisions: %v", w.c.Decisions())
		}
	})
}

func TestSharedNumbersAreNeverMergedOrClosedAutomatically(t *testing.T) {
	const switchboard = sip.Number(358800555001)
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", switchboard, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(gone("b", switchboard, "hotline", 50, 60, sip.Timeout), "opened callbacks timeout")
		w.tell(rings("c", switchboard, "hotline", 90))
		w.tell(dials("out", switchboard, 100))
		w.tell(rang("out", switchboard, 100, 105, 200, sip.Answered))
		w.tell(served("c", switchboard, "hotline", 90, 300))
		all, err := w.c.OpenByNumber(switchboard)
		if err != nil || len(all) != 2 || all[0].MissedCount != 1 || all[0].Attempts != 0 {
			t.Errorf("got %+v, %v", all, err)
		}
		if _, err := w.do(act(all[0].ID, 400), cases.Close{Reason: cases.Successful}); err != nil {
			t.Error(err)
		}
		if c := w.only(switchboard, "callbacks"); c.ID != all[1].ID {
			t.Errorf("%s is open", c.ID)
		}
		w.tell(gone("e", switchboard, "hotline", 500, 560, sip.Timeout), "opened callbacks timeout")
	})
}

func TestOneDiallingClosesTheCasesOfAllLists(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(gone("b", maija, "support", 0, 40, sip.Timeout), "opened support timeout")
		w.tell(gone("c", maija, "press", 0, 40, sip.Timeout), "opened press timeout")
		w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101", "closed press agent_called by 101")
		w.tell(rang("out", maija, 100, 0, 120, sip.ResultBusy),
			"attempted callbacks busy by 101", "reopened callbacks busy by 101",
			"attempted support busy by 101",
			"attempted press busy by 101", "reopened press busy by 101")
	})
}
