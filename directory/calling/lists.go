package calling

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// The keys of this package.
//
//	calling number <kind> <agent> <digits> <beginning>  record: an entry; beginning is 1 for one of numbers, else 0
//	calling pin    <class>                              record: what is kept of a PIN
const keySpace = "calling"

func entryKey(p Place, x directory.Pattern) []byte {
	beginning := 0
	if x.Wildcard {
		beginning = 1
	}
	return store.Key(keySpace, "number", string(p.Kind), p.Agent, digitsOf(x.Number), beginning)
}

func digitsOf(n sip.Number) string { return strconv.FormatUint(uint64(n), 10) }

// Lists are those in a store. Its methods may be called from any goroutine.
type Lists struct {
	st *store.Store
	tries
}

// The commands of this package.
const (
	kindPut    = "calling.put"
	kindDelete = "calling.delete"
	kindErase  = "calling.erase"
	kindPIN    = "calling.pin"
)

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store) *Lists {
	st.Handle(kindPut, applyPut)
	st.Handle(kindDelete, applyDelete)
	st.Handle(kindErase, applyErase)
	st.Handle(kindPIN, applyPIN)
	return &Lists{st: st, tries: tries{wrong: map[string][]time.Time{}}}
}

// Act is who does something, from where and when.
type Act = audit.Act

// object names a list for the trail.
func (p Place) object() string {
	if p.Agent != "" {
		return audit.On("numbers", string(p.Kind)+" "+p.Agent)
	}
	return audit.On("numbers", string(p.Kind))
}

// told is a pattern as the trail has it: numbers are personal data, beginnings of numbers are not.
func told(x directory.Pattern) string {
	if x.Wildcard {
		return x.String()
	}
	return ""
}

// Result is what became of a draft.
type Result uint8

// The results.
const (
	Created Result = iota + 1
	Updated
	Unchanged // it is there with the same note
)

// Outcome is what became of one draft.
type Outcome struct {
	Result Result
	Entry  Entry
	Err    error // why nothing did: it wraps ErrInput
}

// MaxPut is how many drafts one Put takes.
const MaxPut = 500

// Put puts entries on a list, in one transaction, and tells what became of each, in their order. One that is wrong is
// left out. What is on the list already takes the new note.
func (l *Lists) Put(ctx context.Context, a Act, p Place, drafts []Draft) ([]Outcome, error) {
	in, err := check(a, p, drafts)
	if err != nil {
		return nil, err
	}
	res, err := l.st.Do(ctx, store.Command{ID: string(p.Kind), Kind: kindPut, At: a.At.UTC(), Data: in, Urgent: len(drafts) == 1})
	if err != nil {
		return nil, err
	}
	return res.([]Outcome), nil
}

// Check tells what Put would do, and does nothing.
func (l *Lists) Check(a Act, p Place, drafts []Draft) ([]Outcome, error) {
	in, err := check(a, p, drafts)
	if err != nil {
		return nil, err
	}
	var out []Outcome
	err = l.st.View(func(s *store.Snapshot) error {
		for i := range in.Drafts {
			o, _, err := in.outcome(s, i, a.At)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

// putting is the data of kindPut.
type putting struct {
	Act
	Place  Place
	Drafts []Draft
	Errs   []error // of drafts that are wrong by themselves
}

func check(a Act, p Place, drafts []Draft) (*putting, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if len(drafts) > MaxPut {
		return nil, fmt.Errorf("%w: %d at once, at most %d", ErrInput, len(drafts), MaxPut)
	}
	in := &putting{Act: a, Place: p}
	for i := range drafts {
		d, err := drafts[i].checked(p)
		in.Drafts, in.Errs = append(in.Drafts, d), append(in.Errs, err)
	}
	return in, nil
}

// outcome is what becomes of a draft, and whether something is to be written.
func (in *putting) outcome(r store.Reader, i int, at time.Time) (o Outcome, write bool, err error) {
	if in.Errs[i] != nil {
		return Outcome{Err: in.Errs[i]}, false, nil
	}
	d := &in.Drafts[i]
	old, err := load(r, entryKey(in.Place, d.Pattern), d.Pattern)
	switch {
	case err != nil:
		return o, false, err
	case old == nil:
		return Outcome{Result: Created, Entry: Entry{d.Pattern, d.Note, at.UTC().Round(0), in.By}}, true, nil
	case old.Note == d.Note || d.Note == "":
		return Outcome{Result: Unchanged, Entry: *old}, false, nil
	}
	return Outcome{Result: Updated, Entry: Entry{d.Pattern, d.Note, old.Added, in.By}}, true, nil
}

func applyPut(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(*putting)
	if !ok {
		return nil, wrongData(cmd)
	}
	outcomes := make([]Outcome, len(in.Drafts))
	var counts [Unchanged + 1]int
	last := ""
	for i := range in.Drafts {
		o, write, err := in.outcome(tx, i, cmd.At)
		if err != nil {
			return nil, err
		}
		if write {
			if err := save(tx, in.Place, &o.Entry); err != nil {
				return nil, err
			}
			last = told(o.Entry.Pattern)
		}
		outcomes[i] = o
		counts[o.Result]++
	}
	switch changed := counts[Created] + counts[Updated]; {
	case changed == 0:
		return outcomes, nil
	case changed > 1:
		last = fmt.Sprintf("%d created, %d updated", counts[Created], counts[Updated])
	}
	return outcomes, audit.Write(tx, in.Entry("numbers.put", in.Place.object(), last))
}

// deleting is the data of kindDelete.
type deleting struct {
	Act
	Place   Place
	Pattern directory.Pattern
}

// Delete takes an entry off a list; ErrNotFound when it is not there.
func (l *Lists) Delete(ctx context.Context, a Act, p Place, x directory.Pattern) error {
	if err := p.check(); err != nil {
		return err
	}
	_, err := l.st.Do(ctx, store.Command{ID: string(p.Kind), Kind: kindDelete, At: a.At.UTC(), Data: deleting{a, p, x}, Urgent: true})
	return err
}

func applyDelete(tx *store.Tx, cmd store.Command) (any, error) {
	d, ok := cmd.Data.(deleting)
	if !ok {
		return nil, wrongData(cmd)
	}
	key := entryKey(d.Place, d.Pattern)
	if _, there := tx.Get(key); !there {
		return nil, ErrNotFound
	}
	tx.Delete(key)
	return nil, audit.Write(tx, d.Entry("numbers.delete", d.Place.object(), told(d.Pattern)))
}

// erasing is the data of kindErase.
type erasing struct {
	Act
	Number sip.Number
}

// Erase takes a number off all lists, for a person who wants his data gone. On the do-not-call list it stays, without
// its note: a person who is forgotten there would be called again. It returns how many entries went.
func (l *Lists) Erase(ctx context.Context, a Act, n sip.Number) (int, error) {
	res, err := l.st.Do(ctx, store.Command{ID: kindErase, Kind: kindErase, At: a.At.UTC(), Data: erasing{a, n}, Urgent: true})
	if err != nil {
		return 0, err
	}
	return res.(int), nil
}

func applyErase(tx *store.Tx, cmd store.Command) (any, error) {
	e, ok := cmd.Data.(erasing)
	if !ok {
		return nil, wrongData(cmd)
	}
	gone, whole := 0, directory.Pattern{Number: e.Number}
	places := []Place{{Kind: Blocked}, {Kind: Allowed}}
	for key := range tx.Scan(store.Prefix(keySpace, "number", string(Personal))) {
		p, x, err := split(key)
		if err != nil {
			return nil, err
		}
		if x == whole {
			places = append(places, p)
		}
	}
	for _, p := range places {
		key := entryKey(p, whole)
		if _, there := tx.Get(key); !there {
			continue
		}
		gone++
		tx.Delete(key)
		if err := audit.Write(tx, e.Entry("numbers.erase", p.object(), "")); err != nil {
			return nil, err
		}
	}
	p := Place{Kind: DoNotCall}
	kept, err := load(tx, entryKey(p, whole), whole)
	if err != nil || kept == nil || kept.Note == "" {
		return gone, err
	}
	kept.Note = ""
	return gone, save(tx, p, kept)
}

func wrongData(cmd store.Command) error {
	return fmt.Errorf("calling: %s with data of type %T", cmd.Kind, cmd.Data)
}

// recordFormat is the version of record. 1: the first.
const recordFormat = 1

// record is an Entry as it is stored, in JSON; its pattern is in the key.
type record struct {
	Format int       `json:"format"`
	Note   string    `json:"note,omitempty"`
	Added  time.Time `json:"added"`
	By     string    `json:"by"`
}

func load(r store.Reader, key []byte, x directory.Pattern) (*Entry, error) {
	value, ok := r.Get(key)
	if !ok {
		return nil, nil
	}
	return decode(value, x)
}

func decode(value []byte, x directory.Pattern) (*Entry, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("calling: reading an entry: %w", err)
	}
	if r.Format > recordFormat {
		return nil, fmt.Errorf("calling: an entry was written by a newer Ringback (format %d, this one reads up to %d); run that one", r.Format, recordFormat)
	}
	return &Entry{x, r.Note, r.Added, audit.ParseWho(r.By)}, nil
}

func save(tx *store.Tx, p Place, e *Entry) error {
	value, err := json.Marshal(record{recordFormat, e.Note, e.Added, e.By.String()})
	if err != nil {
		return fmt.Errorf("calling: writing an entry: %w", err)
	}
	tx.Set(entryKey(p, e.Pattern), value)
	return nil
}

// split reads the key of an entry.
func split(key []byte) (p Place, x directory.Pattern, err error) {
	var kind, digits string
	var beginning int64
	if err = store.SplitKey(key, nil, nil, &kind, &p.Agent, &digits, &beginning); err != nil {
		return p, x, err
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	p.Kind, x = Kind(kind), directory.Pattern{Number: sip.Number(n), Wildcard: beginning == 1}
	return p, x, err
}

// Page is a part of a list, by number.
type Page struct {
	Entries []Entry
	Next    string // the cursor of the page after it, empty at the end
}

// maxPage is how many entries a page has at most.
const maxPage = 1000

// Page gives up to limit entries of a list whose number begins with digits, from a cursor on. ErrCursor is returned
// for a cursor that is none.
func (l *Lists) Page(p Place, digits string, limit int, cursor string) (Page, error) {
	if err := p.check(); err != nil {
		return Page{}, err
	}
	r := store.Prefix(keySpace, "number", string(p.Kind), p.Agent)
	if digits = strings.TrimPrefix(digits, "+"); digits != "" {
		from := store.Key(keySpace, "number", string(p.Kind), p.Agent, digits)
		from = from[:len(from)-1] // without the end of the string
		r = store.Range{From: from, To: append(slices.Clone(from), 0xff)}
	}
	if cursor != "" {
		at, err := hex.DecodeString(cursor)
		if err != nil || !r.Holds(at) {
			return Page{}, ErrCursor
		}
		r = r.Beyond(at)
	}
	var out Page
	err := l.st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(r) {
			_, x, err := split(key)
			if err != nil {
				return err
			}
			e, err := decode(value, x)
			if err != nil {
				return err
			}
			if out.Entries = append(out.Entries, *e); len(out.Entries) >= min(max(limit, 1), maxPage) {
				out.Next = hex.EncodeToString(key)
				return nil
			}
		}
		return nil
	})
	return out, err
}

// Standing is what the lists say of a number.
type Standing struct {
	DoNotCall bool
	Blocked   int // digits of the longest entry of the block list that fits, 0 for none; a whole number counts one more
	Allowed   int // likewise of the company's allow list and the agent's own
}

// Of says how a number stands for an agent, who may be nobody.
func (l *Lists) Of(n sip.Number, agent string) (st Standing, err error) {
	if n == 0 {
		return st, nil
	}
	err = l.st.View(func(s *store.Snapshot) error {
		st.DoNotCall = OnDoNotCall(s, n)
		st.Blocked, st.Allowed = longest(s, Place{Kind: Blocked}, n), longest(s, Place{Kind: Allowed}, n)
		if agent != "" {
			st.Allowed = max(st.Allowed, longest(s, Place{Personal, agent}, n))
		}
		return nil
	})
	return st, err
}

// OnDoNotCall says whether a number is on the do-not-call list.
func OnDoNotCall(r store.Reader, n sip.Number) bool {
	_, there := r.Get(entryKey(Place{Kind: DoNotCall}, directory.Pattern{Number: n}))
	return there
}

// longest is how many digits the longest entry has that fits a number.
func longest(r store.Reader, p Place, n sip.Number) int {
	if _, there := r.Get(entryKey(p, directory.Pattern{Number: n})); there {
		return len(digitsOf(n)) + 1 // the whole number goes before a beginning as long
	}
	for ; n > 0; n /= 10 {
		if _, there := r.Get(entryKey(p, directory.Pattern{Number: n, Wildcard: true})); there {
			return len(digitsOf(n))
		}
	}
	return 0
}
