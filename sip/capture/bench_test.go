package capture_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// BenchmarkReader tells what a packet costs from the file's bytes to its payload.
func BenchmarkReader(b *testing.B) {
	msg := request(1, 400)
	mirrored := string(hep.Append(nil, hep.Packet{Packet: sip.Packet{
		Time: epoch, Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"), Payload: []byte(msg),
	}}))
	const n = 10_000
	udp, inHEP := make([]frame, n), make([]frame, n)
	tcp := make([]frame, n)
	for i := range n {
		at := time.Duration(i) * time.Microsecond
		udp[i], inHEP[i] = frame{at, plain(b, msg)}, frame{at, plain(b, mirrored)}
		tcp[i] = frame{at, segment{seq: uint32(i * len(msg)), payload: msg}.frame(b)}
	}
	for name, frames := range map[string][]frame{"UDP": udp, "HEP": inHEP, "TCP": tcp} {
		file := pcapOf(b, layers.LinkTypeEthernet, frames...)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(file) / n))
			var (
				r   *capture.Reader
				p   hep.Received
				err = io.EOF
			)
			for b.Loop() {
				if errors.Is(err, io.EOF) {
					if r, err = capture.NewReader("bench.pcap", bytes.NewReader(file)); err != nil {
						b.Fatal(err)
					}
				}
				if err = r.Next(&p); err != nil && !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}
