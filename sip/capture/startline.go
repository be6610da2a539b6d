package capture

import "bytes"

// token marks the characters of a method (RFC 3261 §25.1).
var token = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") {
		t[c] = true
	}
	return t
}()

// maxMethod is the longest method looked for, in bytes.
const maxMethod = 64

// looksLikeSIP reports whether b starts like a SIP message: with a status line, or with a method, a
// space and the scheme of a URI (RFC 3261 §7.1, §7.2). Empty lines in front are none of its business.
// It is generous, for a scanner will look again; it has to keep media and other protocols out.
func looksLikeSIP(b []byte) bool {
	i := 0
	for i < len(b) && i < maxMethod && token[b[i]] {
		i++
	}
	if i == 0 || i == len(b) {
		return false
	}
	if b[i] == '/' {
		return i == 3 && b[0]|0x20 == 's' && b[1]|0x20 == 'i' && b[2]|0x20 == 'p'
	}
	if b[i] != ' ' {
		return false
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '<') {
		i++
	}
	start := i
	for i < len(b) && i-start < maxMethod && token[b[i]] {
		i++
	}
	return i > start && i < len(b) && b[i] == ':'
}

// trimEmptyLines drops the CRLFs, and NULs, in front of a message (RFC 3261 §7.5).
func trimEmptyLines(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n' || b[0] == 0) {
		b = b[1:]
	}
	return b
}

var version20 = []byte("SIP/2.0")

// isStartLine reports whether a line is a request or status line of SIP 2.0.
func isStartLine(line []byte) bool {
	if len(line) > 12 && bytes.HasPrefix(line, version20) {
		return line[7] == ' ' && line[8] >= '1' && line[8] <= '6'
	}
	return bytes.HasSuffix(line, version20) && looksLikeSIP(line)
}

// methods are those a message is found by where its beginning is not known (see sip.Method).
var methods = [...]string{
	"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH",
	"INFO", "REFER", "MESSAGE", "UPDATE",
}

// findStartLine returns where in b the first start line begins, or -1 and how many bytes of b need not
// be looked at again. The line may follow the body of a message without a line break. A method cut in
// two must not be taken for another, so only known ones count.
func findStartLine(b []byte) (at, looked int) {
	for from := 0; ; {
		i := bytes.Index(b[from:], version20)
		if i < 0 {
			return -1, bytes.LastIndexByte(b, '\n') + 1
		}
		i += from
		from = i + len(version20)
		rest := b[from:]
		switch {
		case len(rest) >= 5 && rest[0] == ' ' && rest[1] >= '1' && rest[1] <= '6' && rest[4] == ' ':
			return i, i
		case (bytes.HasPrefix(rest, []byte("\r\n")) || bytes.HasPrefix(rest, []byte("\n"))) && i > 0 && b[i-1] == ' ':
			if at := methodBefore(b[:i-1]); at >= 0 {
				return at, at
			}
		}
	}
}

// methodBefore returns where the method of a request line begins whose Request-URI ends b, or -1.
func methodBefore(b []byte) int {
	line := b[bytes.LastIndexByte(b, '\n')+1:]
	space := bytes.LastIndexByte(line, ' ')
	if space < 0 {
		return -1
	}
	for _, m := range methods {
		if bytes.HasSuffix(line[:space], []byte(m)) {
			return len(b) - len(line) + space - len(m)
		}
	}
	return -1
}
