package phone

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// request is one request as it came off the wire.
type request struct {
	raw  string
	n    int    // 1 for the first the peer ever got
	from string // the source address
}

func (r request) line() string {
	line, _, _ := strings.Cut(r.raw, "\r\n")
	return line
}

func (r request) header(name string) string {
	head, _, _ := strings.Cut(r.raw, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (r request) body() string {
	_, body, _ := strings.Cut(r.raw, "\r\n\r\n")
	return body
}

// respond makes a response to r; the extra lines are headers.
func (r request) respond(status string, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, name := range []string{"Via", "From", "Call-ID", "CSeq"} {
		fmt.Fprintf(&b, "%s: %s\r\n", name, r.header(name))
	}
	fmt.Fprintf(&b, "To: %s;tag=peer\r\n", r.header("To"))
	for _, line := range extra {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// peer is a phone or a PBX on a real socket; it answers what it is told to answer.
type peer struct {
	addr   string
	got    chan request // every request, retransmissions included
	n      atomic.Int64
	answer func(request) string // empty: stay silent
}

func (p *peer) uri(user, params string) string { return "sip:" + user + "@" + p.addr + params }

func (p *peer) take(raw, from string) string {
	r := request{raw: raw, n: int(p.n.Add(1)), from: from}
	select {
	case p.got <- r:
	default:
	}
	return p.answer(r)
}

func ok(r request) string { return r.respond("200 OK") }

func silent(request) string { return "" }

func udpPeer(tb testing.TB, host string, answer func(request) string) *peer {
	tb.Helper()
	c, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	p := &peer{addr: c.LocalAddr().String(), got: make(chan request, 256), answer: answer}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64<<10)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if res := p.take(string(b[:n]), from.String()); res != "" {
				_, _ = c.WriteTo([]byte(res), from)
			}
		}
	}()
	tb.Cleanup(func() { c.Close(); <-done })
	return p
}

func streamPeer(tb testing.TB, l net.Listener, answer func(request) string) *peer {
	tb.Helper()
	p := &peer{addr: l.Addr().String(), got: make(chan request, 256), answer: answer}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					raw, err := readMessage(r)
					if err != nil {
						return
					}
					if res := p.take(raw, c.RemoteAddr().String()); res != "" {
						if res == "hang up" {
							return
						}
						_, _ = io.WriteString(c, res)
					}
				}
			})
		}
	})
	tb.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return p
}

func readMessage(r *bufio.Reader) (string, error) {
	var b strings.Builder
	tp := textproto.NewReader(r)
	length := 0
	for {
		line, err := tp.ReadLine()
		if err != nil {
			return "", err
		}
		b.WriteString(line + "\r\n")
		if line == "" {
			break
		}
		if v, ok := strings.CutPrefix(strings.ToLower(line), "content-length:"); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return "", err
			}
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", err
	}
	return b.String() + string(body), nil
}

func tcpPeer(tb testing.TB, answer func(request) string) *peer {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return streamPeer(tb, l, answer)
}

// tlsPeer listens with a certificate for the given names or addresses; pool holds its root.
func tlsPeer(tb testing.TB, names []string, answer func(request) string) (p *peer, pool *x509.CertPool) {
	tb.Helper()
	cert, pool := certificate(tb, names...)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		tb.Fatal(err)
	}
	return streamPeer(tb, l, answer), pool
}

func certificate(tb testing.TB, names ...string) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// newPhone opens a Phone on loopback that is closed with the test.
func newPhone(tb testing.TB, o Options) *Phone {
	tb.Helper()
	if o.ListenUDP == nil {
		o.ListenUDP = []string{"127.0.0.1:0"}
	}
	p, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			tb.Errorf("closing: %v", err)
		}
	})
	return p
}
