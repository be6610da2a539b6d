package capture

import (
	"container/list"
	"net/netip"
	"slices"
	"time"
)

// Limits of reassembly.
const (
	maxDatagram      = 65535            // bytes of an IP payload put together
	maxPartials      = 1024             // datagrams in reassembly at once
	maxFragmentBytes = 16 << 20         // bytes kept of all of them
	reassemblyTime   = 30 * time.Second // for one; RFC 791 §3.2 and RFC 8200 §4.5 allow more

	// A capture filter for ports loses all fragments but the first, which has the SIP headers in most
	// cases. Fragments travel close together: when the others are not there after this time, the first
	// is taken for what it holds.
	salvageTime = 250 * time.Millisecond

	fragmentOverhead = 64 // bytes a fragment costs beside its own
)

// fragmentKey is what the fragments of one datagram have in common (RFC 791 §3.2, RFC 8200 §4.5).
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // of IPv4; IPv6 does not need it
}

// fragment is one piece of a datagram, in memory of its own.
type fragment struct {
	offset int
	data   []byte
}

func (f fragment) end() int { return f.offset + len(f.data) }

// partial is a datagram in reassembly.
type partial struct {
	key   fragmentKey
	age   *list.Element // its place in reassembler.young or old
	old   bool
	began time.Time
	parts []fragment // by offset, without overlaps
	have  int        // bytes in parts
	whole int        // bytes of the datagram; -1 as long as the last fragment is missing
	proto uint8      // as the first fragment says
}

// reassembler puts IP fragments together.
type reassembler struct {
	partials map[fragmentKey]*partial
	young    list.List // of *partial that wait for salvageTime, the oldest in front
	old      list.List // of *partial that wait for reassemblyTime, the oldest in front
	saved    []saved   // beginnings to be taken for the whole
	bytes    int
	buf      []byte // the last datagram put together
	stats    *Stats
}

// saved is the beginning of a datagram the rest of which was lost.
type saved struct {
	datagram
	at time.Time
}

// add takes a fragment. When it was the last one missing, d becomes the whole datagram, whose payload
// is valid until the next call.
func (a *reassembler) add(d *datagram, now time.Time) bool {
	a.stats.Fragments++
	f := fragment{offset: d.offset, data: d.payload}
	switch {
	case d.cut:
		a.stats.Skipped[CutShort]++
		return false
	case f.end() > maxDatagram, len(f.data) == 0, d.more && len(f.data)%8 != 0:
		a.stats.Skipped[BadHeader]++
		return false
	}
	p := a.of(d, now)
	fits, isNew := p.insert(f, d.more)
	if !fits {
		a.stats.Skipped[FragmentOverlap]++
		a.forget(p)
		return false
	}
	if isNew {
		a.bytes += len(f.data) + fragmentOverhead
		if f.offset == 0 {
			p.proto = d.proto
		}
	}
	if p.have != p.whole {
		a.limit()
		return false
	}
	a.buf = a.buf[:0]
	for _, f := range p.parts {
		a.buf = append(a.buf, f.data...)
	}
	d.proto, d.payload, d.fragment = p.proto, a.buf, false
	a.forget(p)
	return true
}

// of returns the datagram a fragment belongs to.
func (a *reassembler) of(d *datagram, now time.Time) *partial {
	key := fragmentKey{src: d.src, dst: d.dst, id: d.id}
	if d.src.Is4() {
		key.proto = d.proto
	}
	p := a.partials[key]
	if p == nil {
		if a.partials == nil {
			a.partials = make(map[fragmentKey]*partial)
		}
		p = &partial{key: key, began: now, whole: -1}
		p.age = a.young.PushBack(p)
		a.partials[key] = p
	}
	return p
}

// insert puts a copy of a fragment in its place. One that was there already is not new; one that
// overlaps another, or lies beyond the end, does not fit, and the datagram is not to be trusted
// (RFC 5722 §4).
func (p *partial) insert(f fragment, more bool) (fits, isNew bool) {
	i, _ := slices.BinarySearchFunc(p.parts, f.offset, func(have fragment, offset int) int { return have.offset - offset })
	if i < len(p.parts) {
		next := p.parts[i]
		if next.offset == f.offset && len(next.data) == len(f.data) {
			return true, false
		}
		if f.end() > next.offset || !more {
			return false, false
		}
	}
	if i > 0 && p.parts[i-1].end() > f.offset || p.whole >= 0 && (f.end() > p.whole || !more) {
		return false, false
	}
	if !more {
		p.whole = f.end()
	}
	f.data = slices.Clone(f.data)
	p.parts = slices.Insert(p.parts, i, f)
	p.have += len(f.data)
	return true, true
}

// expire deals with datagrams that have waited too long.
func (a *reassembler) expire(now time.Time) {
	for e := a.young.Front(); e != nil; e = a.young.Front() {
		p := e.Value.(*partial)
		if now.Sub(p.began) < salvageTime {
			break
		}
		if a.save(p) {
			continue
		}
		a.young.Remove(e)
		p.old, p.age = true, a.old.PushBack(p)
	}
	for e := a.old.Front(); e != nil; e = a.old.Front() {
		p := e.Value.(*partial)
		if now.Sub(p.began) < reassemblyTime {
			break
		}
		a.lose(p)
	}
}

// save takes the beginning of a UDP datagram for the whole, if it is there.
func (a *reassembler) save(p *partial) bool {
	if p.parts[0].offset != 0 || p.proto != protoUDP {
		return false
	}
	head := p.parts[0].data
	for _, f := range p.parts[1:] {
		if f.offset != len(head) {
			break
		}
		head = append(head, f.data...)
	}
	a.saved = append(a.saved, saved{
		datagram: datagram{src: p.key.src, dst: p.key.dst, proto: p.proto, payload: head, cut: true},
		at:       p.began,
	})
	a.lose(p)
	return true
}

// lose gives up a datagram.
func (a *reassembler) lose(p *partial) {
	a.stats.Skipped[FragmentLost]++
	a.forget(p)
}

// limit gives up the oldest datagrams while there are too many.
func (a *reassembler) limit() {
	for a.bytes > maxFragmentBytes || len(a.partials) > maxPartials {
		e := a.old.Front()
		if e == nil {
			e = a.young.Front()
		}
		a.lose(e.Value.(*partial))
	}
}

// finish gives up all datagrams, at the end of a capture.
func (a *reassembler) finish() {
	for e := a.young.Front(); e != nil; e = a.young.Front() {
		if p := e.Value.(*partial); !a.save(p) {
			a.lose(p)
		}
	}
	for e := a.old.Front(); e != nil; e = a.old.Front() {
		a.lose(e.Value.(*partial))
	}
}

func (a *reassembler) forget(p *partial) {
	a.bytes -= p.have + len(p.parts)*fragmentOverhead
	if p.old {
		a.old.Remove(p.age)
	} else {
		a.young.Remove(p.age)
	}
	delete(a.partials, p.key)
}
