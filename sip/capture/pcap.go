package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Errors of Open and Next. A Next that meets ErrCorrupt cannot go on: nothing in a capture file
// tells where the next record starts.
var (
	ErrFormat  = errors.New("capture: neither pcap nor pcapng")
	ErrCorrupt = errors.New("capture: corrupt file")
)

// errCut is io.ErrUnexpectedEOF inside a record: the file was cut, or is still being written.
var errCut = errors.New("capture: the last record is cut short")

// record is one captured frame. Its data lies in the input's buffer.
type record struct {
	time time.Time
	link linkType
	data []byte
	wire int // length on the wire in bytes, at least len(data)
}

// source walks the records of a file format.
type source interface {
	// next reads the next record; io.EOF at the end, errCut where the file ends inside a record.
	next(rec *record) error
}

// Magic numbers of pcap, as written by a machine of this byte order (draft-ietf-opsawg-pcap).
const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
	magicModified     = 0xa1b2cd34 // Linux 2.2's libpcap: eight more bytes in each record's header
)

const (
	pcapHeader       = 24
	pcapRecordHeader = 16
)

// newSource recognises the format of a file by its first bytes.
func newSource(in *input) (source, error) {
	head, err := in.peek(4)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: only %d bytes", ErrFormat, len(head))
		}
		return nil, err
	}
	if binary.LittleEndian.Uint32(head) == blockSection { // the same in both byte orders
		return newPcapng(in), nil
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if m := order.Uint32(head); m == magicMicroseconds || m == magicNanoseconds || m == magicModified {
			return newPcap(in, order, m)
		}
	}
	return nil, fmt.Errorf("%w: starts with % x", ErrFormat, head)
}

// pcapFile walks a classic pcap file.
type pcapFile struct {
	in     *input
	big    bool
	header int    // bytes of a record's header
	nanos  uint32 // nanoseconds in a unit of the fraction of a second
	link   linkType
}

func newPcap(in *input, order binary.ByteOrder, magic uint32) (*pcapFile, error) {
	head, err := in.peek(pcapHeader)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%w: the file's header is cut short", ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	f := &pcapFile{in: in, big: order == binary.BigEndian, header: pcapRecordHeader, nanos: 1000}
	switch magic {
	case magicNanoseconds:
		f.nanos = 1
	case magicModified:
		f.header += 8
	}
	f.link = linkType(order.Uint32(head[20:])) // the upper half tells of checksums
	in.advance(pcapHeader)
	return f, nil
}

func (f *pcapFile) next(rec *record) error {
	h, err := f.in.peek(f.header)
	if err != nil {
		return cut(err)
	}
	var sec, frac, size, wire uint32
	if f.big {
		sec, frac = binary.BigEndian.Uint32(h), binary.BigEndian.Uint32(h[4:])
		size, wire = binary.BigEndian.Uint32(h[8:]), binary.BigEndian.Uint32(h[12:])
	} else {
		sec, frac = binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		size, wire = binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	}
	if size > maxRecord {
		return fmt.Errorf("%w: record of %d bytes at offset %d", ErrCorrupt, size, f.in.offset)
	}
	b, err := f.in.peek(f.header + int(size))
	if err != nil {
		return cut(err)
	}
	f.in.advance(len(b))
	rec.time = time.Unix(int64(sec), int64(frac)*int64(f.nanos)).UTC()
	rec.link = f.link
	rec.data = b[f.header:]
	rec.wire = max(int(wire), int(size))
	return nil
}

// cut makes the end of the file inside a record an errCut.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut
	}
	return err
}
