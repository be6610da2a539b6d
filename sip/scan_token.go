package sip

import (
	"bytes"
	"math"
)

// isToken holds the characters of a token (RFC 3261 §25.1).
var isToken = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	for _, c := range []byte("-.!%*_+`'~") {
		set[c] = true
	}
	return set
}()

// isLWS tells linear white space, folded lines' ends included (RFC 3261 §25.1).
func isLWS(c byte) bool {
	const set = 1<<' ' | 1<<'\t' | 1<<'\r' | 1<<'\n'
	return c <= ' ' && set>>c&1 != 0
}

// trimLWS returns v without linear white space around it.
func trimLWS(v []byte) []byte {
	if len(v) > 0 && v[0] > ' ' && v[len(v)-1] > ' ' {
		return v
	}
	return trimEnds(v)
}

func trimEnds(v []byte) []byte {
	v = trimStart(v)
	for len(v) > 0 && isLWS(v[len(v)-1]) {
		v = v[:len(v)-1]
	}
	return v
}

func trimStart(v []byte) []byte {
	for len(v) > 0 && isLWS(v[0]) {
		v = v[1:]
	}
	return v
}

// equalFold compares v with an ASCII word in lower case.
func equalFold(v []byte, lower string) bool {
	if len(v) != len(lower) {
		return false
	}
	for i, c := range v {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func parseMethod(b []byte) Method {
	switch string(b) { // methods are case-sensitive (RFC 3261 §7.1)
	case "INVITE":
		return INVITE
	case "ACK":
		return ACK
	case "BYE":
		return BYE
	case "CANCEL":
		return CANCEL
	case "REGISTER":
		return REGISTER
	case "OPTIONS":
		return OPTIONS
	case "PRACK":
		return PRACK
	case "SUBSCRIBE":
		return SUBSCRIBE
	case "NOTIFY":
		return NOTIFY
	case "PUBLISH":
		return PUBLISH
	case "INFO":
		return INFO
	case "REFER":
		return REFER
	case "MESSAGE":
		return MESSAGE
	case "UPDATE":
		return UPDATE
	}
	return MethodOther
}

// parseCSeq reads a CSeq value (RFC 3261 §20.16).
// Deviation: RFC 3261 §8.1.1.5 has numbers end at 2³¹, because those of 32 bits are as clear.
func parseCSeq(v []byte) (number uint32, method []byte, ok bool) {
	var n uint64
	i := 0
	for i < len(v) && v[i]-'0' <= 9 {
		n = n*10 + uint64(v[i]-'0')
		if n > math.MaxUint32 {
			return 0, nil, false
		}
		i++
	}
	if i == 0 || i == len(v) || !isLWS(v[i]) {
		return 0, nil, false
	}
	for i < len(v) && isLWS(v[i]) {
		i++
	}
	method = v[i:]
	for _, c := range method {
		if !isToken[c] {
			return 0, nil, false
		}
	}
	return uint32(n), method, len(method) > 0
}

// parseLength reads a Content-Length value (RFC 3261 §20.14).
func parseLength(v []byte) (n int, ok bool) {
	for _, c := range v {
		if c -= '0'; c > 9 {
			return 0, false
		}
		if n = n*10 + int(c); n > math.MaxInt32 {
			return 0, false
		}
	}
	return n, len(v) > 0
}

// parseSeconds reads the delta-seconds v starts with (RFC 3261 §25.1); what is too large for the
// field is as long as can be (RFC 3261 §20.19).
func parseSeconds(v []byte) (n int32, ok bool) {
	if len(v) > 0 && v[0] == '"' {
		v = v[1:]
	}
	i := 0
	var sum int64
	for i < len(v) && v[i]-'0' <= 9 {
		sum = min(sum*10+int64(v[i]-'0'), math.MaxInt32)
		i++
	}
	return int32(sum), i > 0
}

// cutList cuts the first element off a comma-separated header value; commas in quoted strings and
// angle brackets do not separate (RFC 3261 §7.3.1, §20.10).
func cutList(v []byte) (element, rest []byte) {
	if bytes.IndexByte(v, ',') < 0 {
		return trimLWS(v), nil
	}
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case ',':
			return trimLWS(v[:i]), v[i+1:]
		case '"':
			i = quoteEnd(v, i)
		case '<':
			if end := bytes.IndexByte(v[i:], '>'); end > 0 {
				i += end
			}
		}
	}
	return trimLWS(v), nil
}

// quoteEnd returns where the quoted string that starts at v[i] has its closing quote, len(v) when
// it has none (RFC 3261 §25.1).
func quoteEnd(v []byte, i int) int {
	for i++; i < len(v); i++ {
		switch v[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return len(v)
}

// param returns the value of the named parameter in v, a run of ";name=value" (RFC 3261 §25.1),
// quoted values without their quotes. name is in lower case.
func param(v []byte, name string) (value []byte, ok bool) {
	quoted := bytes.IndexByte(v, '"') >= 0
	for {
		semicolon := bytes.IndexByte(v, ';')
		if semicolon < 0 {
			return nil, false
		}
		v = trimStart(v[semicolon+1:])
		if len(v) >= len(name) && equalFold(v[:len(name)], name) {
			rest := trimStart(v[len(name):])
			switch {
			case len(rest) == 0 || rest[0] == ';':
				return nil, true
			case rest[0] != '=': // a longer name
			case quoted:
				return unquote(trimStart(rest[1:])), true
			default:
				return untilParam(rest[1:]), true
			}
		}
		if quoted {
			v = skipQuoted(v)
		}
	}
}

// untilParam returns the token v starts with, up to the next parameter.
func untilParam(v []byte) []byte {
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return trimLWS(v)
}

// unquote returns the value v starts with, quoted or not.
func unquote(v []byte) []byte {
	if len(v) > 0 && v[0] == '"' {
		return v[1:quoteEnd(v, 0)]
	}
	return untilParam(v)
}

// skipQuoted skips a parameter whose value is quoted, since what is in quotes are no parameters.
func skipQuoted(v []byte) []byte {
	for i, c := range v {
		switch c {
		case ';':
			return v
		case '"':
			return v[quoteEnd(v, i):]
		}
	}
	return v
}
