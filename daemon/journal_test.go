package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

// liveRecords are the records in force in a store.
func liveRecords(t *testing.T, b *behind) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := b.st.View(func(s *store.Snapshot) error {
		broken, err := b.read(s, func(id string, record []byte) {
			if _, twice := got[id]; twice {
				t.Errorf("the record of %q comes twice", id)
			}
			got[id] = string(record)
		})
		if broken > 0 {
			t.Errorf("%d segments cannot be read", broken)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// journalPlay changes calls at random, as a tracker would tell it.
type journalPlay struct {
	r       *rand.Rand
	live    map[string]string // as it should be on the disk when all is written
	changed map[string]bool
	next    int
	long    int // bytes of a record at most
}

func newJournalPlay(seed uint64) *journalPlay {
	return &journalPlay{r: rand.New(rand.NewPCG(seed, 0)), live: map[string]string{}, changed: map[string]bool{}, long: 4000}
}

// step begins, changes and ends calls.
func (p *journalPlay) step() {
	for range 100 {
		p.next++
		id := fmt.Sprintf("c%07d", p.next)
		if p.r.IntN(10) == 0 {
			id = "b" + id
		}
		p.live[id], p.changed[id] = p.record(), true
	}
	for id := range p.live {
		switch n := p.r.IntN(20); {
		case n == 0:
			p.live[id], p.changed[id] = p.record(), true
		case n < 3 && len(id) == 8 && id[1:] > "0000050": // a few calls last
			delete(p.live, id)
			p.changed[id] = true
		}
	}
}

func (p *journalPlay) record() string {
	b := make([]byte, 1+p.r.IntN(p.long))
	for i := range b {
		b[i] = byte(p.r.Uint32())
	}
	return string(b)
}

// changes tells what changed since it was last asked.
func (p *journalPlay) changes(yield func(id, record []byte)) {
	for id := range p.changed {
		record, live := p.live[id]
		if !live {
			yield([]byte(id), nil)
		} else {
			yield([]byte(id), []byte(record))
		}
	}
	clear(p.changed)
}

func openBehind(t *testing.T, o store.Options) *behind {
	t.Helper()
	st, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return newBehind(st, filepath.Join(o.Dir, "live"))
}

// restarted closes a store and opens it again, and checks that what is read back is what should be.
func restartedBehind(t *testing.T, b *behind, o store.Options, p *journalPlay) *behind {
	t.Helper()
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
	b = openBehind(t, o)
	if diff := cmp.Diff(p.live, liveRecords(t, b)); diff != "" {
		t.Fatalf("live calls (-kept +read back)\n%s", diff)
	}
	for id := range p.live { // a tracker tells everything when it is asked first
		p.changed[id] = true
	}
	return b
}

func TestTheJournalGivesBackWhatIsLive(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	b, p := openBehind(t, o), newJournalPlay(1)
	most := 0
	for i := range 200 {
		p.step()
		b.take(p.changes)
		if err := b.flush(at(i)); err != nil {
			t.Fatal(err)
		}
		most = max(most, b.journal.size-journalSlack*b.journal.live-journalSpare)
		if i%50 == 49 {
			b = restartedBehind(t, b, o, p)
		}
	}
	if most > 2*segmentSize {
		t.Errorf("the journal was %d bytes larger than it may be", most)
	}
	if len(b.inherited) == 0 {
		t.Error("nothing was there at the last start")
	}
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
}

func at(second int) time.Time { return time.Date(2026, 3, 2, 9, 0, second, 0, time.UTC) }

// TestTheJournalOfLongCallsIsCleaned has a few calls that last while very many come and go.
func TestTheJournalOfLongCallsIsCleaned(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	b := openBehind(t, o)
	long := map[string]string{"c-long": "one", "b-registration": "two", "c-changed": "three"}
	b.take(func(yield func(_, _ []byte)) {
		for id, record := range long {
			yield([]byte(id), []byte(record))
		}
	})
	filler := bytes.Repeat([]byte{7}, 100<<10)
	for i := range 300 {
		b.take(func(yield func(_, _ []byte)) {
			yield(fmt.Append(nil, "c", i), filler)
			if i > 0 {
				yield(fmt.Append(nil, "c", i-1), nil)
			}
			yield(fmt.Append(nil, "never", i), nil)
		})
		if err := b.flush(at(i)); err != nil {
			t.Fatal(err)
		}
	}
	if limit := journalSpare + 2*segmentSize; b.journal.size > limit {
		t.Errorf("the journal takes %d bytes, more than %d", b.journal.size, limit)
	}
	if n := len(b.journal.latest); n != 4 {
		t.Errorf("%d records are in force", n)
	}
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
	b = openBehind(t, o)
	defer b.st.Close()
	got := liveRecords(t, b)
	delete(got, "c299")
	if diff := cmp.Diff(long, got); diff != "" {
		t.Errorf("live calls (-kept +read back)\n%s", diff)
	}
}

// TestAWriteBehindThatFailsLosesNothing stops the disk at every stage of a write in turn. What is read
// back after a restart is for each call what was written last before the failure, or what was to be.
func TestAWriteBehindThatFailsLosesNothing(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("no")
	for fail := range 48 {
		o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
		writes := 0
		step := func() error {
			if writes++; writes == 10+3*fail {
				return errDisk
			}
			return nil
		}
		o.Fault = func(store.Stage) error { return step() }
		b, p := openBehind(t, o), newJournalPlay(uint64(fail))
		b.files.fault = step
		before := map[string]string{}
		for i := 0; ; i++ {
			p.step()
			b.take(p.changes)
			if err := b.flush(at(i)); err != nil {
				break
			}
			before = maps.Clone(p.live)
			if i > 1000 {
				t.Fatal("the disk never failed")
			}
		}
		if err := b.st.Close(); err != nil {
			t.Fatal(err)
		}
		o.Fault = nil
		b = openBehind(t, o)
		got := liveRecords(t, b)
		for id := range p.live {
			if r, ok := got[id]; ok && r != p.live[id] && r != before[id] {
				t.Errorf("%d: %q came back as something else", fail, id)
			}
		}
		for id, old := range before {
			r, ok := got[id]
			now, live := p.live[id]
			if ok && (r != old && (!live || r != now)) || !ok && live {
				t.Errorf("%d: %q was kept and did not come back as it was", fail, id)
			}
		}
		if err := b.st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecordsOfOldAreReadAndReplaced opens a store in which every live call has a key of its own.
func TestRecordsOfOldAreReadAndReplaced(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	st, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	st.Handle("old", func(tx *store.Tx, c store.Command) (any, error) {
		for id, record := range c.Data.(map[string]string) {
			tx.Set(store.Key("live", id), []byte(record))
		}
		return nil, nil
	})
	b, p := newBehind(st, filepath.Join(o.Dir, "live")), newJournalPlay(3)
	p.long = 20
	for range 150 {
		p.step()
	}
	if len(p.live) < 100 {
		t.Fatal("too few to tell")
	}
	if _, err := st.Do(t.Context(), store.Command{Kind: "old", Data: p.live}); err != nil {
		t.Fatal(err)
	}
	b = restartedBehind(t, b, o, p)
	b = restartedBehind(t, b, o, p) // stopped before anything was written
	p.step()
	b.take(p.changes)
	if err := b.flush(at(0)); err != nil {
		t.Fatal(err)
	}
	b = restartedBehind(t, b, o, p)
	err = b.st.View(func(s *store.Snapshot) error {
		for key := range s.Scan(store.Range{From: store.Key("live"), To: store.Key("live", uint64(0))}) {
			return fmt.Errorf("%x is still there", key)
		}
		return nil
	})
	if err := errors.Join(err, b.st.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestTheJournalGoesOnWhenTheDiskDoes has a disk that refuses every third step for a while.
func TestTheJournalGoesOnWhenTheDiskDoes(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	b, p := openBehind(t, o), newJournalPlay(5)
	steps, refused := 0, 0
	b.files.fault = func() error {
		if steps++; steps%3 == 0 && steps < 90 {
			return errors.New("no")
		}
		return nil
	}
	for i := range 100 {
		p.step()
		b.take(p.changes)
		if b.flush(at(i)) != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("the disk refused nothing")
	}
	b = restartedBehind(t, b, o, p)
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestABackupHasWhatIsLive makes backups between writes, and goes on from the store alone.
func TestABackupHasWhatIsLive(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	b, p := openBehind(t, o), newJournalPlay(7)
	for i := range 20 {
		p.step()
		b.take(p.changes)
		if err := b.flush(at(i)); err != nil {
			t.Fatal(err)
		}
		if i%8 != 7 {
			continue
		}
		if err := b.stash(at(i)); err != nil {
			t.Fatal(err)
		}
		kept := b.files.dir
		b.files.dir = t.TempDir()
		if diff := cmp.Diff(p.live, liveRecords(t, b)); diff != "" {
			t.Errorf("live calls (-live +in the store)\n%s", diff)
		}
		b.files.dir, b.inherited = kept, nil
		p.step()
		b.take(p.changes)
		if err := b.flush(at(i)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.live, liveRecords(t, b)); diff != "" {
			t.Errorf("while a backup is made: live calls (-kept +read back)\n%s", diff)
		}
		b.inherited = nil
		b.unstash()
	}
	p.step()
	b.take(p.changes)
	if err := b.flush(at(20)); err != nil {
		t.Fatal(err)
	}
	if b.old {
		t.Error("what was for the backup is still in the store")
	}
	b = restartedBehind(t, b, o, p)
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestASegmentHalfWrittenIsNone leaves what a crash may.
func TestASegmentHalfWrittenIsNone(t *testing.T) {
	t.Parallel()
	o := store.Options{Dir: t.TempDir(), MemTable: 8 << 20, Reserve: -1}
	b, p := openBehind(t, o), newJournalPlay(6)
	p.step()
	b.take(p.changes)
	if err := b.flush(at(0)); err != nil {
		t.Fatal(err)
	}
	part := b.files.path(b.journal.next) + partSuffix
	if err := os.WriteFile(part, []byte{journalVersion, 1, 2}, 0o600); err != nil {
		t.Fatal(err)
	}
	b = restartedBehind(t, b, o, p)
	if _, err := os.Stat(part); err == nil {
		t.Error("it is still there")
	}
	if err := b.st.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedSegmentIsRefused reads segments cut off anywhere, or changed.
func TestADamagedSegmentIsRefused(t *testing.T) {
	t.Parallel()
	j := newJournal()
	all := j.put(j.put(nil, []byte("c1"), []byte("record")), []byte("c2"), nil)
	all = j.put(all, []byte("c1"), nil)
	j.seal(all)
	good := all[0].bytes
	for i := range good {
		if walkSegment(good[:i], func(_, _ []byte) {}) == nil {
			t.Errorf("read though cut off at %d", i)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if walkSegment(bad, func(_, _ []byte) {}) == nil {
			t.Errorf("read though changed at %d", i)
		}
	}
	n := 0
	if err := walkSegment(good, func(_, _ []byte) { n++ }); err != nil || n != 2 {
		t.Errorf("%d records, %v", n, err)
	}
}
