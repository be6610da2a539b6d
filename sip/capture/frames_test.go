package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"ringback/sip/capture"
)

// Frames are made by gopacket, so that what is read here was written by code that knows nothing of
// it.

var epoch = time.Unix(1795158193, 0).UTC()

// request is a SIP request whose body has a given size.
func request(n, body int) string {
	return fmt.Sprintf("INVITE sip:+35893100100@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK%d\r\n"+
		"Call-ID: %d@192.0.2.1\r\nCSeq: 1 INVITE\r\nContent-Length: %d\r\n\r\n%s",
		n, n, body, bytes.Repeat([]byte("b"), body))
}

// stacked writes layers on top of one another.
func stacked(tb testing.TB, ls ...gopacket.SerializableLayer) []byte {
	tb.Helper()
	var network gopacket.NetworkLayer
	for _, l := range ls {
		switch l := l.(type) {
		case gopacket.NetworkLayer:
			network = l
		case *layers.UDP:
			if err := l.SetNetworkLayerForChecksum(network); err != nil {
				tb.Fatal(err)
			}
		case *layers.TCP:
			if err := l.SetNetworkLayerForChecksum(network); err != nil {
				tb.Fatal(err)
			}
		}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		tb.Fatal(err)
	}
	return bytes.Clone(b.Bytes())
}

func ethernet(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{
		SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: kind,
	}
}

func ip4(proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{192, 0, 2, 2}}
}

func ip6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
}

func udp() *layers.UDP { return &layers.UDP{SrcPort: 5060, DstPort: 5062} }

// plain is an Ethernet frame of IPv4 and UDP.
func plain(tb testing.TB, payload string) []byte {
	tb.Helper()
	return stacked(tb, ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(), gopacket.Payload(payload))
}

// frame is a captured frame with its time since epoch.
type frame struct {
	at   time.Duration
	data []byte
}

// pcapOf is a pcap file of the frames.
func pcapOf(tb testing.TB, link layers.LinkType, frames ...frame) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(262144, link); err != nil {
		tb.Fatal(err)
	}
	for _, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: epoch.Add(f.at), CaptureLength: len(f.data), Length: len(f.data)}
		if err := w.WritePacket(info, f.data); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

// reader reads a file's bytes.
func reader(tb testing.TB, file []byte) *capture.Reader {
	tb.Helper()
	r, err := capture.NewReader("test.pcap", bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// payloads are those of all packets of Ethernet frames.
func payloads(t *testing.T, frames ...frame) ([]string, capture.Stats) {
	t.Helper()
	r := reader(t, pcapOf(t, layers.LinkTypeEthernet, frames...))
	var all []string
	for _, p := range readAll(t, r.Next) {
		all = append(all, string(p.Payload))
	}
	return all, r.Stats()
}

// classic is a pcap file of one frame, made by hand in any of its forms.
func classic(order binary.AppendByteOrder, magic uint32, extra int, seconds, fraction uint32, data []byte) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 262144)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint32(b, seconds)
	b = order.AppendUint32(b, fraction)
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(len(data)))
	b = append(b, make([]byte, extra)...)
	return append(b, data...)
}
