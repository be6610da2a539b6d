package store

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/ristretto/v2/z"
)

// disk keeps the store in Badger. The store numbers the versions itself (Badger's managed mode), one
// per commit: a snapshot reads at the last version that was acknowledged, so what a failed commit may
// have left behind is never seen, and no goroutine of Badger has to be asked what that version is.
type disk struct {
	db       *badger.DB
	log      *log
	dir      string
	closing  int64 // bytes of free disk needed to close
	maxKeys  int
	maxBytes int
	maxValue int

	mu      sync.Mutex
	ended   sync.Cond // a snapshot was released
	closed  bool
	version uint64         // acknowledged
	readers map[uint64]int // snapshots by their version
}

func openDisk(o *Options) (*disk, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, refused(o.Dir, err)
	}
	if err := checkAccess(o.Dir); err != nil {
		return nil, err
	}
	// The tables in memory are written out first of all. Badger maps its files into memory, so to run
	// out of space there ends the process.
	if err := checkRoom(o.Dir, min(o.Reserve, 4*o.MemTable)); err != nil {
		return nil, err
	}
	db, err := badger.OpenManaged(tuned(o))
	if err != nil && strings.Contains(err.Error(), z.NewFile.Error()) {
		// A process that died, or a disk that filled up, between making a log and giving it its length
		// leaves an empty one. Badger takes it for a new file, mends it, and then gives up over it.
		db, err = badger.OpenManaged(tuned(o))
	}
	if err != nil {
		return nil, refused(o.Dir, err)
	}
	d := &disk{
		db: db, dir: o.Dir, closing: min(o.Reserve, 4*o.MemTable),
		// Badger counts a little more than keys and values.
		maxKeys: int(db.MaxBatchCount()) - 2, maxBytes: int(db.MaxBatchSize()) * 3 / 4,
		maxValue: int(maxValue(o)) - 1,
		version:  db.MaxVersion(), readers: make(map[uint64]int),
	}
	if d.log, err = openLog(o.Dir, 2*o.MemTable); err != nil {
		_ = db.Close()
		return nil, refused(o.Dir, err)
	}
	d.ended.L = &d.mu
	return d, nil
}

// maxValue is the size of the largest value. All stand in Badger's tables, none in its value log, so
// there is nothing to collect in there.
func maxValue(o *Options) int64 { return min(1<<20, o.MemTable/8) }

// tuned are Badger's options for many small values in little memory.
func tuned(o *Options) badger.Options {
	return badger.DefaultOptions(o.Dir).
		WithLogger(badgerLog{o.Logger}).
		WithSyncWrites(!ownSync). // one sync per transaction, and a transaction holds a group
		WithMemTableSize(o.MemTable).
		WithNumMemtables(3). // beside the one written to
		WithNumCompactors(2).
		WithValueThreshold(maxValue(o)). // larger ones would go to the value log
		WithValueLogFileSize(64 << 20).
		WithCompression(options.None). // records are small and compact; and it saves the block cache
		WithBlockCacheSize(0).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false)
}

// fits says whether one transaction holds so many keys and bytes, the largest value being as long.
func (d *disk) fits(keys, bytes, largest int) bool {
	const perKey = 32 // version, header, check sum
	keys += logsAtOnce + bytes/maxRecord
	return keys < d.maxKeys && bytes+keys*perKey < d.maxBytes && largest < d.maxValue
}

// write commits and syncs the writes as one transaction of the next version, seen by nobody until
// publish. The committer alone calls it.
func (d *disk) write(writes *tree) error {
	txn := d.db.NewTransactionAt(d.version, true)
	defer txn.Discard()
	for key, e := range writes.walk(Range{}) {
		var err error
		if e.dead {
			err = txn.Delete(key)
		} else {
			err = txn.SetEntry(badger.NewEntry(key, e.value))
		}
		if err != nil {
			return err
		}
	}
	if err := txn.CommitAt(d.version+1, nil); err != nil {
		return err
	}
	return d.log.sync()
}

// publish lets snapshots see what was written, and Badger drop what no snapshot can see any more.
func (d *disk) publish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	oldest := d.version
	for v := range d.readers {
		oldest = min(oldest, v)
	}
	d.db.SetDiscardTs(oldest)
}

func (d *disk) snapshot() (snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	d.readers[d.version]++
	return &diskSnapshot{d, d.version, d.db.NewTransactionAt(d.version, false)}, nil
}

func (d *disk) close() error {
	d.mu.Lock()
	d.closed = true
	for len(d.readers) > 0 {
		d.ended.Wait()
	}
	d.mu.Unlock()
	d.log.close()
	if err := checkRoom(d.dir, d.closing); err != nil {
		// Left as a crash would leave it, and locked until the process ends: the logs hold everything,
		// and there is no room to write the tables they are for.
		return err
	}
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("store: closing %s: %w", d.dir, oneLine(err))
	}
	return nil
}

// diskSnapshot reads one version.
type diskSnapshot struct {
	disk    *disk
	version uint64
	txn     *badger.Txn
}

func (s *diskSnapshot) release() {
	_ = s.discard()
	d := s.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readers[s.version]--; d.readers[s.version] == 0 {
		delete(d.readers, s.version)
		d.ended.Broadcast()
	}
}

// survive turns a panic of Badger into an error. When Badger could not make its next table in memory
// (no file handle left, a disk that turned read-only) it is left without one, and every read panics.
func survive(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("store: badger cannot read any more: %v", r)
	}
}

func (s *diskSnapshot) discard() (err error) {
	defer survive(&err) // after a panic in iterator, Badger thinks it has one still
	s.txn.Discard()
	return nil
}

func (s *diskSnapshot) get(key []byte) (value []byte, ok bool, err error) {
	defer survive(&err)
	item, err := s.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	value, err = item.ValueCopy(nil)
	return value, err == nil, err
}

func (s *diskSnapshot) scan(r Range, fail func(error)) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		it, err := s.iterator(badger.IteratorOptions{Reverse: r.Reverse, Prefix: commonPrefix(r)})
		if err != nil {
			fail(err)
			return
		}
		defer it.Close()
		switch {
		case !r.Reverse:
			it.Seek(r.From)
		case r.To == nil:
			it.Rewind()
		default:
			it.Seek(r.To)
		}
		var value []byte
		for ; it.Valid(); it.Next() {
			item := it.Item()
			key := item.Key()
			if !r.Holds(key) {
				if r.Reverse && string(key) == string(r.To) {
					continue
				}
				return
			}
			if value, err = item.ValueCopy(value); err != nil {
				fail(err)
				return
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

func (s *diskSnapshot) iterator(o badger.IteratorOptions) (it *badger.Iterator, err error) {
	defer survive(&err)
	return s.txn.NewIterator(o), nil
}

// commonPrefix is what all keys of a range begin with: Badger then looks into fewer tables. Walking
// back begins at a key behind the range, which need not have it.
func commonPrefix(r Range) []byte {
	if r.Reverse {
		return nil
	}
	n := 0
	for n < len(r.From) && n < len(r.To) && r.From[n] == r.To[n] {
		n++
	}
	return r.From[:n]
}

// sizes are the bytes on disk of Badger's tables, logs of the tables in memory included, and of its
// value log.
func (d *disk) sizes() (tables, valueLog int64) {
	files, err := os.ReadDir(d.dir)
	if err != nil {
		return 0, 0
	}
	for _, f := range files {
		size := allocated(filepath.Join(d.dir, f.Name()))
		if strings.HasSuffix(f.Name(), ".vlog") {
			valueLog += size
		} else {
			tables += size
		}
	}
	return tables, valueLog
}

// holder is the process that holds the lock of dir, as Badger noted it there.
func holder(dir string) string {
	pid, err := os.ReadFile(filepath.Join(dir, "LOCK"))
	if text := strings.TrimSpace(string(pid)); err == nil && text != "" {
		return text
	}
	return "unknown"
}

// badgerLog passes Badger's log on.
type badgerLog struct{ log *slog.Logger }

// Errorf passes an error on.
func (b badgerLog) Errorf(format string, a ...any) {
	b.log.Error("badger", "reason", oneLine(fmt.Errorf(format, a...)).Error())
}

// Warningf passes a warning on.
func (b badgerLog) Warningf(format string, a ...any) {
	b.log.Warn("badger", "reason", oneLine(fmt.Errorf(format, a...)).Error())
}

// Infof passes chatter on, as for debugging.
func (b badgerLog) Infof(format string, a ...any) {
	b.log.Debug("badger", "reason", oneLine(fmt.Errorf(format, a...)).Error())
}

// Debugf drops what may hold keys.
func (b badgerLog) Debugf(string, ...any) {}
