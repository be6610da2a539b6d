package rtp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ports hands out pairs of ports of a range: an even one for RTP and the odd one after it for RTCP (RFC 3550 §11). A freed pair is
// the last to be used again, so that what still comes for an old call does not meet a new one.
type ports struct {
	mu    sync.Mutex
	first uint16 // even
	taken []bool // by pair
	inUse int
	next  int
}

func newPorts(first, last uint16) *ports {
	first += first % 2
	pairs := 0
	if last > first {
		pairs = (int(last) - int(first) + 1) / 2
	}
	return &ports{first: first, taken: make([]bool, pairs)}
}

// take returns the even port of a free pair.
func (p *ports) take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.taken {
		i := p.next
		p.next = (p.next + 1) % len(p.taken)
		if !p.taken[i] {
			p.taken[i] = true
			p.inUse++
			return p.first + 2*uint16(i), true
		}
	}
	return 0, false
}

func (p *ports) free(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken[(port-p.first)/2] = false
	p.inUse--
}

func (p *ports) used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inUse
}

// sockets are those of one session.
type sockets struct {
	rtp, rtcp *net.UDPConn
	port      uint16
}

// receiveBuffer holds four seconds of a session's packets, should we be that late.
const receiveBuffer = 256 << 10

const expedited = 46 << 2 // the code point EF, in its place

// open binds a free pair of ports at ip. Pairs that another program has are passed over. The error wraps ErrNoPorts.
func (p *ports) open(ip netip.Addr) (*sockets, error) {
	var tried []uint16
	defer func() {
		for _, port := range tried {
			p.free(port)
		}
	}()
	for {
		port, ok := p.take()
		if !ok {
			return nil, unavailable(ErrNoPorts, "no free ports for media")
		}
		s, err := bind(ip, port)
		if err == nil {
			return s, nil
		}
		tried = append(tried, port)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, unavailable(ErrNoPorts, "ports for media cannot be opened: "+reason(err))
		}
	}
}

// reason is the system's word for a socket's error, which names no address.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return "unknown"
}

// expedite marks what is sent as voice, for networks that heed it (RFC 3246, RFC 4594 §4.1). Without the right to do so it is not.
func expedite(conn *net.UDPConn, ip netip.Addr) {
	if ip.Is6() {
		_ = ipv6.NewConn(conn).SetTrafficClass(expedited)
	} else {
		_ = ipv4.NewConn(conn).SetTOS(expedited)
	}
}

func bind(ip netip.Addr, port uint16) (*sockets, error) {
	network := "udp4"
	if ip.Is6() {
		network = "udp6"
	}
	rtp, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
	if err != nil {
		return nil, err
	}
	rtcp, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port+1)))
	if err != nil {
		_ = rtp.Close()
		return nil, err
	}
	_ = rtp.SetReadBuffer(receiveBuffer) // as far as the system lets us
	expedite(rtp, ip)
	return &sockets{rtp: rtp, rtcp: rtcp, port: port}, nil
}
