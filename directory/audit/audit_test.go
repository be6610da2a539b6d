package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory/audit"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

func open(t *testing.T) (*store.Store, *audit.Trail) {
	t.Helper()
	st, err := store.Open(store.Options{Dir: t.TempDir(), Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	trail := audit.New(st)
	// A change of some other package, told of in the trail.
	st.Handle("test.set", func(tx *store.Tx, c store.Command) (any, error) {
		tx.Set(store.Key("test"), []byte(c.ID))
		err := audit.Write(tx, audit.Entry{At: c.At, By: audit.Who{Kind: audit.Person, ID: "anna"}, Action: "test.set", Object: "thing " + c.ID})
		if c.ID == "bad" {
			err = errors.New("no")
		}
		return nil, err
	})
	// What no package of ours does: to change the trail behind its back.
	st.Handle("test.tamper", func(tx *store.Tx, c store.Command) (any, error) {
		if w := c.Data.(write); w.value == nil {
			tx.Delete(w.key)
		} else {
			tx.Set(w.key, w.value)
		}
		return nil, nil
	})
	return st, trail
}

type write struct{ key, value []byte }

func set(t *testing.T, st *store.Store, id string, at time.Time) {
	t.Helper()
	if _, err := st.Do(t.Context(), store.Command{ID: id, Kind: "test.set", At: at}); err != nil {
		t.Fatal(err)
	}
}

func TestEntryIsThereExactlyWhenItsChangeIs(t *testing.T) {
	st, trail := open(t)
	set(t, st, "one", start)
	if _, err := st.Do(t.Context(), store.Command{ID: "bad", Kind: "test.set", At: start}); err == nil {
		t.Fatal("the bad change was made")
	}
	set(t, st, "two", start.Add(time.Second))
	p, err := trail.Read(audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	anna := audit.Who{Kind: audit.Person, ID: "anna"}
	want := audit.Page{Entries: []audit.Entry{
		{Seq: 2, At: start.Add(time.Second), By: anna, Action: "test.set", Object: "thing two"},
		{Seq: 1, At: start, By: anna, Action: "test.set", Object: "thing one"},
	}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTrailIsReadByPagesAndFilters(t *testing.T) {
	_, trail := open(t)
	for i := range 250 {
		e := audit.Entry{At: start.Add(time.Duration(i) * time.Minute), By: audit.Who{Kind: audit.Token, ID: "crm"}, Action: "case.create", Object: fmt.Sprint("case ", i)}
		if i%50 == 7 {
			e.By, e.Action, e.Object, e.Result, e.Reason = audit.Who{Kind: audit.Unknown}, "session.login", "person anna", audit.Refused, "wrong_password"
		}
		if err := trail.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name string
		q    audit.Query
		want int
	}{
		{"all", audit.Query{}, 250},
		{"by kind", audit.Query{By: "token"}, 245},
		{"by one", audit.Query{By: "token crm"}, 245},
		{"by the beginning of a name", audit.Query{By: "token cr"}, 0},
		{"action", audit.Query{Action: "session.login"}, 5},
		{"kind of action", audit.Query{Action: "session"}, 5},
		{"beginning of a word", audit.Query{Action: "sess"}, 0},
		{"object", audit.Query{Object: "person anna"}, 5},
		{"result", audit.Query{Result: audit.Refused}, 5},
		{"from", audit.Query{From: start.Add(200 * time.Minute)}, 50},
		{"to", audit.Query{To: start.Add(200 * time.Minute)}, 200},
		{"an hour", audit.Query{From: start.Add(100 * time.Minute), To: start.Add(160 * time.Minute)}, 60},
	} {
		for _, limit := range []int{0, 1, 7, 1000} {
			q, got, last := row.q, 0, uint64(1<<60)
			for q.Limit = limit; ; {
				p, err := trail.Read(q)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Entries {
					if e.Seq >= last {
						t.Fatalf("%s: entry %d after %d", row.name, e.Seq, last)
					}
					last = e.Seq
				}
				got += len(p.Entries)
				if q.Cursor = p.Next; q.Cursor == "" {
					break
				}
			}
			if got != row.want {
				t.Errorf("%s with limit %d: %d entries, want %d", row.name, limit, got, row.want)
			}
		}
	}
	for _, cursor := range []string{"x", "-1", "0", "1.5", "99999999999999999999999"} {
		if _, err := trail.Read(audit.Query{Cursor: cursor}); !errors.Is(err, audit.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestTrailThatWasChangedIsFound(t *testing.T) {
	key := func(n uint64) []byte { return store.Key("audit", "entry", n) }
	const forged = `{"format":1,"at":"2026-07-20T10:00:00Z","kind":"person","id":"bertil","action":"test.set"}`
	for name, w := range map[string]write{
		"changed in the middle": {key(3), []byte(forged)},
		"changed at the end":    {key(5), []byte(forged)},
		"taken out":             {key(2), nil},
		"cut off at the end":    {key(5), nil},
		"added at the end":      {key(6), []byte(forged)},
		"no longer readable":    {key(4), []byte("{")},
		"all but the end":       {store.Key("audit", "head"), []byte(`{"seq":9}`)},
	} {
		t.Run(name, func(t *testing.T) {
			st, trail := open(t)
			for i := range 5 {
				set(t, st, fmt.Sprint(i), start)
			}
			if n, err := trail.Verify(); n != 5 || err != nil {
				t.Fatalf("before: %d, %v", n, err)
			}
			if _, err := st.Do(t.Context(), store.Command{Kind: "test.tamper", Data: w}); err != nil {
				t.Fatal(err)
			}
			if _, err := trail.Verify(); !errors.Is(err, audit.ErrBroken) {
				t.Errorf("Verify = %v", err)
			}
		})
	}
}

func TestOldEntriesAreTrimmedInTheOpen(t *testing.T) {
	st, trail := open(t)
	for i := range 5000 {
		st.Submit(store.Command{ID: fmt.Sprint(i), Kind: "test.set", At: start.Add(time.Duration(i) * time.Hour)}, func(_ any, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	now := start.Add(5000 * time.Hour)
	n, err := trail.Trim(t.Context(), audit.Who{Kind: audit.System}, start.Add(4500*time.Hour), now)
	if n != 4500 || err != nil {
		t.Fatalf("Trim = %d, %v", n, err)
	}
	if n, err := trail.Verify(); n != 503 || err != nil {
		t.Errorf("after: %d entries, %v; want 500 and three that tell of the trimming", n, err)
	}
	p, err := trail.Read(audit.Query{Action: "audit.trim"})
	if err != nil || len(p.Entries) != 3 || !strings.Contains(p.Entries[0].Detail, "500 entries before") {
		t.Errorf("%+v, %v", p, err)
	}
	if n, err := trail.Trim(t.Context(), audit.Who{Kind: audit.System}, now.Add(time.Hour), now); n != 502 || err != nil {
		t.Errorf("Trim of all = %d, %v", n, err)
	}
	if n, err := trail.Verify(); n != 2 || err != nil {
		t.Errorf("after all: %d, %v", n, err)
	}
}

func TestNothingOfAnyLengthComesIn(t *testing.T) {
	_, trail := open(t)
	long := strings.Repeat("å", 100_000)
	e := audit.Entry{At: start, By: audit.Who{Kind: audit.Kind(long), ID: long}, Action: long, Object: long, Reason: long, Detail: long, Peer: long}
	if err := trail.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	p, err := trail.Read(audit.Query{})
	if err != nil || len(p.Entries) != 1 {
		t.Fatal(p, err)
	}
	if size := len(fmt.Sprint(p.Entries[0])); size > 4000 {
		t.Errorf("an entry of %d bytes", size)
	}
	if err := trail.Record(t.Context(), audit.Entry{}); err == nil {
		t.Error("an entry that says nothing was written")
	}
}
