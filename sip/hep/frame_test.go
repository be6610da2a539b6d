package hep

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"ringback/sip"
)

// FuzzStream reads any bytes as a stream, in pieces of any size: the frames must be those that are
// found when all bytes are there at once, and the buffer must stay within its bounds.
func FuzzStream(f *testing.F) {
	packet := Append(nil, Packet{Packet: sip.Packet{
		Src: netip.MustParseAddrPort("192.0.2.1:5060"), Dst: netip.MustParseAddrPort("192.0.2.2:5060"), Payload: []byte("OPTIONS"),
	}})
	f.Add(slices.Concat(packet, packet, packet), uint16(7))
	f.Add(append(bytes.Clone(packet), "HEP3\x00\x05"...), uint16(1))
	f.Add([]byte("HEP2"), uint16(1))
	f.Add(append([]byte("HEP3\xff\xff"), make([]byte, 70_000)...), uint16(60_000))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		var want [][]byte
		rest, lost := b, ReasonNone
		for {
			n, r := nextFrame(rest)
			if n == 0 || r != ReasonNone {
				lost = r
				break
			}
			want = append(want, rest[:n])
			rest = rest[n:]
		}

		var (
			st   stream
			got  [][]byte
			dead bool
		)
		for in := b; len(in) > 0 && !dead; {
			free := st.free()
			if len(free) == 0 {
				t.Fatal("no room for the next read")
			}
			n := copy(free[:min(len(free), int(size)+1)], in)
			in = in[n:]
			dead = st.take(n, func(frame []byte) { got = append(got, bytes.Clone(frame)) }, func() {}) != ReasonNone
			if len(st.buf) > maxStreamBuffer {
				t.Fatalf("a buffer of %d bytes", len(st.buf))
			}
		}
		if dead != (lost != ReasonNone) {
			t.Fatalf("lost in pieces: %v, at once: %v", dead, lost)
		}
		if !slices.EqualFunc(want, got, bytes.Equal) {
			t.Fatalf("%d frames in pieces, %d at once", len(got), len(want))
		}
	})
}
