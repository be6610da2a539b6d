package capture

import "encoding/binary"

// linkType is a link-layer header type as capture files number it (draft-ietf-opsawg-pcaplinktype).
type linkType uint16

// The link types read.
const (
	linkNull     linkType = 0   // BSD loopback: the address family in some machine's byte order
	linkEthernet linkType = 1   // IEEE 802.3, with VLAN tags
	linkRawBSD   linkType = 12  // raw IP, as some BSDs number it
	linkRawOpen  linkType = 14  // raw IP, as OpenBSD numbers it
	linkRaw      linkType = 101 // raw IPv4 or IPv6
	linkLoop     linkType = 108 // OpenBSD loopback: the address family in network byte order
	linkSLL      linkType = 113 // Linux "cooked": an interface of any kind, or all of them
	linkIPv4     linkType = 228 // raw IPv4
	linkIPv6     linkType = 229 // raw IPv6
	linkSLL2     linkType = 276 // Linux "cooked", version 2
)

// EtherTypes (IEEE 802.3 §3.2.6).
const (
	etherIPv4    = 0x0800
	etherIPv6    = 0x86dd
	etherVLAN    = 0x8100 // IEEE 802.1Q
	etherQinQ    = 0x88a8 // IEEE 802.1ad
	etherOldQinQ = 0x9100
)

// maxTags is how many VLAN tags of a frame are stepped over.
const maxTags = 4

// network finds the network layer's packet in a frame and its EtherType.
func network(link linkType, b []byte) (etherType uint16, packet []byte, r Reason) {
	header, at := 0, 0 // bytes of the header, and where in it the EtherType stands
	switch link {
	case linkEthernet:
		header, at = 14, 12
	case linkSLL:
		header, at = 16, 14
	case linkSLL2:
		header, at = 20, 0
	case linkNull, linkLoop:
		if len(b) < 4 {
			return 0, nil, BadHeader
		}
		return version(b[4:])
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return version(b)
	default:
		return 0, nil, UnknownLink
	}
	if len(b) < header {
		return 0, nil, BadHeader
	}
	return untag(binary.BigEndian.Uint16(b[at:]), b[header:])
}

// untag steps over VLAN tags, which stand between an EtherType of theirs and the next.
func untag(etherType uint16, b []byte) (uint16, []byte, Reason) {
	for range maxTags {
		if etherType != etherVLAN && etherType != etherQinQ && etherType != etherOldQinQ {
			break
		}
		if len(b) < 4 {
			return 0, nil, BadHeader
		}
		etherType, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	return etherType, b, ReasonNone
}

// inlineTags steps over VLAN tags that the EtherType says nothing of. A Linux socket without link
// headers gives the innermost EtherType, but leaves all tags but the outermost in front of the packet.
func inlineTags(etherType uint16, b []byte) []byte {
	if wellFormed(etherType, b) {
		return b
	}
	if inner, rest, r := untag(etherVLAN, b); r == ReasonNone && inner == etherType && wellFormed(inner, rest) {
		return rest
	}
	return b
}

// wellFormed reports whether b looks like a whole packet of IPv4 or IPv6.
func wellFormed(etherType uint16, b []byte) bool {
	switch {
	case etherType == etherIPv4 && len(b) >= 20:
		total := int(binary.BigEndian.Uint16(b[2:]))
		return b[0]>>4 == 4 && b[0]&0x0f >= 5 && total >= 20 && total <= len(b)
	case etherType == etherIPv6 && len(b) >= 40:
		return b[0]>>4 == 6 && 40+int(binary.BigEndian.Uint16(b[4:])) <= len(b)
	}
	return false
}

// version tells IPv4 and IPv6 apart where only the packet itself does.
func version(b []byte) (etherType uint16, packet []byte, r Reason) {
	if len(b) == 0 {
		return 0, nil, BadHeader
	}
	switch b[0] >> 4 {
	case 4:
		return etherIPv4, b, ReasonNone
	case 6:
		return etherIPv6, b, ReasonNone
	}
	return 0, nil, NotIP
}
