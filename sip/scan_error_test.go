package sip_test

import (
	"errors"
	"strings"
	"testing"

	"ringback/sip"
)

func TestScanRefuses(t *testing.T) {
	tests := []struct {
		name   string
		b      []byte
		reason sip.ScanReason
		header string
	}{
		{"nothing", nil, sip.ScanEmpty, ""},
		{"a keepalive", []byte("\r\n\r\n"), sip.ScanEmpty, ""},
		{"STUN", []byte("\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"), sip.ScanNotSIP, ""},
		{"no line", []byte("INVITE"), sip.ScanNotSIP, ""},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), sip.ScanNotSIP, ""},
		{"RTSP", []byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), sip.ScanNotSIP, ""},
		{"a request line of one word", []byte("SIP/2.0\r\n\r\n"), sip.ScanVersion, ""},
		{"a request line of two words", []byte("INVITE SIP/2.0\r\n\r\n"), sip.ScanStartLine, ""},
		{"a request line of spaces", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "INVITE   SIP/2.0"), sip.ScanStartLine, ""},
		{"a method that is no token", replace(invite(), "INVITE sip", "INV(ITE sip"), sip.ScanNotSIP, ""},
		{"another version", replace(invite(), "SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), sip.ScanVersion, ""},
		{"a longer version", replace(invite(), "SIP/2.0\r\nVia", "SIP/2.01\r\nVia"), sip.ScanVersion, ""},
		{"status code 099", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 099 x"), sip.ScanStatusCode, ""},
		{"status code 700", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 700 x"), sip.ScanStatusCode, ""},
		{"status code of four digits", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 2000 x"), sip.ScanStatusCode, ""},
		{"no status code", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 OK"), sip.ScanStatusCode, ""},
		{"headers that never end", invite()[:len(invite())-2], sip.ScanIncomplete, ""},
		{"a header that never ends", invite()[:len(invite())-4], sip.ScanIncomplete, ""},
		{"a folded header that never ends", append(invite()[:len(invite())-2], " x"...), sip.ScanIncomplete, ""},
		{"no Via", replace(invite(), "Via", "Vix"), sip.ScanMissingVia, "Via"},
		{"no From", replace(invite(), "From", "Frox"), sip.ScanMissingFrom, "From"},
		{"no To", replace(invite(), "To", "Tx"), sip.ScanMissingTo, "To"},
		{"no Call-ID", replace(invite(), "Call-ID", "Call-Ix"), sip.ScanMissingCallID, "Call-ID"},
		{"no CSeq", replace(invite(), "CSeq", "CSex"), sip.ScanMissingCSeq, "CSeq"},
		{"an empty Via", replace(invite(), " SIP/2.0/UDP 198.51.100.50:5060;branch=z9hG4bK1", ""), sip.ScanBadVia, "Via"},
		{"a Via without sent-by", replace(invite(), "198.51.100.50:5060;branch=z9hG4bK1", ""), sip.ScanBadVia, "Via"},
		{"a Via of parameters", replace(invite(), "198.51.100.50:5060;branch", ";branch"), sip.ScanBadVia, "Via"},
		{"a Via without transport", replace(invite(), "SIP/2.0/UDP 198.51.100.50:5060", "SIP/2.0 198.51.100.50:5060"), sip.ScanBadVia, "Via"},
		{"a Via with an open bracket", replace(invite(), "198.51.100.50:5060;branch", "[fd20::1;branch"), sip.ScanBadVia, "Via"},
		{"an empty From", replace(invite(), "<sip:+358401234561@operator.example>;tag=a", ""), sip.ScanBadFrom, "From"},
		{"a From of a tag", replace(invite(), "<sip:+358401234561@operator.example>;tag=a", ";tag=a"), sip.ScanBadFrom, "From"},
		{"a From with an open bracket", replace(invite(), "operator.example>", "operator.example"), sip.ScanBadFrom, "From"},
		{"a From with an empty URI", replace(invite(), "<sip:+358401234561@operator.example>", "x < >"), sip.ScanBadFrom, "From"},
		{"a From with an open quote", replace(invite(), "From: <", `From: "x\" <`), sip.ScanBadFrom, "From"},
		{"a To of a name", replace(invite(), "<sip:+35893100100@pbx.example>", `"x"`), sip.ScanBadTo, "To"},
		{"an empty Call-ID", replace(invite(), "1@198.51.100.50", ""), sip.ScanBadCallID, "Call-ID"},
		{"a CSeq of a number", replace(invite(), "1 INVITE", "1"), sip.ScanBadCSeq, "CSeq"},
		{"a CSeq of a method", replace(invite(), "1 INVITE", "INVITE"), sip.ScanBadCSeq, "CSeq"},
		{"a CSeq of another method", replace(invite(), "1 INVITE", "1 invite"), sip.ScanBadCSeq, "CSeq"},
		{"a CSeq of two methods", replace(invite(), "1 INVITE", "1 INVITE BYE"), sip.ScanBadCSeq, "CSeq"},
		{"a CSeq of 33 bits", replace(invite(), "1 INVITE", "4294967296 INVITE"), sip.ScanBadCSeq, "CSeq"},
		{"a negative CSeq", replace(invite(), "1 INVITE", "-1 INVITE"), sip.ScanBadCSeq, "CSeq"},
		{"two Call-IDs", invite("i: 2"), sip.ScanDuplicate, "Call-ID"},
		{"two Froms", invite("From: <sip:+358401234561@operator.example>;tag=b"), sip.ScanDuplicate, "From"},
		{"two Tos", invite("To: <sip:+35893100100@pbx.example>;tag=b"), sip.ScanDuplicate, "To"},
		{"two CSeqs", invite("CSeq: 2 INVITE"), sip.ScanDuplicate, "CSeq"},
		{"two Content-Lengths", invite("Content-Length: 0", "Content-Length: 1"), sip.ScanDuplicate, "Content-Length"},
		{"Content-Length of nothing", invite("Content-Length:"), sip.ScanBadContentLength, "Content-Length"},
		{"Content-Length of several", invite("Content-Length: 0, 0"), sip.ScanBadContentLength, "Content-Length"},
		{"Content-Length in hex", invite("Content-Length: 0x10"), sip.ScanBadContentLength, "Content-Length"},
		{"Content-Length beyond all measure", invite("Content-Length: 36893488147419103232"), sip.ScanBadContentLength, "Content-Length"},
		{"a long Call-ID", replace(invite(), "1@198", strings.Repeat("1", 600)), sip.ScanTooLong, "Call-ID"},
		{"a long branch", replace(invite(), "bK1", strings.Repeat("1", 600)), sip.ScanTooLong, "Via"},
		{"a long tag", replace(invite(), "tag=a", "tag="+strings.Repeat("1", 600)), sip.ScanTooLong, "From"},
		{"a long tag in To", replace(invite(), "100@pbx.example>\r", "100@pbx.example>;tag="+strings.Repeat("1", 600)+"\r"), sip.ScanTooLong, "To"},
	}
	s := sip.NewScanner(nil)
	var m sip.Message
	for _, tt := range tests {
		n, err := s.Scan(tt.b, &m)
		refused, ok := errors.AsType[*sip.ScanError](err)
		switch {
		case !ok || refused.Reason != tt.reason || refused.Header != tt.header:
			t.Errorf("%s: %v, want %v", tt.name, err, tt.reason)
		case n != len(tt.b) || refused.Offset < 0 || refused.Offset > len(tt.b):
			t.Errorf("%s: %d of %d bytes, offset %d", tt.name, n, len(tt.b), refused.Offset)
		case testing.AllocsPerRun(10, func() { _, _ = s.Scan(tt.b, &m) }) != 0:
			t.Errorf("%s: refusing it allocates", tt.name)
		}
	}
}

func TestScanErrorSaysWhatAndWhere(t *testing.T) {
	var m sip.Message
	_, err := sip.NewScanner(nil).Scan(replace(invite(), "1 INVITE", "1"), &m)
	if got, want := err.Error(), "sip: bad_cseq in CSeq at offset 210"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	_, err = sip.NewScanner(nil).Scan([]byte("\r\nhello\r\n"), &m)
	if got, want := err.Error(), "sip: not_sip at offset 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	seen := map[string]bool{}
	for r := range sip.NumScanReasons {
		if s := r.String(); s == "" || s != strings.ToLower(s) || strings.ContainsAny(s, " -") || seen[s] {
			t.Errorf("reason %d is called %q", r, s)
		} else {
			seen[s] = true
		}
	}
}
