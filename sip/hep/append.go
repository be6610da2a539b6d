package hep

import (
	"encoding/binary"

	"ringback/sip"
)

// Append appends p as one HEP3 packet of SIP to dst, in the order of chunks that Asterisk uses.
// A zero Time, Key, CorrelationID or CaptureName is left out. A packet that would exceed MaxFrame,
// or whose addresses are not of one family, is not appended: dst comes back as it was.
func Append(dst []byte, p Packet) []byte {
	src, to := p.Src.Addr().Unmap(), p.Dst.Addr().Unmap()
	if !src.IsValid() || !to.IsValid() || src.Is4() != to.Is4() {
		return dst
	}
	start := len(dst)
	b := append(dst, magic...)
	b = append(b, 0, 0)
	family := byte(familyIPv6)
	if src.Is4() {
		family = familyIPv4
	}
	b = appendChunk(b, chunkFamily, family)
	b = appendChunk(b, chunkIPProtocol, ipProtocol(p.Transport))
	b = appendUint16(b, chunkSrcPort, p.Src.Port())
	b = appendUint16(b, chunkDstPort, p.Dst.Port())
	if !p.Time.IsZero() {
		b = appendUint32(b, chunkSeconds, uint32(p.Time.Unix()))
		b = appendUint32(b, chunkMicroseconds, uint32(p.Time.Nanosecond()/1000))
	}
	b = appendChunk(b, chunkProtocol, protocolSIP)
	b = appendUint32(b, chunkAgent, p.Agent)
	if family == familyIPv4 {
		s, d := src.As4(), to.As4()
		b = appendChunk(b, chunkSrc4, s[:]...)
		b = appendChunk(b, chunkDst4, d[:]...)
	} else {
		s, d := src.As16(), to.As16()
		b = appendChunk(b, chunkSrc6, s[:]...)
		b = appendChunk(b, chunkDst6, d[:]...)
	}
	for _, c := range [...]struct {
		kind  uint16
		value []byte
	}{
		{chunkKey, p.Key},
		{chunkCorrelationID, p.CorrelationID},
		{chunkCaptureName, p.CaptureName},
	} {
		if len(c.value) > MaxFrame {
			return dst
		}
		if len(c.value) > 0 {
			b = appendChunk(b, c.kind, c.value...)
		}
	}
	if len(b)-start+chunkHeader+len(p.Payload) > MaxFrame {
		return dst
	}
	b = appendChunk(b, chunkPayload, p.Payload...)
	binary.BigEndian.PutUint16(b[start+len(magic):], uint16(len(b)-start))
	return b
}

func appendChunk(b []byte, kind uint16, v ...byte) []byte {
	b = append(b, 0, 0, byte(kind>>8), byte(kind))
	b = binary.BigEndian.AppendUint16(b, uint16(chunkHeader+len(v)))
	return append(b, v...)
}

func appendUint16(b []byte, kind, v uint16) []byte {
	return appendChunk(b, kind, byte(v>>8), byte(v))
}

func appendUint32(b []byte, kind uint16, v uint32) []byte {
	return appendChunk(b, kind, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// ipProtocol is the value of chunk 0x02 for a transport. TLS is marked as Kamailio does, so that it
// is told apart on any port.
func ipProtocol(t sip.Transport) byte {
	switch t {
	case sip.TCP:
		return ipTCP
	case sip.TLS:
		return ipIDP
	default:
		return ipUDP
	}
}
