package contacts

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"ringback/sip"
	"ringback/store"
)

// ErrCursor is returned for a cursor that no page gave.
var ErrCursor = errors.New("contacts: not a cursor of contacts")

// Named is a contact by id, and what to call him.
type Named struct{ ID, Name string }

// NameOf is what to call whoever has a number; the zero Named when nobody is known by it.
func (c *Contacts) NameOf(n sip.Number) (named Named, err error) {
	if n == 0 {
		return named, nil
	}
	err = c.st.View(func(s *store.Snapshot) error {
		named.ID, named.Name, err = ownerOf(s, n)
		return err
	})
	return named, err
}

// Names are what to call those who have the numbers, all looked up at once. Numbers of nobody are not in it.
func (c *Contacts) Names(numbers []sip.Number) (map[sip.Number]Named, error) {
	names := make(map[sip.Number]Named, len(numbers))
	err := c.st.View(func(s *store.Snapshot) error {
		for _, n := range numbers {
			if _, known := names[n]; known || n == 0 {
				continue
			}
			id, name, err := ownerOf(s, n)
			if err != nil {
				return err
			}
			if id != "" {
				names[n] = Named{id, name}
			}
		}
		return nil
	})
	return names, err
}

// Contact is the contact with the given id; ErrNotFound when there is none.
func (c *Contacts) Contact(id string) (Contact, error) {
	return c.one(func(store.Reader) (string, error) { return id, nil })
}

// ByNumber is the contact that has a number; ErrNotFound when there is none.
func (c *Contacts) ByNumber(n sip.Number) (Contact, error) {
	return c.one(func(r store.Reader) (string, error) {
		id, _, err := ownerOf(r, n)
		return id, err
	})
}

// ByExternalID is the contact that another system calls so; ErrNotFound when there is none.
func (c *Contacts) ByExternalID(other string) (Contact, error) {
	return c.one(func(r store.Reader) (string, error) {
		id, _ := r.Get(externalKey(other))
		return string(id), nil
	})
}

func (c *Contacts) one(find func(store.Reader) (string, error)) (Contact, error) {
	var out Contact
	err := c.st.View(func(s *store.Snapshot) error {
		id, err := find(s)
		if err != nil {
			return err
		}
		found, err := load(s, id)
		if err != nil {
			return err
		}
		if found == nil {
			return ErrNotFound
		}
		out = *found
		return nil
	})
	return out, err
}

// Query asks for contacts.
type Query struct {
	Text   string // the beginnings of words of name or company, all of them; or of a number as +35840; empty: all
	Limit  int    // of a page: 100, at most 1000
	Cursor string // Page.Next of the page before
}

// Page is a part of the contacts, in an order that does not change.
type Page struct {
	Contacts []Contact
	Next     string // the cursor of the page after it, empty at the end
}

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxScan      = 20_000 // of index entries per page
)

// Page gives a page of the contacts that fit. It may hold fewer than asked for and still have a next one.
// ErrCursor is returned for a cursor that is none.
func (c *Contacts) Page(q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	words := folded(q.Text)
	r := store.Prefix(keySpace, "record")
	switch {
	case isDigits(q.Text):
		r = beginning("number", "+"+digits(q.Text))
	case len(words) > 0:
		// The longest word fits fewest.
		slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
		r = beginning("word", words[0])
	case strings.TrimSpace(q.Text) != "":
		return Page{}, nil
	}
	if q.Cursor != "" {
		at, err := hex.DecodeString(q.Cursor)
		if err != nil || !r.Holds(at) {
			return Page{}, ErrCursor
		}
		r = r.Beyond(at)
	}
	var p Page
	err := c.st.View(func(s *store.Snapshot) error {
		seen, had := 0, map[string]bool{}
		for key, value := range s.Scan(r) {
			found, err := entry(s, key, value)
			if err != nil {
				return err
			}
			if found != nil && !had[found.ID] && fits(found, words, isDigits(q.Text)) {
				had[found.ID] = true
				p.Contacts = append(p.Contacts, *found)
			}
			if seen++; len(p.Contacts) == q.Limit || seen == maxScan {
				p.Next = hex.EncodeToString(key)
				return nil
			}
		}
		return nil
	})
	return p, err
}

// beginning is the range of an index whose first part begins like text.
func beginning(index, text string) store.Range {
	from := store.Key(keySpace, index, text)
	from = from[:len(from)-1] // without the end of the string
	return store.Range{From: from, To: append(slices.Clone(from), 0xff)}
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// entry is the contact that an entry of one of the tables is about.
func entry(s *store.Snapshot, key, value []byte) (*Contact, error) {
	var table, id string
	if err := store.SplitKey(key, nil, &table); err != nil {
		return nil, err
	}
	var err error
	switch table {
	case "record":
		return decode(value)
	case "number":
		err = store.SplitKey(value, &id)
	default:
		err = store.SplitKey(key, nil, nil, nil, &id)
	}
	if err != nil {
		return nil, err
	}
	return load(s, id)
}

// fits says whether a contact has words that begin like all that are asked for.
func fits(c *Contact, asked []string, number bool) bool {
	if number {
		return true
	}
	words := folded(c.Name, c.Company)
	for _, a := range asked {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, a) }) {
			return false
		}
	}
	return true
}
