package hep

import "bytes"

// foreign names what bytes are that are no HEP3 packet.
func foreign(b []byte) Reason {
	switch {
	case len(b) >= len(magic) && string(b[:len(magic)]) == magic, len(b) == 0:
		return Short
	case oldVersion(b):
		if b[0] == 1 {
			return HEP1
		}
		return HEP2
	case rawSIP(b):
		return RawSIP
	case blank(b):
		return Keepalive
	}
	return NotHEP
}

// oldVersion reports whether b starts with the header of HEP version 1 or 2: version, header
// length and address family, one byte each. The length is 8 bytes and two addresses, in version 2
// sometimes with 12 bytes of time and capture id.
func oldVersion(b []byte) bool {
	if len(b) < 8 || b[0] != 1 && b[0] != 2 {
		return false
	}
	switch b[2] {
	case familyIPv4:
		return b[1] == 16 || b[1] == 28
	case familyIPv6:
		return b[1] == 40 || b[1] == 52
	}
	return false
}

// rawSIP reports whether b starts like a SIP message: a status line, or a request line of a method
// and a URI (RFC 3261 §7.1, §7.2).
func rawSIP(b []byte) bool {
	if bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		return true
	}
	method, rest, ok := bytes.Cut(b[:min(len(b), 64)], []byte(" "))
	if !ok || len(method) == 0 {
		return false
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return bytes.HasPrefix(rest, []byte("sip:")) || bytes.HasPrefix(rest, []byte("sips:")) ||
		bytes.HasPrefix(rest, []byte("tel:"))
}
