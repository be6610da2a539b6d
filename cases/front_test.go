package cases_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
	"ringback/store"
)

// gate holds the commits of a store until they are let through; the first one is that of opening it.
type gate struct {
	opened        bool
	reached, open chan struct{}
}

func newGate() *gate { return &gate{reached: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) fault(at store.Stage) error {
	switch {
	case !g.opened:
		g.opened = at == store.AfterSync
	case at == store.BeforeWrite:
		g.reached <- struct{}{}
		<-g.open
	}
	return nil
}

func TestEventsOfOneNumberAreDoneInOrderAndOthersAtOnce(t *testing.T) {
	g := newGate()
	w := newWorld(t, store.Options{Dir: t.TempDir(), Fault: g.fault})
	done := make(chan string, 10)
	submit := func(name string, ev *sip.Event) {
		w.c.Submit(ev, func(changes []cases.Change, err error) {
			if err != nil {
				t.Error(err)
			}
			done <- fmt.Sprint(name, lines(changes))
		})
	}
	ringing := func(n sip.Number) *sip.Event {
		return &sip.Event{Kind: sip.AgentRinging, At: at(43), Call: caller(n, nil, "b", "hotline"), Agent: anna, Number: n}
	}
	submit("missed", gone("a", maija, "hotline", 0, 40, sip.Timeout))
	<-g.reached
	submit("ringing", ringing(maija)) // its case is not on the disk yet
	submit("dials", dials("out", maija, 44))
	submit("other", ringing(pekka))
	submit("other served", served("c", pekka, "hotline", 0, 40))
	same(t, "at once", "other[]", <-done)
	same(t, "at once", "other served[]", <-done)
	select {
	case name := <-done:
		t.Errorf("%s was done before the disk had it", name)
	default:
	}
	if all, err := w.c.OpenByNumber(maija); err != nil || len(all) != 0 {
		t.Errorf("a case is seen before the disk has it: %v, %v", all, err)
	}
	g.open <- struct{}{}
	same(t, "then in order", "missed[opened callbacks timeout]", <-done)
	<-g.reached
	same(t, "the case is seen", 1, len(must(w.c.OpenByNumber(maija))))
	g.open <- struct{}{}
	same(t, "then in order", "ringing[]", <-done)
	same(t, "then in order", "dials[closed callbacks agent_called by 101]", <-done)
	submit("ringing", ringing(maija))
	same(t, "at once when nothing waits", "ringing[]", <-done)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAnErrorOfTheStoreIsToldAndChangesNothing(t *testing.T) {
	broken := errors.New("broken")
	fail := false
	w := newWorld(t, store.Options{Dir: t.TempDir(), Fault: func(store.Stage) error {
		if fail {
			return broken
		}
		return nil
	}})
	w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
	fail = true
	for _, ev := range []*sip.Event{dials("out", maija, 100), gone("b", pekka, "hotline", 0, 40, sip.Timeout)} {
		if changes, err := w.c.Apply(t.Context(), ev); !errors.Is(err, broken) || changes != nil {
			t.Errorf("got %v, %v", lines(changes), err)
		}
	}
	w.only(maija, "callbacks")
	w.none(pekka)
	same(t, "open cases", map[string]int{"callbacks": 1}, w.c.Open())
	if _, err := w.do(act(w.only(maija, "callbacks").ID, 1), cases.Undo{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := w.c.Expire(t.Context(), at(1e6)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestListsArePagedByPriority(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		const n = 123
		number := func(i int) sip.Number { return sip.Number(358401000000 + i) }
		for i := range n {
			id := fmt.Sprint("call ", i)
			w.tell(gone(id, number(i), "hotline", float64(i%40), float64(i%40)+1, sip.Busy), "opened callbacks busy")
			if i%3 == 0 { // more misses at the same due time stand higher
				w.tell(gone(id+" again", number(i), "hotline", float64(i%40), float64(i%40)+1, sip.Busy), "miss_added callbacks busy")
			}
		}
		all := w.pages(cases.Query{Lists: []string{"callbacks"}, State: cases.Open, Limit: 10})
		if len(all) != n {
			t.Fatalf("%d of %d cases", len(all), n)
		}
		if !slices.IsSortedFunc(all, func(a, b cases.Case) int {
			if c := a.Due.Compare(b.Due); c != 0 {
				return c
			}
			return b.MissedCount - a.MissedCount
		}) {
			t.Error("not by due time, then by misses")
		}

		// Whatever happens between two pages, no case that stays comes twice or is left out.
		page, err := w.c.List(cases.Query{Lists: []string{"callbacks"}, State: cases.Open, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, c := range page.Cases {
			seen[c.ID] = true
		}
		for _, c := range append(slices.Clone(page.Cases[40:]), all[60], all[61]) {
			if _, err := w.do(act(c.ID, 200+c.Missed.Sub(ten).Seconds()), cases.Close{Reason: cases.Successful}); err != nil {
				t.Fatal(err)
			}
		}
		w.tell(gone("early", pekka, "hotline", -100, -90, sip.Busy), "opened callbacks busy")
		for _, c := range w.pages(cases.Query{Lists: []string{"callbacks"}, State: cases.Open, Cursor: page.Next}) {
			if seen[c.ID] {
				t.Errorf("%s comes twice", c.ID)
			}
			seen[c.ID] = true
		}
		if len(seen) != n-2 {
			t.Errorf("%d of %d cases were seen", len(seen), n-2)
		}

		closed := w.pages(cases.Query{Lists: []string{"callbacks"}, State: cases.Closed, Limit: 5})
		if len(closed) != 12 || !slices.IsSortedFunc(closed, func(a, b cases.Case) int { return b.Closed.Compare(a.Closed) }) {
			t.Errorf("%d closed cases, the latest first", len(closed))
		}
		if other := w.pages(cases.Query{Lists: []string{"support"}, State: cases.Open}); len(other) != 0 {
			t.Errorf("another list has %d", len(other))
		}
		for name, q := range map[string]cases.Query{
			"no list":                {State: cases.Open},
			"no state":               {Lists: []string{"callbacks"}},
			"no cursor":              {Lists: []string{"callbacks"}, State: cases.Open, Cursor: "!"},
			"another list's cursor":  {Lists: []string{"support"}, State: cases.Open, Cursor: page.Next},
			"another state's cursor": {Lists: []string{"callbacks"}, State: cases.Closed, Cursor: page.Next},
			"a made-up cursor":       {Lists: []string{"callbacks"}, State: cases.Open, Cursor: "AgICAgI"},
		} {
			if _, err := w.c.List(q); !errors.Is(err, cases.ErrQuery) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

// pages reads all pages of a query.
func (w *world) pages(q cases.Query) []cases.Case {
	w.t.Helper()
	var all []cases.Case
	for {
		page, err := w.c.List(q)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, page.Cases...)
		if page.Next == "" {
			return all
		}
		q.Cursor = page.Next
	}
}

func TestNumbersThatMayBeTheSame(t *testing.T) {
	const abroad = sip.Number(46401234501) // the same last nine digits
	onBoth(t, func(w *world) {
		t := w.t
		w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.tell(gone("b", pekka, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout")
		w.none(abroad)
		maybe, err := w.c.MaybeByNumber(abroad)
		if err != nil || len(maybe) != 1 || maybe[0].Number != maija {
			t.Errorf("got %v, %v", maybe, err)
		}
		w.tell(dials("out", abroad, 100)) // shown, never acted on
		w.tell(served("c", abroad, "hotline", 100, 200))
		w.only(maija, "callbacks")
		if maybe, err := w.c.MaybeByNumber(maija); err != nil || len(maybe) != 0 {
			t.Errorf("a number is no maybe of itself: %v, %v", maybe, err)
		}
	})
}

func TestExpiry(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		const n = 450 // more than one command takes
		for i := range n {
			w.tell(gone(fmt.Sprint(i), sip.Number(358401000000+i), "office", 0, 40, sip.Busy), "opened office busy")
		}
		w.tell(gone("later", maija, "office", 86400*3, 86400*3+40, sip.Busy), "opened office busy")
		w.tell(gone("stays", pekka, "hotline", 0, 40, sip.Busy), "opened callbacks busy")
		closing := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC) // the third opening day after Friday, 16:00
		if changes, err := w.c.Expire(t.Context(), closing.Add(-1)); err != nil || slices.Contains(lines(changes), "closed office expired") {
			t.Errorf("too early: %v, %v", lines(changes), err)
		}
		changes, err := w.c.Expire(t.Context(), closing)
		if err != nil || len(changes) != n {
			t.Fatalf("%d of %d expired, %v", len(changes), n, err)
		}
		same(t, "a change", "closed office expired", line(changes[0]))
		same(t, "its time", closing, changes[0].Case.Closed)
		if changes, err := w.c.Expire(t.Context(), closing.Add(time.Hour)); err != nil || len(changes) > 0 {
			t.Errorf("again: %v, %v", lines(changes), err)
		}
		c := w.only(maija, "office")
		if changes := must(w.c.Expire(t.Context(), c.Expires)); len(changes) != 1 || changes[0].Case.ID != c.ID {
			t.Errorf("the next one: %v", lines(changes))
		}
		same(t, "open cases", map[string]int{"callbacks": 0, "office": 0}, w.c.Open())
		// What expired was not closed because he was reached: the next miss makes a new case.
		w.tell(gone("new", maija, "office", 86400*10, 86400*10+40, sip.Busy), "opened office busy")
	})
}

func TestOldCallsAreForgotten(t *testing.T) {
	w := newWorld(t, store.Options{})
	for i := range 40 { // more than a customer's record holds
		w.tell(gone(fmt.Sprint(i), maija, "hotline", float64(60*i), float64(60*i+30), sip.Busy), []string{"opened callbacks busy", "miss_added callbacks busy"}[min(i, 1)])
	}
	w.tell(dials("out", maija, 3000), "closed callbacks agent_called by 101")
	w.tell(rang("out", maija, 3000, 3010, 3020, sip.Answered), "attempted callbacks answered by 101")
	w.tell(dials("live", maija, 3100))
	before := w.rows()
	if _, err := w.c.Expire(t.Context(), at(3000).Add(47*time.Hour)); err != nil {
		t.Fatal(err)
	}
	same(t, "rows after 47 hours", before, w.rows())
	for i := range 40 {
		w.tell(gone(fmt.Sprint(i), maija, "hotline", float64(60*i), float64(60*i+30), sip.Busy)) // known
	}
	if _, err := w.c.Expire(t.Context(), at(3000).Add(49*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if after := w.rows(); after != before-33 { // 32 calls of the customer and one of the agent
		t.Errorf("%d rows before, %d after", before, after)
	}
}

// rows counts what is stored.
func (w *world) rows() int {
	w.t.Helper()
	n := 0
	err := w.st.View(func(s *store.Snapshot) error {
		for range s.Scan(store.Range{}) {
			n++
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestLongHistories(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		var want []string
		var id string
		for i := range 30 {
			from := float64(100 * i)
			word := "miss_added"
			if i == 0 {
				word = "opened"
			}
			id = w.tell(gone(fmt.Sprint(i), maija, "hotline", from, from+40, sip.Busy), word+" callbacks busy")[0].Case.ID
			want = append(want, fmt.Sprintf("%g %s busy", from+42, word))
		}
		same(t, "history", want, w.history(id))
		for range w.c.History(id) {
			break // an early end is no error
		}
		for _, err := range w.c.History("1NGE7R4-8XK2QJ") {
			if !errors.Is(err, cases.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		}
		if c := w.read(id); len(c.CallIDs) != 16 || c.CallIDs[15] != "29@pbx" || c.MissedCount != 30 {
			t.Errorf("got %+v", c)
		}
	})
}

func TestAHostileCallMakesACaseLikeAnyOther(t *testing.T) {
	onBoth(t, func(w *world) {
		t := w.t
		long := strings.Repeat("x", 64_000)
		hostile := func(id string, from float64) *sip.Event {
			ev := gone(id, 0, "hotline", from, from+40, sip.Busy)
			ev.Call.CallerID, ev.Call.Trunk, ev.Call.Agent = long+"@example.org", "", long
			for i := range 300 {
				ev.Call.CallIDs = append(ev.Call.CallIDs, long+fmt.Sprint(i))
				ev.Call.Evidence = append(ev.Call.Evidence, sip.Evidence{At: at(1), CallID: long + fmt.Sprint(i), What: "caller INVITE", Agent: long})
			}
			return ev
		}
		id := w.tell(hostile("a", 0), "opened callbacks busy")[0].Case.ID
		w.tell(hostile("b", 100), "miss_added callbacks busy")
		w.tell(gone("c", maija, "hotline", 0, 40, sip.Busy), "opened callbacks busy")
		dial := dials("out", maija, 200)
		dial.Agent, dial.Call.CallIDs = long, hostile("", 0).Call.CallIDs
		if changes := must(w.c.Apply(t.Context(), dial)); len(changes) != 1 {
			t.Errorf("got %v", lines(changes))
		}
		c := w.read(id)
		if len(c.Caller) > 256 || len(c.CallIDs) > 16 || len(c.CallIDs[0]) > 256 {
			t.Errorf("kept %d bytes of the caller, %d Call-IDs of %d", len(c.Caller), len(c.CallIDs), len(c.CallIDs[0]))
		}
		same(t, "history", []string{"42 opened busy", "142 miss_added busy"}, w.history(id))
	})
}

func TestWordsAreWhole(t *testing.T) {
	for s := cases.StateUnknown; s <= cases.Closed; s++ {
		back, ok := cases.ParseState(s.String())
		if s.String() == "" || ok != (s != cases.StateUnknown) || ok && back != s {
			t.Errorf("state %d is %q, read back %d", s, s, back)
		}
	}
	for r := cases.Successful; r <= cases.Merged; r++ {
		if r.String() == "" || r.String() == "unknown" {
			t.Errorf("reason %d has no word", r)
		}
	}
	for e := cases.Opened; e <= cases.Edited; e++ {
		if e.String() == "" || e.String() == "unknown" {
			t.Errorf("change %d has no word", e)
		}
	}
	if cases.ChangeEvent(200).String() != "unknown" || cases.CloseReason(200).String() != "unknown" {
		t.Error("what is beyond the known is unknown")
	}
}
