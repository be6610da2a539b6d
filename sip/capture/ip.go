package capture

import (
	"encoding/binary"
	"net/netip"
)

// IP protocol numbers, and IPv6 extension headers among them.
const (
	protoHopByHop    = 0
	protoTCP         = 6
	protoUDP         = 17
	protoRouting     = 43
	protoFragment    = 44
	protoAH          = 51
	protoDestination = 60
	protoMobility    = 135
	protoHIP         = 139
	protoShim6       = 140
)

// datagram is an IP datagram, or a fragment of one, by its parts.
type datagram struct {
	src, dst netip.Addr
	proto    uint8
	payload  []byte
	cut      bool // the capture did not keep all of the payload

	fragment bool
	id       uint32
	offset   int  // of a fragment's payload in the whole, in bytes
	more     bool // further fragments follow
}

// parseIPv4 reads an IPv4 header (RFC 791 §3.1).
func parseIPv4(b []byte, d *datagram) Reason {
	if len(b) < 20 || b[0]>>4 != 4 {
		return BadHeader
	}
	header := int(b[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = len(b) // a segment that the network card has yet to split
	}
	if header < 20 || total < header || len(b) < header {
		return BadHeader
	}
	d.cut = total > len(b)
	if !d.cut {
		b = b[:total] // without the frame's padding
	}
	d.src = netip.AddrFrom4([4]byte(b[12:16]))
	d.dst = netip.AddrFrom4([4]byte(b[16:20]))
	d.proto = b[9]
	d.payload = b[header:]
	flags := binary.BigEndian.Uint16(b[6:])
	d.offset = int(flags&0x1fff) * 8
	d.more = flags&0x2000 != 0
	if d.fragment = d.offset != 0 || d.more; d.fragment {
		d.id = uint32(binary.BigEndian.Uint16(b[4:]))
	}
	return ReasonNone
}

// maxExtensions is how many IPv6 extension headers are stepped over.
const maxExtensions = 8

// parseIPv6 reads an IPv6 header and its extension headers (RFC 8200 §4).
func parseIPv6(b []byte, d *datagram) Reason {
	if len(b) < 40 || b[0]>>4 != 6 {
		return BadHeader
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	d.src = netip.AddrFrom16([16]byte(b[8:24]))
	d.dst = netip.AddrFrom16([16]byte(b[24:40]))
	next := b[6]
	b = b[40:]
	if size == 0 && next != protoHopByHop {
		size = len(b) // a segment that the network card has yet to split
	}
	d.cut = size > len(b)
	if !d.cut {
		b = b[:size]
	}
	d.fragment, d.more, d.offset = false, false, 0
	for range maxExtensions {
		length := 0
		switch next {
		case protoHopByHop, protoRouting, protoDestination, protoMobility, protoHIP, protoShim6:
			if len(b) < 8 {
				return BadHeader
			}
			length = 8 + int(b[1])*8
		case protoAH:
			if len(b) < 8 {
				return BadHeader
			}
			length = 8 + int(b[1])*4 // RFC 4302 §2.2
		case protoFragment:
			if len(b) < 8 {
				return BadHeader
			}
			length = 8
			field := binary.BigEndian.Uint16(b[2:]) // RFC 8200 §4.5
			d.offset = int(field &^ 7)
			d.more = field&1 != 0
			d.fragment = d.offset != 0 || d.more // an atomic fragment is whole, RFC 6946 §4
			d.id = binary.BigEndian.Uint32(b[4:])
		default:
			d.proto = next
			d.payload = b
			return ReasonNone
		}
		if len(b) < length {
			return BadHeader
		}
		next, b = b[0], b[length:]
		if d.fragment {
			// What follows is the fragmentable part; its first header comes with the first fragment.
			d.proto = next
			d.payload = b
			return ReasonNone
		}
	}
	return BadHeader
}

// upperLayer steps over the extension headers of a reassembled IPv6 datagram.
func upperLayer(proto uint8, b []byte) (uint8, []byte, Reason) {
	for range maxExtensions {
		switch proto {
		case protoHopByHop, protoRouting, protoDestination, protoMobility, protoHIP, protoShim6:
			if len(b) < 8 || len(b) < 8+int(b[1])*8 {
				return 0, nil, BadHeader
			}
			proto, b = b[0], b[8+int(b[1])*8:]
		case protoAH:
			if len(b) < 8 || len(b) < 8+int(b[1])*4 {
				return 0, nil, BadHeader
			}
			proto, b = b[0], b[8+int(b[1])*4:]
		default:
			return proto, b, ReasonNone
		}
	}
	return 0, nil, BadHeader
}
