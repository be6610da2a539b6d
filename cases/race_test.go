package cases_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"ringback/cases"
	"ringback/sip"
	"ringback/store"
)

// TestTwoAgentsRaceForACase lets two agents press "assign to me" on the same case at once, a thousand
// times: one has it, and the other is told who.
func TestTwoAgentsRaceForACase(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "hotline", 0).ID
	wins := map[string]int{}
	for round := range 1000 {
		errs := make([]error, 2)
		agents := []string{"101", "102"}
		if round%2 == 1 {
			agents[0], agents[1] = agents[1], agents[0]
		}
		var wg sync.WaitGroup
		for i, agent := range agents {
			wg.Go(func() {
				_, errs[i] = w.c.Do(t.Context(), by(agent, id, 100), cases.Assign{To: agent})
			})
		}
		wg.Wait()
		winner, loser := 0, 1
		if errs[0] != nil {
			winner, loser = 1, 0
		}
		refusal, ok := errors.AsType[*cases.Refusal](errs[loser])
		if errs[winner] != nil || !ok || !errors.Is(refusal, cases.ErrTaken) || refusal.By != agents[winner] {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		if c := w.read(id); c.Assignee != agents[winner] {
			t.Fatalf("round %d: %s has it, not %s", round, c.Assignee, agents[winner])
		}
		wins[agents[winner]]++
		w.must(by(agents[winner], id, 100), cases.Assign{}, "released callbacks by_hand by "+agents[winner])
	}
	t.Logf("won: %v", wins)
}

// TestEveryAgentIsGivenAnotherCase lets many agents ask for their next case at the same time, on the
// disk: no case is given twice, and none is left while somebody goes without.
func TestEveryAgentIsGivenAnotherCase(t *testing.T) {
	w := &world{t: t, dir: parse(t, desks)}
	w.open(store.Options{Dir: t.TempDir()})
	defer func() {
		if err := w.st.Close(); err != nil {
			t.Error(err)
		}
	}()
	const agents, open = 64, 50
	for i := range open {
		w.missed(sip.Number(358401000000+i), []string{"hotline", "support"}[i%2], float64(i))
	}
	given, none := sync.Map{}, make(chan string, agents)
	var wg sync.WaitGroup
	for i := range agents {
		agent := fmt.Sprint("agent ", i)
		wg.Go(func() {
			done, err := w.c.Next(t.Context(), by(agent, "", 200), cases.NextQuery{Lists: []string{"callbacks", "support"}})
			switch {
			case errors.Is(err, cases.ErrNone):
				none <- agent
			case err != nil:
				t.Error(err)
			default:
				if other, twice := given.LoadOrStore(done.Case.ID, agent); twice {
					t.Errorf("%s and %s were both given %s", agent, other, done.Case.ID)
				}
			}
		})
	}
	wg.Wait()
	if len(none) != agents-open {
		t.Errorf("%d went without, want %d", len(none), agents-open)
	}
	counters, err := w.c.Counters([]string{"callbacks", "support"}, "", at(200))
	if err != nil || counters["callbacks"].Unassigned+counters["support"].Unassigned != 0 {
		t.Errorf("got %+v, %v", counters, err)
	}
}

// TestACaseMadeByHandAndADialledCallAtOnce lets a person make a case while an agent dials its number, again
// and again: the call is never overlooked once the case is there.
func TestACaseMadeByHandAndADialledCallAtOnce(t *testing.T) {
	w := desk(t)
	for i := range 200 {
		n := sip.Number(358401000000 + i)
		var wg sync.WaitGroup
		var made cases.Done
		wg.Go(func() {
			var err error
			if made, err = w.c.Create(t.Context(), cases.Act{Agent: "102", At: at(0)}, cases.Draft{List: "callbacks", Number: n}); err != nil {
				t.Error(err)
			}
		})
		if _, err := w.c.Apply(t.Context(), dials(fmt.Sprint("early ", i), n, 10)); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if _, err := w.c.Apply(t.Context(), dials(fmt.Sprint("late ", i), n, 20)); err != nil {
			t.Error(err)
		}
		if c := w.read(made.Case.ID); c.State != cases.Closed {
			t.Fatalf("round %d: the call was overlooked: %+v", i, c)
		}
		// Likewise when it is opened again.
		wg.Go(func() {
			if _, err := w.c.Do(t.Context(), by("102", made.Case.ID, 30), cases.Reopen{}); err != nil {
				t.Error(err)
			}
		})
		for w.read(made.Case.ID).State == cases.Closed {
			runtime.Gosched()
		}
		if _, err := w.c.Apply(t.Context(), dials(fmt.Sprint("again ", i), n, 40)); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if c := w.read(made.Case.ID); c.State != cases.Closed {
			t.Fatalf("round %d: the second call was overlooked: %+v", i, c)
		}
	}
}
