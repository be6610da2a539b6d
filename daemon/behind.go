package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ringback/store"
	"ringback/web"
)

// What is written behind, in the store:
//
//	"live", id          → record   live calls and learnt registrations (sip.Tracker.Changes)
//	"watch", "seen"     → time     when the watch last wrote behind
//	"watch", "blind", t → end      nothing was watched from t to then
const (
	kindBehind = "watch.behind"
	kindBlind  = "watch.blind"
)

// keptBlind is how many blind intervals are kept.
const keptBlind = 1000

// behind keeps the live calls in the store, so that they outlive the process.
type behind struct {
	st *store.Store

	mu   sync.Mutex
	left changes // of writes that failed, to be written with the next
}

// changes is the data of kindBehind: records by id, nil for those to be deleted.
type changes map[string][]byte

// interval is the data of kindBlind.
type interval struct{ From, To time.Time }

func newBehind(st *store.Store) *behind {
	st.Handle(kindBehind, func(tx *store.Tx, c store.Command) (any, error) {
		for id, record := range c.Data.(changes) {
			key := store.Key("live", id)
			if record == nil {
				tx.Delete(key)
			} else {
				tx.Set(key, record)
			}
		}
		tx.Set(store.Key("watch", "seen"), store.Key(c.At))
		return nil, nil
	})
	st.Handle(kindBlind, func(tx *store.Tx, c store.Command) (any, error) {
		in := c.Data.(interval)
		tx.Set(store.Key("watch", "blind", in.From), store.Key(in.To))
		n := 0
		for key := range tx.Scan(store.Prefix("watch", "blind").Backwards()) {
			if n++; n > keptBlind {
				tx.Delete(slices.Clone(key))
			}
		}
		return nil, nil
	})
	return &behind{st: st}
}

// restore puts back what was live when the watch last stopped, and returns how many records there
// were, how many of them nobody could read, and when that was; zero for a new store.
func (b *behind) restore(w *watch) (records, bad int, seen time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err = b.st.View(func(s *store.Snapshot) error {
		for key, record := range s.Scan(store.Prefix("live")) {
			var kind, id string
			if err := store.SplitKey(key, &kind, &id); err != nil {
				return fmt.Errorf("reading a live call: %w", err)
			}
			records++
			if err := w.tracker.Restore(id, record); err != nil {
				bad++
			}
		}
		if v, ok := s.Get(store.Key("watch", "seen")); ok {
			return store.SplitKey(v, &seen)
		}
		return nil
	})
	return records, bad, seen, err
}

// collect takes what changed since the last time, and what a write that failed left.
func (b *behind) collect(w *watch) changes {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.left
	b.left = nil
	if c == nil {
		c = changes{}
	}
	w.tracker.Changes(func(id string, record []byte) {
		if record == nil {
			c[id] = nil
			return
		}
		c[id] = slices.Clone(record)
	})
	return c
}

// maxBehind is how many bytes of records one command writes: far less than a transaction holds, so
// that cases need not wait long for it.
const maxBehind = 64 << 10

// portions cuts changes into what single commands can write; there is at least one.
func (c changes) portions() []changes {
	all, size := []changes{{}}, 0
	for id, record := range c {
		n := len(id) + len(record) + 64 // and what the store adds
		if size += n; size > maxBehind {
			all, size = append(all, changes{}), n
		}
		all[len(all)-1][id] = record
	}
	return all
}

// submit writes behind what was collected. What could not be written is collected again. done is told
// the first error.
func (b *behind) submit(c changes, now time.Time, done func(error)) {
	portions := c.portions()
	var first error // the store tells results one at a time, in order
	for i, portion := range portions {
		b.st.Submit(store.Command{Kind: kindBehind, At: now, Data: portion}, func(_ any, err error) {
			if err != nil {
				b.keep(portion)
				if first == nil {
					first = err
				}
			}
			if i == len(portions)-1 {
				done(first)
			}
		})
	}
}

// keep takes back what could not be written, unless there is something newer.
func (b *behind) keep(c changes) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == nil {
		b.left = changes{}
	}
	for id, record := range c {
		if _, newer := b.left[id]; !newer {
			b.left[id] = record
		}
	}
}

// write writes behind what changed since, and waits for it. Events told before must have been
// submitted: a call must not leave the disk before its verdict is there.
func (b *behind) write(w *watch, now time.Time) error {
	w.mu.Lock()
	c := b.collect(w)
	w.mu.Unlock()
	done := make(chan error, 1)
	b.submit(c, now, func(err error) { done <- err })
	return <-done
}

// blind records an interval in which nothing was watched.
func (b *behind) blind(ctx context.Context, from, to time.Time) error {
	_, err := b.st.Do(ctx, store.Command{Kind: kindBlind, At: to, Data: interval{from, to}})
	return err
}

// intervals are the blind intervals kept, newest first.
func (b *behind) intervals() ([]web.Blind, error) {
	var out []web.Blind
	err := b.st.View(func(s *store.Snapshot) error {
		for key, end := range s.Scan(store.Prefix("watch", "blind").Backwards()) {
			var kind, what string
			var from, to time.Time
			if err := store.SplitKey(key, &kind, &what, &from); err != nil {
				return err
			}
			if err := store.SplitKey(end, &to); err != nil {
				return err
			}
			out = append(out, web.Blind{From: from.UTC(), To: &to, Reason: "ringback was not running"})
		}
		return nil
	})
	return out, err
}
