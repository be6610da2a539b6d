package store

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Reader reads what is stored: a Tx inside a handler, a Snapshot inside View.
//
// A read that fails (a damaged file, an I/O error) answers as if there were nothing and fails the
// whole command or View afterwards, so callers need not ask after every read.
type Reader interface {
	// Get returns the value under key. The caller must not change it and must not keep it beyond the
	// handler or View.
	Get(key []byte) (value []byte, ok bool)

	// Scan yields the keys of a range in order with their values. Both are valid until the next step
	// only and must not be changed.
	Scan(r Range) iter.Seq2[[]byte, []byte]
}

// Tx is the view of one command: what is stored, what earlier commands of the same group wrote, and
// its own writes. It is valid during its handler only and belongs to the handler's goroutine.
type Tx struct {
	tree    *tree      // the group's writes over base; without a base, all there is
	base    snapshot   // nil for a store in memory
	journal []undo     // what the command changed, to take it back
	appends []appended // to logs
	bytes   int        // of keys and values written by the command
	largest int        // of these values
	err     error      // the first read that failed, or key that is none
}

var _ Reader = (*Tx)(nil)

// undo is one change of a tree as it was before.
type undo struct {
	key string
	old entry
	had bool
}

// Get returns the value under key as Reader says.
func (tx *Tx) Get(key []byte) (value []byte, ok bool) {
	if e, found := tx.tree.get(key); found {
		return e.value, !e.dead
	}
	if tx.base == nil {
		return nil, false
	}
	value, ok, err := tx.base.get(key)
	tx.fail(err)
	return value, ok
}

// Scan yields the keys of a range as Reader says. The handler may write during the scan; what it
// writes ahead of the scan is seen.
func (tx *Tx) Scan(r Range) iter.Seq2[[]byte, []byte] {
	if tx.base == nil {
		return live(tx.tree.walk(r))
	}
	return over(tx.tree.walk(r), tx.base.scan(r, tx.fail), r.Reverse)
}

// Set stores value under key. The value belongs to the store from then on.
func (tx *Tx) Set(key, value []byte) {
	tx.change(string(key), entry{value: value})
	tx.bytes += len(key) + len(value)
	tx.largest = max(tx.largest, len(value))
}

// Delete removes what is stored under key, if anything is.
func (tx *Tx) Delete(key []byte) {
	tx.change(string(key), entry{dead: true})
	tx.bytes += len(key)
}

// maxKey is the length of the longest key.
const maxKey = 60_000

// change writes and notes how to take it back. A key that the disk could not hold fails the command.
func (tx *Tx) change(key string, e entry) {
	if len(key) == 0 || len(key) > maxKey || strings.HasPrefix(key, "!badger!") {
		tx.fail(fmt.Errorf("%w: %d bytes", ErrKey, len(key)))
		return
	}
	var old entry
	var had bool
	if e.dead && tx.base == nil {
		old, had = tx.tree.remove(key)
	} else {
		old, had = tx.tree.set(key, e)
	}
	tx.journal = append(tx.journal, undo{key, old, had})
}

// wrote says whether the command changed anything.
func (tx *Tx) wrote() bool { return len(tx.journal)+len(tx.appends) > 0 }

// begin makes the Tx ready for the next command of its group.
func (tx *Tx) begin() {
	clear(tx.journal)
	clear(tx.appends)
	tx.appends = tx.appends[:0]
	tx.journal, tx.bytes, tx.largest, tx.err = tx.journal[:0], 0, 0, nil
}

// rollback takes back what the command changed.
func (tx *Tx) rollback() {
	for _, u := range slices.Backward(tx.journal) {
		if u.had {
			tx.tree.set(u.key, u.old)
		} else {
			tx.tree.remove(u.key)
		}
	}
	tx.begin()
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// snapshot is a consistent view of all that was committed when it was made.
type snapshot interface {
	get(key []byte) (value []byte, ok bool, err error)
	scan(r Range, fail func(error)) iter.Seq2[[]byte, []byte]
	release()
}

// Snapshot is the view that View gives: everything acknowledged when it began, and nothing later.
// Several goroutines may read it at once.
type Snapshot struct {
	from snapshot
	errs chan error // room for the first
}

var _ Reader = (*Snapshot)(nil)

// Get returns the value under key as Reader says.
func (s *Snapshot) Get(key []byte) (value []byte, ok bool) {
	value, ok, err := s.from.get(key)
	s.fail(err)
	return value, ok
}

// Scan yields the keys of a range as Reader says.
func (s *Snapshot) Scan(r Range) iter.Seq2[[]byte, []byte] { return s.from.scan(r, s.fail) }

func (s *Snapshot) fail(err error) {
	if err == nil {
		return
	}
	select {
	case s.errs <- err:
	default:
	}
}
