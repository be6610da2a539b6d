package search

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchsegment "github.com/blevesearch/scorch_segment_api/v2"
)

// view is the index as it was when a search began.
type view struct {
	snapshot *scorch.IndexSnapshot
	segments []*segment
}

// view takes one; the caller closes it.
func (x *Index) view() (*view, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.scorch == nil {
		return nil, ErrClosed
	}
	r, err := x.scorch.Reader()
	if err != nil {
		return nil, fmt.Errorf("search: reading the index: %w", err)
	}
	snapshot, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		_ = r.Close()
		return nil, errSegment
	}
	v := &view{snapshot: snapshot}
	for _, s := range snapshot.Segments() {
		v.segments = append(v.segments, &segment{SegmentSnapshot: s, dictionaries: map[string]scorchsegment.TermDictionary{}})
	}
	return v, nil
}

// close gives the view back; what came of it is not used any more.
func (v *view) close() error {
	for _, s := range v.segments {
		if s.err != nil {
			_ = v.snapshot.Close()
			return fmt.Errorf("search: reading the index: %w", s.err)
		}
	}
	return v.snapshot.Close()
}

// known tells which cases are in the index, and in which block.
func (x *Index) known(ids []string) (found map[string]uint32, err error) {
	v, err := x.view()
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(v.close(), err) }()
	found = map[string]uint32{}
	for _, s := range v.segments {
		numbers, err := s.DocNumbers(slices.Clone(ids))
		if err != nil {
			return nil, fmt.Errorf("search: reading the index: %w", err)
		}
		for _, n := range without(numbers, s.Deleted()).ToArray() {
			id, err := s.DocID(uint64(n))
			if err != nil {
				return nil, fmt.Errorf("search: reading the index: %w", err)
			}
			visit := func(field string, _ byte, value []byte, _ []uint64) bool {
				if field == fieldBlock && len(value) == 4 {
					found[string(id)] = binary.BigEndian.Uint32(value)
				}
				return true
			}
			if err := s.VisitDocument(uint64(n), visit); err != nil {
				return nil, fmt.Errorf("search: reading the index: %w", err)
			}
		}
	}
	return found, nil
}
