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
	if r := decode(b, len(b), p); r != ReasonNone {
		return r
	}
	return nil
}

// DecodeCut is Decode for a packet of which b is only the beginning, because a capture did not keep
// the rest or a fragment of the datagram was lost. What there is of a plain payload becomes the
// payload. Anything else missing makes the packet malformed, so it helps where the payload comes
// last, as Asterisk and Kamailio write it.
func DecodeCut(b []byte, p *Packet) error {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return foreign(b)
	}
	if r := decode(b, max(len(b), int(binary.BigEndian.Uint16(b[len(magic):]))), p); r != ReasonNone {
		return r
	}
	return nil
}

const (
	bothIPv4 = 1<<chunkSrc4 | 1<<chunkDst4
	bothIPv6 = 1<<chunkSrc6 | 1<<chunkDst6
)

// decode reads a packet of total bytes, of which b has the first ones.
func decode(b []byte, total int, p *Packet) Reason {
	*p = Packet{}
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return foreign(b)
	}
	if int(binary.BigEndian.Uint16(b[len(magic):])) != total {
		return WrongLength
	}
	var (
		seen               uint64 // set of generic chunk types below 64
		src, dst           []byte // the addresses' bytes
		src6, dst6         []byte
		srcPort, dstPort   uint16
		sec, usec          uint32
		family             uint8
		ipProtocol, protoc uint8
		compressed         []byte
	)
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
		if seen&bit != 0 {
			return DuplicateChunk
		}
		seen |= bit
		if kind >= uint32(len(chunkSizes)) {
			continue
		}
		if want := int(chunkSizes[kind]); want != 0 && want != len(v) {
			return BadChunkSize
		}
		switch kind {
		case chunkFamily:
			family = v[0]
		case chunkIPProtocol:
			ipProtocol = v[0]
		case chunkSrc4:
			src = v
		case chunkDst4:
			dst = v
		case chunkSrc6:
			src6 = v
		case chunkDst6:
			dst6 = v
		case chunkSrcPort:
			srcPort = binary.BigEndian.Uint16(v)
		case chunkDstPort:
			dstPort = binary.BigEndian.Uint16(v)
		case chunkSeconds:
			sec = binary.BigEndian.Uint32(v)
		case chunkMicroseconds:
			usec = binary.BigEndian.Uint32(v)
		case chunkProtocol:
			protoc = v[0]
		case chunkAgent:
			p.Agent = binary.BigEndian.Uint32(v)
		case chunkKey:
			p.Key = v
		case chunkPayload:
			p.Payload = v
		case chunkCompressed:
			compressed = v
		case chunkCorrelationID:
			p.CorrelationID = v
		case chunkCaptureName:
			p.CaptureName = v
		}
	}

	if seen&(1<<chunkProtocol) == 0 {
		return MissingChunk
	}
	switch {
	case family == familyIPv4 || family == 0 && seen&bothIPv4 == bothIPv4:
		if seen&bothIPv4 != bothIPv4 {
			return MissingChunk
		}
		p.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(src)), srcPort)
		p.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(dst)), dstPort)
	case family == familyIPv6 || family == 0:
		if seen&bothIPv6 != bothIPv6 {
			return MissingChunk
		}
		p.Src = netip.AddrPortFrom(netip.AddrFrom16([16]byte(src6)).Unmap(), srcPort)
		p.Dst = netip.AddrPortFrom(netip.AddrFrom16([16]byte(dst6)).Unmap(), dstPort)
	default:
		return BadFamily
	}
	if usec >= 1e6 {
		return BadTimestamp
	}
	if sec != 0 {
		p.Time = time.Unix(int64(sec), int64(usec)*1000).UTC()
	}
	p.Transport = transport(ipProtocol, srcPort, dstPort)

	switch protoc {
	case protocolSIP:
	case protocolRTCP:
		return RTCP
	default:
		return OtherProtocol
	}
	if seen&(1<<chunkCompressed) != 0 {
		if seen&(1<<chunkPayload) != 0 {
			return DuplicateChunk
		}
		var r Reason
		if p.Payload, r = inflate(compressed); r != ReasonNone {
			return r
		}
	} else if seen&(1<<chunkPayload) == 0 {
		return MissingChunk
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
