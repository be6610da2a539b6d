package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng §4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete, as old tools wrote it
	blockSimple    = 3
	blockEnhanced  = 6
)

// magicOrder is the byte-order magic of a section.
const magicOrder = 0x1a2b3c4d

const (
	blockOverhead = 12      // type and length before a block's body, length behind it
	maxMetadata   = 1 << 18 // the largest section or interface block in bytes
	maxInterfaces = 1 << 16 // of one section

	optionTimeResolution = 9  // if_tsresol
	optionTimeOffset     = 14 // if_tsoffset
)

// iface is an interface of a section.
type iface struct {
	link    linkType
	snaplen uint32
	ticks   uint64 // of its clock in a second
	offset  int64  // seconds to add to its times
}

// pcapngFile walks a pcapng file: sections, each with its byte order and interfaces.
type pcapngFile struct {
	in     *input
	big    bool
	ifaces []iface
	last   time.Time // of the last packet, for simple packet blocks, which have none; beyond until there was one
}

func newPcapng(in *input) *pcapngFile { return &pcapngFile{in: in, last: beyond} }

func (f *pcapngFile) uint16(b []byte) uint16 {
	if f.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (f *pcapngFile) uint32(b []byte) uint32 {
	if f.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (f *pcapngFile) next(rec *record) error {
	for {
		head, err := f.in.peek(blockOverhead)
		if err != nil {
			return cut(err)
		}
		kind := f.uint32(head)
		if kind == blockSection {
			if err := f.order(head[8:]); err != nil {
				return err
			}
		}
		size := f.uint32(head[4:])
		if size < blockOverhead || size%4 != 0 {
			return f.corrupt("block of %d bytes", size)
		}
		switch kind {
		case blockSection, blockInterface, blockPacket, blockSimple, blockEnhanced:
		default: // names, statistics, secrets, custom blocks
			if err := f.skip(int64(size)); err != nil {
				return err
			}
			continue
		}
		limit := uint32(maxMetadata)
		if kind >= blockPacket && kind != blockSection {
			limit += maxRecord
		}
		if size > limit {
			return f.corrupt("block of %d bytes", size)
		}
		b, err := f.in.peek(int(size))
		if err != nil {
			return cut(err)
		}
		if trailer := f.uint32(b[size-4:]); trailer != size {
			return f.corrupt("block of %d bytes that ends as one of %d", size, trailer)
		}
		found, err := f.block(kind, b[8:size-4], rec)
		if err != nil {
			return err
		}
		f.in.advance(int(size))
		if found {
			return nil
		}
	}
}

// skip steps over a block; where the file ends inside it is errCut.
func (f *pcapngFile) skip(size int64) error {
	err := f.in.skip(size)
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return cut(err)
}

func (f *pcapngFile) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s at offset %d", ErrCorrupt, fmt.Sprintf(format, args...), f.in.offset)
}

// order reads the byte order of a new section.
func (f *pcapngFile) order(b []byte) error {
	switch {
	case binary.LittleEndian.Uint32(b) == magicOrder:
		f.big = false
	case binary.BigEndian.Uint32(b) == magicOrder:
		f.big = true
	default:
		return f.corrupt("section of unknown byte order")
	}
	return nil
}

// block reads one block's body and reports whether it held a packet.
func (f *pcapngFile) block(kind uint32, b []byte, rec *record) (bool, error) {
	switch kind {
	case blockSection:
		if len(b) < 16 {
			return false, f.corrupt("short section header")
		}
		f.ifaces = f.ifaces[:0]
		return false, nil
	case blockInterface:
		return false, f.addInterface(b)
	case blockSimple:
		if len(b) < 4 {
			return false, f.corrupt("short packet block")
		}
		if len(f.ifaces) == 0 {
			return false, f.corrupt("packet of an interface that was not described")
		}
		i := &f.ifaces[0]
		wire := f.uint32(b)
		size := min(wire, uint32(len(b)-4))
		if i.snaplen != 0 {
			size = min(size, i.snaplen)
		}
		*rec = record{time: f.last, link: i.link, data: b[4 : 4+size], wire: int(wire)}
		return true, nil
	}
	// An enhanced packet block, or an obsolete one, which has a drop count in its interface id.
	if len(b) < 20 {
		return false, f.corrupt("short packet block")
	}
	n := f.uint32(b)
	if kind == blockPacket {
		n = uint32(f.uint16(b))
	}
	if n >= uint32(len(f.ifaces)) {
		return false, f.corrupt("packet of an interface that was not described")
	}
	i := &f.ifaces[n]
	size, wire := f.uint32(b[12:]), f.uint32(b[16:])
	if size > uint32(len(b)-20) {
		return false, f.corrupt("packet of %d bytes in a block of %d", size, len(b))
	}
	f.last = i.time(uint64(f.uint32(b[4:]))<<32 | uint64(f.uint32(b[8:])))
	*rec = record{time: f.last, link: i.link, data: b[20 : 20+size], wire: int(max(size, wire))}
	return true, nil
}

// addInterface reads an interface description block.
func (f *pcapngFile) addInterface(b []byte) error {
	if len(b) < 8 || len(f.ifaces) == maxInterfaces {
		return f.corrupt("short interface block, or too many of them")
	}
	i := iface{link: linkType(f.uint16(b)), snaplen: f.uint32(b[4:]), ticks: 1e6}
	for o := b[8:]; len(o) >= 4; {
		kind, size := f.uint16(o), int(f.uint16(o[2:]))
		if kind == 0 || size > len(o)-4 {
			break
		}
		v := o[4 : 4+size]
		switch {
		case kind == optionTimeResolution && size == 1:
			var ok bool
			if i.ticks, ok = resolution(v[0]); !ok {
				return f.corrupt("time resolution %#x", v[0])
			}
		case kind == optionTimeOffset && size == 8:
			hi, lo := f.uint32(v), f.uint32(v[4:])
			if f.big {
				i.offset = int64(uint64(hi)<<32 | uint64(lo))
			} else {
				i.offset = int64(uint64(lo)<<32 | uint64(hi))
			}
		}
		o = o[min(4+(size+3)&^3, len(o)):]
	}
	f.ifaces = append(f.ifaces, i)
	return nil
}

// resolution reads if_tsresol: a negative power of ten, or of two when the highest bit is set.
func resolution(v byte) (ticks uint64, ok bool) {
	n := v & 0x7f
	if v&0x80 != 0 {
		return 1 << n, n < 64
	}
	if n > 19 {
		return 0, false
	}
	ticks = 1
	for range n {
		ticks *= 10
	}
	return ticks, true
}

// time converts ticks of the interface's clock.
func (i *iface) time(v uint64) time.Time {
	var sec, nsec uint64
	switch i.ticks {
	case 1e6:
		sec, nsec = v/1e6, v%1e6*1000
	case 1e9:
		sec, nsec = v/1e9, v%1e9
	default:
		sec = v / i.ticks
		hi, lo := bits.Mul64(v%i.ticks, 1e9)
		nsec, _ = bits.Div64(hi, lo, i.ticks)
	}
	if sec > maxSeconds || i.offset > maxSeconds || i.offset < -maxSeconds {
		return beyond
	}
	return time.Unix(int64(sec)+i.offset, int64(nsec)).UTC()
}

// maxSeconds since 1970 that a record's time may have: some time in the year 9999 (RFC 3339 §1).
const maxSeconds = 253_000_000_000

// beyond is a time that no calendar of ours has; its record is counted and skipped.
var beyond = time.Unix(maxSeconds+1, 0)
