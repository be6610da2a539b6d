package phone

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// network is UDP without a kernel, for tests whose clock stands still.
type network struct {
	mu    sync.Mutex
	conns map[netip.AddrPort]*memoryConn
	port  uint16
	lose  func(b []byte) bool // nil: nothing is lost
	wire  []string            // start lines of what was sent, for who reads what went on
}

func newNetwork() *network { return &network{conns: map[netip.AddrPort]*memoryConn{}, port: 6000} }

func (n *network) listen(_ string, a *net.UDPAddr) (packetConn, error) {
	ap := a.AddrPort()
	n.mu.Lock()
	defer n.mu.Unlock()
	if ap.Port() == 0 {
		n.port++
		ap = netip.AddrPortFrom(ap.Addr().Unmap(), n.port)
	}
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	c := &memoryConn{n: n, local: ap, in: make(chan datagram, 65536), done: make(chan struct{})}
	n.conns[ap] = c
	return c, nil
}

type datagram struct {
	b    []byte
	from netip.AddrPort
}

type memoryConn struct {
	n     *network
	local netip.AddrPort
	in    chan datagram
	done  chan struct{}
	once  sync.Once
}

func (c *memoryConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

func (c *memoryConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-c.in:
		return copy(b, d.b), d.from, nil
	case <-c.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (c *memoryConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

func (c *memoryConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	c.n.mu.Lock()
	other := c.n.conns[to]
	lost := c.n.lose != nil && c.n.lose(b)
	if len(c.n.wire) < 4096 {
		line, _, _ := strings.Cut(string(b), "\r\n")
		c.n.wire = append(c.n.wire, line)
	}
	c.n.mu.Unlock()
	if other == nil || lost {
		return len(b), nil
	}
	select {
	case other.in <- datagram{append([]byte(nil), b...), c.local}:
	default:
	}
	return len(b), nil
}

func (c *memoryConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.WriteToUDPAddrPort(b, to.(*net.UDPAddr).AddrPort())
}

func (c *memoryConn) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.n.mu.Lock()
		delete(c.n.conns, c.local)
		c.n.mu.Unlock()
	})
	return nil
}

func (c *memoryConn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// sound is media that describe themselves and note what they are told.
type testMedia struct {
	name   string
	refuse error // what Answer and Accept say

	mu       sync.Mutex
	offers   []string // of the peer
	answers  []string // of the peer
	infos    []string
	withdrew int
	lost     chan struct{}
}

func newMedia(name string) *testMedia { return &testMedia{name: name, lost: make(chan struct{})} }

func sdp(name string) []byte {
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=%s\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n", name)
}

func sdpName(b string) string {
	_, rest, _ := strings.Cut(b, "s=")
	name, _, _ := strings.Cut(rest, "\r\n")
	return name
}

func (m *testMedia) Offer() ([]byte, error) { return sdp(m.name), nil }

func (m *testMedia) Answer(offer []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return nil, m.refuse
	}
	m.offers = append(m.offers, sdpName(string(offer)))
	return sdp(m.name), nil
}

func (m *testMedia) Accept(answer []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return m.refuse
	}
	m.answers = append(m.answers, sdpName(string(answer)))
	return nil
}

func (m *testMedia) Withdraw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.withdrew++
}

func (m *testMedia) Info(kind string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if kind != "application/dtmf-relay" {
		return errors.New("not a digit")
	}
	m.infos = append(m.infos, string(body))
	return nil
}

func (m *testMedia) Lost() <-chan struct{} { return m.lost }

func (m *testMedia) heard() (offers, answers []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.offers...), append([]string(nil), m.answers...)
}

// newEndpoint opens an endpoint that is closed with the test; on n, or on the kernel's loopback when n is nil.
func newEndpoint(tb testing.TB, n *network, o EndpointOptions) *Endpoint {
	tb.Helper()
	if o.ListenUDP == nil {
		o.ListenUDP = []string{"127.0.0.1:0"}
	}
	if n != nil {
		o.listenUDP = n.listen
	}
	if o.Peers == nil {
		o.Peers = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	e, err := NewEndpoint(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			tb.Errorf("closing: %v", err)
		}
	})
	return e
}

// trunkTo is an account without a registration at another endpoint.
func trunkTo(e *Endpoint) []Account {
	addr := e.Addrs()[0].String()
	return []Account{{Name: "pbx", URI: "sip:ringback@" + addr, KeepAlive: -1}}
}
