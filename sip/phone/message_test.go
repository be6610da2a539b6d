package phone

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessageReachesThePhoneAsAnOutOfDialogTextLine(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", ok)
	p := newPhone(t, Options{From: "sip:ringback@192.0.2.9:5070;transport=udp", UserAgent: "Ringback/1.0"})
	uri := peer.uri("101-0x5628eb7625f0", ";ob?Subject=x")
	res, err := p.Message(t.Context(), Message{To: uri, Body: "Callback +358401234567 äö", Expires: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Reason != "OK" || res.Peer.String() != peer.addr || res.Transport != "UDP" || res.Elapsed <= 0 {
		t.Errorf("result %+v", res)
	}
	r := <-peer.got
	if want := "MESSAGE " + peer.uri("101-0x5628eb7625f0", ";ob") + " SIP/2.0"; r.line() != want {
		t.Errorf("request line %q, want %q", r.line(), want)
	}
	if got := r.header("From"); !strings.HasPrefix(got, `"Ringback" <sip:ringback@192.0.2.9>;tag=`) {
		t.Errorf("From %q", got)
	}
	if got := r.header("To"); got != "<sip:101-0x5628eb7625f0@127.0.0.1>" {
		t.Errorf("To %q: it must have no tag, port or parameter", got)
	}
	want := map[string]string{
		"CSeq": "1 MESSAGE", "Call-ID": res.CallID, "Max-Forwards": "70", "User-Agent": "Ringback/1.0", "Expires": "60",
		"Content-Type": "text/plain;charset=utf-8", "Content-Length": "27", "Contact": "", "Route": "", "Event": "",
	}
	got := map[string]string{}
	for name := range want {
		got[name] = r.header(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if date, err := time.Parse(time.RFC1123, r.header("Date")); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("Date %q beside Expires, RFC 3428 §4", r.header("Date"))
	}
	if want := "SIP/2.0/UDP " + p.Addrs()[0].String() + ";branch=z9hG4bK"; !strings.HasPrefix(r.header("Via"), want) {
		t.Errorf("Via %q, want %q…", r.header("Via"), want)
	}
	if !strings.HasSuffix(r.header("Via"), ";rport") {
		t.Errorf("Via %q asks for no rport", r.header("Via"))
	}
	if r.from != p.Addrs()[0].String() {
		t.Errorf("sent from %s, listening at %s", r.from, p.Addrs()[0])
	}
	if r.body() != "Callback +358401234567 äö" {
		t.Errorf("body %q", r.body())
	}
	if !p.Sent([]byte(res.CallID)) || p.Sent([]byte("9471e6d9-f8fb-4e0a-82c0-ebd4bd11a9cc")) {
		t.Error("a Call-ID of ours is one that we sent, another's is not")
	}
}

func TestEveryFinalResponseIsAResult(t *testing.T) {
	for _, status := range []string{"200 OK", "202 Accepted", "302 Moved Temporarily", "403 Forbidden", "415 Unsupported Media Type", "480 Gone home", "500 Unhandled by dialog usages", "603 Decline"} {
		t.Run(status[:3], func(t *testing.T) {
			peer := udpPeer(t, "127.0.0.1", func(r request) string { return r.respond(status) })
			res, err := newPhone(t, Options{}).Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
			if err != nil || strconv.Itoa(res.StatusCode)+" "+res.Reason != status {
				t.Errorf("%d %q, %v", res.StatusCode, res.Reason, err)
			}
		})
	}
}

func TestProvisionalResponsesAreWaitedOut(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", func(r request) string {
		if r.n == 1 {
			return r.respond("100 Trying")
		}
		return r.respond("200 OK")
	})
	p := newPhone(t, Options{})
	res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
	if err != nil || res.StatusCode != 200 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestLostDatagramIsSentAgain(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", func(r request) string {
		if r.n == 1 {
			return ""
		}
		return r.respond("200 OK")
	})
	res, err := newPhone(t, Options{}).Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%+v, %v", res, err)
	}
	first, second := <-peer.got, <-peer.got
	if first.raw != second.raw {
		t.Error("a retransmission differs from the request, RFC 3261 §17.1.2.2")
	}
}

func TestSilentPhoneCostsItsOwnTimeOnly(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", silent)
	p := newPhone(t, Options{Timeout: 150 * time.Millisecond})
	res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
	if !errors.Is(err, ErrTimeout) || res.StatusCode != 0 || res.Peer.String() != peer.addr || res.CallID == "" {
		t.Errorf("%+v, %v; want ErrTimeout, and who did not answer", res, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-peer.got; <-peer.got; cancel() }()
	p.o.Timeout = time.Minute
	if _, err = p.Message(ctx, Message{To: peer.uri("101", ""), Body: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want context.Canceled", err)
	}
	if s := p.Stats(); s.Timeouts != 1 {
		t.Errorf("%d timeouts counted, want 1", s.Timeouts)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", silent)
	p := newPhone(t, Options{Timeout: time.Minute})
	ended := make(chan error)
	go func() {
		_, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
		ended <- err
	}()
	<-peer.got
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("under way: %v, want ErrClosed", err)
	}
	if _, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("afterwards: %v, want ErrClosed", err)
	}
}

func TestConnectionIsReused(t *testing.T) {
	peer := tcpPeer(t, ok)
	p := newPhone(t, Options{})
	for range 3 {
		res, err := p.Message(t.Context(), Message{To: peer.uri("101", ";transport=tcp"), Body: "x"})
		if err != nil || res.StatusCode != 200 || res.Transport != "TCP" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	a, b, c := <-peer.got, <-peer.got, <-peer.got
	if a.from != b.from || b.from != c.from {
		t.Errorf("three connections: %s %s %s", a.from, b.from, c.from)
	}
	if want := "SIP/2.0/TCP " + a.from + ";branch="; !strings.HasPrefix(a.header("Via"), want) {
		t.Errorf("Via %q, want %q…", a.header("Via"), want)
	}
}

func TestClosedConnectionIsOpenedAgain(t *testing.T) {
	peer := tcpPeer(t, func(r request) string {
		if r.n == 1 {
			return "hang up"
		}
		return r.respond("200 OK")
	})
	p := newPhone(t, Options{})
	if _, err := p.Message(t.Context(), Message{To: peer.uri("101", ";transport=tcp"), Body: "x"}); err == nil || errors.Is(err, ErrTimeout) {
		t.Fatalf("%v; want the error at once when the peer hangs up", err)
	}
	res, err := p.Message(t.Context(), Message{To: peer.uri("101", ";transport=tcp"), Body: "x"})
	if err != nil || res.StatusCode != 200 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestRefusedConnectionIsAnErrorAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p := newPhone(t, Options{})
	_, err = p.Message(t.Context(), Message{To: "sip:101@" + l.Addr().String() + ";transport=tcp", Body: "x", OnSent: func() { t.Error("told that it was sent") }})
	if err == nil || errors.Is(err, ErrTimeout) {
		t.Errorf("%v; want the refusal", err)
	}
	if s := p.Stats(); s.Failures != 1 {
		t.Errorf("%d failures counted, want 1", s.Failures)
	}
}

func TestTLSPeerIsVerified(t *testing.T) {
	peer, pool := tlsPeer(t, []string{"127.0.0.1"}, ok)
	uri := "sips:101@" + peer.addr
	p := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool}})
	res, err := p.Message(t.Context(), Message{To: uri, Body: "x"})
	if err != nil || res.StatusCode != 200 || res.Transport != "TLS" {
		t.Fatalf("%+v, %v", res, err)
	}
	if r := <-peer.got; !strings.HasPrefix(r.header("Via"), "SIP/2.0/TLS ") {
		t.Errorf("Via %q", r.header("Via"))
	}
	stranger := newPhone(t, Options{})
	if _, err := stranger.Message(t.Context(), Message{To: uri, Body: "x"}); err == nil {
		t.Error("a certificate of nobody we know was accepted")
	}
	other, pool := tlsPeer(t, []string{"pbx.example.com"}, ok)
	wrong := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool}})
	if _, err := wrong.Message(t.Context(), Message{To: "sips:101@" + other.addr, Body: "x"}); err == nil {
		t.Error("a certificate for another host was accepted")
	}
	named := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool, ServerName: "pbx.example.com"}})
	if _, err := named.Message(t.Context(), Message{To: "sip:101@" + other.addr + ";transport=tls", Body: "x"}); err != nil {
		t.Errorf("with the name configured: %v", err)
	}
}

func TestTLSPeerKnownByNameIsVerifiedByIt(t *testing.T) {
	peer, pool := tlsPeer(t, []string{"localhost"}, ok)
	_, port, _ := strings.Cut(peer.addr, ":")
	direct := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool}})
	through := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool}, OutboundProxy: "sip:localhost:" + port + ";transport=tls"})
	for to, p := range map[string]*Phone{"sips:101@localhost:" + port: direct, "sip:101@pbx.invalid": through} {
		if res, err := p.Message(t.Context(), Message{To: to, Body: "x"}); err != nil || res.StatusCode != 200 || res.Transport != "TLS" {
			t.Errorf("%s: %+v, %v", to, res, err)
		}
	}
	fresh := newPhone(t, Options{TLS: &tls.Config{RootCAs: pool}})
	if _, err := fresh.Message(t.Context(), Message{To: "sips:101@" + peer.addr, Body: "x"}); err == nil {
		t.Error("by its address it was accepted, which its certificate does not name")
	}
}

func TestIPv6(t *testing.T) {
	v6 := udpPeer(t, "::1", ok)
	for _, listen := range []string{"[::1]:0", ":0"} {
		p := newPhone(t, Options{ListenUDP: []string{listen}})
		res, err := p.Message(t.Context(), Message{To: v6.uri("101", ""), Body: "x"})
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("listening at %s: %+v, %v", listen, res, err)
		}
		r := <-v6.got
		if want := fmt.Sprintf("SIP/2.0/UDP [::1]:%d;", p.Addrs()[0].Port()); !strings.HasPrefix(r.header("Via"), want) {
			t.Errorf("Via %q, want %q…", r.header("Via"), want)
		}
	}
	p := newPhone(t, Options{ListenUDP: []string{"127.0.0.1:0"}})
	if _, err := p.Message(t.Context(), Message{To: v6.uri("101", ""), Body: "x"}); !errors.Is(err, ErrTransport) {
		t.Errorf("%v; want ErrTransport without a socket of the family", err)
	}
	both := newPhone(t, Options{ListenUDP: []string{"127.0.0.1:0", "[::1]:0"}})
	v4 := udpPeer(t, "127.0.0.1", ok)
	for _, to := range []*peer{v6, v4} {
		if res, err := both.Message(t.Context(), Message{To: to.uri("101", ""), Body: "x"}); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: %+v, %v", to.addr, res, err)
		}
	}
}

func TestUnspecifiedSocketNamesTheAddressOnTheRoute(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", ok)
	p := newPhone(t, Options{ListenUDP: []string{"0.0.0.0:0"}})
	if _, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"}); err != nil {
		t.Fatal(err)
	}
	if r := <-peer.got; !strings.HasPrefix(r.header("Via"), "SIP/2.0/UDP 127.0.0.1:") {
		t.Errorf("Via %q", r.header("Via"))
	}
}

func TestOutboundProxyGetsEverything(t *testing.T) {
	proxy := udpPeer(t, "127.0.0.1", func(r request) string { return r.respond("202 Accepted") })
	p := newPhone(t, Options{OutboundProxy: "sip:" + proxy.addr})
	res, err := p.Message(t.Context(), Message{To: "sip:101@pbx.invalid", Body: "x"})
	if err != nil || res.StatusCode != 202 || res.Peer.String() != proxy.addr {
		t.Fatalf("%+v, %v", res, err)
	}
	r := <-proxy.got
	if r.line() != "MESSAGE sip:101@pbx.invalid SIP/2.0" || r.header("To") != "<sip:101@pbx.invalid>" || r.header("Route") != "" {
		t.Errorf("%s\nTo: %s\nRoute: %s", r.line(), r.header("To"), r.header("Route"))
	}
	if p.Proxy() != "sip:"+proxy.addr || p.From() != "sip:ringback@127.0.0.1" {
		t.Errorf("proxy %q, from %q", p.Proxy(), p.From())
	}
}

func TestLargeRequestGoesOverTCP(t *testing.T) {
	peer := tcpPeer(t, ok)
	p := newPhone(t, Options{})
	body := strings.Repeat("x", 1200)
	res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: body})
	if err != nil || res.Transport != "TCP" {
		t.Fatalf("%+v, %v", res, err)
	}
	if r := <-peer.got; !strings.HasPrefix(r.header("Via"), "SIP/2.0/TCP ") || r.body() != body {
		t.Errorf("Via %q, %d bytes of body", r.header("Via"), len(r.body()))
	}
	if _, err := p.Message(t.Context(), Message{To: peer.uri("101", ";transport=udp"), Body: body}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v; want ErrTooLarge where the contact insists on UDP", err)
	}
}

func TestHostileURIsAreRefused(t *testing.T) {
	p := newPhone(t, Options{})
	for _, to := range []string{
		"", "*", "101", "sip:", "sip:101@", "tel:+358401234567", "mailto:a@b", "sip:101@192.0.2.1\r\nX-Evil: 1", "sip:101@192.0.2.1 SIP/2.0",
		"sip:1>01@192.0.2.1", "sip:101@192.0.2.1:99999", "sip:101@192.0.2.1:-1", "sip:101@0.0.0.0", "sip:101@[::]", "sip:101@255.255.255.255", "sip:101@224.0.1.75",
		"sip:1ö1@192.0.2.1", "sip:101@[::1", "sip:" + strings.Repeat("a", 500) + "@192.0.2.1",
	} {
		if _, err := p.Message(t.Context(), Message{To: to, Body: "x"}); !errors.Is(err, ErrURI) {
			t.Errorf("%q: %v, want ErrURI", to, err)
		}
	}
	for _, to := range []string{"sip:101@192.0.2.1;transport=ws", "sip:101@192.0.2.1;transport=SCTP", "sips:101@192.0.2.1;transport=udp"} {
		if _, err := p.Message(t.Context(), Message{To: to, Body: "x"}); !errors.Is(err, ErrTransport) {
			t.Errorf("%q: %v, want ErrTransport", to, err)
		}
	}
	if s := p.Stats(); s.Requests != 0 {
		t.Errorf("%d requests left the house", s.Requests)
	}
}

func TestNamesAreLookedUpOnlyWhereThereIsAName(t *testing.T) {
	asked := make(chan struct{}, 16)
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked <- struct{}{}
		return nil, errors.New("no name server here")
	}}
	peer := udpPeer(t, "127.0.0.1", ok)
	p := newPhone(t, Options{Resolver: resolver})
	if _, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"}); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 0 {
		t.Error("a name server was asked about an address")
	}
	if _, err := p.Message(t.Context(), Message{To: "sip:101@phone.example.com", Body: "x"}); err == nil || len(asked) == 0 {
		t.Errorf("%v after %d questions; want the name looked up, and the error", err, len(asked))
	}
}

func TestNameIsRememberedForAWhile(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", ok)
	p := newPhone(t, Options{})
	_, port, _ := strings.Cut(peer.addr, ":")
	for range 2 {
		res, err := p.Message(t.Context(), Message{To: "sip:101@localhost:" + port, Body: "x"})
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if len(p.names.known) != 1 {
		t.Errorf("%d names remembered", len(p.names.known))
	}
	k := func(i int) nameKey { return nameKey{"UDP", strconv.Itoa(i), 0} }
	for i := range maxNames + 10 {
		p.names.mu.Lock()
		p.names.known[k(i)] = nameEntry{}
		p.names.mu.Unlock()
		p.names.answered(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 5060))
	}
	if _, err := p.names.pick(t.Context(), nameKey{"TCP", "localhost", 5060}); err != nil {
		t.Fatal(err)
	}
	if len(p.names.known) != 1 || len(p.names.peers) > maxNames {
		t.Errorf("%d names and %d servers remembered: nothing bounds them", len(p.names.known), len(p.names.peers))
	}
}

func TestServerThatFailsGivesWayToTheNext(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	good := tcpPeer(t, ok)
	p := newPhone(t, Options{OutboundProxy: "sip:pbx.example.com;transport=tcp"})
	first, second := netip.MustParseAddrPort(gone.Addr().String()), netip.MustParseAddrPort(good.addr)
	p.names.known = map[nameKey]nameEntry{{"TCP", "pbx.example.com", 0}: {[]netip.AddrPort{first, second}, time.Now().Add(time.Hour)}}
	if res, err := p.Message(t.Context(), Message{To: "sip:101@pbx.example.com", Body: "x"}); err == nil || res.Peer != first {
		t.Fatalf("%v, %v; want the first server's refusal", res.Peer, err)
	}
	if res, err := p.Message(t.Context(), Message{To: "sip:101@pbx.example.com", Body: "x"}); err != nil || res.Peer != second {
		t.Errorf("%v, %v; want the second server", res.Peer, err)
	}

	now := time.Now()
	n := &p.names
	n.answered(second)
	n.failed(second, now) // it answered meanwhile: who was silent is a phone behind it
	if n.peers[second].failed.After(now) {
		t.Error("a server is blamed for a phone")
	}
	n.failed(second, time.Now().Add(time.Second))
	if a, err := n.pick(t.Context(), nameKey{"TCP", "pbx.example.com", 0}); err != nil || a != first {
		t.Errorf("%v, %v; want the first when all failed", a, err)
	}
}

var quoted = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// checkDigest computes the response of RFC 7616 §3.4.1 by hand.
func checkDigest(t *testing.T, authorization, password, method string, h func() hash.Hash) bool {
	t.Helper()
	v := map[string]string{}
	for _, m := range quoted.FindAllStringSubmatch(strings.TrimPrefix(authorization, "Digest "), -1) {
		v[m[1]] = m[2]
	}
	sum := func(s string) string {
		d := h()
		d.Write([]byte(s))
		return hex.EncodeToString(d.Sum(nil))
	}
	ha1, ha2 := sum(v["username"]+":"+v["realm"]+":"+password), sum(method+":"+v["uri"])
	if v["qop"] == "" {
		return v["response"] == sum(ha1+":"+v["nonce"]+":"+ha2)
	}
	return v["response"] == sum(ha1+":"+v["nonce"]+":"+v["nc"]+":"+v["cnonce"]+":"+v["qop"]+":"+ha2)
}

func passwordFile(t *testing.T, password string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestChallengeIsAnswered(t *testing.T) {
	for _, tt := range []struct {
		name, status, challenge, answer string
		hash                            func() hash.Hash
	}{
		{"Asterisk", "401 Unauthorized", `WWW-Authenticate: Digest realm="asterisk",nonce="1795160735/f1",opaque="2d",algorithm=MD5,qop="auth"`, "Authorization", md5.New},
		{"Kamailio", "407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="10.20.0.20", nonce="YmNk"`, "Proxy-Authorization", md5.New},
		{"two algorithms, ours on top", "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",algorithm=SHA-256,qop=\"auth-int, auth\"\r\nWWW-Authenticate: Digest realm=\"r\",nonce=\"n\",algorithm=MD5", "Authorization", sha256.New},
		{"an unknown one on top", "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",algorithm=AKAv1-MD5\r\nWWW-Authenticate: Digest realm=\"r\",nonce=\"n\",algorithm=md5", "Authorization", md5.New},
	} {
		t.Run(tt.name, func(t *testing.T) {
			peer := udpPeer(t, "127.0.0.1", func(r request) string {
				if a := r.header(tt.answer); a != "" && checkDigest(t, a, "watchsecret", "MESSAGE", tt.hash) {
					return r.respond("202 Accepted")
				}
				return r.respond(tt.status, strings.Split(tt.challenge, "\r\n")...)
			})
			p := newPhone(t, Options{From: "sip:callwatch2@192.0.2.9", PasswordFile: passwordFile(t, "watchsecret")})
			res, err := p.Message(t.Context(), Message{To: peer.uri("101", ";ob"), Body: "x"})
			if err != nil || res.StatusCode != 202 {
				t.Fatalf("%+v, %v", res, err)
			}
			first, second := <-peer.got, <-peer.got
			if first.header("Call-ID") != second.header("Call-ID") || first.header("From") != second.header("From") || second.header("CSeq") != "2 MESSAGE" || first.header("Via") == second.header("Via") {
				t.Errorf("the second try is no repetition (RFC 3261 §22.1):\n%s\n%s", first.raw, second.raw)
			}
			if want := `uri="` + peer.uri("101", ";ob") + `"`; !strings.Contains(second.header(tt.answer), want) {
				t.Errorf("%s, want %s", second.header(tt.answer), want)
			}
		})
	}
}

func TestChallengeThatCannotBeAnswered(t *testing.T) {
	wrong := `WWW-Authenticate: Digest realm="r",nonce="n",qop="auth"`
	refuse := func(r request) string { return r.respond("401 Unauthorized", wrong) }
	peer := udpPeer(t, "127.0.0.1", refuse)
	file := passwordFile(t, "wrong")
	res, err := newPhone(t, Options{}).Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
	if err != nil || res.StatusCode != 401 || peer.n.Load() != 1 {
		t.Errorf("without a password: %+v, %v after %d requests; want the 401", res, err, peer.n.Load())
	}
	res, err = newPhone(t, Options{PasswordFile: file}).Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
	if err != nil || res.StatusCode != 401 || peer.n.Load() != 3 {
		t.Errorf("with a wrong one: %+v, %v after %d requests; want the second 401", res, err, peer.n.Load()-1)
	}
	stale := udpPeer(t, "127.0.0.1", func(r request) string {
		return r.respond("401 Unauthorized", `WWW-Authenticate: Digest realm="r",stale=TRUE,nonce="`+strconv.Itoa(r.n)+`"`)
	})
	res, err = newPhone(t, Options{PasswordFile: file}).Message(t.Context(), Message{To: stale.uri("101", ""), Body: "x"})
	if err != nil || res.StatusCode != 401 || stale.n.Load() != 1+maxChallenges {
		t.Errorf("always stale: %+v, %v after %d requests; want an end", res, err, stale.n.Load())
	}
	for _, header := range []string{"X-Nothing: 1", `WWW-Authenticate: Basic realm="r"`, `WWW-Authenticate: Digest realm="r",nonce="n",algorithm=FOO`, `WWW-Authenticate: Digest realm="`} {
		odd := udpPeer(t, "127.0.0.1", func(r request) string { return r.respond("401 Unauthorized", header) })
		if _, err := newPhone(t, Options{PasswordFile: file}).Message(t.Context(), Message{To: odd.uri("101", ""), Body: "x"}); !errors.Is(err, ErrChallenge) {
			t.Errorf("%s: %v, want ErrChallenge", header, err)
		}
	}
}

func TestPasswordIsReadAgainAtEveryChallenge(t *testing.T) {
	peer := udpPeer(t, "127.0.0.1", func(r request) string {
		if a := r.header("Authorization"); a != "" && checkDigest(t, a, "new", "MESSAGE", md5.New) {
			return r.respond("200 OK")
		}
		return r.respond("401 Unauthorized", `WWW-Authenticate: Digest realm="r",nonce="n"`)
	})
	file := passwordFile(t, "old")
	p := newPhone(t, Options{PasswordFile: file})
	if err := os.WriteFile(file, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	sent := 0
	if res, err := p.Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x", OnSent: func() { sent++ }}); err != nil || res.StatusCode != 200 {
		t.Errorf("%+v, %v", res, err)
	}
	if sent != 1 {
		t.Errorf("told %d times that it was sent", sent)
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"18": 18 * time.Second, "120 (I'm in a meeting)": 2 * time.Minute, "5;duration=3600": 5 * time.Second,
		"-1": 0, "soon": 0, "99999999999999": 0,
	} {
		peer := udpPeer(t, "127.0.0.1", func(r request) string { return r.respond("503 Service Unavailable", "Retry-After: "+value) })
		res, err := newPhone(t, Options{}).Message(t.Context(), Message{To: peer.uri("101", ""), Body: "x"})
		if err != nil || res.RetryAfter != want {
			t.Errorf("%q: %v, %v; want %v", value, res.RetryAfter, err, want)
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"display name":     {DisplayName: "Ring\"back"},
		"user agent":       {UserAgent: "Ring\r\nback"},
		"from":             {From: "ringback"},
		"from, no user":    {From: "sip:192.0.2.9"},
		"proxy":            {OutboundProxy: "pbx.example.com"},
		"proxy, transport": {OutboundProxy: "sip:pbx.example.com;transport=ws"},
		"tls, no cert":     {ListenTLS: []string{"127.0.0.1:0"}},
	} {
		if p, err := New(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v, want ErrOptions", name, err)
			p.Close()
		}
	}
	if _, err := New(Options{PasswordFile: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing password: %v", err)
	}
	taken := newPhone(t, Options{ListenTCP: []string{"127.0.0.1:0"}})
	for _, o := range []Options{
		{ListenUDP: []string{taken.Addrs()[0].String()}},
		{ListenUDP: []string{"127.0.0.1:0"}, ListenTCP: []string{taken.StreamAddrs()[0].String()}},
		{ListenUDP: []string{"nonsense"}},
	} {
		if p, err := New(o); err == nil {
			t.Errorf("%v: no error", o.ListenUDP)
			p.Close()
		}
	}
}

func TestLocalAddressOfARoute(t *testing.T) {
	if a := sourceFor(netip.MustParseAddrPort("127.0.0.1:5060")); a != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%v", a)
	}
}
