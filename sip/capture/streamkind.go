package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"ringback/sip"
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
	}
	return st.takeSIP(s, p)
}

// takeSIP cuts the next SIP message off a stream (RFC 3261 §18.3).
func (st *streams) takeSIP(s *stream, p *hep.Received) bool {
	for {
		if !s.inSync {
			at, looked := findStartLine(s.rest)
			if at < 0 {
				if s.rest = s.rest[looked:]; len(s.rest) > maxMessage {
					s.rest = nil
				}
				return false
			}
			s.rest, s.inSync, s.searched = s.rest[at:], true, 0
		}
		if t := trimEmptyLines(s.rest); len(t) != len(s.rest) {
			s.rest, s.searched = t, 0
		}
		if len(s.rest) == 0 {
			return false
		}
		n, searched, r := messageLength(s.rest, s.searched)
		s.searched = searched
		switch {
		case r != ReasonNone:
			st.d.skip(r)
			s.inSync = false
			s.rest = s.rest[nextLine(s.rest):]
			continue
		case n == 0 || n > len(s.rest):
			return false
		}
		message := s.rest[:n:n]
		s.rest, s.searched = s.rest[n:], 0
		p.CorrelationID, p.CaptureName, p.From = nil, nil, netip.AddrPort{}
		st.d.deliver(p, message, s.flow.src, s.flow.dst, sip.TCP, s.at)
		st.d.volatile = s.own
		return true
	}
}

// nextLine is where the second line of b begins, or its end.
func nextLine(b []byte) int {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n + 1
	}
	return len(b)
}

// messageLength is the length of the message at the start of b by its Content-Length, 0 as long as
// its headers are incomplete. Of b, searched bytes are known to hold no end of headers.
func messageLength(b []byte, searched int) (n, nowSearched int, r Reason) {
	if line := bytes.IndexByte(b[:min(len(b), maxMessage)], '\n'); line >= 0 &&
		!isStartLine(bytes.TrimSuffix(b[:line], []byte("\r"))) {
		return 0, 0, StreamGarbage
	}
	end := headersEnd(b, searched)
	if end < 0 {
		if len(b) > maxMessage {
			return 0, 0, TooLarge
		}
		return 0, max(len(b)-3, 0), ReasonNone
	}
	length, ok := contentLength(b[:end])
	switch {
	case !ok:
		return 0, 0, StreamGarbage
	case end+length > maxMessage:
		return 0, 0, TooLarge
	}
	return end + length, 0, ReasonNone
}

// headersEnd is where the empty line behind a message's headers ends, or -1.
func headersEnd(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n
		if rest := b[i+1:]; len(rest) > 0 && rest[0] == '\n' {
			return i + 2
		} else if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return i + 3
		}
	}
	return -1
}

// contentLength reads the Content-Length of a message's headers, in either form; without one it is
// 0, for no other end of a body is known in a stream (RFC 3261 §20.14).
func contentLength(headers []byte) (n int, ok bool) {
	for len(headers) > 0 {
		line := headers[:nextLine(headers)]
		headers = headers[len(line):]
		if c := line[0] | 0x20; c != 'c' && c != 'l' {
			continue // most are neither
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		name = bytes.TrimRight(name, " \t")
		if !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		for _, c := range bytes.TrimSpace(value) {
			if c < '0' || c > '9' || n > maxMessage {
				return n, n > maxMessage
			}
			n = n*10 + int(c-'0')
		}
		return n, true
	}
	return 0, true
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
