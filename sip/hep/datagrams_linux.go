package hep

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// slotSize is the distance of two datagrams' buffers in bytes. It is no power of two, so that their
// first bytes do not compete for the same cache lines.
const slotSize = 1<<16 + 17*64

// datagrams are the buffers and headers of one recvmmsg. A page of a buffer that no datagram
// reached is never touched, so it costs address space only.
type datagrams struct {
	slab    []byte
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	names   []unix.RawSockaddrInet6

	name unix.RawSockaddrInet6 // the last sender's address, as the kernel wrote it
	from netip.AddrPort        // the same
}

func newDatagrams() *datagrams {
	d := &datagrams{
		slab:    make([]byte, maxBatch*slotSize),
		headers: make([]unix.Mmsghdr, maxBatch),
		vectors: make([]unix.Iovec, maxBatch),
		names:   make([]unix.RawSockaddrInet6, maxBatch),
	}
	for i := range d.headers {
		d.vectors[i].Base = &d.slab[i*slotSize]
		d.vectors[i].SetLen(MaxFrame)
		h := &d.headers[i].Hdr
		h.Iov = &d.vectors[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&d.names[i])) //nolint:gosec // sockaddr of recvmmsg
		h.Namelen = unix.SizeofSockaddrInet6
	}
	return d
}

// read waits for a datagram and takes all that are there, up to maxBatch. It returns 0 and no error
// when none came for readTimeout, or for a passing reason.
func (d *datagrams) read(fd int) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&d.headers[0])), //nolint:gosec // recvmmsg has no wrapper
		uintptr(len(d.headers)), unix.MSG_WAITFORONE, 0, 0)
	return received(int(n), errno)
}

// readThere is read that does not wait. For so short a call the scheduler need not be told of it, which would wake the monitor.
func (d *datagrams) readThere(fd int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&d.headers[0])), //nolint:gosec // recvmmsg has no wrapper
		uintptr(len(d.headers)), unix.MSG_DONTWAIT, 0, 0)
	return received(int(n), errno)
}

// received tells passing reasons not to have read from others.
func received(n int, errno unix.Errno) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN, unix.EINTR, unix.ECONNREFUSED, unix.ENOMEM, unix.ENOBUFS:
		return 0, nil
	default:
		return 0, errno
	}
}

// at returns the i-th datagram of the last read, its sender, and whether it was longer than the
// buffer. It readies the header for the next read.
func (d *datagrams) at(i int) (b []byte, from netip.AddrPort, cut bool) {
	h := &d.headers[i]
	b = d.slab[i*slotSize : i*slotSize+int(h.Len) : (i+1)*slotSize]
	cut = h.Hdr.Flags&unix.MSG_TRUNC != 0
	h.Hdr.Namelen = unix.SizeofSockaddrInet6
	if d.names[i] != d.name {
		d.name = d.names[i]
		d.from = addrPort(&d.name)
	}
	return b, d.from, cut
}

// addrPort reads a socket address of either family.
func addrPort(sa *unix.RawSockaddrInet6) netip.AddrPort {
	switch sa.Family {
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), ntohs(sa.Port))
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa)) //nolint:gosec // the smaller of the two
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), ntohs(v4.Port))
	}
	return netip.AddrPort{}
}

// ntohs reads a port that stands in network byte order in memory.
func ntohs(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port)) //nolint:gosec // two bytes of two
	return uint16(b[0])<<8 | uint16(b[1])
}
