package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

// open opens a store with the handlers of these tests and closes it with the test.
func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := openTry(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func openTry(o store.Options) (*store.Store, error) {
	if o.Dir == "" {
		o.InMemory = true
	}
	s, err := store.Open(o)
	if err != nil {
		return nil, err
	}
	s.Handle("script", runScript)
	s.Handle("add", addOne)
	s.Handle("fill", fill)
	return s, nil
}

// script is a command that does what it says, for tests that compare with a map.
type script struct {
	steps []step
	fail  error
}

type step struct {
	op         string // set, delete
	key, value string
}

// runScript does the steps and returns what the command saw of everything before and after them.
func runScript(tx *store.Tx, c store.Command) (any, error) {
	sc := c.Data.(script)
	for _, st := range sc.steps {
		if st.op == "delete" {
			tx.Delete(store.Key("t", st.key))
		} else {
			tx.Set(store.Key("t", st.key), []byte(st.value))
		}
	}
	if sc.fail != nil {
		return nil, sc.fail
	}
	return contents(tx, store.Prefix("t")), nil
}

// contents lists what a range holds, in the order of the walk.
func contents(r store.Reader, rng store.Range) []string {
	var all []string
	for k, v := range r.Scan(rng) {
		var name string
		if err := store.SplitKey(k, nil, &name); err != nil {
			all = append(all, err.Error())
		}
		if got, ok := r.Get(k); !ok || string(got) != string(v) {
			all = append(all, fmt.Sprintf("%s is %s in the walk and %s, %v by itself", name, v, got, ok))
		}
		all = append(all, name+"="+string(v))
	}
	return all
}

// addOne counts: it adds one to a counter and notes the command's id. A doubled or half applied
// command shows in the two disagreeing.
func addOne(tx *store.Tx, c store.Command) (any, error) {
	n := 1
	if v, ok := tx.Get(store.Key("count")); ok {
		if _, err := fmt.Sscan(string(v), &n); err != nil {
			return nil, err
		}
		n++
	}
	tx.Set(store.Key("count"), fmt.Append(nil, n))
	tx.Set(store.Key("added", c.ID), fmt.Append(nil, n))
	return n, nil
}

// fill writes Data bytes.
func fill(tx *store.Tx, c store.Command) (any, error) {
	tx.Set(store.Key("fill", c.ID), make([]byte, c.Data.(int)))
	return c.ID, nil
}

// counted reads what addOne wrote: the count, and the ids that were added.
func counted(t *testing.T, s *store.Store) (n int, ids []string) {
	t.Helper()
	err := s.View(func(snap *store.Snapshot) error {
		if v, ok := snap.Get(store.Key("count")); ok {
			if _, err := fmt.Sscan(string(v), &n); err != nil {
				return err
			}
		}
		for k := range snap.Scan(store.Prefix("added")) {
			var id string
			if err := store.SplitKey(k, nil, &id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, ids
}

// ground is where a test runs: on the disk or in memory, which handlers cannot tell.
type ground struct {
	t *testing.T
	o store.Options
}

func onBoth(t *testing.T, test func(ground)) {
	t.Helper()
	t.Run("disk", func(t *testing.T) { test(ground{t, store.Options{Dir: t.TempDir()}}) })
	t.Run("memory", func(t *testing.T) { test(ground{t, store.Options{}}) })
}

func TestCommandsSeeWhatEarlierOnesWroteAndFailedOnesLeaveNothing(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		rng := rand.New(rand.NewPCG(3, 4))
		want := map[string]string{}
		failure := errors.New("decided not to")
		var wg sync.WaitGroup
		for range 300 {
			sc := script{}
			next := maps.Clone(want)
			for range rng.IntN(6) {
				st := step{"set", fmt.Sprint(rng.IntN(20)), fmt.Sprint(rng.IntN(1000))}
				next[st.key] = st.value
				if rng.IntN(3) == 0 {
					st.op = "delete"
					delete(next, st.key)
				}
				sc.steps = append(sc.steps, st)
			}
			if rng.IntN(4) == 0 {
				sc.fail = failure
			} else {
				want = next
			}
			expected := listed(want)
			wg.Add(1)
			s.Submit(store.Command{Kind: "script", Data: sc}, func(result any, err error) {
				defer wg.Done()
				if sc.fail != nil {
					if !errors.Is(err, failure) || result != nil {
						t.Errorf("got %v, %v from a failing handler", result, err)
					}
					return
				}
				if diff := cmp.Diff(expected, result); err != nil || diff != "" {
					t.Errorf("after %+v: %v (-want +got)\n%s", sc, err, diff)
				}
			})
		}
		wg.Wait()
	})
}

// listed is a map as contents lists it.
func listed(m map[string]string) []string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+m[k])
	}
	return all
}

func TestAnAppliedCommandIsRefusedTheSecondTime(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
		c := store.Command{ID: "call 1", Kind: "add", At: at, Once: true}
		do(t, s, c)
		for range 2 {
			if _, err := s.Do(t.Context(), c); !errors.Is(err, store.ErrApplied) {
				t.Errorf("got %v, want ErrApplied", err)
			}
		}
		failing := store.Command{ID: "call 2", Kind: "script", At: at.Add(1), Once: true, Data: script{fail: errors.New("no")}}
		if _, err := s.Do(t.Context(), failing); err == nil {
			t.Error("a failing command succeeded")
		}
		failing.Data = script{steps: []step{{"set", "a", "1"}}}
		do(t, s, failing) // what failed was not applied
		if n, ids := counted(t, s); n != 1 || len(ids) != 1 {
			t.Errorf("counted %d, %v", n, ids)
		}

		if n, err := s.Forget(t.Context(), at.Add(1)); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		if got := do(t, s, c); got != 2 {
			t.Errorf("a forgotten command gave %v, want 2", got)
		}
		if _, err := s.Do(t.Context(), failing); !errors.Is(err, store.ErrApplied) {
			t.Errorf("got %v for what was not forgotten, want ErrApplied", err)
		}
	})
}

func TestForgettingGoesThroughManyMarks(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		const marks = 11_000
		var wg sync.WaitGroup
		for i := range marks {
			wg.Add(1)
			c := store.Command{ID: fmt.Sprint(i), Kind: "fill", At: time.Unix(int64(i), 0), Data: 0, Once: true}
			s.Submit(c, func(any, error) { wg.Done() })
		}
		wg.Wait()
		if n, err := s.Forget(t.Context(), time.Unix(marks/2, 0)); n != marks/2 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		if n, err := s.Forget(t.Context(), time.Unix(marks, 0)); n != marks/2 || err != nil {
			t.Errorf("then forgot %d, %v", n, err)
		}
	})
}

func TestUnknownKindsAreRefused(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		if _, err := s.Do(t.Context(), store.Command{Kind: "sing"}); !errors.Is(err, store.ErrUnknownKind) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAKeyThatCannotBeStoredFailsItsCommandAlone(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		s.Handle("key", func(tx *store.Tx, c store.Command) (any, error) {
			tx.Set(store.Key("before"), nil)
			tx.Set(c.Data.([]byte), nil)
			return nil, nil
		})
		for _, key := range [][]byte{nil, make([]byte, 70_000), []byte("!badger!head")} {
			if _, err := s.Do(t.Context(), store.Command{Kind: "key", Data: key}); !errors.Is(err, store.ErrKey) {
				t.Errorf("a key of %d bytes gave %v", len(key), err)
			}
		}
		if got := do(t, s, store.Command{Kind: "script", Data: script{}}).([]string); len(got) != 0 || s.Err() != nil {
			t.Errorf("left %v, %v", got, s.Err())
		}
		do(t, s, store.Command{Kind: "key", Data: store.Key("fits")})
	})
}

func TestAViewIsNotDisturbedByLaterCommands(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		do(t, s, store.Command{Kind: "script", Data: script{steps: []step{{"set", "a", "1"}, {"set", "b", "1"}}}})
		err := s.View(func(snap *store.Snapshot) error {
			do(t, s, store.Command{Kind: "script", Data: script{steps: []step{{"set", "a", "2"}, {"delete", "b", ""}, {"set", "c", "2"}}}})
			if diff := cmp.Diff([]string{"a=1", "b=1"}, contents(snap, store.Prefix("t"))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		want := errors.New("enough")
		if err := s.View(func(*store.Snapshot) error { return want }); !errors.Is(err, want) {
			t.Errorf("got %v, want what the function returned", err)
		}
	})
}

func TestResultsAreToldInOrderOneAtATime(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		const writers, each = 8, 200
		var told []int // by done functions alone
		var wg, done sync.WaitGroup
		done.Add(writers * each)
		for range writers {
			wg.Go(func() {
				for range each {
					s.Submit(store.Command{ID: fmt.Sprint(rand.Uint64()), Kind: "add"}, func(result any, err error) {
						defer done.Done()
						if err != nil {
							t.Error(err)
							return
						}
						told = append(told, result.(int))
					})
				}
			})
		}
		wg.Wait()
		done.Wait()
		if len(told) != writers*each || !slices.IsSorted(told) {
			t.Errorf("%d results, in order: %v", len(told), slices.IsSorted(told))
		}
	})
}

func TestADoneFunctionMaySubmit(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		finished := make(chan int, 1)
		var again func(result any, err error)
		again = func(result any, err error) {
			if n, _ := result.(int); err != nil || n == 5 {
				finished <- n
				return
			}
			s.Submit(store.Command{ID: fmt.Sprint(result), Kind: "add"}, again)
		}
		s.Submit(store.Command{ID: "first", Kind: "add"}, again)
		if n := <-finished; n != 5 {
			t.Errorf("ended at %d", n)
		}
	})
}

func TestWhatIsAcknowledgedIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		s, err := openTry(store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			do(t, s, store.Command{ID: fmt.Sprintf("%d/%d", round, i), Kind: "add"})
		}
		if n, ids := counted(t, s); n != 10*(round+1) || len(ids) != n {
			t.Errorf("round %d: counted %d, ids %v", round, n, ids)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnEndedContextIsReported(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Do(ctx, store.Command{ID: "late", Kind: "add"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n, _ := counted(t, s); n != 0 {
		t.Error("a command was applied whose context had ended before")
	}
}

func TestAnotherProgramsDatabaseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	writeForeign(t, dir)
	_, err := store.Open(store.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("got %v", err)
	}
}
