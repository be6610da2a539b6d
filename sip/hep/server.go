package hep

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Server receives HEP3 on one socket. Its methods may be called from any goroutine.
type Server struct {
	options Options
	addr    net.Addr
	rules   atomic.Pointer[rules]
	stats   Stats
	skips   *rate.Limiter // of log lines about skipped packets
	drops   *rate.Limiter // of log lines about packets lost in the kernel

	udp    *udpSocket   // of "udp"
	stream net.Listener // of "tcp" and "tls"

	stop     chan struct{} // closed by Close
	stopOnce sync.Once
	serving  atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]netip.Addr // open connections and who opened them
}

// Listen opens the socket. Packets are read, and connections accepted, by Serve; until then they
// wait in the kernel.
func Listen(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o,
		skips:   rate.NewLimiter(rate.Every(10*time.Second), 5),
		drops:   rate.NewLimiter(rate.Every(10*time.Second), 1),
		stop:    make(chan struct{}),
		conns:   make(map[net.Conn]netip.Addr),
	}
	s.SetSenders(o.Senders, o.Keys)
	if o.Network == "udp" {
		s.udp, err = listenUDP(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("hep: listening on udp %s: %w", o.Addr, err)
		}
		s.addr = s.udp.addr
		return s, nil
	}
	s.stream, err = listenStream(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("hep: listening on %s %s: %w", o.Network, o.Addr, err)
	}
	s.addr = s.stream.Addr()
	return s, nil
}

// Addr is the address listened on, with the port the system chose for port 0.
func (s *Server) Addr() net.Addr { return s.addr }

// Stats are the server's counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Socket returns the state of the UDP socket, zero for a server of streams and where the system
// does not tell.
func (s *Server) Socket() Socket {
	if s.udp == nil {
		return Socket{}
	}
	return s.udp.state()
}

// SetSenders replaces the networks packets are taken from and the keys that are taken. Connections
// of senders no longer listed stay open, but their packets are skipped.
func (s *Server) SetSenders(senders []netip.Prefix, keys [][]byte) {
	s.rules.Store(newRules(senders, keys))
}

// Serve reads until ctx is done or Close is called, then closes the socket, waits for its
// goroutines and returns nil. It may be called once; then its error is ErrServed.
func (s *Server) Serve(ctx context.Context) error {
	if s.serving.Swap(true) {
		return ErrServed
	}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if s.udp != nil {
		return s.serveUDP()
	}
	return s.serveStream()
}

// Close stops Serve and closes the socket and all connections.
func (s *Server) Close() error {
	s.stopOnce.Do(func() {
		close(s.stop)
		if s.udp != nil {
			s.udp.close()
			return
		}
		_ = s.stream.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			_ = c.Close()
		}
	})
	return nil
}

// stopped reports whether Close was called.
func (s *Server) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// logSkip tells of packets skipped, at most a few times a minute; the counters have them all.
func (s *Server) logSkip(r Reason, from netip.AddrPort) {
	if s.skips.Allow() {
		s.options.Logger.Warn("hep packets skipped", slog.String("reason", r.String()), slog.String("peer", from.String()))
	}
}

// logDrops tells that the kernel lost datagrams.
func (s *Server) logDrops() {
	if s.drops.Allow() {
		s.options.Logger.Warn("hep datagrams lost in the kernel, the socket buffer was full",
			slog.String("addr", s.addr.String()))
	}
}
