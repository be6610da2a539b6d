// Package peer writes as a program would that uses Badger directly: a synced transaction each. Benchmarks
// compare the store with it on the same disk in the same run; nothing else uses it.
package peer

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// recordSize is that of a case with some history, in bytes.
const recordSize = 1024

// Peer is a Badger database.
type Peer struct {
	db     *badger.DB
	record []byte
}

// Open makes a database in dir. The caller closes it.
func Open(dir string) (*Peer, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true))
	if err != nil {
		return nil, fmt.Errorf("peer: opening %s: %w", dir, err)
	}
	p := &Peer{db, make([]byte, recordSize)}
	_, _ = rand.Read(p.record) // it never fails
	return p, nil
}

// Write writes the nth record of a kilobyte with three keys of indexes in a transaction of its own, and
// returns when it is on the disk. Several goroutines may write at once.
func (p *Peer) Write(n uint64) error {
	id := n * 0x9e3779b97f4a7c15
	err := p.db.Update(func(tx *badger.Txn) error {
		return errors.Join(
			tx.Set(fmt.Appendf(nil, "case/%016x", id), p.record),
			tx.Set(fmt.Appendf(nil, "list/hotline/%016x/%016x", n, id), nil),
			tx.Set(fmt.Appendf(nil, "number/%011x/hotline", id>>20), nil),
			tx.Set(fmt.Appendf(nil, "expires/%016x/%016x", n, id), nil),
		)
	})
	if err != nil {
		return fmt.Errorf("peer: writing: %w", err)
	}
	return nil
}

// Close closes the database.
func (p *Peer) Close() error { return p.db.Close() }
