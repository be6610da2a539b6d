package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// committer applies groups of commands. It belongs to the goroutine of run, or to a writer that leads.
type committer struct {
	*Store
	writes   tree // of the group, not committed yet
	outcomes []outcome
	logs     logs
}

type outcome struct {
	result any
	err    error
}

func (s *Store) run() {
	defer close(s.drained)
	for {
		group := s.queue.take()
		if group == nil {
			return
		}
		for rest := group; len(rest) > 0; {
			rest = rest[s.committer.commit(rest):]
		}
		clear(group)
		s.queue.release()
	}
}

// commit applies as many commands of the group as fit one transaction, writes and syncs them, tells
// their results and says how many they were.
func (c *committer) commit(group []item) int {
	began := time.Now()
	done := Commit{Commands: len(group), Err: c.refusal()}
	if done.Err == nil {
		done = c.applyAll(group)
		group = group[:done.Commands]
	}
	if done.Err == nil && done.Keys > 0 {
		done.Err = c.write()
		if errors.Is(done.Err, badger.ErrTxnTooBig) {
			if len(group) > 1 {
				return c.commit(group[:len(group)/2])
			}
			done.Err = fmt.Errorf("%w: %s %s", ErrTooBig, group[0].Kind, group[0].ID)
		}
	}
	done.Elapsed = time.Since(began)
	if done.Keys > 0 || done.Err != nil {
		c.stats.count(done)
		if c.opt.Observe != nil {
			c.opt.Observe(done)
		}
	}
	// When the writes are lost, so is what later commands of the group concluded from them.
	for i, it := range group {
		if done.Err != nil {
			it.done(nil, done.Err)
		} else {
			it.done(c.outcomes[i].result, c.outcomes[i].err)
		}
	}
	clear(c.outcomes)
	return len(group)
}

// applyAll runs the handlers of the group until one transaction is full.
func (c *committer) applyAll(group []item) (done Commit) {
	base, err := c.disk.snapshot()
	if err != nil {
		return Commit{Commands: len(group), Err: err}
	}
	defer base.release()
	c.writes.clear()
	c.outcomes = c.outcomes[:0]
	c.logs.begin()
	tx := Tx{tree: &c.writes, base: base}
	for _, it := range group {
		result, err := c.apply(&tx, it.Command)
		if !c.disk.fits(done.Keys+len(tx.journal), done.Bytes+tx.bytes, tx.largest) {
			tx.rollback()
			if done.Commands > 0 {
				break // it begins the next transaction
			}
			result, err = nil, fmt.Errorf("%w: %s %s", ErrTooBig, it.Kind, it.ID)
		}
		done.Commands++
		done.Keys += len(tx.journal)
		done.Bytes += tx.bytes
		c.logs.add(&tx)
		c.outcomes = append(c.outcomes, outcome{result, err})
	}
	done.Keys += c.logs.finish(&tx)
	return done
}

// write makes the group's writes durable. After an error that may have left some of them on the disk
// the store is stopped.
func (c *committer) write() error {
	err := c.fault(BeforeWrite)
	if err == nil {
		err = c.disk.write(&c.writes)
	}
	if errors.Is(err, badger.ErrTxnTooBig) {
		return err // found before anything was written
	}
	if err == nil {
		err = c.fault(AfterSync)
	}
	if err != nil {
		return c.stop(err)
	}
	c.disk.publish()
	return nil
}

func (s *Store) fault(at Stage) error {
	if s.opt.Fault == nil {
		return nil
	}
	return s.opt.Fault(at)
}
