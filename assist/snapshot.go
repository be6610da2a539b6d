package assist

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"ringback/sip"
)

// ErrSnapshot means that a record of recent calls is damaged, or was written by a newer version.
var ErrSnapshot = errors.New("assist: record of recent calls cannot be read")

const (
	snapshotVersion = 1
	forgetEvery     = time.Minute // how late recent calls that are too long ago leave the disk
)

// Changes yields the agents whose recent calls changed since it was called last, each with the record of them that
// Restore reads; nil for one who has none any more. The first time it is all of them. The record is good until the next
// one.
func (a *Assist) Changes(now time.Time, yield func(agent string, record []byte)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.keeping {
		a.keeping = true
		for _, g := range a.agents {
			a.mark(g)
		}
	}
	if now.Sub(a.forgot) >= forgetEvery {
		a.forgot = now
		a.drop(func(r *RecentCall) bool { return now.Sub(r.At) > a.o.RecentWithin })
	}
	for _, id := range a.changed {
		g := a.agents[id]
		switch {
		case g == nil || len(g.recent) == 0:
			yield(id, nil)
		case g.changed:
			a.record = appendRecent(a.record[:0], g.recent)
			yield(id, a.record)
		}
		if g != nil {
			g.changed = false
		}
	}
	a.changed = a.changed[:0]
}

// Restore puts an agent's recent calls back, from a record that Changes made.
func (a *Assist) Restore(id string, record []byte) error {
	calls, err := readRecent(record)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if id == "" || len(calls) == 0 || a.recent >= a.o.MaxAgents {
		return nil
	}
	g := a.agents[id]
	if g == nil {
		g = &agent{id: id}
		a.agents[id] = g
	}
	if len(g.recent) > 0 {
		return nil // what was seen since stands
	}
	g.recent = calls[max(0, len(calls)-a.o.RecentCalls):]
	a.recent++
	a.mark(g)
	return nil
}

// Erase forgets the recent calls with a number.
func (a *Assist) Erase(n sip.Number) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(func(r *RecentCall) bool { return r.Number == n })
}

// drop forgets recent calls of all agents.
func (a *Assist) drop(which func(*RecentCall) bool) {
	for _, g := range a.agents {
		had := len(g.recent)
		if had == 0 {
			continue
		}
		g.recent = slices.DeleteFunc(g.recent, func(r RecentCall) bool { return which(&r) })
		if len(g.recent) == had {
			continue
		}
		a.mark(g)
		if len(g.recent) == 0 {
			g.recent = nil
			a.recent--
			a.dropAgent(g)
		}
	}
}

// mark notes that an agent's recent calls changed, where somebody asks for changes.
func (a *Assist) mark(g *agent) {
	if a.keeping && !g.changed {
		g.changed = true
		a.changed = append(a.changed, g.id)
	}
}

// appendRecent encodes calls: the version, and of each its id, number, direction and time.
func appendRecent(b []byte, calls []RecentCall) []byte {
	b = append(b, snapshotVersion)
	for i := range calls {
		r := &calls[i]
		b = binary.AppendUvarint(b, uint64(len(r.CallID)))
		b = append(b, r.CallID...)
		b = binary.AppendUvarint(b, uint64(r.Number))
		b = binary.AppendUvarint(b, uint64(r.Direction))
		b = binary.AppendVarint(b, r.At.UnixNano())
	}
	return b
}

func readRecent(b []byte) ([]RecentCall, error) {
	if len(b) == 0 || b[0] != snapshotVersion {
		return nil, ErrSnapshot
	}
	var calls []RecentCall
	for b = b[1:]; len(b) > 0; {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, ErrSnapshot
		}
		r := RecentCall{CallID: string(b[n : n+int(size)])}
		b = b[n+int(size):]
		number, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, ErrSnapshot
		}
		b = b[n:]
		direction, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, ErrSnapshot
		}
		b = b[n:]
		at, n := binary.Varint(b)
		if n <= 0 {
			return nil, ErrSnapshot
		}
		b = b[n:]
		r.Number, r.Direction, r.At = sip.Number(number), sip.Direction(direction), time.Unix(0, at).UTC()
		calls = append(calls, r)
	}
	return calls, nil
}
