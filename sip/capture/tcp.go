package capture

import (
	"container/list"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"ringback/sip/hep"
)

// Limits of TCP streams. Each direction of a connection is a stream.
const (
	maxStreams     = 4096      // of SIP, HEP or TLS at once
	maxFresh       = 1024      // that have shown no byte of theirs yet
	maxStreamBytes = 64 << 20  // kept of all streams
	maxLater       = 256 << 10 // kept of one stream beyond a gap
	maxMessage     = 64 << 10  // of a SIP message
	maxWindow      = 8 << 20   // farther from what is expected, a sequence number is of another connection
	laterOverhead  = 64        // bytes a segment kept costs beside its own

	gapTime      = 3 * time.Second        // how long missing bytes are waited for
	gapTimeAcked = 200 * time.Millisecond // the same once the other end has acknowledged them
)

// flow is a direction of a TCP connection.
type flow struct{ src, dst netip.AddrPort }

// stream is one direction of a TCP connection, as far as it was read.
type stream struct {
	flow flow
	age  *list.Element // its place in streams.fresh or streams.ages

	kind     kind
	inSync   bool      // what comes next is the start of a message
	next     uint32    // the sequence number expected
	at       time.Time // when the last byte of rest was there
	rest     []byte    // what was read and not yet taken
	buf      []byte    // memory of its own for rest, between segments
	own      bool      // rest lies in buf, not in a frame
	searched int       // bytes of rest known to hold no end of headers
	body     int       // bytes of a TLS record still to come

	later      []segment // beyond a gap, by sequence number
	laterBytes int
	gapSince   time.Time
	acked      bool // the other end has what is missing here

	queued bool
	ended  bool // by FIN, once everything before was read
	end    uint32
	kept   int // bytes accounted for in streams.bytes
}

// segment is a TCP segment kept for later, in memory of its own.
type segment struct {
	seq  uint32
	data []byte
	at   time.Time
}

// streams puts TCP streams together (RFC 9293 §3.4).
type streams struct {
	d       *dissector
	byFlow  map[flow]*stream
	fresh   list.List // of *stream that have shown nothing yet, the longest unheard of in front
	ages    list.List // of all other *stream, the longest unheard of in front
	queue   []*stream // that may have a message to give
	waiting []*stream // for missing bytes, the longest waiting in front
	bytes   int       // kept in all streams

	finished bool // nothing more will come, so nothing is waited for
}

// TCP flags (RFC 9293 §3.1).
const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// segment takes one TCP segment and reports whether a message became complete, which fills p.
func (st *streams) segment(dg *datagram, now time.Time, p *hep.Received) bool {
	b := dg.payload
	if len(b) < 20 {
		if dg.cut {
			return st.d.skip(CutShort)
		}
		return st.d.skip(BadHeader)
	}
	header := int(b[12]>>4) * 4
	if header < 20 || header > len(b) {
		if dg.cut {
			return st.d.skip(CutShort)
		}
		return st.d.skip(BadHeader)
	}
	f := flow{
		src: netip.AddrPortFrom(dg.src, binary.BigEndian.Uint16(b)),
		dst: netip.AddrPortFrom(dg.dst, binary.BigEndian.Uint16(b[2:])),
	}
	seq, flags, data := binary.BigEndian.Uint32(b[4:]), b[13], b[header:]
	if dg.cut {
		st.d.stats.Skipped[CutShort]++ // the rest is a gap
	}
	if len(st.waiting) > 0 && flags&flagACK != 0 {
		st.acknowledge(flow{f.dst, f.src}, binary.BigEndian.Uint32(b[8:]))
	}
	if len(data) == 0 && flags&(flagSYN|flagFIN|flagRST) == 0 {
		return false
	}
	s := st.byFlow[f]
	if flags&flagSYN != 0 {
		seq++
		if s != nil && s.next != seq {
			st.drop(s)
			s = nil
		}
		if s == nil {
			s = st.open(f, seq, unknownKind)
		}
	}
	switch {
	case len(data) > 0:
		s = st.data(s, f, seq, data, now)
	case flags&flagFIN != 0 && s != nil && int32(seq-s.next) < 0:
		s = nil // an old one
	}
	if s != nil {
		switch {
		case flags&flagRST != 0:
			st.drop(s)
		case flags&flagFIN != 0:
			s.ended, s.end = true, seq+uint32(len(data))
			st.enqueue(s)
		}
	}
	return st.more(p)
}

// data takes a segment's bytes into its stream, which it returns; nil where it belongs to none.
func (st *streams) data(s *stream, f flow, seq uint32, data []byte, now time.Time) *stream {
	if s != nil {
		if ahead := int32(seq - s.next); ahead > maxWindow || ahead < -maxWindow {
			st.drop(s)
			s = nil
		}
	}
	if s == nil {
		k, at := st.join(data)
		if k == otherKind {
			st.d.skip(NotSIP)
			return nil
		}
		s = st.open(f, seq+uint32(at), k)
		s.inSync = true
		data, seq = data[at:], s.next
	}
	st.touch(s)
	ahead := int(int32(seq - s.next))
	if ahead > 0 {
		st.keep(s, seq, data, now)
		return s
	}
	if -ahead >= len(data) {
		st.d.skip(Retransmission)
		return s
	}
	s.append(data[-ahead:], now)
	st.enqueue(s)
	return s
}

// open makes the state of a stream, and room for it.
func (st *streams) open(f flow, next uint32, k kind) *stream {
	s := &stream{flow: f, next: next, inSync: true}
	st.byFlow[f] = s
	s.age = st.fresh.PushBack(s)
	if k != unknownKind {
		st.become(s, k)
	}
	for st.fresh.Len() > maxFresh {
		st.drop(st.fresh.Front().Value.(*stream))
	}
	return s
}

// become settles what a stream carries.
func (st *streams) become(s *stream, k kind) {
	s.kind = k
	st.fresh.Remove(s.age)
	s.age = st.ages.PushBack(s)
	for st.ages.Len() > maxStreams {
		st.evict()
	}
	if k == tlsKind {
		if other := st.byFlow[flow{s.flow.dst, s.flow.src}]; other == nil || other.kind != tlsKind {
			st.d.stats.Encrypted++
		}
	}
}

// touch makes a stream the one heard of last.
func (st *streams) touch(s *stream) {
	if s.kind == unknownKind {
		st.fresh.MoveToBack(s.age)
	} else {
		st.ages.MoveToBack(s.age)
	}
}

// evict gives up the stream that was silent longest.
func (st *streams) evict() {
	s := st.ages.Front().Value.(*stream)
	if len(s.rest) > 0 || len(s.later) > 0 {
		st.d.skip(Evicted)
	}
	st.drop(s)
}

// drop forgets a stream.
func (st *streams) drop(s *stream) {
	if st.byFlow[s.flow] != s {
		return
	}
	delete(st.byFlow, s.flow)
	if s.kind == unknownKind {
		st.fresh.Remove(s.age)
	} else {
		st.ages.Remove(s.age)
	}
	st.stopWaiting(s)
	s.rest, s.buf, s.later, s.laterBytes = nil, nil, nil, 0
	st.account(s)
}

// account keeps the count of the bytes kept, and gives up streams when there are too many.
func (st *streams) account(s *stream) {
	kept := cap(s.buf) + s.laterBytes
	st.bytes += kept - s.kept
	s.kept = kept
	for st.bytes > maxStreamBytes && st.ages.Len() > 0 {
		st.evict()
	}
}

// append adds bytes that were expected next. They stay where they are as long as nothing is in
// front of them.
func (s *stream) append(data []byte, at time.Time) {
	s.next += uint32(len(data))
	if at.After(s.at) {
		s.at = at
	}
	if len(s.rest) == 0 {
		s.rest, s.own = data, false
		return
	}
	s.settle()
	s.buf = append(s.buf, data...)
	s.rest = s.buf
}

// settle moves rest to the stream's own memory.
func (s *stream) settle() {
	const idle = 16 << 10 // bytes a stream without a partial message may keep
	if len(s.rest) == 0 && cap(s.buf) > idle {
		s.buf = nil
	}
	s.buf = append(s.buf[:0], s.rest...)
	s.rest, s.own = s.buf, true
}

func (st *streams) enqueue(s *stream) {
	if !s.queued {
		s.queued = true
		st.queue = append(st.queue, s)
	}
}

// more fills p with the next message of the streams that may have one.
func (st *streams) more(p *hep.Received) bool {
	for {
		if len(st.queue) == 0 {
			if !st.finished || len(st.waiting) == 0 {
				return false
			}
			st.leap(st.waiting[0])
			continue
		}
		s := st.queue[0]
		if st.take(s, p) {
			return true
		}
		if st.byFlow[s.flow] == s {
			if st.advance(s) {
				continue
			}
			s.settle()
			st.account(s)
			if s.ended && int32(s.next-s.end) >= 0 {
				st.close(s)
			}
		}
		s.queued = false
		st.queue = slices.Delete(st.queue, 0, 1)
	}
}

// close ends a stream.
func (st *streams) close(s *stream) {
	if len(s.rest) > 0 && s.kind != tlsKind {
		st.d.skip(StreamGap)
	}
	st.drop(s)
}
