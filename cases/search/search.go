package search

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ringback/cases"
	"ringback/sip"
)

// ErrQuery is returned for a search that makes no sense, or a cursor that is not one of it.
var ErrQuery = errors.New("search: bad query")

// Query asks for cases.
type Query struct {
	// Text is what somebody typed: words and parts of numbers, all of which a case must have.
	Text string
	// Lists are those whose cases may be found: none of another is, nor counted.
	Lists  []string
	Sees   func(*cases.Case) bool // whether a case on them may be found; nil: all
	State  cases.State            // StateUnknown: open ones, then closed ones
	Limit  int                    // cases on a page: 50, at most 200
	Cursor string                 // Page.Next of the page before; empty: from the beginning
}

// Page is one page of what was found, the best first: open before closed, then whole numbers and whole
// words of name and topic, then where numbers begin or end and other whole words, then parts; of
// equals the newer first.
type Page struct {
	Hits  []Hit
	Next  string // the cursor of the next page, empty on the last one
	Total int    // how many there are on all pages; for long parts of numbers it may be a few too many
	// Partial says that the index is being made and there may be more.
	Partial bool
}

// Hit is one case that was found, as it is now.
type Hit struct {
	Case cases.Case
	// Where says what of the case was found: "number", "name", "topic", "note", or "" for anything else.
	Where string
}

// The bounds of Query.Limit.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// Search finds a page of cases. ErrQuery: nothing to look for, or a bad cursor.
func (x *Index) Search(ctx context.Context, q Query) (page Page, err error) {
	at, err := q.place()
	if err != nil {
		return Page{}, err
	}
	dir := x.o.Directory()
	plan, _ := sip.NewNumbering(string(dir.Country("")), nil) // none without a country
	a := asked{names: x.namesOf(dir), plan: plan, named: x.o.Named}
	if err := a.read(q.Text); err != nil {
		return Page{}, fmt.Errorf("search: looking up names: %w", err)
	}
	if len(a.parts) == 0 {
		return Page{}, fmt.Errorf("%w: there is no word and no number in it", ErrQuery)
	}
	v, err := x.view()
	if err != nil {
		return Page{}, err
	}
	defer func() { err = cmp.Or(err, v.close()) }()
	f := finder{index: x, parts: a.parts, query: &q, page: &page, limit: q.limit(), from: at}
	page.Partial = x.Building()
	for _, s := range v.segments {
		f.add(s)
	}
	return page, f.collect(ctx)
}

func (q *Query) limit() int {
	if q.Limit <= 0 {
		return defaultLimit
	}
	return min(q.Limit, maxLimit)
}

// place is where a page ends: the cases of one tier follow each other by block and id, the newer first.
type place struct {
	tier  int
	block uint32
	id    string
}

func (p *place) cursor() string {
	b := binary.BigEndian.AppendUint32([]byte{byte(p.tier)}, p.block)
	return base64.RawURLEncoding.EncodeToString(append(b, p.id...))
}

// place reads the cursor; nil for none.
func (q *Query) place() (*place, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(b) < 6 || len(b) > 64 || int(b[0]) >= len(tiers) {
		return nil, fmt.Errorf("%w: the cursor is not of a search", ErrQuery)
	}
	return &place{int(b[0]), binary.BigEndian.Uint32(b[1:]), string(b[5:])}, nil
}

// tier is what is told together: cases of one state that match in one way.
type tier struct {
	state cases.State
	kind  kind
}

var tiers = [...]tier{
	{cases.Open, exact},
	{cases.Open, good},
	{cases.Open, some},
	{cases.Closed, exact},
	{cases.Closed, good},
	{cases.Closed, some},
}

// finder is a search at work.
type finder struct {
	index    *Index
	parts    []part
	query    *Query
	page     *Page
	limit    int
	from     *place // where the page before ended, nil for the first
	segments []found
	last     place // of the page so far
}

// found is what a segment has for a search.
type found struct {
	*segment
	tiers  [len(tiers)]*bits
	blocks map[uint32]*bits // read so far
}

// add looks into a segment.
func (f *finder) add(s *segment) {
	var m matches
	for i := range f.parts {
		p := f.parts[i].match(s)
		if i == 0 {
			m = p
		} else {
			m = both(m, p)
		}
	}
	if m[some] == nil || m[some].IsEmpty() {
		return
	}
	visible := without(and(m[some], s.any(fieldList, f.query.Lists)), s.Deleted())
	seg := found{segment: s, blocks: map[uint32]*bits{}}
	all := 0
	for i, t := range tiers {
		if f.query.State != cases.StateUnknown && f.query.State != t.state {
			continue
		}
		b := and(and(visible, m[t.kind]), s.term(fieldState, t.state.String()))
		if t.kind != exact {
			b = without(b, m[t.kind-1])
		}
		seg.tiers[i] = b
		all += count(b)
	}
	if all > 0 {
		f.page.Total += all
		f.segments = append(f.segments, seg)
	}
}

// collect fills the page.
func (f *finder) collect(ctx context.Context) error {
	blocks := f.blocks()
	for i := range tiers {
		if f.from != nil && i < f.from.tier {
			continue
		}
		left := 0 // of this tier
		for _, s := range f.segments {
			left += count(s.tiers[i])
		}
		for _, block := range blocks {
			if left == 0 {
				break
			}
			ids, n, err := f.in(i, block)
			if err != nil {
				return err
			}
			left -= n
			if full, err := f.take(i, block, ids); full || err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// blocks are those of all segments, the newest first.
func (f *finder) blocks() []uint32 {
	seen := map[uint32]bool{}
	var all []uint32
	for _, s := range f.segments {
		d := s.dictionary(fieldBlock)
		if d == nil {
			continue
		}
		for _, term := range s.terms(d, "", 1<<20) {
			if block := binary.BigEndian.Uint32([]byte(term)); len(term) == 4 && !seen[block] {
				seen[block] = true
				all = append(all, block)
			}
		}
	}
	slices.SortFunc(all, func(a, b uint32) int { return cmp.Compare(b, a) })
	return all
}

// in are the ids of a tier in a block that come behind the page before, the newest first, and how many
// the block has.
func (f *finder) in(tier int, block uint32) (ids []string, n int, err error) {
	skip := f.from != nil && f.from.tier == tier
	for i := range f.segments {
		s := &f.segments[i]
		if s.tiers[tier] == nil || s.tiers[tier].IsEmpty() {
			continue
		}
		b, read := s.blocks[block]
		if !read {
			b = s.term(fieldBlock, string(blockTerm(block)))
			s.blocks[block] = b
		}
		b = and(s.tiers[tier], b)
		n += count(b)
		if b == nil || skip && block > f.from.block {
			continue
		}
		for it := b.Iterator(); it.HasNext(); {
			id, err := s.DocID(uint64(it.Next()))
			if err != nil {
				return nil, n, fmt.Errorf("search: reading the index: %w", err)
			}
			if skip && block == f.from.block && string(id) >= f.from.id {
				continue
			}
			ids = append(ids, string(id))
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(b, a) })
	return ids, n, nil
}

// take puts cases on the page, and says whether it is full and there may be more.
func (f *finder) take(tier int, block uint32, ids []string) (full bool, err error) {
	for _, id := range ids {
		hit, ok, err := f.hit(id)
		if err != nil {
			return false, err
		}
		if !ok {
			f.page.Total--
			continue
		}
		if len(f.page.Hits) == f.limit {
			f.page.Next = f.last.cursor()
			return true, nil
		}
		f.page.Hits = append(f.page.Hits, hit)
		f.last = place{tier, block, id}
	}
	return false, nil
}

// hit reads a case as it is now. What the index says of it may be a moment old, and pieces of numbers may
// come in another order: such cases are left out.
func (f *finder) hit(id string) (Hit, bool, error) {
	c, err := f.index.o.Cases.Case(id)
	switch {
	case errors.Is(err, cases.ErrNotFound):
		return Hit{}, false, nil
	case err != nil:
		return Hit{}, false, err
	case !slices.Contains(f.query.Lists, c.List), f.query.State != cases.StateUnknown && c.State != f.query.State, f.query.Sees != nil && !f.query.Sees(&c):
		return Hit{}, false, nil
	}
	where, ok, err := f.where(&c)
	return Hit{Case: c, Where: where}, ok, err
}

// where says what of a case has all parts, as far as one thing has one. A part of a number that was put
// together from pieces may be nowhere; then it is not ok.
func (f *finder) where(c *cases.Case) (where string, ok bool, err error) {
	for i := range f.parts {
		p := &f.parts[i]
		what, found := p.where(c)
		if !found && p.number != nil {
			if found, err = f.index.noted(c.ID, p.words); err != nil || !found {
				return "", false, err
			}
		}
		where = cmp.Or(where, what)
	}
	return where, true, nil
}

// where says what of a case has the part, but for what was written into its history.
func (p *part) where(c *cases.Case) (what string, found bool) {
	if p.number != nil && p.number.in(c.Number) {
		return "number", true
	}
	for _, t := range textsOf(c) {
		if has(t.text, p.words) {
			return t.name, true
		}
	}
	for i := range p.words {
		if p.words[i].named(c) {
			return "", true
		}
	}
	return "", false
}

// noted says whether the words stand in the history of a case.
func (x *Index) noted(id string, words []wanted) (bool, error) {
	notes, err := x.notes(id)
	return slices.ContainsFunc(notes, func(n string) bool { return has(n, words) }), err
}
