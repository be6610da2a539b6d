package search

import (
	"context"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
)

// purge rewrites the index without the words that were erased, when it is time to: until then they are
// in its files, marked as gone.
func (x *Index) purge(ctx context.Context) error {
	if x.purgeAt.IsZero() || time.Now().Before(x.purgeAt) {
		return nil
	}
	if x.o.Dir == "" { // there are no files
		x.purgeAt = time.Time{}
		return nil
	}
	began := time.Now()
	for {
		id, clean, err := x.marked()
		if err != nil {
			return err
		}
		if clean {
			break
		}
		if id == "" { // nothing is left of it
			if err := x.begin(); err != nil {
				return err
			}
			return x.build(ctx)
		}
		// Segments are rewritten when they are merged, and a single one is not; so there is always another.
		if err := x.update([]string{id}, x.applied.Load(), true); err != nil {
			return err
		}
		if err := x.scorch.ForceMerge(ctx, &mergeplan.SingleSegmentMergePlanOptions); err != nil {
			return fmt.Errorf("search: purging the index: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := x.scorch.DeleteInternal(keyPurge); err != nil {
		return fmt.Errorf("search: purging the index: %w", err)
	}
	x.purgeAt = time.Time{}
	x.o.Logger.Info("erased words have left the search index", "elapsed", time.Since(began).Round(time.Millisecond))
	return nil
}

// marked says whether nothing in the index is marked as gone, else the id of a case that is not.
func (x *Index) marked() (id string, clean bool, err error) {
	v, err := x.view()
	if err != nil {
		return "", false, err
	}
	defer v.close()
	clean = true
	for _, s := range v.segments {
		if d := s.Deleted(); d != nil && !d.IsEmpty() {
			clean = false
		}
		if live := s.DocNumbersLive(); id == "" && !live.IsEmpty() {
			b, err := s.DocID(uint64(live.Minimum()))
			if err != nil {
				return "", false, fmt.Errorf("search: reading the index: %w", err)
			}
			id = string(b)
		}
	}
	return id, clean, nil
}
