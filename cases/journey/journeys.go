package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/sip"
	"ringback/store"
)

// The keys of this package.
//
//	journey call   <id>                   the record of a call
//	journey number <number> <start> <id>  nothing: the calls of a customer
//	journey batch  <time> <n>             the keys that were written together, to drop them together
const keySpace = "journey"

func callKey(id string) []byte { return store.Key(keySpace, "call", id) }
func numberKey(n sip.Number, at time.Time, id string) []byte {
	return store.Key(keySpace, "number", uint64(n), at, id)
}

// Journeys are those in a store. Its methods may be called from any goroutine.
type Journeys struct{ st *store.Store }

// The commands of this package.
const (
	kindPut   = "journey.put"
	kindTrim  = "journey.trim"
	kindErase = "journey.erase"
)

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store) *Journeys {
	st.Handle(kindPut, applyPut)
	st.Handle(kindTrim, applyTrim)
	st.Handle(kindErase, applyErase)
	return &Journeys{st}
}

// ErrNotFound is returned for a call of which nothing is kept.
var ErrNotFound = errors.New("journey: not found")

// Record is a call ready to be written.
type Record struct {
	id      string
	number  sip.Number
	started time.Time
	value   []byte
}

// Record is the call ready to be written.
func (c *Call) Record() Record {
	return Record{c.ID, c.Number, c.Started.UTC().Truncate(time.Millisecond), c.encode()}
}

// putAtOnce is how many calls one command writes.
const putAtOnce = 500

// Put writes calls. One that is there is written anew.
func (j *Journeys) Put(ctx context.Context, records []Record, now time.Time) error {
	for some := range slices.Chunk(records, putAtOnce) {
		if _, err := j.st.Do(ctx, store.Command{ID: kindPut, Kind: kindPut, At: now.UTC(), Data: some}); err != nil {
			return err
		}
	}
	return nil
}

func applyPut(tx *store.Tx, cmd store.Command) (any, error) {
	records, ok := cmd.Data.([]Record)
	if !ok {
		return nil, wrongData(cmd)
	}
	var batch []byte
	for i := range records {
		r := &records[i]
		tx.Set(callKey(r.id), r.value)
		if r.number != 0 {
			tx.Set(numberKey(r.number, r.started, r.id), nil)
		}
		batch = store.AppendKey(batch, r.id, uint64(r.number), r.started)
	}
	for n := 0; ; n++ {
		key := store.Key(keySpace, "batch", cmd.At, n)
		if _, taken := tx.Get(key); !taken {
			tx.Set(key, batch)
			return nil, nil
		}
	}
}

// trimAtOnce is how many batches one command drops.
const trimAtOnce = 4

// Trim drops what was written before a time.
func (j *Journeys) Trim(ctx context.Context, before, now time.Time) error {
	for {
		res, err := j.st.Do(ctx, store.Command{ID: kindTrim, Kind: kindTrim, At: now.UTC(), Data: before.UTC()})
		if err != nil || res.(int) < trimAtOnce {
			return err
		}
	}
}

func applyTrim(tx *store.Tx, cmd store.Command) (any, error) {
	before, ok := cmd.Data.(time.Time)
	if !ok {
		return nil, wrongData(cmd)
	}
	r := store.Prefix(keySpace, "batch")
	r.To = store.Key(keySpace, "batch", before)
	var keys [][]byte
	n := 0
	for key, value := range tx.Scan(r) {
		keys = append(keys, slices.Clone(key))
		for rest := value; len(rest) > 0; {
			var id string
			var number uint64
			var at time.Time
			if err := store.SplitKey(rest, &id, &number, &at); err != nil {
				return nil, err
			}
			rest = rest[len(store.Key(id, number, at)):]
			keys = append(keys, callKey(id), numberKey(sip.Number(number), at, id))
		}
		if n++; n == trimAtOnce {
			break
		}
	}
	for _, key := range keys {
		tx.Delete(key)
	}
	return n, nil
}

// Erase drops all calls of a number, for a person who wants his data gone, and says how many there were.
func (j *Journeys) Erase(ctx context.Context, n sip.Number, now time.Time) (gone int, err error) {
	for {
		res, err := j.st.Do(ctx, store.Command{ID: kindErase, Kind: kindErase, At: now.UTC(), Data: n})
		if err != nil {
			return gone, err
		}
		gone += res.(int)
		if res.(int) < putAtOnce {
			return gone, nil
		}
	}
}

func applyErase(tx *store.Tx, cmd store.Command) (any, error) {
	number, ok := cmd.Data.(sip.Number)
	if !ok {
		return nil, wrongData(cmd)
	}
	var keys [][]byte
	n := 0
	for key := range tx.Scan(store.Prefix(keySpace, "number", uint64(number))) {
		var id string
		if err := store.SplitKey(key, nil, nil, nil, nil, &id); err != nil {
			return nil, err
		}
		keys = append(keys, slices.Clone(key), callKey(id))
		if n++; n == putAtOnce {
			break
		}
	}
	for _, key := range keys {
		tx.Delete(key)
	}
	return n, nil
}

func wrongData(cmd store.Command) error {
	return fmt.Errorf("journey: %s with data of type %T", cmd.Kind, cmd.Data)
}

// Call is what is kept of a call; ErrNotFound when nothing is.
func (j *Journeys) Call(id string) (c Call, err error) {
	err = j.st.View(func(s *store.Snapshot) error {
		value, ok := s.Get(callKey(id))
		if !ok {
			return ErrNotFound
		}
		c, err = decode(value)
		return err
	})
	return c, err
}

// OfNumber are up to limit calls of a customer that began before a time, or at it, the latest first; the zero time is now and later.
func (j *Journeys) OfNumber(n sip.Number, until time.Time, limit int) (all []Call, err error) {
	if n == 0 {
		return nil, nil
	}
	r := store.Prefix(keySpace, "number", uint64(n))
	if !until.IsZero() {
		r.To = store.Key(keySpace, "number", uint64(n), until.Add(1))
	}
	err = j.st.View(func(s *store.Snapshot) error {
		for key := range s.Scan(r.Backwards()) {
			var id string
			if err := store.SplitKey(key, nil, nil, nil, nil, &id); err != nil {
				return err
			}
			value, ok := s.Get(callKey(id))
			if !ok {
				continue
			}
			c, err := decode(value)
			if err != nil {
				return err
			}
			if all = append(all, c); len(all) >= limit {
				return nil
			}
		}
		return nil
	})
	return all, err
}
