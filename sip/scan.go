package sip

import "bytes"

// Scanner reads SIP messages. It is owned by one goroutine; the errors it returns are its own and
// are overwritten by the next Scan.
type Scanner struct {
	links   [MaxLinkHeaders]string // header names, lower case
	letters uint32                 // the first letters of links, as a set
	err     ScanError
}

// NewScanner returns a scanner that fills Message.Links from the named headers; names beyond
// MaxLinkHeaders are ignored. Names are compared without regard to case.
func NewScanner(linkHeaders []string) *Scanner {
	s := new(Scanner)
	for i, name := range linkHeaders[:min(len(linkHeaders), MaxLinkHeaders)] {
		s.links[i] = string(bytes.ToLower(bytes.TrimSpace([]byte(name))))
		if s.links[i] != "" {
			s.letters |= letter(s.links[i][0])
		}
	}
	return s
}

// Another returns a scanner like s, for another goroutine.
func (s *Scanner) Another() *Scanner {
	return &Scanner{links: s.links, letters: s.letters}
}

// Scan reads the first message in b into m and returns its length in bytes: empty lines before the
// start line (RFC 3261 §7.5), headers, and as much body as Content-Length says. Without a
// Content-Length the body is the rest of b (RFC 3261 §18.3). A body cut short does not make the
// headers less true, so it is no error here: Body is what there is and Missing says what is not.
// What stands in b after a message is the next one of a stream; after a datagram's message it is
// to be ignored (RFC 3261 §18.3).
//
// m.Time, Src, Dst and Transport are left alone; all else is set, or as its field says when absent.
// After an error m is of no use. Scan keeps nothing and allocates nothing.
//
// The error is a *ScanError, valid until the next Scan. A message is refused when it does not say
// clearly what it is and to which dialog it belongs; whatever else is malformed is taken as it is
// meant, as the watched PBX may well have done. n is then the length of the refused message where
// that could be told, else all of b, so that a stream can be read on.
func (s *Scanner) Scan(b []byte, m *Message) (n int, err error) {
	if n, err = s.Skim(b, m); err == nil {
		m.Read()
	}
	return n, err
}

// Skim is Scan but for what Message.Read reads, if it comes to that: of most messages nobody wants to
// know more than to which dialog they belong and what they do to it. It refuses what Scan refuses.
func (s *Scanner) Skim(b []byte, m *Message) (n int, err error) {
	m.reset(b)
	s.err.Reason = ScanOK
	r := reading{m: m, err: &s.err}

	i := 0
	for i < len(b) && (b[i] == '\r' || b[i] == '\n') {
		i++
	}
	if i == len(b) {
		r.fail(ScanEmpty, "", 0)
		return len(b), &s.err
	}
	start := i
	if i = r.startLine(b, start); i < 0 {
		r.fail(ScanNotSIP, "", start)
		return len(b), &s.err
	}
	for {
		end, next := cutLine(b, i)
		if end < 0 {
			r.fail(ScanIncomplete, "", i)
			return len(b), &s.err
		}
		if end == i {
			i = next
			break
		}
		line := b[i:end]
		kind, colon := headerName(line)
		if s.letters&letter(line[0]) != 0 {
			s.link(line, i, m)
		}
		switch {
		case kind == nameOther:
		case kind > lastAtOnce:
			m.leave(kind, 0, i+colon+1, end)
		default:
			r.header(kind, trimLWS(line[colon+1:]), i)
		}
		i = next
	}
	if m.whole { // because of too many headers
		m.readURIs()
	}

	n = r.body(b, i)
	m.text = b[:n]
	r.check()
	if s.err.Reason != ScanOK {
		return n, &s.err
	}
	return n, nil
}

// cutLine returns where the line at b[i:] ends, without its line end and with the lines folded into
// it (RFC 3261 §7.3.1), and where the next one starts. end is -1 when the line does not end, and i when
// it is empty.
// Deviation: RFC 3261 §7 ends lines in CR LF, because some elements take a bare LF too.
func cutLine(b []byte, i int) (end, next int) {
	n := bytes.IndexByte(b[i:], '\n')
	if n < 0 {
		return -1, 0
	}
	end, next = i+n, i+n+1
	if n == 0 || n == 1 && b[i] == '\r' {
		return i, next
	}
	for next < len(b) && (b[next] == ' ' || b[next] == '\t') {
		n = bytes.IndexByte(b[next:], '\n')
		if n < 0 {
			return -1, 0
		}
		end, next = next+n, next+n+1
	}
	return end, next
}

// link notes the value of a header that is a configured link; line stands at offset at.
func (s *Scanner) link(line []byte, at int, m *Message) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return
	}
	name := trimLWS(line[:colon])
	for k := range s.links {
		if s.links[k] != "" && equalFold(name, s.links[k]) {
			m.leave(nameLink, uint8(k), at+colon+1, at+len(line))
		}
	}
}
