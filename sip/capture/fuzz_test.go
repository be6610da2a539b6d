package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// FuzzReader reads any bytes as a capture file: it must come to an end, deliver nothing that was not in
// the file, and read the same when the bytes come in small pieces.
func FuzzReader(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.pcap.gz"))
	if err != nil || len(files) == 0 {
		f.Fatal("no captures in testdata", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			f.Fatal(err)
		}
		if b, err = io.ReadAll(z); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	n := (&ng{order: binary.BigEndian}).section().iface(1, 9, []byte{9}, 14, make([]byte, 8)).packet(0, 1, plain(f, request(1, 0))).simple(plain(f, request(2, 0)))
	f.Add(n.b)
	var fs []frame
	for _, b := range append(fragments4(f, 1, request(1, 3000), 1480), fragments6(f, 1, request(1, 3000), 1480)...) {
		fs = append(fs, frame{0, b})
	}
	fs = append(fs, frames(f, time.Second, segment{seq: 9, flags: "S"}, segment{seq: 10, payload: "INVITE sip:a"},
		segment{seq: 100, payload: request(1, 0), flags: "F"})...)
	f.Add(pcapOf(f, layers.LinkTypeEthernet, fs...))

	f.Fuzz(func(t *testing.T, file []byte) {
		whole, wholeErr := drain(t, file, bytes.NewReader(file))
		pieces, piecesErr := drain(t, file, iotestSmall{bytes.NewReader(file)})
		if whole != pieces || (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("in one piece %+v and %v, in small ones %+v and %v", whole, wholeErr, pieces, piecesErr)
		}
	})
}

// drain reads a file to its end or its first error.
func drain(t *testing.T, file []byte, from io.Reader) (capture.Stats, error) {
	t.Helper()
	r, err := capture.NewReader("fuzz.pcap", from)
	if err != nil {
		return capture.Stats{}, err
	}
	zipped := len(file) > 1 && file[0] == 0x1f
	var (
		p         hep.Received
		delivered uint64
		size      int
	)
	for {
		err := r.Next(&p)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return r.Stats(), err
			}
			break
		}
		delivered++
		size += len(p.Payload)
		if len(p.Payload) == 0 || p.Arrival.IsZero() || !p.Src.IsValid() || !p.Dst.IsValid() {
			t.Fatalf("incomplete: %+v", p)
		}
	}
	// A compressed payload of HEP3 is the only way to deliver more than was read.
	if s := r.Stats(); s.Delivered != delivered || !zipped && size > len(file) && !bytes.Contains(file, []byte("HEP3")) {
		t.Fatalf("%d packets of %d bytes out of %d bytes; %+v", delivered, size, len(file), s)
	}
	if err := r.Next(&p); !errors.Is(err, io.EOF) {
		t.Fatalf("after the end: %v", err)
	}
	return r.Stats(), nil
}

// iotestSmall reads three bytes at a time.
type iotestSmall struct{ r io.Reader }

func (s iotestSmall) Read(b []byte) (int, error) { return s.r.Read(b[:min(len(b), 3)]) }

// FuzzStream reads any bytes as a TCP stream that begins as SIP or HEP: segments in order and
// segments whose neighbours are swapped must give the same messages.
func FuzzStream(f *testing.F) {
	f.Add([]byte(request(1, 10)+request(2, 0)), false, uint16(3), uint32(5))
	f.Add([]byte("HEP3\x00\x06HEP3"), true, uint16(1), uint32(0))
	f.Add([]byte("bodyINVITE sip:a SIP/2.0\r\nSIP/2.0 200 OK\r\nl: 3\n\nabc"), false, uint16(4), uint32(9))
	f.Fuzz(func(t *testing.T, stream []byte, inHEP bool, size uint16, shuffle uint32) {
		if len(stream) > 10_000 {
			return
		}
		first := request(0, 0)
		if inHEP {
			first = string(hep.Append(nil, hep.Packet{Packet: sip.Packet{
				Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"), Payload: []byte(first),
			}}))
		}
		stream = append([]byte(first), stream...)
		var inOrder []segment
		step := max(int(size), len(stream)/200+1)
		for at := 0; at < len(stream); at += step {
			inOrder = append(inOrder, segment{seq: uint32(1000 + at), payload: string(stream[at:min(at+step, len(stream))])})
		}
		swapped := append([]segment(nil), inOrder...)
		for i := 0; i+1 < len(swapped); i += 2 {
			if shuffle>>(i/2%32)&1 != 0 {
				swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			}
		}
		syn := []segment{{seq: 999, flags: "S"}}
		want, _ := payloads(t, frames(t, time.Microsecond, append(syn, inOrder...)...)...)
		got, _ := payloads(t, frames(t, time.Microsecond, append(syn, swapped...)...)...)
		if len(want) == 0 || !slices.Equal(want, got) {
			t.Fatalf("in order %q, swapped %q", want, got)
		}
	})
}
