package hep

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

func listenStream(ctx context.Context, o Options) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", o.Addr)
}

// Pauses after an error of accept, such as too many open files.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// serveStream accepts connections until the server stops, and waits for them to end.
func (s *Server) serveStream() error {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer s.Close()
	pause := minAcceptPause
	for {
		c, err := s.stream.Accept()
		if s.stopped() {
			if err == nil {
				_ = c.Close()
			}
			return nil
		}
		if err != nil {
			s.options.Logger.Warn("hep accept", slog.Any("err", err))
			select {
			case <-time.After(pause):
			case <-s.stop:
			}
			pause = min(2*pause, maxAcceptPause)
			continue
		}
		pause = minAcceptPause
		from := peer(c)
		if r, ok := s.enter(c, from.Addr()); !ok {
			_ = c.Close()
			s.ended(r, from, nil)
			continue
		}
		conns.Go(func() {
			r, err := s.serveConn(c, from)
			s.leave(c)
			s.ended(r, from, err)
		})
	}
}

// peer is the address of a connection's other end.
func peer(c net.Conn) netip.AddrPort {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	from := a.AddrPort()
	return netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
}

// enter admits a connection, or says why not.
func (s *Server) enter(c net.Conn, from netip.Addr) (CloseReason, bool) {
	if !s.rules.Load().sender(from) {
		return RefusedSender, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped() {
		return ClosedStopping, false
	}
	if len(s.conns) >= s.options.MaxConns {
		return RefusedTooMany, false
	}
	same := 0
	for _, a := range s.conns {
		if a == from {
			same++
		}
	}
	if same >= s.options.MaxConnsPerSender {
		return RefusedPerSender, false
	}
	s.conns[c] = from
	s.stats.Accepted.Add(1)
	s.stats.Connections.Add(1)
	return 0, true
}

// leave closes an admitted connection and forgets it.
func (s *Server) leave(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.stats.Connections.Add(-1)
}

// ended counts the end of a connection and, now and then, logs it.
func (s *Server) ended(r CloseReason, from netip.AddrPort, err error) {
	s.stats.Closed[r].Add(1)
	if r == ClosedStopping || r == ClosedByPeer || !s.skips.Allow() {
		return
	}
	attrs := []any{slog.String("reason", r.String()), slog.String("peer", from.String())}
	if err != nil {
		attrs = append(attrs, slog.Any("err", err))
	}
	s.options.Logger.Warn("hep connection closed", attrs...)
}

// serveConn reads the frames of one connection until it ends, and says why it did.
func (s *Server) serveConn(c net.Conn, from netip.AddrPort) (CloseReason, error) {
	if s.options.Network == "tls" {
		t := tls.Server(c, s.options.TLS)
		ctx, cancel := context.WithTimeout(context.Background(), s.options.HandshakeTimeout)
		err := t.HandshakeContext(ctx)
		cancel()
		if err != nil {
			if s.stopped() {
				return ClosedStopping, nil
			}
			return ClosedHandshake, fmt.Errorf("hep: tls handshake: %w", err)
		}
		c = t
	}
	var (
		st      stream
		g       = newGate(s)
		arrival time.Time
	)
	frame := func(b []byte) {
		g.admit(b, from)
		if g.full() {
			g.deliver(arrival)
		}
	}
	done := func() { g.deliver(arrival) }
	c = gatherable(c, s.options.Gather)
	for {
		if err := c.SetReadDeadline(time.Now().Add(s.options.IdleTimeout)); err != nil {
			return s.readError(err, st.have)
		}
		n, err := c.Read(st.free())
		arrival = time.Now()
		if n > 0 {
			if r := st.take(n, frame, done); r != ReasonNone {
				g.tally.received++
				g.skip(r, from)
				g.tally.addTo(&s.stats)
				return ClosedBadFrame, r
			}
		}
		if err != nil {
			return s.readError(err, st.have)
		}
	}
}

// readError tells the ends of a connection apart; have is how many bytes of an incomplete frame
// were there.
func (s *Server) readError(err error, have int) (CloseReason, error) {
	switch {
	case s.stopped():
		return ClosedStopping, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ClosedIdle, nil
	case errors.Is(err, io.EOF) && have == 0:
		return ClosedByPeer, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ClosedMidFrame, nil
	}
	return ClosedError, fmt.Errorf("hep: reading: %w", err)
}
