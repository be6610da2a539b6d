package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

// appending is a command that appends entries to logs.
type appending struct {
	entries []string // "log entry"
	fail    error
}

func runAppending(tx *store.Tx, c store.Command) (any, error) {
	a := c.Data.(appending)
	for _, e := range a.entries {
		log, entry, _ := strings.Cut(e, " ")
		tx.Append(log, []byte(entry))
	}
	return nil, a.fail
}

// logOf reads a log from a position on, and where to go on.
func logOf(t *testing.T, s *store.Store, log string, from store.Position) (entries []string, next store.Position) {
	t.Helper()
	next = from
	if err := s.View(func(snap *store.Snapshot) error {
		for p, e := range store.ReadLog(snap, log, from) {
			if p < next {
				t.Errorf("position %d after %d", p, next)
			}
			entries, next = append(entries, string(e)), p+1
		}
		if end := store.EndOfLog(snap, log); end < next {
			t.Errorf("the log ends at %d and holds %d", end, next)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return entries, next
}

func bothStores(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	for _, dir := range []string{"", t.TempDir()} {
		name := "on disk"
		if dir == "" {
			name = "in memory"
		}
		t.Run(name, func(t *testing.T) {
			s := open(t, store.Options{Dir: dir, MemTable: 1 << 20})
			s.Handle("append", runAppending)
			test(t, s)
		})
	}
}

func TestALogHoldsWhatWasAppliedInItsOrder(t *testing.T) {
	bothStores(t, func(t *testing.T, s *store.Store) {
		t.Helper()
		var want []string
		for i := range 500 {
			e := strings.Repeat(fmt.Sprint(i), 1+rand.IntN(50))
			want = append(want, e)
			data := appending{entries: []string{"a " + e, "b of another log"}}
			var fail error
			if i%7 == 3 {
				data.fail, want = errors.New("refused"), want[:len(want)-1]
				fail = data.fail
			}
			if i%2 == 0 || fail != nil {
				if _, err := s.Do(t.Context(), store.Command{Kind: "append", Data: data}); !errors.Is(err, fail) {
					t.Fatal(err)
				}
			} else {
				s.Submit(store.Command{Kind: "append", Data: data}, func(any, error) {})
			}
		}
		do(t, s, store.Command{ID: "last", Kind: "add"})
		got, _ := logOf(t, s, "a", 0)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the log (-want +got)\n%s", diff)
		}
		if other, _ := logOf(t, s, "b", 0); len(other) != len(want) {
			t.Errorf("the other log has %d entries, want %d", len(other), len(want))
		}
		if none, _ := logOf(t, s, "c", 0); none != nil {
			t.Errorf("a log nobody wrote has %q", none)
		}
	})
}

func TestALogIsReadInPieces(t *testing.T) {
	bothStores(t, func(t *testing.T, s *store.Store) {
		t.Helper()
		var want, got []string
		var next store.Position
		for i := range 200 {
			var es []string
			for range rand.IntN(5) {
				es = append(es, fmt.Sprintf("a %d", i))
				want = append(want, fmt.Sprint(i))
			}
			do(t, s, store.Command{Kind: "append", Data: appending{entries: es}})
			if rand.IntN(10) == 0 {
				var more []string
				more, next = logOf(t, s, "a", next)
				got = append(got, more...)
			}
		}
		more, _ := logOf(t, s, "a", next)
		if diff := cmp.Diff(want, append(got, more...)); diff != "" {
			t.Errorf("the log (-want +got)\n%s", diff)
		}
	})
}

func TestATrimmedLogKeepsTheRestAndItsPositions(t *testing.T) {
	bothStores(t, func(t *testing.T, s *store.Store) {
		t.Helper()
		var middle store.Position
		for i := range 12_000 {
			s.Submit(store.Command{Kind: "append", Data: appending{entries: []string{fmt.Sprintf("a %d", i)}}}, func(any, error) {})
			if i == 6000 {
				do(t, s, store.Command{ID: "sync", Kind: "add"})
				_, middle = logOf(t, s, "a", 0)
			}
		}
		do(t, s, store.Command{ID: "sync 2", Kind: "add"})
		whole, end := logOf(t, s, "a", 0)
		rest, _ := logOf(t, s, "a", middle)
		if err := s.TrimLog(t.Context(), "a", middle); err != nil {
			t.Fatal(err)
		}
		kept, _ := logOf(t, s, "a", 0)
		if len(kept) < len(rest) || len(kept) == len(whole) || !slices.Equal(whole[len(whole)-len(kept):], kept) {
			t.Errorf("of %d entries %d stayed, wanted were the last %d", len(whole), len(kept), len(rest))
		}
		if err := s.View(func(snap *store.Snapshot) error {
			if start := store.StartOfLog(snap, "a"); start == 0 || start > middle {
				t.Errorf("the log starts at %d, trimmed before %d", start, middle)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		// All of it: the last record stays, so that the next position is known.
		if err := s.TrimLog(t.Context(), "a", end+1<<40); err != nil {
			t.Fatal(err)
		}
		do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{"a after"}}})
		if after, _ := logOf(t, s, "a", end); !slices.Equal(after, []string{"after"}) {
			t.Errorf("after the trimming %q", after)
		}
	})
}

func TestPositionsGoOnAfterAnOpening(t *testing.T) {
	dir := t.TempDir()
	var next store.Position
	for i := range 4 {
		s, err := openTry(store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		s.Handle("append", runAppending)
		do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{fmt.Sprintf("a %d", i)}}})
		var got []string
		if got, next = logOf(t, s, "a", next); !slices.Equal(got, []string{fmt.Sprint(i)}) {
			t.Errorf("opening %d: %q", i, got)
		}
		if err := s.TrimLog(t.Context(), "a", next); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLargeAndManyEntriesFit(t *testing.T) {
	bothStores(t, func(t *testing.T, s *store.Store) {
		t.Helper()
		large := strings.Repeat("x", 32<<10)
		do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{"a y", "a " + large, "a z"}}})
		if got, _ := logOf(t, s, "a", 0); !slices.Equal(got, []string{"y", large, "z"}) {
			t.Errorf("%d entries came back", len(got))
		}
		_, err := s.Do(t.Context(), store.Command{Kind: "append", Data: appending{entries: []string{"a " + large + "x"}}})
		if !errors.Is(err, store.ErrTooBig) {
			t.Errorf("too large an entry gave %v", err)
		}
		empty := slices.Repeat([]string{"e "}, 8000)
		do(t, s, store.Command{Kind: "append", Data: appending{entries: empty}})
		if got, _ := logOf(t, s, "e", 0); len(got) != len(empty) {
			t.Errorf("%d empty entries came back, want %d", len(got), len(empty))
		}
	})
}

func TestAFailedCommitAppendsNothing(t *testing.T) {
	fail := false
	s := open(t, store.Options{Dir: t.TempDir(), Fault: func(at store.Stage) error {
		if fail && at == store.AfterSync {
			return errors.New("no more")
		}
		return nil
	}})
	s.Handle("append", runAppending)
	do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{"a 1"}}})
	fail = true
	if _, err := s.Do(t.Context(), store.Command{Kind: "append", Data: appending{entries: []string{"a 2"}}}); !errors.Is(err, store.ErrFailed) {
		t.Fatalf("the commit gave %v", err)
	}
	if got, _ := logOf(t, s, "a", 0); !slices.Equal(got, []string{"1"}) {
		t.Errorf("the log holds %q", got)
	}
}

func TestACommandThatOnlyAppendsIsAppliedOnce(t *testing.T) {
	bothStores(t, func(t *testing.T, s *store.Store) {
		t.Helper()
		c := store.Command{ID: "one", Kind: "append", Once: true, Data: appending{entries: []string{"a 1"}}}
		do(t, s, c)
		if _, err := s.Do(t.Context(), c); !errors.Is(err, store.ErrApplied) {
			t.Errorf("a second time gave %v", err)
		}
	})
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte{1, 'a', 0, 2, 'b', 'c'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		s := open(t, store.Options{})
		s.Handle("raw", func(tx *store.Tx, _ store.Command) (any, error) {
			tx.Set(store.Key("$log", "a", uint64(1)), record)
			return nil, nil
		})
		do(t, s, store.Command{Kind: "raw"})
		total := 0
		entries, _ := logOf(t, s, "a", 0)
		for _, e := range entries {
			total += len(e) + 1
			if !bytes.Contains(record, []byte(e)) {
				t.Errorf("%q is not in %q", e, record)
			}
		}
		if total > len(record) {
			t.Errorf("%d bytes of entries in %d", total, len(record))
		}
	})
}

func TestRecordsBeforeGoesBackWholeCommits(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	s.Handle("append", runAppending)
	for i := range 10 {
		do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{fmt.Sprintf("a %d", i), "a more"}}})
	}
	_, end := logOf(t, s, "a", 0)
	err := s.View(func(snap *store.Snapshot) error { end = store.EndOfLog(snap, "a"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := logOf(t, s, "a", store.RecordsBefore(end, 3)); !slices.Equal(got, []string{"7", "more", "8", "more", "9", "more"}) {
		t.Errorf("the last three commits appended %q", got)
	}
	if p := store.RecordsBefore(end, 1000); p != 0 {
		t.Errorf("before the first is %d", p)
	}
}
