package cases

import (
	"fmt"
	"time"

	"ringback/sip"
	"ringback/store"
)

// position is all that the indexes and counters know of a case. It follows from the record alone.
type position struct {
	state    State
	due      time.Time
	misses   uint64
	assignee string
	closed   time.Time
	closer   string    // who closed it having reached the customer
	wake     time.Time // when something happens to it by itself, its list's expiry aside; zero: never
	place
	tally
}

// place is what stands beside a case in the index of open ones.
type place struct {
	number    sip.Number
	calling   bool      // the customer is on the line
	awaiting  bool      // more is asked
	own       bool      // it expires at a time of its own
	expires   time.Time // zero: never
	notBefore time.Time // it is not offered before; zero: at any time
}

func (r *record) position() position {
	p := position{state: r.State, tally: r.tally()}
	if r.State == Open {
		p.due, p.misses, p.assignee, p.wake = r.Due, r.Misses, r.Assignee, r.wake()
		p.place = place{r.Number, len(r.Calling) > 0, !r.Awaiting.IsZero(), r.ownExpiry(), r.expiry(), r.NotBefore}
		return p
	}
	p.closed, p.number = r.Closed, r.Number
	if r.CloseReason == Successful || r.CloseReason == AgentCalled {
		p.closer = r.ClosedBy
	}
	return p
}

// wake is when something happens to an open case by itself, other than the expiry that its list gave it.
func (r *record) wake() time.Time {
	at := sooner(r.Claim, r.Fallback)
	if r.ownExpiry() {
		at = sooner(at, r.expiry())
	}
	return at
}

// ownExpiry says whether an open case expires at another time than the end of an opening day.
func (r *record) ownExpiry() bool { return r.OwnExpiry || r.Scheduled.After(r.Expires) }

// The flags of a place.
const (
	placeCalling = 1 << iota
	placeAwaiting
	placeNotBefore
	placeOwn
)

func (p *place) encode() []byte {
	w := writer{make([]byte, 0, 24)}
	w.uint(recordFormat)
	w.uint(uint64(p.number))
	var flags uint64
	if p.calling {
		flags |= placeCalling
	}
	if p.awaiting {
		flags |= placeAwaiting
	}
	if !p.notBefore.IsZero() {
		flags |= placeNotBefore
	}
	if p.own {
		flags |= placeOwn
	}
	w.uint(flags)
	w.time(p.expires)
	if flags&placeNotBefore != 0 {
		w.time(p.notBefore)
	}
	return w.b
}

func decodePlace(b []byte) (place, error) {
	d := reader{b: b}
	d.format("place")
	p := place{number: sip.Number(d.uint())}
	flags := d.uint()
	p.calling, p.awaiting, p.own = flags&placeCalling != 0, flags&placeAwaiting != 0, flags&placeOwn != 0
	p.expires = d.time()
	if flags&placeNotBefore != 0 {
		p.notBefore = d.time()
	}
	if d.err != nil {
		return place{}, fmt.Errorf("reading the open cases: %w", d.err)
	}
	return p, nil
}

// spot is a key of an index, and what stands there.
type spot struct {
	key, value []byte
}

// spots appends the keys of a case in the indexes.
func (p *position) spots(all []spot, list, id string) []spot {
	switch p.state {
	case Open:
		value := p.encode()
		all = append(all, spot{openKey(list, p, id), value})
		if p.assignee != "" {
			all = append(all, spot{mineKey(list, p, id), value})
		}
		if !p.wake.IsZero() {
			all = append(all, spot{wakeKey(p.wake, id), nil})
		}
	case Closed:
		all = append(all, spot{closedKey(list, p, id), nil})
		if p.closer != "" {
			all = append(all, spot{closerKey(list, p, id), nil})
		}
	default:
	}
	return all
}

// moveIn writes what changed in the indexes. What stands at a key that stays is written anew only when
// it changed.
func moveIn(tx *store.Tx, list, id string, was, is *position) {
	var room [6]spot
	before := was.spots(room[:0:3], list, id)
	after := is.spots(room[3:3], list, id)
	for _, b := range before {
		if find(after, b.key) == nil {
			tx.Delete(b.key)
		}
	}
	for _, a := range after {
		if b := find(before, a.key); b == nil || string(b.value) != string(a.value) {
			tx.Set(a.key, a.value)
		}
	}
}

func find(all []spot, key []byte) *spot {
	for i := range all {
		if string(all[i].key) == string(key) {
			return &all[i]
		}
	}
	return nil
}
