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

// The headers no message can be understood without (RFC 3261 §8.1.1), and one that frames it.
const (
	sawVia = 1 << iota
	sawFrom
	sawTo
	sawCallID
	sawCSeq
	sawContentLength

	sawRequired = sawVia | sawFrom | sawTo | sawCallID | sawCSeq
)

// maxIdentifier bounds what others keep of a message: Call-ID, tags and branch, in bytes.
const maxIdentifier = 512

// Scan reads the first message in b into m and returns its length in bytes: empty lines before the
// start line (RFC 3261 §7.5), headers, and as much body as Content-Length says. Without a
// Content-Length the body is the rest of b (RFC 3261 §18.3). A body cut short does not make the
// headers less true, so it is no error here: Body is what there is and Missing says what is not.
// What stands in b after a message is the next one of a stream; after a datagram's message it is
// to be ignored (RFC 3261 §18.3).
//
// m.Time, Src, Dst and Transport are left alone; all else is set, or zero when absent. Scan keeps
// nothing and allocates nothing.
//
// The error is a *ScanError, valid until the next Scan. A message is refused when it does not say
// clearly what it is and to which dialog it belongs; whatever else is malformed is taken as it is
// meant, as the watched PBX may well have done. n is then the length of the refused message where
// that could be told, else all of b, so that a stream can be read on.
func (s *Scanner) Scan(b []byte, m *Message) (n int, err error) {
	m.reset()
	s.err.Reason = ScanOK

	i := 0
	for i < len(b) && (b[i] == '\r' || b[i] == '\n') {
		i++
	}
	if i == len(b) {
		return len(b), s.fail(ScanEmpty, "", 0)
	}
	i, method, ok := s.startLine(b, i, m)
	if !ok {
		return len(b), &s.err
	}

	var (
		seen          uint
		contentLength int
		from, to      []byte // whole values, to compare repetitions with
		cseqMethod    []byte
	)
	for {
		end := bytes.IndexByte(b[i:], '\n')
		if end < 0 {
			return len(b), s.fail(ScanIncomplete, "", i)
		}
		end += i
		if end == i || end == i+1 && b[i] == '\r' {
			i = end + 1
			break
		}
		next := end + 1
		for next < len(b) && (b[next] == ' ' || b[next] == '\t') { // RFC 3261 §7.3.1
			more := bytes.IndexByte(b[next:], '\n')
			if more < 0 {
				return len(b), s.fail(ScanIncomplete, "", i)
			}
			end = next + more
			next = end + 1
		}

		line := b[i:end]
		kind, colon := headerName(line)
		if s.letters&letter(line[0]) != 0 && colon > 0 {
			s.link(line, colon, m)
		}
		if kind == nameOther {
			i = next
			continue
		}
		v := trimLWS(line[colon+1:])
		at := i + colon + 1

		switch kind {
		case nameVia:
			if seen&sawVia != 0 {
				m.countVias(v)
				break
			}
			seen |= sawVia
			if !m.topVia(v) {
				s.fail(ScanBadVia, "Via", at)
			} else if len(m.Branch) > maxIdentifier {
				s.fail(ScanTooLong, "Via", at)
			}
		case nameFrom:
			if seen&sawFrom != 0 {
				if !bytes.Equal(v, from) {
					s.fail(ScanDuplicate, "From", i)
				}
				break
			}
			seen |= sawFrom
			from = v
			if !m.From.parse(v) {
				s.fail(ScanBadFrom, "From", at)
			} else if len(m.From.Tag) > maxIdentifier {
				s.fail(ScanTooLong, "From", at)
			}
		case nameTo:
			if seen&sawTo != 0 {
				if !bytes.Equal(v, to) {
					s.fail(ScanDuplicate, "To", i)
				}
				break
			}
			seen |= sawTo
			to = v
			if !m.To.parse(v) {
				s.fail(ScanBadTo, "To", at)
			} else if len(m.To.Tag) > maxIdentifier {
				s.fail(ScanTooLong, "To", at)
			}
		case nameCallID:
			if seen&sawCallID != 0 {
				if !bytes.Equal(v, m.CallID) {
					s.fail(ScanDuplicate, "Call-ID", i)
				}
				break
			}
			seen |= sawCallID
			m.CallID = v
			if len(v) == 0 {
				s.fail(ScanBadCallID, "Call-ID", at)
			} else if len(v) > maxIdentifier {
				s.fail(ScanTooLong, "Call-ID", at)
			}
		case nameCSeq:
			number, word, ok := parseCSeq(v)
			if !ok {
				s.fail(ScanBadCSeq, "CSeq", at)
			} else if seen&sawCSeq != 0 && (number != m.CSeq || !bytes.Equal(word, cseqMethod)) {
				s.fail(ScanDuplicate, "CSeq", i)
			} else {
				m.CSeq, m.CSeqMethod, cseqMethod = number, parseMethod(word), word
			}
			seen |= sawCSeq
		case nameContentLength:
			length, ok := parseLength(v)
			if !ok {
				s.fail(ScanBadContentLength, "Content-Length", at)
			} else if seen&sawContentLength != 0 && length != contentLength {
				s.fail(ScanDuplicate, "Content-Length", i)
			} else {
				contentLength = length
				seen |= sawContentLength
			}
		default:
			m.header(kind, v)
		}
		i = next
	}

	n = len(b)
	m.Body = b[i:]
	if seen&sawContentLength != 0 {
		if contentLength <= len(m.Body) {
			m.Body = m.Body[:contentLength]
			n = i + contentLength
		} else {
			m.Missing = uint32(contentLength - len(m.Body))
		}
	}
	if seen&sawRequired != sawRequired {
		s.missing(seen)
	} else if m.Request && !bytes.Equal(method, cseqMethod) { // RFC 3261 §8.1.1.5
		s.fail(ScanBadCSeq, "CSeq", 0)
	}
	if s.err.Reason != ScanOK {
		return n, &s.err
	}
	if !m.Request {
		m.Method = m.CSeqMethod
	}
	return n, nil
}

// startLine reads the request or status line at b[i:] (RFC 3261 §7.1, §7.2) and returns where the
// headers start and, of a request, the method's name. It is not ok when b holds no SIP message; a
// start line that is SIP and yet unusable is failed, but the headers may be read on.
func (s *Scanner) startLine(b []byte, i int, m *Message) (next int, method []byte, ok bool) {
	end := bytes.IndexByte(b[i:], '\n')
	if end < 0 {
		s.fail(ScanNotSIP, "", i)
		return 0, nil, false
	}
	end += i
	next = end + 1
	line := trimLWS(b[i:end])

	if len(line) >= 4 && string(line[:4]) == "SIP/" {
		code := line[4:]
		if len(code) < 4 || string(code[:4]) != "2.0 " {
			s.fail(ScanVersion, "", i)
			return next, nil, true
		}
		code = trimLWS(code[4:])
		if len(code) < 3 || len(code) > 3 && isToken[code[3]] {
			s.fail(ScanStatusCode, "", i)
			return next, nil, true
		}
		d0, d1, d2 := code[0]-'0', code[1]-'0', code[2]-'0'
		if d0 < 1 || d0 > 6 || d1 > 9 || d2 > 9 {
			s.fail(ScanStatusCode, "", i)
			return next, nil, true
		}
		m.StatusCode = uint16(d0)*100 + uint16(d1)*10 + uint16(d2)
		return next, nil, true
	}

	sp := 0
	for sp < len(line) && isToken[line[sp]] {
		sp++
	}
	if sp == 0 || sp == len(line) || line[sp] != ' ' {
		s.fail(ScanNotSIP, "", i)
		return 0, nil, false
	}
	method = line[:sp]
	rest := line[sp+1:]
	last := bytes.LastIndexByte(rest, ' ')
	version := rest[last+1:]
	if len(version) < 4 || !equalFold(version[:4], "sip/") {
		s.fail(ScanNotSIP, "", i)
		return 0, nil, false
	}
	m.Request = true
	m.Method = parseMethod(method)
	if string(version[4:]) != "2.0" {
		s.fail(ScanVersion, "", i)
		return next, method, true
	}
	uri := trimLWS(rest[:max(last, 0)])
	if len(uri) > 2 && uri[0] == '<' && uri[len(uri)-1] == '>' {
		uri = trimLWS(uri[1 : len(uri)-1])
	}
	if len(uri) == 0 {
		s.fail(ScanStartLine, "", i)
		return next, method, true
	}
	m.RequestURI.parse(uri)
	return next, method, true
}

// link keeps the value of a header that is a configured link.
func (s *Scanner) link(line []byte, colon int, m *Message) {
	name := trimLWS(line[:colon])
	for k := range s.links {
		if s.links[k] != "" && equalFold(name, s.links[k]) && m.Links[k] == nil {
			m.seldom = true
			m.Links[k] = trimLWS(line[colon+1:])
		}
	}
}
