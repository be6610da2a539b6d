package hep

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gathering reads a TCP connection. While it is busy its bytes gather, and the poller is not woken in between.
//
// Why: what a stream of 75 MB/s costs to read is waking up, of the reader and of Go's monitor with it. To sleep
// makes it worse, as every segment wakes the poller, whether or not anybody waits; so meanwhile the socket is
// readable only when it holds more than comes in that time (SO_RCVLOWAT of socket(7)).
type gathering struct {
	net.Conn
	raw     syscall.RawConn
	longest time.Duration

	wait  time.Duration // how long bytes gather; 0 on a quiet connection
	more  bool          // the last read had no room for all
	since time.Time     // of bytes
	bytes int

	take  func(fd uintptr) bool // reads into b
	b     []byte
	n     int
	errno syscall.Errno
}

// gatherable is a connection whose bytes gather for up to longest; one that cannot is returned as it is.
func gatherable(c net.Conn, longest time.Duration) net.Conn {
	t, ok := c.(*net.TCPConn)
	if !ok || longest <= 0 {
		return c
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return c // it is closed, as the first read will tell
	}
	g := &gathering{Conn: c, raw: raw, longest: longest, since: time.Now()}
	g.take = func(fd uintptr) bool {
		// It never waits, so the scheduler need not be told of it, which would wake the monitor.
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&g.b[0])), uintptr(len(g.b)), unix.MSG_DONTWAIT, 0, 0) //nolint:gosec // recv
		g.n, g.errno = int(n), errno
		return true
	}
	return g
}

// Read waits for bytes and returns those that are there.
func (g *gathering) Read(b []byte) (int, error) {
	if g.wait > 0 {
		if n, err := g.gathered(b); n > 0 || err != nil {
			return n, err
		}
		if err := g.become(0); err != nil { // nothing came
			return 0, err
		}
	}
	n, err := g.Conn.Read(b)
	if n > 0 && err == nil {
		err = g.count(n, len(b))
	}
	return n, err
}

// gathered lets bytes gather, unless the last read left some, and reads them; none and no error when none came.
func (g *gathering) gathered(b []byte) (int, error) {
	for {
		if !g.more {
			time.Sleep(g.wait) // a few milliseconds, which Close waits for
		}
		g.b = b
		err := g.raw.Read(g.take)
		g.b = nil
		switch {
		case err != nil:
			return 0, err
		case g.errno == 0 && g.n == 0:
			return 0, io.EOF
		case g.errno == 0:
			return g.n, g.count(g.n, len(b))
		case g.errno != unix.EAGAIN && g.errno != unix.EINTR:
			return 0, g.errno
		case !g.more:
			return 0, nil
		}
		g.more = false
	}
}

// Rates in bytes a second from which it pays to let bytes gather for a while, and for longest.
const (
	busyRate  = 1_500_000 // some 2 000 messages
	stormRate = 15_000_000
)

// lowWater is how many bytes make the socket readable while bytes gather. The kernel makes room for twice as many.
const lowWater = 1 << 20

// count notes that n bytes were read into room for so many, and says by their rate how long the next gather.
func (g *gathering) count(n, room int) error {
	g.more = n == room
	g.bytes += n
	now := time.Now()
	elapsed := now.Sub(g.since)
	if g.more || elapsed < g.longest {
		return nil
	}
	rate := float64(g.bytes) / elapsed.Seconds()
	g.since, g.bytes = now, 0
	switch {
	case rate >= stormRate:
		return g.become(g.longest)
	case rate >= busyRate:
		return g.become(g.longest / 4)
	}
	return g.become(0)
}

// become changes how long bytes gather.
func (g *gathering) become(wait time.Duration) error {
	if (wait > 0) != (g.wait > 0) {
		mark := 1
		if wait > 0 {
			mark = lowWater
		}
		var set error
		err := g.raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, mark) })
		if err = errors.Join(err, set); err != nil {
			return err
		}
	}
	g.wait = wait
	return nil
}
