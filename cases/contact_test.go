package cases_test

import (
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
)

// TestACustomerWasContactedWhenACallReachedHim follows when a case says that its customer was reached.
func TestACustomerWasContactedWhenACallReachedHim(t *testing.T) {
	never := time.Time{}
	for name, run := range map[string]func(w *world, id string) time.Time{
		"closed as successful without an attempt": func(w *world, id string) time.Time {
			w.must(by("101", id, 100), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
			return never
		},
		"closed as successful after an attempt in the app": func(w *world, id string) time.Time {
			w.must(by("101", id, 100), cases.Try{}, "attempted callbacks dialled by 101")
			w.must(by("101", id, 160), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
			return at(100)
		},
		"and reopened by hand": func(w *world, id string) time.Time {
			w.must(by("101", id, 100), cases.Try{}, "attempted callbacks dialled by 101")
			w.must(by("101", id, 160), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
			w.must(by("101", id, 200), cases.Reopen{}, "reopened callbacks by_hand by 101")
			return never
		},
		"and the undone reopening": func(w *world, id string) time.Time {
			w.must(by("101", id, 100), cases.Try{}, "attempted callbacks dialled by 101")
			w.must(by("101", id, 160), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
			w.must(by("101", id, 200), cases.Reopen{}, "reopened callbacks by_hand by 101")
			w.must(by("101", id, 210), cases.Undo{}, "closed callbacks successful by 101")
			return at(100)
		},
		"said by a status, and reopened by hand": func(w *world, id string) time.Time {
			w.must(by("101", id, 100), cases.Try{}, "attempted callbacks dialled by 101")
			c := w.must(by("101", id, 160), cases.Handle{Status: "closed_successfully"}, "handled callbacks closed_successfully by 101", "closed callbacks successful by 101")
			if !c.Contacted.Equal(at(100)) {
				t.Errorf("the status says %v", c.Contacted)
			}
			w.must(by("101", id, 200), cases.Reopen{}, "reopened callbacks by_hand by 101")
			return never
		},
		"answered on the wire, and reopened by hand": func(w *world, id string) time.Time {
			w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
			w.must(by("101", id, 300), cases.Reopen{}, "reopened callbacks by_hand by 101")
			return at(110)
		},
		"a mailbox answered": func(w *world, id string) time.Time {
			w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 100, 110, 200, sip.Answered), "attempted callbacks answered by 101")
			w.must(by("101", id, 210), cases.Handle{Status: "no_answer"}, "handled callbacks no_answer by 101", "reopened callbacks no_answer by 101")
			return never
		},
		"rang, and nobody answered": func(w *world, id string) time.Time {
			w.tell(dials("out", maija, 100), "closed callbacks agent_called by 101")
			w.tell(rang("out", maija, 100, 0, 140, sip.NoAnswer), "attempted callbacks no_answer by 101", "reopened callbacks no_answer by 101")
			return never
		},
		"served when he called again, and reopened by hand": func(w *world, id string) time.Time {
			w.tell(served("again", maija, "hotline", 500, 642), "closed callbacks caller_served by 101")
			w.must(by("101", id, 700), cases.Reopen{}, "reopened callbacks by_hand by 101")
			return at(501)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := desk(t)
			id := w.missed(maija, "hotline", 0).ID
			want := run(w, id)
			c, err := w.c.Case(id)
			if err != nil || !c.Contacted.Equal(want) {
				t.Errorf("contacted at %v, want %v; %v", c.Contacted, want, err)
			}
			s, err := w.c.Statistics(cases.StatisticsQuery{Lists: []string{"callbacks"}})
			if counted := err == nil && s[0].Contacted == 1; counted == want.IsZero() {
				t.Errorf("the statistics count %+v; %v", s, err)
			}
		})
	}
}
