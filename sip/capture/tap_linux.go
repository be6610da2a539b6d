package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

// Tap listens on a network interface: an AF_PACKET socket whose ring of blocks (TPACKET_V3) the
// kernel fills with the packets that pass a filter. Its methods may be called from any goroutine.
type Tap struct {
	options TapOptions
	name    string // of the interface, for people
	file    *os.File
	raw     syscall.RawConn
	ring    []byte // of Serve, until it is done
	limiter *rate.Limiter
	done    sync.WaitGroup // of Serve

	mu     sync.Mutex
	served bool
	closed bool
	stats  Stats
	drops  uint64
}

const (
	blockSize   = 128 << 10            // bytes of a block of the ring, for the largest packet a card may hand up
	blockTime   = 8 * time.Millisecond // after which the kernel hands over a block that is not full
	frameSize   = 2048                 // of no meaning in a ring of blocks, but it has to fit
	idleTime    = 250 * time.Millisecond
	protocolAll = 0x0003 // ETH_P_ALL
)

// OpenTap opens the interface. Packets are kept in the ring until Serve reads them. Its errors wrap
// ErrPermission and, on other systems than Linux, ErrNotSupported.
func OpenTap(o TapOptions) (*Tap, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	program, err := filter(o.Ports)
	if err != nil {
		return nil, err
	}
	index := 0
	t := &Tap{options: o, name: "all interfaces", limiter: rate.NewLimiter(rate.Every(10*time.Second), 1)}
	if o.Interface != "" {
		i, err := net.InterfaceByName(o.Interface)
		if err != nil {
			return nil, fmt.Errorf("capture: interface %s: %w; `ip link` shows those there are", o.Interface, err)
		}
		index, t.name = i.Index, o.Interface
	}
	// Bound to no protocol yet, it receives nothing before the filter is there.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("%w (%s)", ErrPermission, t.name)
	}
	if err != nil {
		return nil, fmt.Errorf("capture: listening on %s: %w", t.name, err)
	}
	if err := t.setUp(fd, index, program); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("capture: listening on %s: %w", t.name, err)
	}
	t.file = os.NewFile(uintptr(fd), "tap of "+t.name)
	if t.raw, err = t.file.SyscallConn(); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("capture: listening on %s: %w", t.name, err)
	}
	return t, nil
}

// setUp attaches the filter and the ring to the socket, then binds it.
func (t *Tap) setUp(fd, index int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, p := range program {
		code[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}); err != nil {
		return fmt.Errorf("attaching the filter: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("asking for TPACKET_V3: %w", err)
	}
	blocks := max(t.options.Buffer/blockSize, 2)
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
		Block_size:     blockSize,
		Block_nr:       uint32(blocks),
		Frame_size:     frameSize,
		Frame_nr:       uint32(blocks * (blockSize / frameSize)),
		Retire_blk_tov: uint32(blockTime / time.Millisecond),
	}); err != nil {
		return fmt.Errorf("a ring of %d bytes: %w", blocks*blockSize, err)
	}
	ring, err := unix.Mmap(fd, 0, blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mapping the ring: %w", err)
	}
	if t.options.Promiscuous {
		err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(protocolAll), Ifindex: index})
	}
	if err != nil {
		_ = unix.Munmap(ring)
		return err
	}
	t.ring = ring
	return nil
}

// htons is a number whose bytes in memory are those of n in network byte order.
func htons(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

// Serve reads packets until ctx is done, Close is called or the interface goes away, which is an
// error. It may be called once; then its error is ErrServed.
func (t *Tap) Serve(ctx context.Context) error {
	switch ok, err := t.begin(); {
	case err != nil:
		return err
	case !ok:
		return nil
	}
	defer t.done.Done()
	defer context.AfterFunc(ctx, func() { _ = t.file.SetReadDeadline(time.Unix(1, 0)) })()
	b := newBatcher(t.options)
	looked := time.Now()
	for n := 0; ; n = (n + 1) % (len(t.ring) / blockSize) {
		block := t.ring[n*blockSize : (n+1)*blockSize]
		if err := t.await(ctx, block, b); err != nil || ctx.Err() != nil {
			if ctx.Err() != nil || t.isClosed() {
				return nil
			}
			return err
		}
		readBlock(block, b)
		b.flush()
		release(block)
		t.mu.Lock()
		t.stats = b.d.stats
		t.mu.Unlock()
		if now := time.Now(); now.Sub(looked) >= time.Second {
			looked = now
			before := t.lastDrops()
			if t.Drops() > before && t.limiter.Allow() {
				t.options.Logger.Warn("packets lost in the kernel, the ring was full", slog.String("addr", t.name))
			}
		}
	}
}

// begin notes that Serve runs; false after Close.
func (t *Tap) begin() (ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.served {
		return false, ErrServed
	}
	t.served = true
	if !t.closed {
		t.done.Add(1)
	}
	return !t.closed, nil
}

func (t *Tap) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// await waits until the kernel hands over a block. Meanwhile what waits for missing parts is given
// up in time.
func (t *Tap) await(ctx context.Context, block []byte, b *batcher) error {
	for !ready(block) {
		if ctx.Err() != nil {
			return nil
		}
		if err := t.file.SetReadDeadline(time.Now().Add(idleTime)); err != nil {
			return err
		}
		var socketError error
		err := t.raw.Read(func(fd uintptr) bool {
			if ready(block) {
				return true
			}
			if e, _ := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); e != 0 {
				socketError = unix.Errno(e)
				return true
			}
			return false
		})
		if socketError != nil {
			return fmt.Errorf("capture: listening on %s: %w", t.name, socketError)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			b.d.sweep(time.Now())
			b.drain()
			b.flush()
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blockHeader is the header of a block of the ring.
func blockHeader(block []byte) *unix.TpacketHdrV1 {
	const versionAndOffset = 8                                            // before it, in tpacket_block_desc
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&block[versionAndOffset])) //nolint:gosec // the kernel's layout
}

// ready reports whether the kernel has handed over a block.
func ready(block []byte) bool {
	return atomic.LoadUint32(&blockHeader(block).Block_status)&unix.TP_STATUS_USER != 0
}

// release gives a block back to the kernel.
func release(block []byte) {
	atomic.StoreUint32(&blockHeader(block).Block_status, unix.TP_STATUS_KERNEL)
}

// readBlock takes all packets of a block.
func readBlock(block []byte, b *batcher) {
	h := blockHeader(block)
	at := h.Offset_to_first_pkt
	for range h.Num_pkts {
		p := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[at]))                                    //nolint:gosec // the kernel's layout
		from := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&block[at+unix.SizeofTpacket3Hdr])) //nolint:gosec // the kernel's layout
		data := block[at+uint32(p.Net) : at+uint32(p.Net)+p.Snaplen : at+uint32(p.Net)+p.Snaplen]
		b.d.cooked(htons(from.Protocol), data, int(p.Len), time.Unix(int64(p.Sec), int64(p.Nsec)).UTC(), b)
		at += p.Next_offset
	}
}

// cooked takes one packet without its link header, and what else becomes ready with it.
func (d *dissector) cooked(etherType uint16, data []byte, wire int, now time.Time, b *batcher) {
	d.begin(len(data), wire, now)
	b.drain()
	etherType, data, r := untag(etherType, data)
	if r != ReasonNone {
		d.skip(r)
		return
	}
	if d.packet(etherType, inlineTags(etherType, data), now, b.next()) {
		b.add()
	}
	b.drain()
}

// Stats are the counters as of the last block read.
func (t *Tap) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// Drops is how many packets the kernel has lost because the ring was full.
func (t *Tap) Drops() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.raw.Control(func(fd uintptr) {
		// Asking sets the kernel's counters back to zero.
		if s, err := unix.GetsockoptTpacketStatsV3(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			t.drops += uint64(s.Drops)
		}
	})
	return t.drops
}

// lastDrops is Drops without asking the kernel.
func (t *Tap) lastDrops() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.drops
}

// Close stops Serve, waits for it and closes the socket.
func (t *Tap) Close() error {
	t.mu.Lock()
	again := t.closed
	t.closed = true
	t.mu.Unlock()
	if again {
		return nil
	}
	err := t.file.Close()
	t.done.Wait()
	return errors.Join(err, unix.Munmap(t.ring))
}
