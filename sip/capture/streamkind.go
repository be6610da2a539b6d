package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"ringback/sip/hep"
)

// kind is what a TCP stream carries.
type kind uint8

const (
	unknownKind kind = iota // nothing came yet, or too little
	sipKind
	hepKind
	tlsKind
	otherKind
)

// Encrypted is a TLS record of a connection: signalling between two addresses that could not be
// read, perhaps.
type Encrypted struct {
	Time      time.Time
	Src, Dst  netip.AddrPort
	Handshake bool // no application data yet
	Size      int  // bytes of the record; application data of TLS holds the sent bytes and 17 to 40 more
}

// classify tells by its first bytes what a stream carries; unknownKind while there are too few.
func classify(b []byte) kind {
	switch {
	case looksLikeSIP(b):
		return sipKind
	case isHEP(b):
		return hepKind
	case isTLS(b):
		return tlsKind
	}
	if len(b) >= maxMethod {
		return otherKind
	}
	if b[0] >= tlsChangeCipherSpec && b[0] <= tlsApplicationData && len(b) < tlsHeader {
		return unknownKind
	}
	for _, c := range b {
		if !token[c] && c != ' ' && c != '/' && c != '<' {
			return otherKind
		}
	}
	return unknownKind
}

// join tells what a stream carries that was met in the middle, and where in b its first message
// starts.
func (st *streams) join(b []byte) (k kind, at int) {
	switch {
	case isHEP(b):
		return hepKind, 0
	case isTLS(b):
		return tlsKind, 0
	}
	if at, _ := findStartLine(b); at >= 0 {
		return sipKind, at
	}
	return otherKind, 0
}

// identify tells what a stream carries that was not known so far.
func (st *streams) identify(s *stream) kind {
	if s.inSync {
		if s.rest = trimEmptyLines(s.rest); len(s.rest) == 0 {
			return unknownKind
		}
		return classify(s.rest)
	}
	k, at := st.join(s.rest) // its beginning is missing
	if k != otherKind {
		s.rest, s.inSync = s.rest[at:], true
		return k
	}
	if s.rest = s.rest[bytes.LastIndexByte(s.rest, '\n')+1:]; len(s.rest) < maxMessage || len(s.later) > 0 {
		return unknownKind
	}
	return otherKind
}

// take fills p with the next whole message of a stream.
func (st *streams) take(s *stream, p *hep.Received) bool {
	if s.kind == unknownKind {
		k := st.identify(s)
		if k == otherKind {
			st.d.skip(NotSIP)
			st.drop(s)
		}
		if k == otherKind || k == unknownKind {
			return false
		}
		st.become(s, k)
	}
	switch s.kind {
	case hepKind:
		return st.takeHEP(s, p)
	case tlsKind:
		st.takeTLS(s)
		return false
	default:
		return st.takeSIP(s, p)
	}
}

// takeHEP cuts the next HEP3 packet off a stream and fills p with the SIP in it.
func (st *streams) takeHEP(s *stream, p *hep.Received) bool {
	for {
		if !s.inSync {
			at := bytes.Index(s.rest, []byte("HEP3"))
			if at < 0 {
				s.rest = s.rest[max(len(s.rest)-3, 0):]
				return false
			}
			s.rest, s.inSync = s.rest[at:], true
		}
		if len(s.rest) < 6 {
			return false
		}
		n := int(binary.BigEndian.Uint16(s.rest[4:]))
		if !isHEP(s.rest) || n < 6 {
			st.d.skip(StreamGarbage)
			s.inSync = false
			s.rest = s.rest[1:]
			continue
		}
		if n > len(s.rest) {
			return false
		}
		frame := s.rest[:n:n]
		s.rest = s.rest[n:]
		if st.d.hep(frame, false, s.flow.src, s.at, p) {
			st.d.volatile = s.own
			return true
		}
	}
}

// Content types and the header of TLS records (RFC 8446 §5.1).
const (
	tlsHeader           = 5
	tlsChangeCipherSpec = 20
	tlsApplicationData  = 23
	maxTLSRecord        = 1<<14 + 2048
)

// isTLS reports whether b starts with the header of a TLS record.
func isTLS(b []byte) bool {
	return len(b) >= tlsHeader && b[0] >= tlsChangeCipherSpec && b[0] <= tlsApplicationData &&
		b[1] == 3 && b[2] <= 4 && int(binary.BigEndian.Uint16(b[3:])) <= maxTLSRecord
}

// takeTLS steps over TLS records and tells of them.
func (st *streams) takeTLS(s *stream) {
	st.d.skip(TLS)
	for len(s.rest) > 0 {
		if s.body > 0 {
			n := min(s.body, len(s.rest))
			s.rest, s.body = s.rest[n:], s.body-n
			continue
		}
		if len(s.rest) < tlsHeader {
			return
		}
		if !isTLS(s.rest) { // behind a gap; wait for a segment that starts with a record
			s.rest = nil
			return
		}
		s.body = int(binary.BigEndian.Uint16(s.rest[3:]))
		if st.d.encrypted != nil {
			st.d.encrypted(Encrypted{
				Time: s.at, Src: s.flow.src, Dst: s.flow.dst,
				Handshake: s.rest[0] != tlsApplicationData, Size: s.body,
			})
		}
		s.rest = s.rest[tlsHeader:]
	}
}
