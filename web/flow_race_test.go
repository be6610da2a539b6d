package web_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
	"ringback/web"
	"ringback/web/client"
)

func TestTwoAgentsRaceForACaseAndOneIsToldWhoWon(t *testing.T) {
	w := web.Whole(t)
	anna, sara := dial(t, w, "anna"), dial(t, w, "sara")
	for n := range 100 {
		id := w.Missed("support", matti+sip.Number(n), time.Now()).ID
		results := make([]error, 2)
		var group sync.WaitGroup
		for i, c := range []*client.Client{anna, sara} {
			group.Go(func() { _, results[i] = c.Assign(t.Context(), id, "") })
		}
		group.Wait()
		won := slices.Index(results, nil)
		shown := must[web.CaseWithHistory](t, "case")(anna.Case(t.Context(), id))
		// Sara supervises the list, so she may take it from anna; anna may not take it from her.
		if won < 0 || shown.Assignee != "sara" && shown.Assignee != "anna" {
			t.Fatalf("%v, assigned to %s", results, shown.Assignee)
		}
		if problem, lost := errors.AsType[*client.Error](results[0]); lost && (problem.By != "sara" || shown.Assignee != "sara") {
			t.Errorf("anna is told that %s has it, and %s has", problem.By, shown.Assignee)
		}
	}
}

func TestEachAgentWhoAsksAtOnceGetsAnotherCase(t *testing.T) {
	w := web.Whole(t)
	agents, each := []string{"anna", "sara", "cecilia", "david"}, 25
	for n := range len(agents) * each {
		w.Missed("support", matti+sip.Number(n), time.Now())
	}
	var mu sync.Mutex
	given := map[string]int{}
	var group sync.WaitGroup
	for _, agent := range agents {
		c, err := client.New(w.URL(), client.Options{HTTP: w.HTTP(), Token: w.Secret(), Agent: agent})
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for {
				next, err := c.Next(t.Context(), []string{"support"})
				if errors.Is(err, client.ErrNone) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				given[next.ID]++
				mu.Unlock()
				if _, err := c.Close(t.Context(), next.ID, "successful", "", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for id, n := range given {
		if n != 1 {
			t.Errorf("%s was given out %d times", id, n)
		}
	}
	if len(given) != len(agents)*each {
		t.Errorf("%d cases were given out", len(given))
	}
}

func TestAFollowerIsToldOfWhatHeMaySeeOnly(t *testing.T) {
	w := web.Whole(t)
	anna, bertil := dial(t, w, "anna"), dial(t, w, "bertil")
	ctx, leave := context.WithCancel(t.Context())
	type seen struct{ who, list string }
	got := make(chan seen, 100)
	var ready, group sync.WaitGroup
	for who, c := range map[string]*client.Client{"anna": anna, "bertil": bertil} {
		ready.Add(1)
		group.Go(func() {
			for ev, err := range c.Events(ctx, client.EventOptions{Kinds: []string{"case"}, Opened: ready.Done}) {
				if err != nil {
					t.Error(err)
					return
				}
				got <- seen{who, ev.Case.List}
			}
		})
	}
	ready.Wait()
	for range 5 {
		for _, list := range []string{"support", "billing", "campaign"} {
			w.Publish(cases.Change{Event: cases.Opened, Case: cases.Case{ID: "x", List: list, State: cases.Open}, At: time.Now()})
		}
	}
	counts := map[seen]int{}
	for range 20 {
		counts[<-got]++
	}
	leave()
	group.Wait()
	want := map[seen]int{{"anna", "support"}: 5, {"anna", "campaign"}: 5, {"bertil", "billing"}: 5, {"bertil", "campaign"}: 5}
	for k, n := range want {
		if counts[k] != n {
			t.Errorf("%v: %d", k, counts[k])
		}
	}
}
