package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ringback/store"
)

// Trail reads the trail in a store. Its methods may be called from any goroutine.
type Trail struct{ st *store.Store }

// kindRecord is the command that adds entries which tell of no change, as a refusal.
const kindRecord = "audit.record"

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store) *Trail {
	st.Handle(kindRecord, func(tx *store.Tx, c store.Command) (any, error) {
		for _, e := range c.Data.([]Entry) {
			if err := Write(tx, e); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	st.Handle(kindTrim, trim)
	return &Trail{st}
}

// Record adds entries that belong to no change of the store: refusals, exports, reloads.
func (t *Trail) Record(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	_, err := t.st.Do(ctx, store.Command{ID: entries[0].Action, Kind: kindRecord, At: entries[0].At, Data: entries})
	return err
}

// Query asks for entries, the latest first. Zero fields ask for everything.
type Query struct {
	By     string // as Who.String writes it, or its kind alone
	Action string // or its first word, as "session" for all logins and log-outs
	Object string // or its kind alone
	Result Result
	From   time.Time // entries at and after
	To     time.Time // entries before
	Limit  int       // of a page: 100, at most 1000
	Cursor string    // Page.Next of the page before
}

// Page is a part of the trail.
type Page struct {
	Entries []Entry
	Next    string // the cursor of the page after it, empty at the end
}

// What a page takes at most. A page may hold fewer entries than asked for, even none, and still have a
// next one: so looking for a rare thing holds nobody up for long.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxScan      = 20_000
)

// Read gives a page of the entries that fit, the latest first. ErrCursor is returned for a cursor that
// is none.
func (t *Trail) Read(q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	r := store.Prefix(keySpace, "entry").Backwards()
	if q.Cursor != "" {
		before, err := strconv.ParseUint(q.Cursor, 10, 64)
		if err != nil || before == 0 {
			return Page{}, ErrCursor
		}
		r.To = entryKey(before)
	}
	var p Page
	err := t.st.View(func(s *store.Snapshot) error {
		seen := 0
		for key, value := range s.Scan(r) {
			e, _, err := decode(key, value)
			if err != nil {
				return err
			}
			// Clocks step back a little; an hour before it is certain that no earlier entry fits.
			if !q.From.IsZero() && e.At.Before(q.From.Add(-time.Hour)) {
				return nil
			}
			if q.fits(&e) {
				p.Entries = append(p.Entries, e)
			}
			if seen++; len(p.Entries) == q.Limit || seen == maxScan {
				if e.Seq > 1 {
					p.Next = strconv.FormatUint(e.Seq, 10)
				}
				return nil
			}
		}
		return nil
	})
	return p, err
}

func (q *Query) fits(e *Entry) bool {
	return begins(e.By.String(), q.By, ' ') && begins(e.Action, q.Action, '.') && begins(e.Object, q.Object, ' ') &&
		(q.Result == Done || e.Result == q.Result) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

// begins says whether a text is the one asked for, or has it as its first word.
func begins(text, asked string, end byte) bool {
	rest, ok := strings.CutPrefix(text, asked)
	return asked == "" || ok && (rest == "" || rest[0] == end)
}

// Verify reads the whole trail and says how many entries it has. The error wraps ErrBroken and names
// the entry at which the trail is not as it was written.
func (t *Trail) Verify() (entries int, err error) {
	err = t.st.View(func(s *store.Snapshot) error {
		end, err := readHead(s)
		if err != nil {
			return err
		}
		var next uint64
		var sum []byte
		for key, value := range s.Scan(store.Prefix(keySpace, "entry")) {
			e, before, err := decode(key, value)
			switch {
			case err != nil:
				return fmt.Errorf("%w: %w", ErrBroken, err)
			case entries > 0 && e.Seq != next:
				return fmt.Errorf("%w: entry %d is missing", ErrBroken, next)
			case entries > 0 && !bytes.Equal(before, sum):
				return fmt.Errorf("%w: entry %d, or entry %d after it", ErrBroken, e.Seq-1, e.Seq)
			}
			entries++
			next = e.Seq + 1
			got := sha256.Sum256(value)
			sum = got[:]
		}
		switch {
		case entries == 0 && end.Seq > 0, entries > 0 && end.Seq >= next:
			return fmt.Errorf("%w: entries up to %d are missing", ErrBroken, end.Seq)
		case entries > 0 && (end.Seq != next-1 || !bytes.Equal(end.Sum, sum)):
			return fmt.Errorf("%w: entry %d, the last", ErrBroken, next-1)
		}
		return nil
	})
	return entries, err
}
