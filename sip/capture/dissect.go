package capture

import (
	"bytes"
	"net/netip"
	"time"

	"ringback/sip"
	"ringback/sip/hep"
)

// dissector turns frames into packets. It belongs to one goroutine.
type dissector struct {
	stats     Stats
	fragments reassembler
	streams   streams
	datagram  datagram   // the last IP datagram
	mirrored  hep.Packet // the last HEP3 packet

	encrypted func(Encrypted)

	// volatile says that the packet filled last lies in memory of the dissector's own, which the next
	// one reuses, and not in the frame.
	volatile bool
}

func newDissector() *dissector {
	d := new(dissector)
	d.fragments.stats = &d.stats
	d.streams.d = d
	d.streams.byFlow = make(map[flow]*stream)
	return d
}

// frame takes one frame, after begin. It reports whether it filled p; more packets may follow from more,
// which has to be asked before the next frame.
func (d *dissector) frame(rec *record, p *hep.Received) bool {
	if rec.time.Equal(beyond) {
		return d.skip(BadTime)
	}
	etherType, b, r := network(rec.link, rec.data)
	if r != ReasonNone {
		return d.skip(r)
	}
	return d.packet(etherType, b, rec.time, p)
}

// begin counts a frame and gives up what has been waited for until now.
func (d *dissector) begin(captured, wire int, now time.Time) {
	d.stats.Records++
	d.stats.Bytes += uint64(captured)
	if wire > captured {
		d.stats.Truncated++
	}
	d.volatile = false
	d.sweep(now)
}

// sweep gives up what has been waited for in vain; more gives what is left of it.
func (d *dissector) sweep(now time.Time) {
	if len(d.streams.waiting) > 0 {
		d.streams.sweep(now)
	}
	if len(d.fragments.partials) > 0 {
		d.fragments.expire(now)
	}
}

// more fills p with the next packet of the frames taken so far.
func (d *dissector) more(p *hep.Received) bool {
	for len(d.fragments.saved) > 0 {
		s := &d.fragments.saved[0]
		taken := d.udp(&s.datagram, s.at, p)
		d.volatile = false
		if d.fragments.saved = d.fragments.saved[1:]; len(d.fragments.saved) == 0 {
			d.fragments.saved = nil
		}
		if taken {
			return true
		}
	}
	return d.streams.more(p)
}

// finish gives up waiting, at the end of a capture; more gives what is left.
func (d *dissector) finish() {
	d.fragments.finish()
	d.streams.finished = true
}

// packet takes one packet of the network layer.
func (d *dissector) packet(etherType uint16, b []byte, now time.Time, p *hep.Received) bool {
	dg, r := &d.datagram, NotIP
	switch etherType {
	case etherIPv4:
		r = parseIPv4(b, dg)
	case etherIPv6:
		r = parseIPv6(b, dg)
	}
	if r != ReasonNone {
		return d.skip(r)
	}
	if dg.fragment {
		if !d.fragments.add(dg, now) {
			return false
		}
		d.volatile = true
		if dg.src.Is6() {
			if dg.proto, dg.payload, r = upperLayer(dg.proto, dg.payload); r != ReasonNone {
				return d.skip(r)
			}
		}
	}
	switch dg.proto {
	case protoUDP:
		return d.udp(dg, now, p)
	case protoTCP:
		return d.streams.segment(dg, now, p)
	}
	return d.skip(NotTransport)
}

// udp takes one UDP datagram (RFC 768).
func (d *dissector) udp(dg *datagram, now time.Time, p *hep.Received) bool {
	b := dg.payload
	if len(b) < 8 {
		if dg.cut {
			return d.skip(CutShort)
		}
		return d.skip(BadHeader)
	}
	size := int(b[4])<<8 | int(b[5])
	switch {
	case size == 0: // several datagrams that the network card has yet to split, or a jumbogram (RFC 2675 §4)
		size = len(b)
	case size < 8, size > len(b) && !dg.cut:
		return d.skip(BadHeader)
	}
	src := netip.AddrPortFrom(dg.src, uint16(b[0])<<8|uint16(b[1]))
	dst := netip.AddrPortFrom(dg.dst, uint16(b[2])<<8|uint16(b[3]))
	payload := b[8:min(size, len(b))]
	if isHEP(payload) {
		return d.hep(payload, dg.cut, src, now, p)
	}
	payload = trimEmptyLines(payload)
	switch {
	case len(payload) == 0:
		return d.skip(Keepalive)
	case !looksLikeSIP(payload):
		return d.skip(NotSIP)
	case dg.cut && !hasHeaders(payload): // a body that was cut is no loss, headers are
		return d.skip(CutShort)
	}
	p.CorrelationID, p.CaptureName, p.From = nil, nil, netip.AddrPort{}
	d.deliver(p, payload, src, dst, sip.UDP, now)
	return true
}

// deliver fills p with SIP that was captured itself.
func (d *dissector) deliver(p *hep.Received, payload []byte, src, dst netip.AddrPort, t sip.Transport, now time.Time) {
	d.stats.Delivered++
	p.Time, p.Arrival = now, now
	p.Src, p.Dst = src, dst
	p.Transport = t
	p.Agent = 0
	p.Payload = payload
}

// hep fills p with the SIP inside a HEP3 packet, or counts why not.
func (d *dissector) hep(b []byte, cut bool, from netip.AddrPort, now time.Time, p *hep.Received) bool {
	var err error
	if cut {
		err = hep.DecodeCut(b, &d.mirrored)
	} else {
		err = hep.Decode(b, &d.mirrored)
	}
	if err != nil {
		if r, ok := err.(hep.Reason); ok { //nolint:errorlint // it is the reason itself
			d.stats.HEP[r]++
		}
		return false
	}
	if cut && !hasHeaders(d.mirrored.Payload) {
		return d.skip(CutShort)
	}
	d.stats.Delivered++
	*p = hep.Received{
		Packet:        d.mirrored.Packet,
		Arrival:       now,
		CorrelationID: d.mirrored.CorrelationID,
		CaptureName:   d.mirrored.CaptureName,
		From:          from,
	}
	if p.Time.IsZero() {
		p.Time = now
	}
	return true
}

// skip counts what is not handed on, and is always false.
func (d *dissector) skip(r Reason) bool {
	d.stats.Skipped[r]++
	return false
}

func isHEP(b []byte) bool { return len(b) >= 4 && string(b[:4]) == "HEP3" }

// hasHeaders reports whether the empty line behind a message's headers is there.
func hasHeaders(b []byte) bool {
	return bytes.Contains(b, []byte("\r\n\r\n")) || bytes.Contains(b, []byte("\n\n"))
}
