package cases

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"ringback/sip"
	"ringback/store"
)

// ErrQuery is returned for a query that makes no sense, or a cursor that is not one of this list.
var ErrQuery = errors.New("cases: bad query")

// Query asks for a page of cases.
//
// Open cases come as they are to be called: overdue first, the longest overdue on top, then by due time,
// then more misses, then older. Closed ones come with the latest first.
type Query struct {
	Lists []string // those that whoever asks may see
	State State
	Agent string // who asks; empty: a program, which sees all
	// Supervised are lists on which the agent sees personal callbacks of others too.
	Supervised []string

	ShowAll    bool // open ones: also those that others have; else unassigned ones and the agent's
	Unassigned bool // open ones: only those that nobody has
	MineFirst  bool // open ones: the agent's own above all others
	Grouped    bool // open ones of one number on grouped lists come together, where the most urgent one stands
	Reached    bool // closed ones: those that the agent closed having reached the customer

	Filter Filter
	Limit  int    // cases on a page: 50, at most 500
	Cursor string // Page.Next of the page before; empty: from the beginning
}

// Filter chooses among cases; what is zero chooses all.
type Filter struct {
	Number   sip.Number
	Assignee string
	Reasons  []sip.Reason // of the latest miss
	Channels []Channel
	Due      Span // of open ones
	Closed   Span // of closed ones
	ClosedBy string
	Closes   []CloseReason
	Awaiting *bool
}

// Span is a time from a moment on and before another; zero is no limit.
type Span struct{ From, To time.Time }

func (s Span) holds(t time.Time) bool {
	return !t.Before(s.From) && (s.To.IsZero() || t.Before(s.To))
}

// Page is one page of cases.
type Page struct {
	Cases  []Case
	Groups [][]Case // with Query.Grouped: the other open cases of each one's group, by priority
	Next   string   // the cursor of the next page, empty on the last one
}

// The bounds of Query.Limit, and how many cases a filter looks at for one page: then the page may be short
// and have a Next all the same.
const (
	defaultLimit = 50
	maxLimit     = 500
	maxLooked    = 5000
)

// List reads a page. A cursor is a place in the order, not a number of cases: whatever opens or closes
// meanwhile, no case that stays where it is comes twice or is left out.
func (c *Cases) List(q Query) (Page, error) {
	if len(q.Lists) == 0 {
		return Page{}, fmt.Errorf("%w: it names no list", ErrQuery)
	}
	if q.State != Open && q.State != Closed {
		return Page{}, fmt.Errorf("%w: a case is open or closed", ErrQuery)
	}
	q.Lists = slices.Compact(slices.Sorted(slices.Values(q.Lists)))
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	p := paging{Query: q, dir: c.dir(), page: Page{Cases: make([]Case, 0, q.Limit)}}
	if err := p.begin(); err != nil {
		return Page{}, err
	}
	c.begins(p.sections)
	err := c.st.View(p.read)
	return p.page, err
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
