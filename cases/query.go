package cases

import (
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"slices"

	"ringback/sip"
	"ringback/store"
)

// ErrQuery is returned for a query that makes no sense, or a cursor that is not one of this list.
var ErrQuery = errors.New("cases: bad query")

// Query asks for a page of the cases of a list.
type Query struct {
	List   string
	State  State  // Open: by priority, the longest overdue first; Closed: the latest first
	Limit  int    // cases on a page: 50, at most 500
	Cursor string // Page.Next of the page before; empty: from the beginning
}

// Page is one page of a list.
type Page struct {
	Cases []Case
	Next  string // the cursor of the next page, empty on the last one
}

// The bounds of Query.Limit.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// List reads a page. A cursor is a place in the order, not a number of cases: whatever opens or closes
// meanwhile, no case that stays where it is comes twice or is left out.
func (c *Cases) List(q Query) (Page, error) {
	r, err := q.keys()
	if err != nil {
		return Page{}, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	page := Page{Cases: make([]Case, 0, limit)}
	err = c.st.View(func(s *store.Snapshot) error {
		var last []byte
		for key := range s.Scan(r) {
			if len(page.Cases) == limit {
				page.Next = base64.RawURLEncoding.EncodeToString(last)
				break
			}
			var id string
			if err := store.SplitKey(key, q.parts(&id)...); err != nil {
				return err
			}
			x, err := readCase(s, id)
			if err != nil {
				return err
			}
			page.Cases = append(page.Cases, x.public())
			last = slices.Clone(key)
		}
		return nil
	})
	return page, err
}

// keys is the range of the index that the query asks for.
func (q *Query) keys() (store.Range, error) {
	var r store.Range
	switch {
	case q.List == "":
		return r, fmt.Errorf("%w: it names no list", ErrQuery)
	case q.State == Open:
		r = store.Prefix(tableOpen, q.List)
	case q.State == Closed:
		r = store.Prefix(tableClosed, q.List).Backwards()
	default:
		return r, fmt.Errorf("%w: a case is open or closed", ErrQuery)
	}
	if q.Cursor == "" {
		return r, nil
	}
	last, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	var id string
	if err != nil || !r.Holds(last) || store.SplitKey(last, q.parts(&id)...) != nil {
		return r, fmt.Errorf("%w: the cursor is not of this list", ErrQuery)
	}
	return r.Beyond(last), nil
}

// parts are those of a key of the index, the id among them.
func (q *Query) parts(id *string) []any {
	if q.State == Open {
		return []any{nil, nil, nil, nil, id}
	}
	return []any{nil, nil, nil, id}
}

// Case reads one case, ErrNotFound when there is none.
func (c *Cases) Case(id string) (Case, error) {
	r, err := c.read(id)
	if err != nil {
		return Case{}, err
	}
	return r.public(), nil
}

func (c *Cases) read(id string) (r *record, err error) {
	err = c.st.View(func(s *store.Snapshot) error {
		r, err = readCase(s, id)
		return err
	})
	return r, err
}

func readCase(s store.Reader, id string) (*record, error) {
	b, ok := s.Get(caseKey(id))
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return decodeRecord(b)
}

// History yields what happened to a case, the oldest first, as it was when the walk began. It ends with
// an error when there is one.
func (c *Cases) History(id string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stopped := false
		err := c.st.View(func(s *store.Snapshot) error {
			r, err := readCase(s, id)
			if err != nil {
				return err
			}
			tell := func(value []byte) error {
				e, err := decodeEntry(value)
				if err == nil {
					stopped = !yield(e, nil)
				}
				return err
			}
			for _, value := range s.Scan(store.Prefix(tableHistory, id)) {
				if err := tell(value); err != nil || stopped {
					return err
				}
			}
			for _, value := range r.Recent {
				if err := tell(value); err != nil || stopped {
					return err
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Entry{}, err)
		}
	}
}

// OpenByNumber reads the open cases of a number on all lists, the oldest first within a list.
func (c *Cases) OpenByNumber(n sip.Number) ([]Case, error) {
	c.mu.Lock()
	i := c.known(n)
	none := i.open == 0 && i.pending == 0
	c.mu.Unlock()
	if none {
		return nil, nil
	}
	var all []Case
	err := c.st.View(func(s *store.Snapshot) (err error) {
		all, err = openOf(s, customerKey(n, ""))
		return err
	})
	return all, err
}

// MaybeByNumber reads the open cases of other numbers that may be the same customer, having the last
// nine digits in common: to be shown, never acted on.
func (c *Cases) MaybeByNumber(n sip.Number) ([]Case, error) {
	var all []Case
	err := c.st.View(func(s *store.Snapshot) error {
		for key := range s.Scan(store.Prefix(tableNumber, uint64(n%nine))) {
			var other uint64
			if err := store.SplitKey(key, nil, nil, &other); err != nil {
				return err
			}
			if sip.Number(other) == n || !n.Maybe(sip.Number(other)) {
				continue
			}
			theirs, err := openOf(s, key)
			if err != nil {
				return err
			}
			all = append(all, theirs...)
		}
		return nil
	})
	return all, err
}

func openOf(s store.Reader, customer []byte) ([]Case, error) {
	b, ok := s.Get(customer)
	if !ok {
		return nil, nil
	}
	x, err := decodeCustomer(b)
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, id := range x.open() {
		r, err := readCase(s, id)
		if err != nil {
			return nil, err
		}
		all = append(all, r.public())
	}
	return all, nil
}

// ClosedBy reads the cases that an agent's call closed at its INVITE and that are still closed by it;
// the call is named by its sip.Call.ID. It remembers calls for Options.Remember.
func (c *Cases) ClosedBy(call string) ([]Case, error) {
	var all []Case
	err := c.st.View(func(s *store.Snapshot) error {
		b, ok := s.Get(callKey(call))
		if !ok {
			return nil
		}
		d, err := decodeDial(b)
		if err != nil {
			return err
		}
		for _, id := range d.closed {
			r, err := readCase(s, id)
			if err != nil {
				return err
			}
			if r.State == Closed && r.ClosedCall == call {
				all = append(all, r.public())
			}
		}
		return nil
	})
	return all, err
}
