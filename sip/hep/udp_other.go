//go:build !linux

package hep

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// udpSocket is a UDP socket read one datagram at a time, where there is no recvmmsg.
type udpSocket struct {
	addr net.Addr
	conn *net.UDPConn
}

func listenUDP(ctx context.Context, o Options) (*udpSocket, error) {
	var lc net.ListenConfig
	c, err := lc.ListenPacket(ctx, "udp", o.Addr)
	if err != nil {
		return nil, err
	}
	conn := c.(*net.UDPConn)
	if err := conn.SetReadBuffer(o.ReadBuffer); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("setting the read buffer: %w", err)
	}
	return &udpSocket{addr: conn.LocalAddr(), conn: conn}, nil
}

func (u *udpSocket) close() { _ = u.conn.Close() }

// state is unknown: only Linux tells.
func (u *udpSocket) state() Socket { return Socket{} }

// serveUDP reads datagrams until the server stops.
func (s *Server) serveUDP() error {
	defer s.Close()
	g := newGate(s)
	b := make([]byte, MaxFrame+1)
	for {
		n, _, _, from, err := s.udp.conn.ReadMsgUDPAddrPort(b, nil)
		if s.stopped() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("hep: reading from %s: %w", s.addr, err)
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if n > MaxFrame {
			g.tally.received++
			g.skip(TooLarge, from)
		} else {
			g.admit(b[:n], from)
		}
		g.deliver(time.Now())
	}
}
