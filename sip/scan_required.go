package sip

import "bytes"

// reading is a message while it is read: what must be known of it beside the Message.
type reading struct {
	m   *Message
	err *ScanError

	seen          uint   // which of the headers below were there
	contentLength int    // -1: contradictory or unreadable
	method        []byte // of the request line
	cseqMethod    []byte
	from, to      []byte // whole values, to compare repetitions with
}

// The headers no message can be understood without (RFC 3261 §8.1.1), and the one that frames it.
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

// fail records why the message is refused; the first reason counts.
func (r *reading) fail(reason ScanReason, header string, offset int) {
	if r.err.Reason == ScanOK {
		*r.err = ScanError{Reason: reason, Header: header, Offset: offset}
	}
}

// startLine reads the request or status line at b[i:] (RFC 3261 §7.1, §7.2) and returns where the
// headers start, -1 when b holds no SIP message. When the line is SIP's and yet unusable, the
// headers can still be read, to find the message's end.
func (r *reading) startLine(b []byte, i int) (next int) {
	n := bytes.IndexByte(b[i:], '\n')
	if n < 0 {
		return -1
	}
	line := trimLWS(b[i : i+n])
	if len(line) > 4 && line[3] == '/' && equalFold(line[:4], "sip/") {
		r.statusLine(line, i)
	} else if !r.requestLine(line, i) {
		return -1
	}
	return i + n + 1
}

func (r *reading) statusLine(line []byte, at int) {
	if len(line) < 8 || string(line[4:8]) != "2.0 " {
		r.fail(ScanVersion, "", at)
		return
	}
	code := trimLWS(line[8:])
	if len(code) < 3 || len(code) > 3 && isToken[code[3]] {
		r.fail(ScanStatusCode, "", at)
		return
	}
	d0, d1, d2 := code[0]-'0', code[1]-'0', code[2]-'0'
	if d0 < 1 || d0 > 6 || d1 > 9 || d2 > 9 {
		r.fail(ScanStatusCode, "", at)
		return
	}
	r.m.StatusCode = uint16(d0)*100 + uint16(d1)*10 + uint16(d2)
}

// requestLine is false when the line is no SIP request line.
// Deviation: RFC 3261 §7.1 allows neither more white space nor brackets around the Request-URI, because
// what is meant is clear (RFC 4475 §3.1.2.7 to §3.1.2.10).
func (r *reading) requestLine(line []byte, at int) bool {
	sp := 0
	for sp < len(line) && isToken[line[sp]] {
		sp++
	}
	last := len(line) - len(" SIP/2.0")
	for last > sp && line[last] != ' ' { // only for another version
		last--
	}
	if sp == 0 || last < sp || line[sp] != ' ' {
		return false
	}
	version := line[last+1:]
	if len(version) < 4 || !equalFold(version[:4], "sip/") {
		return false
	}
	r.m.Request = true
	r.method = line[:sp]
	r.m.Method = parseMethod(r.method)
	if string(version[4:]) != "2.0" {
		r.fail(ScanVersion, "", at)
		return true
	}
	uri := trimLWS(line[sp:last])
	if len(uri) > 2 && uri[0] == '<' && uri[len(uri)-1] == '>' {
		uri = trimLWS(uri[1 : len(uri)-1])
	}
	if len(uri) == 0 {
		r.fail(ScanStartLine, "", at)
		return true
	}
	r.m.RequestURI.Raw = uri
	return true
}

// header reads one of the headers that Skim reads; its line starts at offset at.
func (r *reading) header(kind headerKind, v []byte, at int) {
	m := r.m
	switch kind {
	case nameVia:
		if r.again(sawVia) {
			m.countVias(v)
			return
		}
		if !m.topVia(v) {
			r.fail(ScanBadVia, "Via", at)
		}
		r.bound(m.Branch, "Via", at)
	case nameFrom:
		if r.again(sawFrom) {
			r.same(v, r.from, "From", at)
			return
		}
		r.from = v
		if !m.From.parse(v) {
			r.fail(ScanBadFrom, "From", at)
		}
		r.bound(m.From.Tag, "From", at)
	case nameTo:
		if r.again(sawTo) {
			r.same(v, r.to, "To", at)
			return
		}
		r.to = v
		if !m.To.parse(v) {
			r.fail(ScanBadTo, "To", at)
		}
		r.bound(m.To.Tag, "To", at)
	case nameCallID:
		if r.again(sawCallID) {
			r.same(v, m.CallID, "Call-ID", at)
			return
		}
		m.CallID = v
		if len(v) == 0 {
			r.fail(ScanBadCallID, "Call-ID", at)
		}
		r.bound(v, "Call-ID", at)
	case nameCSeq:
		r.cseq(v, at)
	case nameContentLength:
		r.length(v, at)
	default:
		m.reasons(v)
	}
}

// again notes that a header was seen and tells whether it was before.
func (r *reading) again(saw uint) bool {
	before := r.seen&saw != 0
	r.seen |= saw
	return before
}

// same refuses a message that says one thing in two ways: which of them the PBX believed, nobody
// knows. A plain repetition does no harm.
func (r *reading) same(v, first []byte, header string, at int) {
	if !bytes.Equal(v, first) {
		r.fail(ScanDuplicate, header, at)
	}
}

// bound refuses an identifier too long to keep.
func (r *reading) bound(v []byte, header string, at int) {
	if len(v) > maxIdentifier {
		r.fail(ScanTooLong, header, at)
	}
}

func (r *reading) cseq(v []byte, at int) {
	number, method, ok := parseCSeq(v)
	switch {
	case !ok:
		r.fail(ScanBadCSeq, "CSeq", at)
	case r.again(sawCSeq):
		if number != r.m.CSeq || !bytes.Equal(method, r.cseqMethod) {
			r.fail(ScanDuplicate, "CSeq", at)
		}
	default:
		r.m.CSeq, r.m.CSeqMethod = number, parseMethod(method)
		r.cseqMethod = method
	}
}

func (r *reading) length(v []byte, at int) {
	n, ok := parseLength(v)
	switch {
	case !ok:
		r.fail(ScanBadContentLength, "Content-Length", at)
		n = -1
	case r.seen&sawContentLength != 0 && n != r.contentLength:
		r.fail(ScanDuplicate, "Content-Length", at)
		n = -1
	}
	r.seen |= sawContentLength
	r.contentLength = n
}

// body cuts the body, which starts at b[i:], and returns where the message ends.
// Deviation: RFC 3261 §18.3 rejects a message whose body is cut short, because a capture cuts bodies short
// that the PBX got whole.
func (r *reading) body(b []byte, i int) (n int) {
	body := b[i:]
	if r.seen&sawContentLength != 0 && r.contentLength >= 0 {
		if r.contentLength <= len(body) {
			body = body[:r.contentLength]
		} else {
			r.m.Missing = uint32(r.contentLength - len(body))
		}
	}
	r.m.Body = body
	return i + len(body)
}

// check refuses a message that lacks a header or contradicts itself.
func (r *reading) check() {
	switch missing := sawRequired &^ r.seen; {
	case missing == 0:
	case missing&sawCallID != 0:
		r.fail(ScanMissingCallID, "Call-ID", 0)
	case missing&sawCSeq != 0:
		r.fail(ScanMissingCSeq, "CSeq", 0)
	case missing&sawFrom != 0:
		r.fail(ScanMissingFrom, "From", 0)
	case missing&sawTo != 0:
		r.fail(ScanMissingTo, "To", 0)
	default:
		r.fail(ScanMissingVia, "Via", 0)
	}
	if !r.m.Request {
		r.m.Method = r.m.CSeqMethod
	} else if !bytes.Equal(r.method, r.cseqMethod) { // RFC 3261 §8.1.1.5
		r.fail(ScanBadCSeq, "CSeq", 0)
	}
}
