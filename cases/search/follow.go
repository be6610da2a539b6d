package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	index "github.com/blevesearch/bleve_index_api"

	"ringback/cases"
)

// buildAtOnce is how many cases one write of a new index holds: enough that syncing is not what takes the
// time, few enough to keep them in memory.
const buildAtOnce = 4000

// catchUp brings the index to where the cases are.
func (x *Index) catchUp(ctx context.Context) error {
	if x.building.Load() {
		if err := x.build(ctx); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		from := x.applied.Load()
		c, err := x.o.Changes(from)
		switch {
		case err != nil:
			return fmt.Errorf("search: following the changes: %w", err)
		case c.Trimmed:
			x.o.Logger.Warn("the search index missed changes and is made anew")
			if err := x.begin(); err != nil {
				return err
			}
			return x.catchUp(ctx)
		case c.Next == from:
			return x.purge(ctx)
		}
		slices.Sort(c.Cases)
		if err := x.update(slices.Compact(c.Cases), c.Next, c.Erased); err != nil {
			return err
		}
	}
	return nil
}

// build fills a new index, or goes on with it after a stop.
func (x *Index) build(ctx context.Context) error {
	began := time.Now()
	built, err := x.internal(keyBuilt)
	if err != nil {
		return err
	}
	if len(built) == 0 {
		end, err := x.o.End()
		if err != nil {
			return fmt.Errorf("search: following the changes: %w", err)
		}
		x.applied.Store(end)
	}
	x.o.Logger.Info("the search index is being made")
	last, told, total := string(built), began, 0
	for {
		batch := x.batch(x.applied.Load())
		n := 0
		for c, err := range x.o.Cases.All(last) {
			if err != nil {
				return err
			}
			doc, err := x.document(&c, x.blocks.next())
			if err != nil {
				return err
			}
			batch.Update(doc)
			last = c.ID
			if n++; n == buildAtOnce {
				break
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		batch.SetInternal(keyBuilt, []byte(last))
		if n < buildAtOnce {
			batch.DeleteInternal(keyBuilt)
		}
		if err := x.write(batch); err != nil {
			return err
		}
		total += n
		if n < buildAtOnce {
			break
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			x.o.Logger.Info("the search index is being made", "count", total, "elapsed", time.Since(began).Round(time.Second))
		}
	}
	x.building.Store(false)
	x.o.Logger.Info("the search index is made", "count", total, "elapsed", time.Since(began).Round(time.Millisecond))
	return nil
}

// batch begins a write that brings the index to a position.
func (x *Index) batch(position uint64) *index.Batch {
	b := index.NewBatch()
	b.SetInternal(keyFormat, []byte(format))
	b.SetInternal(keyPosition, binary.BigEndian.AppendUint64(nil, position))
	return b
}

// write writes a batch and waits until it is on the disk.
func (x *Index) write(b *index.Batch) error {
	b.SetInternal(keyBlocks, x.blocks.write())
	if err := x.scorch.Batch(b); err != nil {
		return fmt.Errorf("search: writing the index: %w", err)
	}
	return nil
}

// update writes what cases are now.
func (x *Index) update(ids []string, position uint64, erased bool) error {
	known, err := x.known(ids)
	if err != nil {
		return err
	}
	batch := x.batch(position)
	for _, id := range ids {
		block, indexed := known[id]
		c, err := x.o.Cases.Case(id)
		if errors.Is(err, cases.ErrNotFound) {
			if indexed {
				batch.Delete(id)
				erased = true
			}
			continue
		}
		if err != nil {
			return err
		}
		if !indexed {
			block = x.blocks.next()
		}
		doc, err := x.document(&c, block)
		if err != nil {
			return err
		}
		batch.Update(doc)
	}
	if erased {
		batch.SetInternal(keyPurge, []byte{1})
	}
	if err := x.write(batch); err != nil {
		return err
	}
	if erased && x.purgeAt.IsZero() {
		x.purgeAt = time.Now().Add(x.o.PurgeAfter)
	}
	x.applied.Store(position)
	return nil
}

// document makes the document of a case, with what people wrote into its history.
func (x *Index) document(c *cases.Case, block uint32) (index.Document, error) {
	notes, err := x.notes(c.ID)
	if err != nil {
		return nil, err
	}
	return documentOf(c, notes, block), nil
}

// notes are what people wrote into the history of a case; none when it is gone.
func (x *Index) notes(id string) ([]string, error) {
	var notes []string
	for e, err := range x.o.Cases.History(id) {
		switch {
		case errors.Is(err, cases.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		case e.Note != "":
			notes = append(notes, e.Note)
		}
	}
	return notes, nil
}

// blocks number the cases by thousands in the order in which they were indexed first, which is about that
// in which they were opened. They let a search that finds very many look at the newest only.
type blocks struct {
	block uint32 // that is being filled
	full  uint32 // how many are in it
}

// blockSize is how many cases a block has.
const blockSize = 8192

// next is the block of a new case.
func (b *blocks) next() uint32 {
	if b.full >= blockSize {
		b.block, b.full = b.block+1, 0
	}
	b.full++
	return b.block
}

func (b *blocks) write() []byte {
	return binary.BigEndian.AppendUint32(blockTerm(b.block), b.full)
}

func (b *blocks) read(v []byte) bool {
	if len(v) != 8 {
		return false
	}
	b.block, b.full = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
	return true
}
