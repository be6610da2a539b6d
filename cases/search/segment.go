package search

import (
	"errors"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchsegment "github.com/blevesearch/scorch_segment_api/v2"
)

// bits are cases of one segment by their number in it; nil is none. They may be shared with the index and
// are not changed.
type bits = roaring.Bitmap

func or(all ...*bits) *bits {
	var found []*bits
	for _, b := range all {
		if b != nil && !b.IsEmpty() {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	case 2:
		return roaring.Or(found[0], found[1])
	}
	return roaring.HeapOr(found...)
}

func and(a, b *bits) *bits {
	if a == nil || b == nil {
		return nil
	}
	return roaring.And(a, b)
}

func without(a, b *bits) *bits {
	if a == nil || b == nil {
		return a
	}
	return roaring.AndNot(a, b)
}

func count(b *bits) int {
	if b == nil {
		return 0
	}
	return int(b.GetCardinality())
}

// segment is one segment of the index, for one search.
type segment struct {
	*scorch.SegmentSnapshot
	dictionaries map[string]scorchsegment.TermDictionary
	err          error // the first that came
}

// errSegment says that the index is not of the kind we write.
var errSegment = errors.New("search: the index is of another kind")

func (s *segment) dictionary(field string) scorchsegment.TermDictionary {
	if d, ok := s.dictionaries[field]; ok {
		return d
	}
	d, err := s.Segment().Dictionary(field)
	s.fail(err)
	if err != nil {
		d = nil
	}
	s.dictionaries[field] = d
	return d
}

func (s *segment) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// term are the cases that have a term.
func (s *segment) term(field, term string) *bits {
	d := s.dictionary(field)
	if d == nil || term == "" {
		return nil
	}
	return s.postings(d, []byte(term))
}

func (s *segment) postings(d scorchsegment.TermDictionary, term []byte) *bits {
	list, err := d.PostingsList(term, nil, nil)
	if err != nil || list == nil || list.Count() == 0 {
		s.fail(err)
		return nil
	}
	it, ok := list.Iterator(false, false, false, nil).(scorchsegment.OptimizablePostingsIterator)
	if !ok {
		s.fail(errSegment)
		return nil
	}
	if only, single := it.DocNum1Hit(); single {
		return roaring.BitmapOf(uint32(only))
	}
	return it.ActualBitmap()
}

// maxTerms is how many terms a beginning of words stands for at most: who types three letters wants to see
// that something is found, not all of it.
const maxTerms = 4096

// prefix are the cases that have a term with a beginning.
func (s *segment) prefix(field, beginning string) *bits {
	d := s.dictionary(field)
	if d == nil || beginning == "" {
		return nil
	}
	var found []*bits
	for _, term := range s.terms(d, beginning, maxTerms) {
		found = append(found, s.postings(d, []byte(term)))
	}
	return or(found...)
}

// terms are the terms of a dictionary with a beginning, in order.
func (s *segment) terms(d scorchsegment.TermDictionary, beginning string, limit int) []string {
	var all []string
	it := d.AutomatonIterator(nil, []byte(beginning), after(beginning))
	for len(all) < limit {
		entry, err := it.Next()
		if err != nil || entry == nil {
			s.fail(err)
			break
		}
		all = append(all, entry.Term)
	}
	return all
}

// after is the first key behind all that have the beginning; nil for none.
func after(beginning string) []byte {
	end := []byte(beginning)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
