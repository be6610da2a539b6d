package phone

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/time/rate"
)

// ask makes a request as a stranger would send it.
func ask(method, to, via string) string {
	return method + " sip:ringback@127.0.0.1 SIP/2.0\r\n" +
		"Via: " + via + "\r\n" +
		"Max-Forwards: 70\r\nFrom: \"PBX\" <sip:pbx@192.0.2.1>;tag=1\r\nTo: <sip:ringback@127.0.0.1>" + to + "\r\n" +
		"Call-ID: 8d18d268\r\nCSeq: 7 " + method + "\r\nContent-Length: 0\r\n\r\n"
}

// exchange sends raw over UDP and returns what comes back within the patience, empty for nothing.
func exchange(t *testing.T, p *Phone, raw string, patience time.Duration) string {
	t.Helper()
	c, err := net.Dial("udp", p.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		return ""
	}
	return string(b[:n])
}

const enough = 5 * time.Second

func TestStrangersAreAnsweredSanely(t *testing.T) {
	p := newPhone(t, Options{ListenTCP: []string{"127.0.0.1:0"}, UserAgent: "Ringback/1"})
	for i, tt := range []struct{ method, to, want string }{
		{"OPTIONS", "", "200 OK"},
		{"INVITE", "", "403 This address takes no calls"},
		{"MESSAGE", "", "405 Method Not Allowed"},
		{"SUBSCRIBE", "", "405 Method Not Allowed"},
		{"REGISTER", "", "405 Method Not Allowed"},
		{"NOTIFY", "", "481 Subscription Does Not Exist"},
		{"NOTIFY", ";tag=x", "481 Call/Transaction Does Not Exist"},
		{"OPTIONS", ";tag=x", "481 Call/Transaction Does Not Exist"},
		{"BYE", ";tag=x", "481 Call/Transaction Does Not Exist"},
		{"CANCEL", "", "481 Call/Transaction Does Not Exist"},
		{"NEWMETHOD", "", "501 Not Implemented"},
	} {
		raw := ask(tt.method, tt.to, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport")
		got := exchange(t, p, raw, enough)
		if !strings.HasPrefix(got, "SIP/2.0 "+tt.want+"\r\n") {
			t.Errorf("%s%s over UDP: %q, want %s", tt.method, tt.to, got, tt.want)
		}
		if again := exchange(t, p, raw, enough); tt.to == "" && tagOf(again) != tagOf(got) {
			t.Errorf("%s again: tag %q, first %q; want the same, RFC 3261 §8.2.7", tt.method, tagOf(again), tagOf(got))
		}
		for _, want := range []string{"\r\nAllow: OPTIONS\r\n", "\r\nServer: Ringback/1\r\n", "\r\nCSeq: 7 " + tt.method + "\r\n", "\r\nContent-Length: 0\r\n", ";received=127.0.0.1"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s%s: no %q in %q", tt.method, tt.to, want, got)
			}
		}

		c, err := net.Dial("tcp", p.StreamAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(enough)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, ask(tt.method, tt.to, fmt.Sprint("SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKtcp", i))); err != nil {
			t.Fatal(err)
		}
		got, err = readMessage(bufio.NewReader(c))
		if err != nil || !strings.HasPrefix(got, "SIP/2.0 "+tt.want+"\r\n") {
			t.Errorf("%s%s over TCP: %q, %v; want %s", tt.method, tt.to, got, err, tt.want)
		}
		c.Close()
	}
}

func tagOf(res string) string {
	_, tag, _ := strings.Cut(request{raw: res}.header("To"), ";tag=")
	return tag
}

func TestResponseGoesToThePortInViaWithoutRport(t *testing.T) {
	p := newPhone(t, Options{})
	there, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	exchange(t, p, ask("OPTIONS", "", "SIP/2.0/UDP "+there.LocalAddr().String()+";branch=z9hG4bK1"), time.Millisecond)
	if err := there.SetReadDeadline(time.Now().Add(enough)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2048)
	if n, _, err := there.ReadFrom(b); err != nil || !strings.HasPrefix(string(b[:n]), "SIP/2.0 200 OK") {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func TestNothingAnswersAnACKAResponseOrNoise(t *testing.T) {
	p := newPhone(t, Options{})
	for name, raw := range map[string]string{
		"ACK":                 ask("ACK", ";tag=x", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"),
		"keep-alive":          "\r\n\r\n",
		"zeros":               "\x00\x00\x00\x00",
		"stray response":      "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnone\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
		"noise":               "\x16\x03\x01\x02\x00\x01\x00",
		"no headers":          "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
		"no Via":              "OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		"a port beyond ports": ask("OPTIONS", "", "SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bK1"),
		"cut short":           "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;bran",
		"length that lies":    strings.Replace(ask("OPTIONS", "", "SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1"), "Length: 0", "Length: 4000000000", 1),
	} {
		if got := exchange(t, p, raw, 20*time.Millisecond); got != "" {
			t.Errorf("%s: answered with %q", name, got)
		}
	}
	if got := exchange(t, p, ask("OPTIONS", "", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"), enough); got == "" {
		t.Error("and afterwards nothing is answered any more")
	}
	if s := p.Stats(); s.Stray != 1 || s.Malformed != 6 {
		t.Errorf("stray %d, malformed %d", s.Stray, s.Malformed)
	}
}

func TestResponseThatGuessesOurBranchDoesNotGetThrough(t *testing.T) {
	// The true phone is silent; a stranger answers in its place and knows everything but the cookie.
	peer := udpPeer(t, "127.0.0.1", silent)
	p := newPhone(t, Options{Timeout: 200 * time.Millisecond})
	go func() {
		r := <-peer.got
		forged := strings.Replace(r.respond("200 OK"), p.cookie, "aaaaaaaaaa", 1)
		exchangeOnce(p, forged)
	}()
	if res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"}); err == nil {
		t.Errorf("believed a forged %d", res.StatusCode)
	}
}

func exchangeOnce(p *Phone, raw string) {
	c, err := net.Dial("udp", p.Addrs()[0].String())
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(raw))
}

func TestFloodIsNotAnswered(t *testing.T) {
	p := newPhone(t, Options{InboundRate: rate.Limit(5)})
	c, err := net.Dial("udp", p.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 200 {
		if _, err := c.Write([]byte(ask("OPTIONS", "", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"))); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.After(enough)
	for s := p.Stats(); s.Answered+s.Flooded < 50; s = p.Stats() { // the kernel may drop some
		select {
		case <-deadline:
			t.Fatalf("answered %d, flooded %d of 200", s.Answered, s.Flooded)
		default:
			runtime.Gosched()
		}
	}
	if s := p.Stats(); s.Answered > 20 {
		t.Errorf("%d of 200 were answered", s.Answered)
	}
	if n := p.ua.TransportLayer().Pool("udp").Size(); n != 1 {
		t.Errorf("strangers take %d places in the pool", n-1)
	}
	peer := udpPeer(t, "127.0.0.1", ok)
	if res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"}); err != nil || res.StatusCode != 200 {
		t.Errorf("and our own message: %+v, %v", res, err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	p := newPhone(t, Options{ListenTCP: []string{"127.0.0.1:0"}, MaxConnections: 2})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.StreamAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	n := 0
	answered := func(c net.Conn) bool {
		if err := c.SetDeadline(time.Now().Add(enough)); err != nil {
			return false
		}
		n++ // no two requests share a branch, RFC 3261 §8.1.1.7
		if _, err := io.WriteString(c, ask("OPTIONS", "", fmt.Sprint("SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKtcp", n))); err != nil {
			return false
		}
		_, err := readMessage(bufio.NewReader(c))
		return err == nil
	}
	first, second := dial(), dial()
	if !answered(first) || !answered(second) {
		t.Fatal("two connections are allowed")
	}
	if answered(dial()) {
		t.Error("a third was served")
	}
	first.Close()
	for deadline := time.Now().Add(enough); ; {
		if answered(dial()) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of a closed connection is not free again")
		}
	}
}

func TestMalformedStreamIsClosed(t *testing.T) {
	p := newPhone(t, Options{ListenTCP: []string{"127.0.0.1:0"}})
	for name, raw := range map[string]string{
		"noise":       "GET / HTTP/1.1\r\nHost: ringback\r\n\r\n",
		"endless":     "OPTIONS sip:a@b SIP/2.0\r\nVia: " + strings.Repeat("x", 2*maxInbound),
		"huge body":   strings.Replace(ask("OPTIONS", "", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2"), "Length: 0", "Length: 1000000", 1),
		"no length":   strings.Replace(ask("OPTIONS", "", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2"), "Content-Length: 0\r\n", "", 1),
		"bad headers": "OPTIONS sip:a@b SIP/2.0\r\nCSeq: x\r\nContent-Length: -1\r\n\r\n",
	} {
		c, err := net.Dial("tcp", p.StreamAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, raw)
		if err := c.SetReadDeadline(time.Now().Add(enough)); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); len(b) != 0 || isTimeout(err) {
			t.Errorf("%s: %q, %v; want the connection closed", name, b, err)
		}
		c.Close()
	}
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// FuzzDatagram throws bytes at what reads them before sipgo does: nothing panics, a response is let
// through only with our cookie in it, and an answer is itself a message that can be read.
func FuzzDatagram(f *testing.F) {
	p, err := New(Options{ListenUDP: []string{"127.0.0.1:0"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { p.Close() })
	for _, method := range []string{"OPTIONS", "INVITE", "NOTIFY", "ACK", "FOO"} {
		f.Add([]byte(ask(method, ";tag=x", "SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;rport=")))
	}
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 192.0.2.9;branch=" + p.branchPrefix + "abc\r\nCSeq: 1 MESSAGE\r\nl: 0\r\n\r\n"))
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n\tc\r\nf: <sip:a@b>;tag=\r\nt: a\r\ni: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p.expects(b) && !strings.Contains(string(b), p.cookie) {
			t.Error("a response without our cookie is expected")
		}
		m, ok := p.parse(b)
		req, isRequest := m.(*sip.Request)
		if !ok || !isRequest {
			return
		}
		req.SetTransport("UDP")
		req.SetSource("192.0.2.1:5060")
		res := p.answer(req)
		if res == nil {
			return
		}
		if _, ok := p.parse([]byte(res.String())); !ok {
			t.Errorf("%s\nis answered with\n%s", b, res)
		}
	})
}

// FuzzStream throws bytes at sipgo's stream parser, which reads our TCP and TLS connections with nothing
// in front of it.
func FuzzStream(f *testing.F) {
	parser := sip.NewParser()
	parser.MaxMessageLength = maxInbound
	f.Add([]byte(ask("OPTIONS", "", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2")), uint8(10))
	f.Add([]byte("\r\n\r\n"+ask("INVITE", ";tag=1", "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK2")), uint8(1))
	f.Fuzz(func(_ *testing.T, b []byte, step uint8) {
		s := parser.NewSIPStream()
		for n := max(1, int(step)); len(b) > 0; b = b[min(n, len(b)):] {
			err := s.ParseSIPStream(b[:min(n, len(b))], func(m sip.Message) { _ = fmt.Sprint(m) })
			if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
				return
			}
		}
	})
}
