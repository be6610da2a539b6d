package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/assist"
	"ringback/cti/hook"
	"ringback/store"
	"ringback/web"
)

// What is written behind: the journal of live calls, learnt registrations, agents' recent calls and what senders of
// call hooks sent, as files beside the store, and in the store:
//
//	"live", n           → segment  of the journal, n counting up: for a backup, or written before it had files
//	"live", id          → record   of one of them, as it was written before there was a journal
//	"watch", "seen"     → time     when the watch last wrote behind
//	"watch", "blind", t → end      nothing was watched from t to then
const (
	kindBehind = "watch.behind"
	kindBlind  = "watch.blind"
)

// keptBlind is how many blind intervals are kept.
const keptBlind = 1000

// recentPrefix begins the ids of agents' recent calls, hookPrefix those of what a sender of call hooks sent: behind it
// stands the sender, a stroke, and an id of its own. The tracker's begin otherwise.
const (
	recentPrefix = "a"
	hookPrefix   = "h"
)

// behind keeps the live calls, so that they outlive the process. One goroutine writes.
type behind struct {
	st     *store.Store
	files  segmentFiles
	assist *assist.Assist // whose recent calls are kept; nil: nobody's

	hooks map[string]*hook.Memory      // what senders sent, by their ids; set before the first write
	sent  map[string]map[string][]byte // records of it that an earlier process left, by sender and id

	mu        sync.Mutex // held to write, and to make a backup
	journal   *journal
	unwritten []segment // what writes that failed left; nothing newer is collected before it is written
	inherited []uint64  // segments that an earlier process left
	old       bool      // there is something of the kind in the store
	backups   int       // are being made of the store
}

// written is the data of kindBehind.
type written struct {
	seen     bool        // all is written as it is now
	segments []segment   // for a backup
	drop     store.Range // deleted, as much of it as one command may; the zero range: nothing
}

// deleteAtOnce is how many keys one command deletes.
const deleteAtOnce = 5000

// interval is the data of kindBlind.
type interval struct{ From, To time.Time }

// newBehind keeps segments in the folder named.
func newBehind(st *store.Store, dir string) *behind {
	st.Handle(kindBehind, func(tx *store.Tx, c store.Command) (any, error) {
		w := c.Data.(written)
		n := 0
		if w.drop.To != nil {
			for key := range tx.Scan(w.drop) {
				if n++; n > deleteAtOnce {
					break
				}
				tx.Delete(slices.Clone(key))
			}
		}
		for i := range w.segments {
			tx.Set(store.Key("live", w.segments[i].seq), w.segments[i].bytes)
		}
		if w.seen {
			tx.Set(store.Key("watch", "seen"), store.Key(c.At))
		}
		return n > deleteAtOnce, nil
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
	return &behind{st: st, files: segmentFiles{dir: dir}, journal: newJournal()}
}

// restore puts back what was live when the watch last stopped, and returns how many records there
// were, how many of them nobody could read, and when that was; zero for a new store. The next write writes
// all of it anew, and deletes what was there.
func (b *behind) restore(w *watch) (records, bad int, seen time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err = b.st.View(func(s *store.Snapshot) error {
		unreadable := 0
		broken, err := b.read(s, func(id string, record []byte) {
			var err error
			if of, ok := strings.CutPrefix(id, hookPrefix); ok {
				b.keepSent(of, record)
				return
			}
			if agent, ok := strings.CutPrefix(id, recentPrefix); ok && b.assist != nil {
				err = b.assist.Restore(agent, record)
			} else {
				err = w.tracker.Restore(id, record)
			}
			if records++; err != nil {
				unreadable++
			}
		})
		if bad = broken + unreadable; err != nil {
			return err
		}
		if v, ok := s.Get(store.Key("watch", "seen")); ok {
			return store.SplitKey(v, &seen)
		}
		return nil
	})
	return records, bad, seen, err
}

// keepSent keeps a record of what a sender sent until the sender is there.
func (b *behind) keepSent(of string, record []byte) {
	sender, id, _ := strings.Cut(of, "/")
	if b.sent == nil {
		b.sent = map[string]map[string][]byte{}
	}
	if b.sent[sender] == nil {
		b.sent[sender] = map[string][]byte{}
	}
	b.sent[sender][id] = bytes.Clone(record)
}

// restoreSent gives a sender of call hooks what it sent to an earlier process, and keeps what it sends from now on. It
// returns how many records nobody can read.
func (b *behind) restoreSent(sender string, m *hook.Memory) (bad int) {
	bad = m.Restore(b.sent[sender])
	delete(b.sent, sender)
	if b.hooks == nil {
		b.hooks = map[string]*hook.Memory{}
	}
	b.hooks[sender] = m
	return bad
}

// read yields the records in force that an earlier process left, and returns how many segments nobody can
// read.
func (b *behind) read(s *store.Snapshot, yield func(id string, record []byte)) (broken int, err error) {
	if b.inherited, err = b.files.list(); err != nil {
		return 0, err
	}
	latest := map[string]int{} // which segment's record of an id is the last one, from 1; 0: that says it is over
	n := 0
	for seq, value := range b.segments(s) {
		b.journal.next = max(b.journal.next, seq+1)
		n++
		if err := walkSegment(value, func(id, record []byte) {
			latest[string(id)] = n
			if record == nil {
				latest[string(id)] = 0
			}
		}); err != nil {
			broken++
		}
	}
	for key, record := range s.Scan(store.Prefix("live")) {
		b.old = true
		var id string
		if err := store.SplitKey(key, nil, &id); err != nil {
			break // the segments stand behind all ids
		}
		if _, later := latest[id]; !later {
			yield(id, record)
		}
	}
	n = 0
	for _, value := range b.segments(s) {
		n++
		_ = walkSegment(value, func(id, record []byte) { // what nobody can read was counted above
			if record != nil && latest[string(id)] == n {
				yield(string(id), record)
			}
		})
	}
	return broken, nil
}

// segments yields the segments that an earlier process left, in their order: those in the store are older. Of one that
// cannot be read it yields nothing, which is no segment.
func (b *behind) segments(s *store.Snapshot) iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		for key, value := range s.Scan(store.Range{From: store.Key("live", uint64(0)), To: store.Prefix("live").To}) {
			var seq uint64
			if err := store.SplitKey(key, nil, &seq); err != nil || !yield(seq, value) {
				return
			}
		}
		for _, seq := range b.inherited {
			value, err := b.files.read(seq)
			if err != nil {
				value = nil
			}
			if !yield(seq, value) {
				return
			}
		}
	}
}

// collect takes what changed since the last time. The caller holds the watch's lock.
func (b *behind) collect(w *watch, now time.Time) {
	b.take(func(yield func(id, record []byte)) {
		w.tracker.Changes(yield)
		if b.assist != nil {
			var id []byte
			b.assist.Changes(now, func(agent string, record []byte) {
				id = append(append(id[:0], recentPrefix...), agent...)
				yield(id, record)
			})
		}
		for sender, m := range b.hooks {
			m.Changes(func(id string, record []byte) { yield([]byte(hookPrefix+sender+"/"+id), record) })
		}
	})
}

// take makes segments of changes, unless there are some that are not written yet.
func (b *behind) take(changes func(yield func(id, record []byte))) {
	if len(b.unwritten) > 0 {
		return
	}
	changes(func(id, record []byte) { b.unwritten = b.journal.put(b.unwritten, id, record) })
	b.journal.seal(b.unwritten)
}

// flush writes what was collected, and then cleans the journal. What could not be written remains for the next time.
// Events told before collect must have been submitted: a call must not leave the disk before its verdict is there.
func (b *behind) flush(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.writeAll(now); err != nil {
		return err
	}
	if b.backups > 0 {
		return nil // records that are over stay so while others of their calls are in the store
	}
	if b.old {
		if err := b.delete(now, store.Prefix("live")); err != nil {
			return err
		}
		b.old = false
	}
	if err := b.files.remove(b.inherited); err != nil {
		return err
	}
	b.inherited = nil
	return b.clean(now)
}

// writeAll writes the segments that are not written yet, behind all that was submitted to the store, and when that
// was.
func (b *behind) writeAll(now time.Time) error {
	if len(b.unwritten) > 0 {
		if _, err := b.do(now, written{}); err != nil {
			return err
		}
	}
	if err := b.writeSegments(); err != nil {
		return err
	}
	_, err := b.do(now, written{seen: true})
	return err
}

func (b *behind) writeSegments() error {
	for len(b.unwritten) > 0 {
		if err := b.files.write(&b.unwritten[0]); err != nil {
			return err
		}
		b.journal.written(&b.unwritten[0])
		b.unwritten = b.unwritten[1:]
	}
	b.unwritten = nil
	return nil
}

// leave writes what is live now past a store that takes no writes. The caller has made sure that the verdicts
// which wait for that store are on the disk.
func (b *behind) leave(w *watch, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.writeSegments(); err != nil {
		return err
	}
	w.mu.Lock()
	b.collect(w, now)
	w.mu.Unlock()
	return b.writeSegments()
}

// delete deletes a range of keys.
func (b *behind) delete(now time.Time, r store.Range) error {
	for {
		more, err := b.do(now, written{drop: r})
		if err != nil || !more {
			return err
		}
	}
}

func (b *behind) do(now time.Time, w written) (more bool, err error) {
	result, err := b.st.Do(context.Background(), store.Command{Kind: kindBehind, At: now, Data: w})
	if err != nil {
		return false, err
	}
	return result.(bool), nil
}

// clean writes again what is in force of the oldest segments, where the journal has become too large, and
// removes them.
func (b *behind) clean(now time.Time) error {
	old := slices.Clone(b.journal.dirty())
	if len(old) == 0 {
		return nil
	}
	var damaged error
	seqs := make([]uint64, len(old))
	for i := range old {
		seqs[i] = old[i].seq
		value, err := b.files.read(seqs[i])
		if err == nil {
			b.unwritten, err = b.journal.keep(b.unwritten, seqs[i], value)
		}
		if err != nil {
			damaged = fmt.Errorf("segment %d of the live calls: %w", seqs[i], err)
		}
	}
	b.journal.seal(b.unwritten)
	err := b.writeAll(now)
	if err == nil {
		err = b.files.remove(seqs)
	}
	if err == nil {
		b.journal.drop(len(old))
	}
	return errors.Join(err, damaged)
}

// write writes behind what changed since, and waits for it.
func (b *behind) write(w *watch, now time.Time) error {
	b.mu.Lock()
	err := b.writeAll(now) // what was left, so that nothing newer remains uncollected
	b.mu.Unlock()
	if err != nil {
		return err
	}
	w.mu.Lock()
	b.collect(w, now)
	w.mu.Unlock()
	return b.flush(now)
}

// stashed is how many bytes a segment in the store has.
const stashed = 256 << 10

// stash puts what is in force into the store, so that it is in a backup made until unstash.
func (b *behind) stash(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backups++
	j := newJournal()
	j.full = stashed
	var all []segment
	err := b.st.View(func(s *store.Snapshot) error {
		reader := behind{files: b.files, journal: newJournal()}
		_, err := reader.read(s, func(id string, record []byte) { all = j.put(all, []byte(id), record) })
		return err
	})
	if err != nil {
		return err
	}
	j.seal(all)
	if err := b.delete(now, store.Prefix("live")); err != nil {
		return err
	}
	for i := range all {
		b.old = true
		if _, err := b.do(now, written{segments: all[i : i+1]}); err != nil {
			return err
		}
	}
	return nil
}

func (b *behind) unstash() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backups--
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
