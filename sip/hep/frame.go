package hep

import "encoding/binary"

// nextFrame returns the length of the HEP3 packet at the start of a stream's bytes, or 0 when more
// have to come first. A reason other than ReasonNone means that the stream is lost: HEP3 has no
// mark by which the next packet could be found.
func nextFrame(b []byte) (int, Reason) {
	if n := min(len(b), len(magic)); string(b[:n]) != magic[:n] {
		return 0, foreign(b)
	}
	if len(b) < headerSize {
		return 0, ReasonNone
	}
	n := int(binary.BigEndian.Uint16(b[len(magic):]))
	switch {
	case n < headerSize:
		return 0, WrongLength
	case n > len(b):
		return 0, ReasonNone
	}
	return n, ReasonNone
}

// Sizes of a stream's buffer in bytes. It starts small, because most connections are quiet, and
// grows while reads fill it to twice the largest frame: room for a partial frame and a large read behind it.
const (
	minStreamBuffer = 16 << 10
	maxStreamBuffer = 128 << 10
)

// stream is the part of a byte stream that was read and not yet taken.
type stream struct {
	buf  []byte
	have int
	full bool // the last read had no room for more
}

// free is the room for the next read. It is never empty as long as frames are taken when complete.
func (st *stream) free() []byte {
	if (st.full || st.have == len(st.buf)) && len(st.buf) < maxStreamBuffer {
		grown := make([]byte, max(minStreamBuffer, 2*len(st.buf)))
		copy(grown, st.buf[:st.have])
		st.buf = grown
	}
	return st.buf[st.have:]
}

// take gives every complete frame to f and keeps the rest for later. It stops with a reason where
// the stream is lost. What f got is overwritten by the next read, and done runs before that.
func (st *stream) take(n int, f func(frame []byte), done func()) Reason {
	st.have += n
	st.full = st.have == len(st.buf)
	rest := st.buf[:st.have]
	for {
		n, r := nextFrame(rest)
		if r != ReasonNone {
			done()
			return r
		}
		if n == 0 {
			break
		}
		f(rest[:n:n])
		rest = rest[n:]
	}
	done()
	st.have = copy(st.buf, rest)
	return ReasonNone
}
