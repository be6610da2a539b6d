package hep

import (
	"crypto/subtle"
	"net/netip"
	"slices"
	"time"
)

// rules say who may send. They are replaced as a whole, never changed.
type rules struct {
	senders []netip.Prefix
	keys    [][]byte
}

func newRules(senders []netip.Prefix, keys [][]byte) *rules {
	r := &rules{senders: make([]netip.Prefix, 0, len(senders)), keys: make([][]byte, 0, len(keys))}
	for _, p := range senders {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		r.senders = append(r.senders, p.Masked())
	}
	for _, k := range keys {
		r.keys = append(r.keys, slices.Clone(k))
	}
	return r
}

// sender reports whether packets of an address are taken.
func (r *rules) sender(a netip.Addr) bool {
	if len(r.senders) == 0 {
		return true
	}
	for _, p := range r.senders {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// key checks an authentication key. Every known key is compared, in a time that does not depend on
// how much of it is right.
func (r *rules) key(key []byte) Reason {
	if len(r.keys) == 0 {
		return ReasonNone
	}
	if len(key) == 0 {
		return MissingKey
	}
	right := 0
	for _, k := range r.keys {
		right |= subtle.ConstantTimeCompare(k, key)
	}
	if right == 0 {
		return WrongKey
	}
	return ReasonNone
}

// gate decodes packets and lets in those whose sender may send. Each reading goroutine has its own.
type gate struct {
	server  *Server
	packet  Packet
	batch   []Received
	tally   tally
	rules   *rules
	from    netip.Addr // the last sender looked up in rules
	allowed bool

	worst     Reason // the last skip of this batch that is worth a log line, and whose it was
	worstFrom netip.AddrPort
}

// maxBatch is how many packets a Handler gets at once at most.
const maxBatch = 128

func newGate(s *Server) *gate {
	return &gate{server: s, batch: make([]Received, 0, maxBatch)}
}

// admit decodes one packet into the batch, or counts why not.
func (g *gate) admit(b []byte, from netip.AddrPort) {
	g.tally.received++
	g.tally.bytes += uint64(len(b))
	if rules := g.server.rules.Load(); rules != g.rules || from.Addr() != g.from {
		g.rules, g.from = rules, from.Addr()
		g.allowed = rules.sender(from.Addr())
	}
	if !g.allowed {
		g.skip(SenderNotAllowed, from)
		return
	}
	compressed, r := decode(b, len(b), &g.packet)
	if r == ReasonNone {
		r = g.rules.key(g.packet.Key)
	}
	if r == ReasonNone {
		r = unpack(&g.packet, compressed)
	}
	if r != ReasonNone {
		g.skip(r, from)
		return
	}
	g.batch = append(g.batch, Received{
		Packet:        g.packet.Packet,
		CorrelationID: g.packet.CorrelationID,
		CaptureName:   g.packet.CaptureName,
		From:          from,
	})
}

func (g *gate) skip(r Reason, from netip.AddrPort) {
	g.tally.skip(r)
	if !r.harmless() {
		g.worst, g.worstFrom = r, from
	}
}

// full reports whether the batch has to be delivered before the next packet.
func (g *gate) full() bool { return len(g.batch) == cap(g.batch) }

// deliver stamps the batch with its time of arrival, hands it to the Handler and counts.
func (g *gate) deliver(arrival time.Time) {
	for i := range g.batch {
		r := &g.batch[i]
		r.Arrival = arrival
		if r.Time.IsZero() {
			r.Time = arrival.UTC()
		}
	}
	g.tally.delivered += uint64(len(g.batch))
	g.tally.addTo(&g.server.stats)
	if len(g.batch) > 0 {
		g.server.options.Handler(g.batch)
		g.batch = g.batch[:0]
	}
	if g.worst != ReasonNone {
		g.server.logSkip(g.worst, g.worstFrom)
		g.worst = ReasonNone
	}
}
