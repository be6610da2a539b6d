package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

func TestScansGoBothWaysThroughOldAndNewWrites(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		s.Handle("scan", func(tx *store.Tx, c store.Command) (any, error) {
			tx.Set(store.Key("t", "b"), []byte("new"))
			tx.Set(store.Key("t", "d"), []byte("new"))
			tx.Delete(store.Key("t", "c"))
			tx.Set(store.Key("u", "x"), []byte("other"))
			return contents(tx, c.Data.(store.Range)), nil
		})
		for _, key := range []string{"a", "b", "c", "e"} {
			do(t, s, store.Command{Kind: "script", Data: script{steps: []step{{"set", key, "old"}}}})
		}
		all := []string{"a=old", "b=new", "d=new", "e=old"}
		between := store.Range{From: store.Key("t", "b"), To: store.Key("t", "e")}
		for _, tt := range []struct {
			name string
			r    store.Range
			want []string
		}{
			{"all", store.Prefix("t"), all},
			{"all, backwards", store.Prefix("t").Backwards(), reversed(all)},
			{"from b to before e", between, all[1:3]},
			{"the same backwards", between.Backwards(), reversed(all[1:3])},
			{"beyond b", store.Prefix("t").Beyond(store.Key("t", "b")), all[2:]},
			{"beyond d, backwards", store.Prefix("t").Backwards().Beyond(store.Key("t", "d")), reversed(all[:2])},
			{"nothing there", store.Prefix("s"), nil},
			{"an empty range", store.Range{From: store.Key("t", "e"), To: store.Key("t", "b")}, nil},
		} {
			if diff := cmp.Diff(tt.want, do(t, s, store.Command{Kind: "scan", Data: tt.r})); diff != "" {
				t.Errorf("%s, in a command (-want +got)\n%s", tt.name, diff)
			}
			err := s.View(func(snap *store.Snapshot) error {
				if diff := cmp.Diff(tt.want, contents(snap, tt.r)); diff != "" {
					t.Errorf("%s, in a view (-want +got)\n%s", tt.name, diff)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

func do(t *testing.T, s *store.Store, c store.Command) any {
	t.Helper()
	result, err := s.Do(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAHandlerMayWriteDuringItsScan(t *testing.T) {
	onBoth(t, func(g ground) {
		t, o := g.t, g.o
		s := open(t, o)
		var steps []step
		for i := range 200 {
			steps = append(steps, step{"set", fmt.Sprintf("%03d", i), "x"})
		}
		s.Handle("thin", func(tx *store.Tx, c store.Command) (any, error) {
			n := 0
			for k := range tx.Scan(c.Data.(store.Range)) {
				if n++; n%2 == 0 {
					tx.Delete(slices.Clone(k))
				}
			}
			return n, nil
		})
		do(t, s, store.Command{Kind: "script", Data: script{steps: steps}})
		for _, r := range []store.Range{store.Prefix("t"), store.Prefix("t").Backwards()} {
			before := len(do(t, s, store.Command{Kind: "script", Data: script{}}).([]string))
			if n := do(t, s, store.Command{Kind: "thin", Data: r}); n != before {
				t.Errorf("the scan saw %v of %d", n, before)
			}
			if after := len(do(t, s, store.Command{Kind: "script", Data: script{}}).([]string)); after != before-before/2 {
				t.Errorf("%d of %d are left", after, before)
			}
		}
	})
}

func TestWhatWasOverwrittenIsDroppedFromTheDisk(t *testing.T) {
	const writes, size = 60_000, 1000
	dir := t.TempDir()
	s, err := openTry(store.Options{Dir: dir, MemTable: 1 << 20, Window: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range writes {
		wg.Add(1)
		s.Submit(store.Command{ID: fmt.Sprint(i % 10), Kind: "fill", Data: size}, func(any, error) { wg.Done() })
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, store.Options{Dir: dir, MemTable: 1 << 20})
	// Tables that wait to be merged are fifteen at most.
	if st := s.Stats(); st.Tables > 25<<20 {
		t.Errorf("%d MiB are kept of %d MB written to ten keys", st.Tables>>20, writes*size/1_000_000)
	}
	err = s.View(func(snap *store.Snapshot) error {
		if all := contents(snap, store.Prefix("fill")); len(all) != 10 {
			t.Errorf("%d keys", len(all))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
