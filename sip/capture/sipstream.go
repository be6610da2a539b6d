package capture

import (
	"bytes"
	"net/netip"

	"ringback/sip"
	"ringback/sip/hep"
)

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
