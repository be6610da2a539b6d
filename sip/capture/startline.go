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

// findStartLine returns where in b the first start line begins that is complete, or -1 and how many
// bytes of b need not be looked at again.
func findStartLine(b []byte) (at, looked int) {
	if !bytes.Contains(b, version20) {
		return -1, bytes.LastIndexByte(b, '\n') + 1
	}
	for looked < len(b) {
		n := bytes.IndexByte(b[looked:], '\n')
		if n < 0 {
			break
		}
		if isStartLine(bytes.TrimSuffix(b[looked:looked+n], []byte("\r"))) {
			return looked, looked
		}
		looked += n + 1
	}
	return -1, looked
}
