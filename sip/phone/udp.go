package phone

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// readBuffer is what we ask for so that the answers to many hints at one moment find room, in bytes.
const readBuffer = 1 << 20

// udpSocket stands between a UDP socket and sipgo, and lets through only what our own requests are
// answered with. sipgo remembers every address it ever read from, gives every request a transaction
// of 32 s and stops reading at the first error; a stranger may therefore not get as far as that.
// Requests are answered right here, statelessly.
type udpSocket struct {
	packetConn
	phone *Phone
	local netip.AddrPort

	ready chan struct{} // closed when sipgo reads, and so knows the socket
	once  sync.Once
}

// packetConn is the part of a UDP socket that is used here.
type packetConn interface {
	net.PacketConn
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

func newUDPSocket(p *Phone, c packetConn) *udpSocket {
	local := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return &udpSocket{
		packetConn: c,
		phone:      p,
		local:      netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		ready:      make(chan struct{}),
	}
}

// ReadFrom gives sipgo the next datagram that is a response to one of our requests, or a request that
// the endpoint wants a transaction for.
func (s *udpSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.once.Do(func() { close(s.ready) })
	for {
		n, from, err := s.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return n, nil, err
		case err != nil: // what an ICMP message said of an earlier datagram
			s.phone.stats.readErrors.Add(1)
			time.Sleep(time.Millisecond)
			continue
		}
		if s.phone.deaf.Load() {
			continue
		}
		if s.phone.expects(b[:n]) || s.phone.admits(b[:n], from) {
			return n, net.UDPAddrFromAddrPort(netip.AddrPortFrom(from.Addr().Unmap(), from.Port())), nil
		}
		s.phone.answerDatagram(s, b[:n], from)
	}
}

// reaches says whether the socket can send to a.
func (s *udpSocket) reaches(a netip.Addr) bool {
	l := s.local.Addr()
	if l == netip.IPv6Unspecified() { // of both families
		return true
	}
	return l.Is4() == a.Is4() && (!l.IsLoopback() || a.IsLoopback())
}

// sentBy is the address that dst sees us under, for Via (RFC 3261 §18.1.1).
func (s *udpSocket) sentBy(dst netip.AddrPort) netip.Addr {
	if a := s.local.Addr(); !a.IsUnspecified() {
		return a
	}
	return sourceFor(dst)
}

// sourceFor is our address on the route to dst; connecting a UDP socket sends nothing.
func sourceFor(dst netip.AddrPort) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(dst))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// expects says whether a datagram is a response to a request that this very process has sent. The
// branch of every request of ours starts with a cookie nobody else knows.
func (p *Phone) expects(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) || !bytes.Contains(b, []byte(p.branchPrefix)) {
		return false
	}
	m, ok := p.parse(b)
	if !ok {
		p.stats.malformed.Add(1)
		return false
	}
	_, isResponse := m.(*sip.Response)
	return isResponse && m.Via() != nil && m.CSeq() != nil
}

// answerDatagram answers the request in b, if there is one.
func (p *Phone) answerDatagram(s *udpSocket, b []byte, from netip.AddrPort) {
	if len(bytes.Trim(b, "\r\n\x00")) == 0 {
		return // keep-alive, RFC 5626 §3.5.1
	}
	if bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		p.stats.stray.Add(1)
		return
	}
	if !p.inbound.Allow() {
		p.stats.flooded.Add(1)
		return
	}
	m, ok := p.parse(b)
	req, isRequest := m.(*sip.Request)
	if !ok || !isRequest {
		p.stats.malformed.Add(1)
		return
	}
	req.SetTransport("UDP")
	req.SetSource(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).String())
	res := p.answer(req)
	if res == nil {
		return
	}
	to, ok := returnAddress(req, from)
	if !ok {
		p.stats.malformed.Add(1)
		return
	}
	// An answer that cannot be sent is a lost datagram: the peer asks again.
	_, _ = s.WriteToUDPAddrPort([]byte(res.String()), to)
}

// returnAddress is where a response goes over UDP: to the source's address, and the port in Via unless
// rport asks for the source's (RFC 3261 §18.2.2, RFC 3581 §4).
func returnAddress(req *sip.Request, from netip.AddrPort) (netip.AddrPort, bool) {
	via := req.Via()
	if via == nil {
		return netip.AddrPort{}, false
	}
	if _, ok := via.Params.Get("rport"); ok {
		return from, true
	}
	switch {
	case via.Port == 0:
		return netip.AddrPortFrom(from.Addr(), 5060), true
	case via.Port < 0 || via.Port > 65535:
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(from.Addr(), uint16(via.Port)), true
}

// parse reads a message. A panic in the parser is taken for a parse error: the bytes are a stranger's.
func (p *Phone) parse(b []byte) (m sip.Message, ok bool) {
	defer func() {
		if recover() != nil {
			m, ok = nil, false
		}
	}()
	m, err := p.parser.ParseSIP(b)
	return m, err == nil
}
