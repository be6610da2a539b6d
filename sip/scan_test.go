package sip_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
)

// invite is a request with the least headers, and the given ones between them.
func invite(headers ...string) []byte {
	lines := append([]string{
		"INVITE sip:+35893100100@pbx.example SIP/2.0",
		"Via: SIP/2.0/UDP 198.51.100.50:5060;branch=z9hG4bK1",
		"From: <sip:+358401234561@operator.example>;tag=a",
		"To: <sip:+35893100100@pbx.example>",
		"Call-ID: 1@198.51.100.50",
		"CSeq: 1 INVITE",
	}, headers...)
	return []byte(strings.Join(append(lines, "", ""), "\r\n"))
}

func replace(b []byte, before, after string) []byte {
	s := strings.Replace(string(b), before, after, 1)
	if s == string(b) {
		panic("nothing to replace: " + before)
	}
	return []byte(s)
}

func uris(list []sip.URI) (users []string) {
	for _, u := range list {
		if u.Raw != nil {
			users = append(users, string(u.User))
		}
	}
	return users
}

func TestScanReadsHeaders(t *testing.T) {
	tests := []struct {
		name string
		b    []byte
		get  func(m *sip.Message) any
		want any
	}{
		// Start lines.
		{
			"status code", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 183 Session Progress"),
			func(m *sip.Message) any { return fmt.Sprint(m.Request, m.StatusCode, m.Method == sip.INVITE) }, "false 183 true",
		},
		{
			"status line without reason phrase or its space", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 183"),
			func(m *sip.Message) any { return m.StatusCode }, uint16(183),
		},
		{
			"version in lower case", replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "sip/2.0 699 x"),
			func(m *sip.Message) any { return m.StatusCode }, uint16(699),
		},
		{
			"request line's version in lower case", replace(invite(), "SIP/2.0\r\nVia", "sip/2.0\r\nVia"),
			func(m *sip.Message) any { return string(m.RequestURI.User) }, "+35893100100",
		},
		{
			"method in lower case is another method", replace(replace(invite(), "INVITE sip", "invite sip"), "1 INVITE", "1 invite"),
			func(m *sip.Message) any { return m.Method }, sip.MethodOther,
		},
		{
			"bare line feeds", []byte(strings.ReplaceAll(string(invite("Contact: <sip:a@b>")), "\r\n", "\n")),
			func(m *sip.Message) any { return string(m.Contacts[0].URI.User) }, "a",
		},

		// Names.
		{
			"compact forms", []byte(strings.NewReplacer("Via", "v", "From", "f", "To", "t", "Call-ID", "i").Replace(string(invite(
				"m: <sip:c@d>", "r: <sip:e@f>", "b: <sip:g@h>", "x: 90", "o: refer;id=1", "c: application/sdp;x=y", "l:2", "\r\nv=")))),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s %s %s %d %s %s %s %s", m.Contacts[0].URI.User, m.ReferTo.User, m.ReferredBy.User, m.SessionExpires,
					m.Event, m.ContentType, m.CallID, m.Body)
			}, "c e g 90 refer application/sdp 1@198.51.100.50 v=",
		},
		{
			"every case", invite("P-ASSERTED-IDENTITY: <sip:a@b>", "privacy: ID", "SESSION-EXPIRES: 7", "cOnTaCt: <sip:c@d>"),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s %v %d %s", m.PAssertedIdentity.User, m.PrivacyID, m.SessionExpires, m.Contacts[0].URI.User)
			}, "a true 7 c",
		},
		{
			"white space before the colon", invite("Contact \t: <sip:a@b>", "Expires : 60", "P-Asserted-Identity  :<sip:c@d>"),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s %d %s", m.Contacts[0].URI.User, m.Expires, m.PAssertedIdentity.User)
			}, "a 60 c",
		},
		{
			"names that only look alike", invite("Contacts: <sip:a@b>", "Call\rID: 2", "C%6Fntact: <sip:a@b>", "P-Asserted-Identitx: <sip:a@b>", "Conten-Length: 9", ": x", "Foobar"),
			func(m *sip.Message) any {
				return fmt.Sprint(m.NumContacts, len(m.PAssertedIdentity.Raw), " ", string(m.CallID))
			}, "0 0 1@198.51.100.50",
		},
		{
			"a folded name's value", invite("Contact:\r\n <sip:a@b>\r\n\t;expires=5"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %d", m.Contacts[0].URI.User, m.Contacts[0].Expires) }, "a 5",
		},
		{
			"a folded line that holds nothing", invite("Subject: x\r\n  \r\n", "Contact: <sip:a@b>"),
			func(m *sip.Message) any { return m.NumContacts }, uint8(0),
		}, // the next line is empty, so the headers end there

		// Via.
		{
			"topmost Via", invite("Via: SIP/2.0/TCP second.example;branch=2", "v: SIP/2.0/UDP third.example, SIP/2.0/UDP fourth.example"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s %d", m.SentBy, m.Branch, m.Vias) }, "198.51.100.50 z9hG4bK1 4",
		},
		{
			"Via of several values", replace(invite(), "branch=z9hG4bK1", "branch=z9hG4bK1 , SIP/2.0/UDP b.example;branch=2"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s %d", m.SentBy, m.Branch, m.Vias) }, "198.51.100.50 z9hG4bK1 2",
		},
		{
			"Via with other parameters", replace(invite(), ";branch=z9hG4bK1", " ; rport=5060;received=192.0.2.1 ;x=\";branch=no\";BRANCH = z9hG4bK2 ;y"),
			func(m *sip.Message) any { return string(m.Branch) }, "z9hG4bK2",
		},
		{
			"Via with white space and IPv6", replace(invite(), "SIP/2.0/UDP 198.51.100.50:5060;", "SIP / 2.0 / UDP [2001:db8::1] : 5060 ; "),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.SentBy, m.Branch) }, "2001:db8::1 z9hG4bK1",
		},

		// Addresses.
		{
			"addr-spec: parameters are the header's", replace(invite(), "From: <sip:+358401234561@operator.example>;tag=a", "From: sip:a@b;tag=c"),
			func(m *sip.Message) any { return address(m.From) }, "a@b tag=c",
		},
		{
			"display name in quotes", replace(invite(), "From: <", `From: "a \"<sip:x@y>;tag=z\" \\" <`),
			func(m *sip.Message) any { return address(m.From) }, `+358401234561@operator.example "a \"<sip:x@y>;tag=z\" \\" tag=a`,
		},
		{
			"display name of tokens", replace(invite(), "From: <", "From: Anna   Agent <"),
			func(m *sip.Message) any { return address(m.From) }, `+358401234561@operator.example "Anna   Agent" tag=a`,
		},
		{
			"an empty display name", replace(invite(), "From: <", `From: ""<`),
			func(m *sip.Message) any { return address(m.From) }, `+358401234561@operator.example "" tag=a`,
		},
		{
			"a URI in a parameter of an addr-spec", replace(invite(), "From: <sip:+358401234561@operator.example>;tag=a", `From: sip:a@b;x="<sip:c@d>";tag=e`),
			func(m *sip.Message) any { return address(m.From) }, "a@b tag=e",
		},
		{
			"a tag among parameters", replace(invite(), ";tag=a", ` ; x="tag=b;tag=c" ; TAG = d ;y`),
			func(m *sip.Message) any { return string(m.From.Tag) }, "d",
		},
		{
			"a tag in the URI is none", replace(invite(), "operator.example>;tag=a", "operator.example;tag=a>"),
			func(m *sip.Message) any { return m.From.Tag == nil }, true,
		},
		{
			"port and parameters", replace(invite(), "To: <sip:+35893100100@pbx.example>", "To: <sips:1:pw@pbx.example:5061;transport=tls?a=b>;tag=2"),
			func(m *sip.Message) any { return address(m.To) }, "1@pbx.example:5061 tag=2",
		},
		{
			"no user part", replace(invite(), "To: <sip:+35893100100@pbx.example>", "To: <sip:198.51.100.10:5060;transport=udp>"),
			func(m *sip.Message) any { return address(m.To) }, "198.51.100.10:5060",
		},
		{
			"IPv6", replace(invite(), "To: <sip:+35893100100@pbx.example>", "To: <sip:1@[fd20::10]:5060;lr>"),
			func(m *sip.Message) any { return address(m.To) }, "1@fd20::10:5060",
		},
		{
			"a port too large is none", replace(invite(), "To: <sip:+35893100100@pbx.example>", "To: <sip:1@b:65536>"),
			func(m *sip.Message) any { return m.To.URI.Port }, uint16(0),
		},
		{
			"schemes in capitals", replace(invite(), "To: <sip:+35893100100@pbx.example>", "To: SIPS:1@b"),
			func(m *sip.Message) any { return address(m.To) }, "1@b",
		},
		{
			"tel", replace(invite(), "From: <sip:+358401234561@operator.example>;tag=a", "From: <tel:0401234561;phone-context=+358>;tag=a"),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s %v %s %s", m.From.URI.User, m.From.URI.Tel, m.From.URI.PhoneContext, m.From.Tag)
			}, "0401234561 true +358 a",
		},
		{
			"phone-context in the user part", replace(invite(), "+358401234561@", "0401234561;x=y;Phone-Context=+358@"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.From.URI.User, m.From.URI.PhoneContext) }, "0401234561;x=y;Phone-Context=+358 +358",
		},
		{
			"phone-context of the URI", replace(invite(), "operator.example>", "operator.example;user=phone;phone-context=+358?x=y>"),
			func(m *sip.Message) any { return string(m.From.URI.PhoneContext) }, "+358",
		},

		// Contacts.
		{
			"several contacts", invite(`Contact: "a, b" <sip:a@b;x=y,z>;expires=30;q=0.5, sip:c@d;expires="40"`, "Contact: <sip:e@f>", "m: ,,"),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s %d %s %d %s %d %d", m.Contacts[0].URI.User, m.Contacts[0].Expires, m.Contacts[1].URI.User,
					m.Contacts[1].Expires, m.Contacts[2].URI.User, m.Contacts[2].Expires, m.NumContacts)
			}, "a 30 c 40 e -1 3",
		},
		{
			"more contacts than are kept", invite("Contact: " + strings.Repeat("<sip:a@b>,", 20) + "<sip:c@d>"),
			func(m *sip.Message) any { return m.NumContacts }, uint8(sip.MaxContacts),
		},
		{
			"Contact: *", invite("Contact: *", "Expires: 0"),
			func(m *sip.Message) any { return fmt.Sprint(m.ContactStar, m.NumContacts, m.Expires) }, "true 0 0",
		},
		{"no Expires", invite(), func(m *sip.Message) any { return m.Expires }, int32(-1)},
		{"Expires beyond all measure", invite("Expires: 99999999999999999999"), func(m *sip.Message) any { return m.Expires }, int32(1<<31 - 1)},
		{"Expires that is no number", invite("Expires: soon"), func(m *sip.Message) any { return m.Expires }, int32(-1)},

		// Identities.
		{
			"P-Asserted-Identity: sip before tel", invite("P-Asserted-Identity: tel:+358401, \"x\" <sip:a@b>, <sip:c@d>"),
			func(m *sip.Message) any { return address(sip.Address{URI: m.PAssertedIdentity}) }, "a@b",
		},
		{
			"P-Asserted-Identity in two headers", invite("P-Asserted-Identity: <tel:+358401>", "P-Asserted-Identity: <sip:a@b>"),
			func(m *sip.Message) any { return address(sip.Address{URI: m.PAssertedIdentity}) }, "a@b",
		},
		{
			"P-Asserted-Identity: tel alone", invite("P-Asserted-Identity: <tel:+358401>, <tel:+358402>"),
			func(m *sip.Message) any { return string(m.PAssertedIdentity.User) }, "+358401",
		},
		{
			"P-Preferred-Identity and P-Called-Party-ID", invite("P-Preferred-Identity: <sip:a@b>", "P-Called-Party-ID: \"x\" <sip:c@d>;y"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.PPreferred.User, m.PCalledPartyID.User) }, "a c",
		},
		{
			"Remote-Party-ID", invite(`Remote-Party-ID: "a" <sip:1@b>;party=calling;screen=yes;privacy=full`),
			func(m *sip.Message) any { return fmt.Sprintf("%s %v", m.RemotePartyID.User, m.RemotePartyHidden) }, "1 true",
		},
		{
			"Remote-Party-ID not hidden", invite("Remote-Party-ID: <sip:1@b>;privacy=off"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %v", m.RemotePartyID.User, m.RemotePartyHidden) }, "1 false",
		},
		{"Privacy: id", invite("Privacy: critical; id"), func(m *sip.Message) any { return m.PrivacyID }, true},
		{"Privacy: user", invite("Privacy:user"), func(m *sip.Message) any { return m.PrivacyID }, true},
		{"Privacy: header, by comma", invite("Privacy: session,header"), func(m *sip.Message) any { return m.PrivacyID }, true},
		{"Privacy: none", invite("Privacy: none"), func(m *sip.Message) any { return m.PrivacyID }, false},
		{"Privacy: history hides no identity", invite("Privacy: history;identity"), func(m *sip.Message) any { return m.PrivacyID }, false},
		{
			"Diversion, latest first", invite("Diversion: <sip:1@b>;reason=unconditional, \"x\" <tel:2>;counter=1", "Diversion: sip:3@b;privacy=full", "Diversion: <sip:4@b>"),
			func(m *sip.Message) any { return uris(m.Diversion[:]) },
			[]string{"1", "2", "3"},
		},
		{
			"History-Info", invite("History-Info: <sip:1@b?Reason=SIP%3Bcause%3D302>;index=1, <sip:2@b;cause=302>;index=1.1", "History-Info: <sip:3@b>;index=1.2;mp=1"),
			func(m *sip.Message) any { return uris(m.HistoryInfo[:]) },
			[]string{"1", "2", "3"},
		},

		// Reasons.
		{"Q.850", invite("Reason: Q.850;cause=16"), func(m *sip.Message) any { return m.Reason }, sip.ReasonCause{Q850: 17}},
		{"Q.850 cause 0", invite("Reason: Q.850;cause=0"), func(m *sip.Message) any { return m.Reason }, sip.ReasonCause{Q850: 1}},
		{
			"SIP, with white space", invite(`Reason: SIP ;cause=408 ;text="No session refresh received."`),
			func(m *sip.Message) any { return m.Reason },
			sip.ReasonCause{SIP: 408},
		},
		{
			"two in one header", invite(`Reason: SIP;cause=200;text="Call, completed; cause=5 elsewhere", q.850 ; cause = 26`),
			func(m *sip.Message) any { return m.Reason },
			sip.ReasonCause{SIP: 200, Q850: 27},
		},
		{
			"two headers, the first of a protocol counts", invite("Reason: preemption;cause=1", "Reason: Q.850;text=\"x\";cause=44", "Reason: SIP;cause=481", "Reason: Q.850;cause=16"),
			func(m *sip.Message) any { return m.Reason },
			sip.ReasonCause{SIP: 481, Q850: 45},
		},
		{
			"no cause and a cause out of range", invite("Reason: SIP", "Reason: Q.850;cause=128", "Reason: SIP;cause=99999"),
			func(m *sip.Message) any { return m.Reason },
			sip.ReasonCause{},
		},

		// Transfers and links.
		{
			"Refer-To with Replaces", invite("Refer-To: \"x\" <sip:1@b;y?X=1&Replaces=12%4010.0.0.1%3Bto-tag%3D5%3Bfrom-tag%3D6&Z=1>"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.ReferTo.User, m.ReferReplaces) }, "1 12%4010.0.0.1%3Bto-tag%3D5%3Bfrom-tag%3D6",
		},
		{
			"Refer-To with an unescaped Replaces", invite("Refer-To: <sip:1@b?Replaces=12@10.0.0.1;to-tag=5>"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.ReferTo.User, m.ReferReplaces) }, "1 12@10.0.0.1;to-tag=5",
		},
		{
			"Refer-To without brackets", invite("Refer-To: sip:1@b"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.ReferTo.User, m.ReferReplaces) }, "1 ",
		},
		{
			"Replaces", invite("Replaces: 1@b;to-tag=2;from-tag=3;early-only"),
			func(m *sip.Message) any { return string(m.Replaces) }, "1@b;to-tag=2;from-tag=3;early-only",
		},
		{
			"Session-ID", invite("Session-ID: ab30317f1a784dc48ff824d0d3715d86 ;remote=47755a9de7794ba387653f2099600ef2"),
			func(m *sip.Message) any { return fmt.Sprintf("%s %s", m.SessionID, m.SessionIDRemote) },
			"ab30317f1a784dc48ff824d0d3715d86 47755a9de7794ba387653f2099600ef2",
		},
		{
			"configured links", invite("x-SERVICE-call-id:  2@c ", "X-Other: no", "User-Agent: PBX 1", "X-Service-Call-ID: 3@c"),
			func(m *sip.Message) any {
				return fmt.Sprintf("%s|%s|%s|%s", m.Links[0], m.Links[1], m.Links[2], m.UserAgent)
			}, "2@c||PBX 1|PBX 1",
		},
		{"Session-Expires", invite("Session-Expires: 1800;refresher=uac"), func(m *sip.Message) any { return m.SessionExpires }, uint32(1800)},
		{"Authorization", invite(`Proxy-Authorization: Digest username="1", realm="x"`), func(m *sip.Message) any { return m.Authorized }, true},
		{"Event without parameters", invite("Event: refer ;id=93809824"), func(m *sip.Message) any { return string(m.Event) }, "refer"},

		// Repetitions.
		{
			"repetitions that agree", invite("Call-ID: 1@198.51.100.50", "CSeq:  01  INVITE", "To: <sip:+35893100100@pbx.example>", "Content-Length: 0", "l: 00"),
			func(m *sip.Message) any { return string(m.CallID) }, "1@198.51.100.50",
		},
	}
	s := sip.NewScanner([]string{"X-Service-Call-ID", "", "User-Agent"})
	var m sip.Message
	for _, tt := range tests {
		if _, err := s.Scan(tt.b, &m); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if diff := cmp.Diff(tt.want, tt.get(&m)); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

func TestScanReadsAStreamMessageByMessage(t *testing.T) {
	bye := []byte("BYE sip:1@b SIP/2.0\r\nv: SIP/2.0/TCP b\r\nf: <sip:1@b>;tag=1\r\nt: <sip:2@b>;tag=2\r\ni: 7\r\nCSeq: 2 BYE\r\nReason: Q.850;cause=16\r\nl: 0\r\n\r\n")
	var stream []byte
	stream = append(stream, "\r\n\r\n"...) // keepalives may stand before and between (RFC 5626 §3.5.1)
	stream = append(stream, invite("Content-Type: application/sdp", "Content-Length: 5", "\r\nv=0\r\n")...)
	stream = stream[:len(stream)-4]
	stream = append(stream, replace(bye, "2 BYE", "2 OPTIONS")...) // refused, and read over
	stream = append(stream, "\r\n"...)
	stream = append(stream, bye...)
	stream = append(stream, "\r\n"...)

	var got []string
	s := sip.NewScanner(nil)
	var m sip.Message
	for len(stream) > 0 {
		n, err := s.Scan(stream, &m)
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, fmt.Sprintf("%s %d %q", methods[m.Method], m.Reason.Q850, m.Body))
		}
		stream = stream[n:]
	}
	want := []string{`INVITE 0 "v=0\r\n"`, "sip: bad_cseq in CSeq at offset 0", `BYE 17 ""`, "sip: empty at offset 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScanTellsWhatIsMissingOfABody(t *testing.T) {
	b := invite("Content-Length: 100", "\r\nv=0\r\n")
	var m sip.Message
	n, err := sip.NewScanner(nil).Scan(b, &m)
	if err != nil || n != len(b) || m.Missing != 91 || string(m.Body) != "v=0\r\n\r\n\r\n" {
		t.Errorf("%d of %d bytes, %d missing of %q, %v", n, len(b), m.Missing, m.Body, err)
	}
}

// A Message is used again for the next message: nothing of the one before may stay in it.
func TestScanLeavesNothingOfTheMessageBefore(t *testing.T) {
	full := invite("Contact: <sip:a@b>;expires=1, <sip:c@d>", "Contact: *", "Expires: 1", "P-Asserted-Identity: <sip:a@b>", "P-Preferred-Identity: <sip:a@b>",
		"Remote-Party-ID: <sip:a@b>;privacy=full", "Privacy: id", "P-Called-Party-ID: <sip:a@b>", "Diversion: <sip:a@b>, <sip:a@b>, <sip:a@b>",
		"History-Info: <sip:a@b>, <sip:a@b>, <sip:a@b>, <sip:a@b>", "Reason: SIP;cause=200, Q.850;cause=1", "Session-Expires: 1",
		"Refer-To: <sip:a@b?Replaces=c>", "Replaces: c", "Referred-By: <sip:a@b>", "Session-ID: a;remote=b", "Authorization: x", "User-Agent: x",
		"Event: x", "Content-Type: x", "X-Link: x", "Content-Length: 9", "\r\nx")
	s := sip.NewScanner([]string{"X-Link"})
	at := netip.MustParseAddrPort("192.0.2.1:5060")
	used := sip.Message{Time: 1, Src: at, Dst: at, Transport: sip.TCP}
	fresh := used
	for _, next := range [][]byte{invite(), replace(invite(), "INVITE sip:+35893100100@pbx.example SIP/2.0", "SIP/2.0 200 OK"), []byte("x")} {
		if _, err := s.Scan(full, &used); err != nil || used.Missing == 0 || used.Links[0] == nil || used.HistoryInfo[3].Raw == nil {
			t.Fatalf("%+v, %v", used, err)
		}
		_, err := s.Scan(next, &used)
		text := fmt.Sprint(err)
		_, err = s.Scan(next, &fresh)
		if diff := cmp.Diff(fresh, used, cmpopts.IgnoreUnexported(sip.Message{}), cmp.Comparer(sameAddr)); diff != "" || text != fmt.Sprint(err) {
			t.Errorf("%.20q:\n%s", next, diff)
		}
	}
}

func sameAddr(a, b netip.AddrPort) bool { return a == b }

// The messages of real PBXs and phones in testdata/messages, one of a kind.
func TestScanReadsRealMessages(t *testing.T) {
	s := sip.NewScanner([]string{"X-Service-Call-ID"})
	var m sip.Message
	for name, b := range realMessages(t) {
		n, err := s.Scan(b, &m)
		if err != nil || n != len(b) || m.Missing != 0 {
			t.Errorf("%s: %d of %d bytes, %d missing, %v", name, n, len(b), m.Missing, err)
		}
		if allocs := testing.AllocsPerRun(10, func() { _, _ = s.Scan(b, &m) }); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func realMessages(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob("testdata/messages/*.sip")
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d messages, %v", len(files), err)
	}
	messages := make(map[string][]byte)
	for _, file := range files {
		if messages[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			tb.Fatal(err)
		}
	}
	return messages
}

// BenchmarkScan scans real messages of every kind: "warm" the same bytes again and again, "cold"
// copies of them in 64 MB, so that they come from memory. "skim" is what the tracker has of most.
func BenchmarkScan(b *testing.B) {
	var mix [][]byte
	size := 0
	for _, m := range realMessages(b) {
		mix = append(mix, m)
		size += len(m)
	}
	s := sip.NewScanner([]string{"X-Service-Call-ID"})
	run := func(b *testing.B, scan func([]byte, *sip.Message) (int, error), messages [][]byte) {
		b.Helper()
		m := new(sip.Message)
		b.SetBytes(int64(size / len(mix)))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := scan(messages[i%len(messages)], m); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("skim", func(b *testing.B) { run(b, s.Skim, mix) })
	b.Run("warm", func(b *testing.B) { run(b, s.Scan, mix) })
	b.Run("cold", func(b *testing.B) {
		var messages [][]byte
		for total := 0; total < 64<<20; total += size {
			for _, m := range mix {
				messages = append(messages, []byte(string(m)))
			}
		}
		run(b, s.Scan, messages)
	})
}
