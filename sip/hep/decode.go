package hep

import (
	"encoding/binary"
	"net/netip"
	"time"

	"ringback/sip"
)

// Decode reads the HEP3 packet that fills b into p. The slices of p point into b. The error is a
// Reason; then p holds nothing to rely on. It does not allocate, except for the payload of a
// compressed packet, which is limited to 64 KiB.
func Decode(b []byte, p *Packet) error {
	return read(b, len(b), p)
}

// DecodeCut is Decode for a packet of which b is only the beginning, because a capture did not keep
// the rest or a fragment of the datagram was lost. What there is of a plain payload becomes the
// payload. Anything else missing makes the packet malformed, so it helps where the payload comes
// last, as Asterisk and Kamailio write it.
func DecodeCut(b []byte, p *Packet) error {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return foreign(b)
	}
	return read(b, max(len(b), int(binary.BigEndian.Uint16(b[len(magic):]))), p)
}

func read(b []byte, total int, p *Packet) error {
	compressed, r := decode(b, total, p)
	if r == ReasonNone {
		r = unpack(p, compressed)
	}
	if r != ReasonNone {
		return r
	}
	return nil
}

// decode reads a packet of total bytes, of which b has the first ones. A compressed payload is left
// to unpack, for it costs more than everything else and its sender may not be allowed to.
func decode(b []byte, total int, p *Packet) (compressed []byte, r Reason) {
	*p = Packet{}
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return nil, foreign(b)
	}
	if int(binary.BigEndian.Uint16(b[len(magic):])) != total {
		return nil, WrongLength
	}
	var c chunks
	if r = c.walk(b, total, p); r != ReasonNone {
		return nil, r
	}
	if !c.has(1 << chunkProtocol) {
		return nil, MissingChunk
	}
	if r = c.addresses(p); r != ReasonNone {
		return nil, r
	}
	if c.usec >= 1e6 {
		return nil, BadTimestamp
	}
	if c.sec != 0 {
		p.Time = time.Unix(int64(c.sec), int64(c.usec)*1000).UTC()
	}
	p.Transport = transport(c.ipProtocol, c.srcPort, c.dstPort)
	switch c.protocol {
	case protocolSIP:
	case protocolRTCP:
		return nil, RTCP
	default:
		return nil, OtherProtocol
	}
	switch c.seen & (1<<chunkPayload | 1<<chunkCompressed) {
	case 0:
		return nil, MissingChunk
	case 1<<chunkPayload | 1<<chunkCompressed:
		return nil, DuplicateChunk
	}
	return c.compressed, ReasonNone
}

// chunks are the values of generic chunks that a Packet does not have as they are.
type chunks struct {
	seen             uint64 // set of the generic chunk types below 64
	src4, dst4       []byte
	src6, dst6       []byte
	srcPort, dstPort uint16
	sec, usec        uint32
	family           uint8
	ipProtocol       uint8
	protocol         uint8
	compressed       []byte
}

// has reports whether all chunk types of a set were seen.
func (c *chunks) has(set uint64) bool { return c.seen&set == set }

// walk reads the chunks of a packet of total bytes, of which b has the first ones.
func (c *chunks) walk(b []byte, total int, p *Packet) Reason {
	for i := headerSize; i < len(b); {
		rest := b[i:]
		if len(rest) < chunkHeader {
			return BadChunk
		}
		kind := binary.BigEndian.Uint32(rest) // vendor and type
		size := int(binary.BigEndian.Uint16(rest[4:]))
		if size < chunkHeader || size > len(rest) {
			if len(b) == total || kind != chunkPayload || size < chunkHeader || size > total-i {
				return BadChunk
			}
			size = len(rest)
		}
		v := rest[chunkHeader:size]
		i += size
		if kind > 63 {
			continue // a vendor's chunk, or a generic one that nobody has assigned
		}
		bit := uint64(1) << kind
		if c.seen&bit != 0 {
			return DuplicateChunk
		}
		c.seen |= bit
		if kind >= uint32(len(chunkSizes)) {
			continue
		}
		if want := int(chunkSizes[kind]); want != 0 && want != len(v) {
			return BadChunkSize
		}
		c.set(kind, v, p)
	}
	return ReasonNone
}

// set keeps the value of one chunk.
func (c *chunks) set(kind uint32, v []byte, p *Packet) {
	switch kind {
	case chunkFamily:
		c.family = v[0]
	case chunkIPProtocol:
		c.ipProtocol = v[0]
	case chunkSrc4:
		c.src4 = v
	case chunkDst4:
		c.dst4 = v
	case chunkSrc6:
		c.src6 = v
	case chunkDst6:
		c.dst6 = v
	case chunkSrcPort:
		c.srcPort = binary.BigEndian.Uint16(v)
	case chunkDstPort:
		c.dstPort = binary.BigEndian.Uint16(v)
	case chunkSeconds:
		c.sec = binary.BigEndian.Uint32(v)
	case chunkMicroseconds:
		c.usec = binary.BigEndian.Uint32(v)
	case chunkProtocol:
		c.protocol = v[0]
	case chunkAgent:
		p.Agent = binary.BigEndian.Uint32(v)
	case chunkKey:
		p.Key = v
	case chunkPayload:
		p.Payload = v
	case chunkCompressed:
		c.compressed = v
	case chunkCorrelationID:
		p.CorrelationID = v
	case chunkCaptureName:
		p.CaptureName = v
	}
}

// addresses sets source and destination, of the family that is named or, where none is, that is
// there.
func (c *chunks) addresses(p *Packet) Reason {
	const (
		both4 = 1<<chunkSrc4 | 1<<chunkDst4
		both6 = 1<<chunkSrc6 | 1<<chunkDst6
	)
	family := c.family
	if family == 0 {
		family = familyIPv6
		if c.has(both4) {
			family = familyIPv4
		}
	}
	switch {
	case family == familyIPv4 && c.has(both4):
		p.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(c.src4)), c.srcPort)
		p.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(c.dst4)), c.dstPort)
	case family == familyIPv6 && c.has(both6):
		p.Src = netip.AddrPortFrom(netip.AddrFrom16([16]byte(c.src6)).Unmap(), c.srcPort)
		p.Dst = netip.AddrPortFrom(netip.AddrFrom16([16]byte(c.dst6)).Unmap(), c.dstPort)
	case family == familyIPv4, family == familyIPv6:
		return MissingChunk
	default:
		return BadFamily
	}
	return ReasonNone
}

// unpack inflates a compressed payload and tells keep-alives from messages.
func unpack(p *Packet, compressed []byte) (r Reason) {
	if compressed != nil {
		if p.Payload, r = inflate(compressed); r != ReasonNone {
			return r
		}
	}
	if blank(p.Payload) {
		return Keepalive
	}
	return ReasonNone
}

// transport reads the transport from chunk 0x02. Asterisk writes TCP for TLS too, Kamailio IDP for
// TLS; others, such as SCTP and WebSocket, are left unknown.
func transport(ipProtocol uint8, srcPort, dstPort uint16) sip.Transport {
	switch ipProtocol {
	case ipUDP:
		return sip.UDP
	case ipTCP:
		if srcPort == portTLS || dstPort == portTLS {
			return sip.TLS
		}
		return sip.TCP
	case ipIDP:
		return sip.TLS
	}
	return 0
}

// blank reports whether a payload holds nothing but CRLF or NUL: a keep-alive (RFC 5626 §3.5.1).
func blank(b []byte) bool {
	for _, c := range b {
		if c != '\r' && c != '\n' && c != 0 {
			return false
		}
	}
	return true
}
