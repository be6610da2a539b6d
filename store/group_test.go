package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

// gate is a Fault that holds every commit before its write until it is let through.
type gate struct {
	reached chan struct{}
	open    chan struct{}
}

func newGate() *gate { return &gate{make(chan struct{}), make(chan struct{})} }

func (g *gate) fault(at store.Stage) error {
	if at == store.BeforeWrite {
		g.reached <- struct{}{}
		<-g.open
	}
	return nil
}

// pass lets the next commit through.
func (g *gate) pass() {
	<-g.reached
	g.open <- struct{}{}
}

func TestCommandsThatQueueUpDuringACommitShareTheNext(t *testing.T) {
	g := newGate()
	var commits []int
	opened := false
	o := store.Options{Dir: t.TempDir(), Observe: func(c store.Commit) { commits = append(commits, c.Commands) }}
	o.Fault = func(at store.Stage) error {
		if !opened { // the commit that Open makes
			opened = at == store.AfterSync
			return nil
		}
		return g.fault(at)
	}
	s := open(t, o)
	commits = nil
	var wg sync.WaitGroup
	submit := func(n int) {
		for i := range n {
			wg.Add(1)
			s.Submit(store.Command{ID: fmt.Sprint(n, i), Kind: "add"}, func(any, error) { wg.Done() })
		}
	}
	submit(1)
	<-g.reached
	submit(100)
	if queued := s.Stats().Queued; queued != 100 {
		t.Errorf("%d commands wait, want 100", queued)
	}
	g.open <- struct{}{}
	g.pass()
	wg.Wait()
	if diff := cmp.Diff([]int{1, 100}, commits); diff != "" {
		t.Errorf("commands per commit (-want +got)\n%s", diff)
	}
	if st := s.Stats(); st.Commits != 3 || st.Commands != 102 || st.Tables == 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestAFullQueueMakesWritersWait(t *testing.T) {
	g := newGate()
	opened := false
	s := open(t, store.Options{Dir: t.TempDir(), Queue: 2, Fault: func(at store.Stage) error {
		if !opened {
			opened = at == store.AfterSync
			return nil
		}
		return g.fault(at)
	}})
	var wg sync.WaitGroup
	submit := func(id string) {
		wg.Add(1)
		s.Submit(store.Command{ID: id, Kind: "add"}, func(any, error) { wg.Done() })
	}
	submit("committing")
	<-g.reached
	submit("first in the queue")
	submit("second in the queue")

	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := s.Do(ctx, store.Command{ID: "gives up", Kind: "add"})
		gaveUp <- err
	}()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}

	submitted := make(chan struct{})
	go func() {
		submit("waits for room")
		close(submitted)
	}()
	select {
	case <-submitted:
		t.Error("the queue took more than it holds")
	default:
	}
	g.open <- struct{}{}
	<-g.reached
	<-submitted
	g.open <- struct{}{}
	g.pass()
	wg.Wait()
	if n, ids := counted(t, s); n != 4 || slices.Contains(ids, "gives up") {
		t.Errorf("counted %d: %v", n, ids)
	}
}

func TestAWindowGathersCommandsAndUrgentOnesCutItShort(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir(), Window: time.Hour})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		s.Submit(store.Command{ID: fmt.Sprint(i), Kind: "add"}, func(any, error) { wg.Done() })
	}
	do(t, s, store.Command{ID: "urgent", Kind: "add", Urgent: true})
	wg.Wait()
	if st := s.Stats(); st.Commands != 52 || st.Commits > 4 {
		t.Errorf("%d commands in %d commits", st.Commands, st.Commits)
	}
}

func TestCloseAppliesWhatWaitsAndRefusesTheRest(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		o.Window = time.Hour
		s, err := openTry(o)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		acknowledged := 0
		for i := range 100 {
			s.Submit(store.Command{ID: fmt.Sprint(i), Kind: "add"}, func(_ any, err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					acknowledged++
				}
			})
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if acknowledged != 100 {
			t.Errorf("%d of 100 were applied", acknowledged)
		}
		if _, err := s.Do(t.Context(), store.Command{Kind: "add"}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Do gave %v, want ErrClosed", err)
		}
		s.Submit(store.Command{Kind: "add"}, func(_ any, err error) {
			if !errors.Is(err, store.ErrClosed) {
				t.Errorf("Submit gave %v, want ErrClosed", err)
			}
		})
		if err := s.View(func(*store.Snapshot) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("View gave %v, want ErrClosed", err)
		}
	})
}

func TestGroupsThatOneTransactionCannotHoldAreSplit(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir(), MemTable: 4 << 20, Window: time.Hour})
	do(t, s, store.Command{ID: "begin", Kind: "fill", Data: 1, Urgent: true})
	var told []string
	var wg sync.WaitGroup
	var want []string
	submit := func(id string, size int, urgent bool) {
		wg.Add(1)
		s.Submit(store.Command{ID: id, Kind: "fill", Data: size, Urgent: urgent}, func(result any, err error) {
			defer wg.Done()
			if size > 1<<20 {
				if !errors.Is(err, store.ErrTooBig) {
					t.Errorf("%s: got %v, want ErrTooBig", id, err)
				}
				return
			}
			if err != nil {
				t.Errorf("%s: %v", id, err)
			}
			told = append(told, result.(string))
		})
	}
	for i := range 40 {
		id := fmt.Sprintf("%02d", i)
		want = append(want, id)
		submit(id, 100_000, false)
		if i == 20 {
			submit("too big", 2<<20, false)
		}
	}
	want = append(want, "last")
	submit("last", 1, true)
	wg.Wait()
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("results (-want +got)\n%s", diff)
	}
	if st := s.Stats(); st.Commits < 8 {
		t.Errorf("%d commits for 4 MB where one holds less than half a megabyte", st.Commits)
	}
	n := 0
	err := s.View(func(snap *store.Snapshot) error {
		for range snap.Scan(store.Prefix("fill")) {
			n++
		}
		return nil
	})
	if err != nil || n != 42 {
		t.Errorf("%d of 42 are stored, %v", n, err)
	}
}
