package phone

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	maxInbound   = 16 << 10         // bytes of one incoming message
	idleTimeout  = 10 * time.Minute // after which a silent connection is closed
	writeTimeout = 5 * time.Second  // for a peer that does not read
	dialTimeout  = 3 * time.Second
	// unacked is for how long the kernel keeps a connection whose peer acknowledges nothing. Without
	// it a PBX that lost its power would cost every hint of the next quarter of an hour.
	unacked = 6 * time.Second
)

// streamTransport is a TCP or TLS transport of sipgo that does not wait for ever.
func streamTransport() *sip.TransportTCP {
	return &sip.TransportTCP{
		ReadTimeout:  idleTimeout,
		WriteTimeout: writeTimeout,
		DialerCreate: func(laddr net.Addr) net.Dialer {
			// A nil *net.TCPAddr in the interface is what sipgo passes for "any".
			if a, ok := laddr.(*net.TCPAddr); ok && a == nil {
				laddr = nil
			}
			return net.Dialer{
				Timeout:         dialTimeout,
				LocalAddr:       laddr,
				KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
				Control: func(_, _ string, c syscall.RawConn) error {
					return c.Control(setUserTimeout)
				},
			}
		},
	}
}

// serve takes a request that has a transaction: one that came over a connection, or that the endpoint
// admitted.
func (p *Phone) serve(req *sip.Request, tx *sip.ServerTx) {
	if p.calls != nil && p.calls.takes(req) {
		p.calls.serve(req, tx)
		return
	}
	if res := p.answer(req); res != nil {
		_ = tx.Respond(res) // a peer that is gone needs no answer
	}
	tx.TerminateGracefully()
}

// streamListener accepts no more connections than it may, and no passing error ends it: sipgo stops
// at the first.
type streamListener struct {
	net.Listener
	phone *Phone
	open  atomic.Int64
}

// Accept waits for the next connection.
func (l *streamListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil: // out of files, or the peer went away meanwhile
			l.phone.stats.readErrors.Add(1)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if l.open.Add(1) > int64(l.phone.o.MaxConnections) {
			l.open.Add(-1)
			l.phone.stats.flooded.Add(1)
			_ = c.Close()
			continue
		}
		return &acceptedConn{Conn: c, listener: l}, nil
	}
}

// acceptedConn counts itself out when it is closed.
type acceptedConn struct {
	net.Conn
	listener *streamListener
	once     sync.Once
}

// Close closes the connection.
func (c *acceptedConn) Close() error {
	c.once.Do(func() { c.listener.open.Add(-1) })
	return c.Conn.Close()
}
