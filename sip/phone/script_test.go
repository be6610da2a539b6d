package phone

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// script is a peer that says what it is told to say, and reads what comes.
type script struct {
	t    *testing.T
	conn *memoryConn
	e    *Endpoint
}

func newScript(t *testing.T, n *network, e *Endpoint) *script {
	t.Helper()
	n.mu.Lock()
	n.port++
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), n.port)
	c := &memoryConn{n: n, local: addr, in: make(chan datagram, 4096), done: make(chan struct{})}
	n.conns[addr] = c
	n.mu.Unlock()
	t.Cleanup(func() { _ = c.Close() })
	return &script{t, c, e}
}

func (s *script) addr() string { return s.conn.local.String() }

// say sends a message; lines are joined, and the body's length is added.
func (s *script) say(body string, lines ...string) {
	s.t.Helper()
	raw := strings.Join(lines, "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := s.conn.WriteToUDPAddrPort([]byte(raw), s.e.Addrs()[0]); err != nil {
		s.t.Fatal(err)
	}
}

// next is the next message within the patience; empty without one.
func (s *script) next(patience time.Duration) request {
	select {
	case d := <-s.conn.in:
		return request{raw: string(d.b)}
	case <-time.After(patience):
		return request{}
	}
}

// want is the next message that starts like that; those before it that are named in skip do not matter.
func (s *script) want(start string, skip ...string) request {
	s.t.Helper()
	skip = append(skip, "SIP/2.0 100")
	for {
		r := s.next(time.Hour)
		if strings.HasPrefix(r.raw, start) {
			return r
		}
		skipped := false
		for _, prefix := range skip {
			skipped = skipped || strings.HasPrefix(r.raw, prefix)
		}
		if !skipped {
			s.t.Fatalf("got %q, want %q", r.raw, start)
		}
	}
}

// nothing fails when anything comes meanwhile.
func (s *script) nothing(patience time.Duration) {
	s.t.Helper()
	if r := s.next(patience); r.raw != "" {
		s.t.Fatalf("got %q, want nothing", r.raw)
	}
}

// invite makes an INVITE of the call; extra lines follow.
type inviteOf struct {
	callID, branch string
	cseq           int
	toTag          string
	body           string
	uri            string
	noContact      bool
}

func (s *script) head(method string, i inviteOf, extra ...string) []string {
	if i.uri == "" {
		i.uri = "sip:+358931001@" + s.e.Addrs()[0].String()
	}
	if i.branch == "" {
		i.branch = "z9hG4bK" + i.callID + method + fmt.Sprint(i.cseq)
	}
	to := "<sip:+358931001@pbx.example.com>"
	if i.toTag != "" {
		to += ";tag=" + i.toTag
	}
	lines := []string{
		method + " " + i.uri + " SIP/2.0",
		"Via: SIP/2.0/UDP " + s.addr() + ";branch=" + i.branch,
		"Max-Forwards: 70",
		`From: "Customer" <sip:+358401234567@pbx.example.com>;tag=cust`,
		"To: " + to,
		"Call-ID: " + i.callID,
		fmt.Sprintf("CSeq: %d %s", i.cseq, method),
	}
	if !i.noContact {
		lines = append(lines, "Contact: <sip:customer@"+s.addr()+">")
	}
	return append(lines, extra...)
}

func (s *script) invite(i inviteOf, extra ...string) {
	s.t.Helper()
	if i.body != "" {
		extra = append(extra, "Content-Type: application/sdp")
	}
	s.say(i.body, s.head("INVITE", i, extra...)...)
}

func (s *script) ack(i inviteOf, body string) {
	s.t.Helper()
	i.branch = "z9hG4bKack" + i.callID + fmt.Sprint(i.cseq)
	var extra []string
	if body != "" {
		extra = append(extra, "Content-Type: application/sdp")
	}
	s.say(body, s.head("ACK", i, extra...)...)
}

// ackFailure acknowledges a refusal, in the INVITE's transaction.
func (s *script) ackFailure(i inviteOf, res request) {
	s.t.Helper()
	i.branch, i.toTag = "z9hG4bK"+i.callID+"INVITE"+fmt.Sprint(i.cseq), toTagOf(res.header("To"))
	s.say("", s.head("ACK", i)...)
}

func toTagOf(header string) string {
	_, tag, _ := strings.Cut(header, ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// established rings, is answered and acknowledges.
func (s *script) established(callID string, extra ...string) inviteOf {
	s.t.Helper()
	i := inviteOf{callID: callID, cseq: 1, body: string(sdp("customer"))}
	s.invite(i, extra...)
	i.toTag = toTagOf(s.want("SIP/2.0 200", "SIP/2.0 180").header("To"))
	s.ack(i, "")
	return i
}

// reply answers a request of the endpoint.
func (s *script) reply(r request, status, tag, body string, extra ...string) {
	s.t.Helper()
	lines := []string{"SIP/2.0 " + status}
	for _, name := range []string{"Via", "From", "Call-ID", "CSeq"} {
		lines = append(lines, name+": "+r.header(name))
	}
	to := r.header("To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	lines = append(append(lines, "To: "+to), extra...)
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	s.say(body, lines...)
}

func (s *script) contact() string { return "Contact: <sip:callee@" + s.addr() + ">" }

// trunkPeers are those that nobody of a test is in.
var trunkPeers = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
