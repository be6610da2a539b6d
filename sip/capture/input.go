package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// bufferSize of an input in bytes: small enough to stay in a core's cache, so that a record is hot
// when it is read, and with room for the largest.
const bufferSize = 512 << 10

// maxRecord is the largest captured frame in bytes; libpcap's MAXIMUM_SNAPLEN.
const maxRecord = 256 << 10

// input is a file's bytes, unzipped. What peek returns lies in its buffer and is valid until the
// next peek.
type input struct {
	r        io.Reader
	buf      []byte
	pos, end int
	offset   int64 // of buf[pos] in the unzipped bytes
	err      error // of r, told once the buffer is empty
}

// newInput returns the input of r, through gzip where it starts like that.
func newInput(r io.Reader) (*input, error) {
	in := &input{r: r, buf: make([]byte, bufferSize)}
	head, err := in.peek(2)
	if err != nil || head[0] != 0x1f || head[1] != 0x8b {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return in, nil // too short for anything: its reader will say so
		}
		return in, err
	}
	start := append([]byte(nil), in.buf[in.pos:in.end]...)
	packed := bufio.NewReaderSize(io.MultiReader(&sliceReader{start}, r), bufferSize)
	unzip, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("unzipping: %w", err)
	}
	return &input{r: unzip, buf: in.buf}, nil
}

// sliceReader reads a slice once.
type sliceReader struct{ b []byte }

func (s *sliceReader) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.b)
	s.b = s.b[n:]
	return n, nil
}

// peek returns the next n bytes without taking them: io.EOF where there are none left, with
// io.ErrUnexpectedEOF those that are left. n is at most the buffer's size.
func (in *input) peek(n int) ([]byte, error) {
	if in.end-in.pos < n {
		if err := in.fill(n); err != nil {
			return in.buf[in.pos:in.end], err
		}
	}
	return in.buf[in.pos : in.pos+n : in.pos+n], nil
}

// fill reads until n bytes are in the buffer.
func (in *input) fill(n int) error {
	in.end = copy(in.buf, in.buf[in.pos:in.end])
	in.pos = 0
	idle := 0
	for in.end < n {
		if in.err != nil {
			if !errors.Is(in.err, io.EOF) {
				return in.err
			}
			if in.end == 0 {
				return io.EOF
			}
			return io.ErrUnexpectedEOF
		}
		k, err := in.r.Read(in.buf[in.end:])
		in.end += k
		in.err = err
		if idle++; k > 0 {
			idle = 0
		} else if idle == 100 && err == nil {
			in.err = io.ErrNoProgress
		}
	}
	return nil
}

// advance takes n bytes that were peeked at.
func (in *input) advance(n int) {
	in.pos += n
	in.offset += int64(n)
}

// skip takes n bytes, however many, without looking at them.
func (in *input) skip(n int64) error {
	for n > 0 {
		k := int(min(n, int64(len(in.buf))))
		b, err := in.peek(k)
		in.advance(len(b))
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}
