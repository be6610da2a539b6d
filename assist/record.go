package assist

import (
	"encoding/binary"
	"time"

	"ringback/sip"
)

// kept is what outlives the process of an agent: his recent calls, and the hints before him or dismissed.
type kept struct {
	recent []RecentCall
	parts  []keptPart
}

// keptPart is a part of an agent in a live call of which he was told something.
type keptPart struct {
	call        string
	since       time.Time
	number      sip.Number
	direction   sip.Direction
	pbx, device string
	up, gone    bool
	told        []keptHint
}

// keptHint is what he was told. Its cases are looked up again.
type keptHint struct {
	group     string
	event     Event
	at        time.Time
	dismissed bool
	cases     []string
}

func (k *kept) empty() bool { return len(k.recent) == 0 && len(k.parts) == 0 }

// kept is what is to be kept of an agent. Hints that were withdrawn are not, as they may be raised again.
func (g *agent) kept() kept {
	k := kept{recent: g.recent}
	for p := range g.parts.all(byAgent) {
		x := keptPart{
			call: p.callID, since: p.since, number: p.number, direction: p.direction, pbx: p.pbx, device: p.device, up: p.up, gone: p.gone,
		}
		for _, t := range p.told {
			if t.event != Raised && t.event != Confirmed && !t.dismissed {
				continue
			}
			h := keptHint{group: t.group, event: t.event, at: t.at, dismissed: t.dismissed}
			for i := range t.cases {
				h.cases = append(h.cases, t.cases[i].ID)
			}
			x.told = append(x.told, h)
		}
		if len(x.told) > 0 {
			k.parts = append(k.parts, x)
		}
	}
	return k
}

// Records begin with their version: 1 has recent calls to its end, 2 has how many they are, and parts.
const (
	recentVersion = 1
	keptVersion   = 2
)

// append encodes it.
func (k *kept) append(b []byte) []byte {
	w := recordWriter{append(b, keptVersion)}
	w.uint(uint64(len(k.recent)))
	for i := range k.recent {
		r := &k.recent[i]
		w.string(r.CallID)
		w.uint(uint64(r.Number))
		w.uint(uint64(r.Direction))
		w.time(r.At)
	}
	w.uint(uint64(len(k.parts)))
	for i := range k.parts {
		p := &k.parts[i]
		w.string(p.call)
		w.time(p.since)
		w.uint(uint64(p.number))
		w.uint(uint64(p.direction))
		w.string(p.pbx)
		w.string(p.device)
		w.bool(p.up)
		w.bool(p.gone)
		w.uint(uint64(len(p.told)))
		for _, h := range p.told {
			w.string(h.group)
			w.uint(uint64(h.event))
			w.time(h.at)
			w.bool(h.dismissed)
			w.uint(uint64(len(h.cases)))
			for _, id := range h.cases {
				w.string(id)
			}
		}
	}
	return w.b
}

func readKept(b []byte) (k kept, err error) {
	if len(b) == 0 || b[0] != recentVersion && b[0] != keptVersion {
		return k, ErrSnapshot
	}
	r := recordReader{b: b[1:]}
	recent := func() {
		k.recent = append(k.recent, RecentCall{CallID: r.string(), Number: sip.Number(r.uint()), Direction: sip.Direction(r.uint()), At: r.time()})
	}
	if b[0] == recentVersion {
		for len(r.b) > 0 && !r.bad {
			recent()
		}
		return k, r.err()
	}
	for range r.count() {
		recent()
	}
	for range r.count() {
		p := keptPart{
			call: r.string(), since: r.time(), number: sip.Number(r.uint()), direction: sip.Direction(r.uint()),
			pbx: r.string(), device: r.string(), up: r.bool(), gone: r.bool(),
		}
		for range r.count() {
			h := keptHint{group: r.string(), event: Event(r.uint()), at: r.time(), dismissed: r.bool()}
			for range r.count() {
				h.cases = append(h.cases, r.string())
			}
			p.told = append(p.told, h)
		}
		k.parts = append(k.parts, p)
	}
	if len(r.b) > 0 {
		r.bad = true
	}
	return k, r.err()
}

type recordWriter struct{ b []byte }

func (w *recordWriter) uint(v uint64)    { w.b = binary.AppendUvarint(w.b, v) }
func (w *recordWriter) time(t time.Time) { w.b = binary.AppendVarint(w.b, t.UnixNano()) }

func (w *recordWriter) string(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *recordWriter) bool(v bool) {
	if v {
		w.uint(1)
	} else {
		w.uint(0)
	}
}

// recordReader reads what recordWriter wrote; after something unreadable it yields zeros.
type recordReader struct {
	b   []byte
	bad bool
}

func (r *recordReader) took(n int) bool {
	if r.bad = r.bad || n <= 0; r.bad {
		r.b = nil
		return false
	}
	r.b = r.b[n:]
	return true
}

func (r *recordReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if !r.took(n) {
		return 0
	}
	return v
}

func (r *recordReader) time() time.Time {
	v, n := binary.Varint(r.b)
	if !r.took(n) {
		return time.Time{}
	}
	return time.Unix(0, v).UTC()
}

func (r *recordReader) bool() bool { return r.uint() != 0 }

func (r *recordReader) string() string {
	size := r.uint()
	if size > uint64(len(r.b)) {
		r.took(0)
		return ""
	}
	s := string(r.b[:size])
	r.b = r.b[size:]
	return s
}

// count is how many things follow, of which each takes a byte at least.
func (r *recordReader) count() uint64 {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.took(0)
		return 0
	}
	return n
}

func (r *recordReader) err() error {
	if r.bad {
		return ErrSnapshot
	}
	return nil
}
