package hep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// udpSocket is a UDP socket read by recvmmsg, outside Go's network poller.
//
// Why not plain reads: what costs is not to read but to wake up, of the reader and of Go's monitor, which looks every 20 µs
// as long as anything runs or waits in the kernel. So a quiet socket is read by a call that waits, and a busy one every few
// milliseconds by calls that do not, with the reader asleep in between as a goroutine; the poller would be woken by
// every datagram, whether or not anybody waits. At 100 000 datagrams of 700 bytes a second on two cores, sender
// included, ReadMsgUDPAddrPort and x/net's ReadBatch cost about the same, and more than this does with every call judged as well.
type udpSocket struct {
	addr    net.Addr
	granted int           // SO_RCVBUF as the kernel says, in bytes
	gather  time.Duration // how long busy datagrams may wait for company

	mu      sync.Mutex
	fd      int // -1 once closed
	reading bool
	drops   uint64 // datagrams lost up to the last look
	seen    uint32 // the kernel's own count at that time; it wraps
}

// listenUDP opens the socket with the largest buffer it can get.
func listenUDP(ctx context.Context, o Options) (*udpSocket, error) {
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(ctx, "udp", o.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // the duplicate lives on, out of the poller's sight
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	u := &udpSocket{addr: conn.LocalAddr(), fd: -1, gather: max(o.Gather, 0)}
	var dupErr error
	err = raw.Control(func(fd uintptr) { u.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, dupErr); err != nil {
		return nil, err
	}
	if err := u.prepare(o); err != nil {
		_ = unix.Close(u.fd)
		return nil, err
	}
	return u, nil
}

// readTimeout bounds a blocking read, so that a quiet socket is looked after too.
var readTimeout = unix.NsecToTimeval(int64(time.Second))

func (u *udpSocket) prepare(o Options) error {
	if err := unix.SetNonblock(u.fd, false); err != nil {
		return fmt.Errorf("making the socket blocking: %w", err)
	}
	if err := unix.SetsockoptTimeval(u.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &readTimeout); err != nil {
		return fmt.Errorf("setting the read timeout: %w", err)
	}
	if unix.SetsockoptInt(u.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, o.ReadBuffer) != nil { // without CAP_NET_ADMIN
		if err := unix.SetsockoptInt(u.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, o.ReadBuffer); err != nil {
			return fmt.Errorf("setting the read buffer: %w", err)
		}
	}
	var err error
	if u.granted, err = unix.GetsockoptInt(u.fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err != nil {
		return fmt.Errorf("asking for the read buffer: %w", err)
	}
	if u.granted < o.ReadBuffer { // the kernel doubles what it grants
		o.Logger.Warn("hep socket buffer is smaller than asked for", slog.String("addr", u.addr.String()),
			slog.Any("err", fmt.Errorf("got %d of %d bytes: raise net.core.rmem_max or give the service CAP_NET_ADMIN",
				u.granted/2, o.ReadBuffer)))
	}
	return nil
}

// acquire takes the socket for reading; false when it is closed.
func (u *udpSocket) acquire() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading = u.fd >= 0
	return u.reading
}

// release closes the socket after reading.
func (u *udpSocket) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading = false
	u.closeLocked()
}

// close closes the socket, or wakes its reader, who will.
func (u *udpSocket) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reading {
		_ = unix.Shutdown(u.fd, unix.SHUT_RD) // ENOTCONN, but it wakes the reader
		return
	}
	u.closeLocked()
}

func (u *udpSocket) closeLocked() {
	if u.fd >= 0 {
		u.look()
		_ = unix.Close(u.fd)
		u.fd = -1
	}
}

// state asks the kernel for the socket's memory and drops.
func (u *udpSocket) state() Socket {
	u.mu.Lock()
	defer u.mu.Unlock()
	queued := u.look()
	return Socket{ReadBuffer: u.granted, Queued: queued, Drops: u.drops}
}

// look reads SO_MEMINFO, which costs one call when asked instead of ancillary data with every
// datagram as SO_RXQ_OVFL does, and returns the bytes queued.
func (u *udpSocket) look() (queued int) {
	if u.fd < 0 {
		return 0
	}
	var info [9]uint32 // SK_MEMINFO_VARS of linux/sock_diag.h
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(u.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0) //nolint:gosec // getsockopt of an array has no wrapper
	if errno != 0 {
		return 0
	}
	const rmemAlloc, drops = 0, 8
	u.drops += uint64(info[drops] - u.seen)
	u.seen = info[drops]
	return int(info[rmemAlloc])
}

// Times between datagrams below which it pays to let them gather for a while, and for longest.
const (
	busyEvery  = 500 * time.Microsecond
	stormEvery = 50 * time.Microsecond
)

// skbSize is what a datagram of common size occupies in the socket buffer, in bytes.
const skbSize = 2304

// pause says how long to wait before the next read, after n datagrams that came within elapsed: not
// at all on a quiet socket or when there may be more, and never so long that an eighth of the
// socket buffer fills up.
func (u *udpSocket) pause(n int, elapsed time.Duration) time.Duration {
	if n == 0 || n == maxBatch {
		return 0
	}
	interval := elapsed / time.Duration(n)
	room := time.Duration(u.granted / 8 / skbSize)
	switch {
	case interval > busyEvery:
		return 0
	case interval > stormEvery:
		return min(u.gather/4, interval*room)
	}
	return min(u.gather, interval*room)
}

// serveUDP reads datagrams until the server stops.
func (s *Server) serveUDP() error {
	u := s.udp
	if !u.acquire() {
		return nil // closed before it served
	}
	defer u.release()
	d, g := newDatagrams(), newGate(s)
	last := time.Now()
	looked, drops := last, u.state().Drops
	busy := false
	for {
		read := d.read
		if busy {
			read = d.readThere
		}
		n, err := read(u.fd)
		if s.stopped() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("hep: reading from %s: %w", u.addr, err)
		}
		now := time.Now()
		for i := range n {
			b, from, cut := d.at(i)
			if cut {
				g.tally.received++
				g.skip(TooLarge, from)
				continue
			}
			g.admit(b, from)
		}
		if n > 0 {
			g.deliver(now)
		}
		if now.Sub(looked) >= time.Second {
			looked = now
			if d := u.state().Drops; d != drops {
				drops = d
				s.logDrops()
			}
		}
		wait := u.pause(n, now.Sub(last))
		time.Sleep(wait) // a few milliseconds, which Close waits for
		busy = wait > 0 || n == maxBatch
		last = now
	}
}
