package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

func TestEveryLinkAndNetworkLayerIsRead(t *testing.T) {
	msg := request(1, 20)
	payload := gopacket.Payload(msg)
	packet4 := stacked(t, ip4(layers.IPProtocolUDP), udp(), payload)
	packet6 := stacked(t, ip6(layers.IPProtocolUDP), udp(), payload)
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("[2001:db8::1]:5060")
	tests := map[string]struct {
		link layers.LinkType
		data []byte
		src  netip.AddrPort
	}{
		"Ethernet, IPv4":         {layers.LinkTypeEthernet, plain(t, msg), v4},
		"Ethernet, IPv4, padded": {layers.LinkTypeEthernet, append(plain(t, msg), 0, 0, 0, 0, 0, 0), v4},
		"Ethernet, IPv6":         {layers.LinkTypeEthernet, stacked(t, ethernet(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udp(), payload), v6},
		"VLAN": {layers.LinkTypeEthernet, stacked(t, ethernet(layers.EthernetTypeDot1Q),
			&layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4}, ip4(layers.IPProtocolUDP), udp(), payload), v4},
		"QinQ": {layers.LinkTypeEthernet, stacked(t, ethernet(layers.EthernetTypeQinQ),
			&layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeDot1Q},
			&layers.Dot1Q{VLANIdentifier: 8, Type: layers.EthernetTypeIPv6}, ip6(layers.IPProtocolUDP), udp(), payload), v6},
		"IPv4 with options": {layers.LinkTypeEthernet, stacked(t, ethernet(layers.EthernetTypeIPv4), &layers.IPv4{
			Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{192, 0, 2, 2},
			Options: []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}},
		}, udp(), payload), v4},
		"IPv6 with extension headers": {layers.LinkTypeEthernet, extended(t, msg), v6},
		"cooked":                      {layers.LinkTypeLinuxSLL, append([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, packet4...), v4},
		"cooked, VLAN":                {layers.LinkTypeLinuxSLL, append([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 7, 0x86, 0xdd}, packet6...), v6},
		"cooked, version 2":           {276, append([]byte{0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, packet6...), v6},
		"raw, IPv4":                   {layers.LinkTypeRaw, packet4, v4},
		"raw, IPv6":                   {layers.LinkTypeRaw, packet6, v6},
		"raw, OpenBSD's number":       {14, packet6, v6},
		"raw, other BSDs' number":     {12, packet4, v4},
		"IPv4 only":                   {layers.LinkTypeIPv4, packet4, v4},
		"IPv6 only":                   {layers.LinkTypeIPv6, packet6, v6},
		"loopback":                    {layers.LinkTypeNull, append([]byte{2, 0, 0, 0}, packet4...), v4},
		"loopback of a Mac, IPv6":     {layers.LinkTypeNull, append([]byte{30, 0, 0, 0}, packet6...), v6},
		"loopback of OpenBSD":         {layers.LinkTypeLoop, append([]byte{0, 0, 0, 24}, packet6...), v6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := reader(t, pcapOf(t, tt.link, frame{time.Nanosecond, tt.data}))
			all := readAll(t, r.Next)
			if len(all) != 1 {
				t.Fatalf("%d packets; %+v", len(all), r.Stats())
			}
			p := all[0]
			if string(p.Payload) != msg || p.Src != tt.src || p.Dst.Port() != 5062 || p.Transport != sip.UDP {
				t.Errorf("got %+v", p)
			}
			if want := epoch.Add(time.Nanosecond); !p.Time.Equal(want) || !p.Arrival.Equal(want) {
				t.Errorf("time %v, arrival %v, want %v", p.Time, p.Arrival, want)
			}
		})
	}
}

// extended is a frame of IPv6 with hop-by-hop, destination and routing headers, an authentication
// header and an atomic fragment header before UDP.
func extended(t *testing.T, msg string) []byte {
	t.Helper()
	u := stacked(t, udpRaw(len(msg)), gopacket.Payload(msg))
	var b []byte
	b = append(b, 60, 0, 1, 4, 0, 0, 0, 0)                                     // hop-by-hop, then destination
	b = append(b, 43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)            // 16 bytes of destination, then routing
	b = append(b, 51, 0, 4, 0, 0, 0, 0, 0)                                     // routing, then authentication
	b = append(b, 44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8) // 24 bytes of it, then fragment
	b = append(b, 9, 10, 11, 12)
	b = append(b, 17, 0, 0, 0, 0, 0, 0, 9) // whole, then UDP
	return stacked(t, ethernet(layers.EthernetTypeIPv6), ip6(0), gopacket.Payload(append(b, u...)))
}

// udpRaw is a UDP header for a payload of n bytes, by hand.
func udpRaw(n int) gopacket.Payload {
	b := binary.BigEndian.AppendUint16(nil, 5060)
	b = binary.BigEndian.AppendUint16(b, 5062)
	b = binary.BigEndian.AppendUint16(b, uint16(8+n))
	return append(b, 0, 0)
}

func TestWhatCarriesNoSIPIsCountedByReason(t *testing.T) {
	arp := stacked(t, ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))
	u := func(payload string) []byte { return plain(t, payload) }
	broken := func(change func(b []byte)) []byte {
		b := u(request(1, 0))
		change(b)
		return b
	}
	tests := map[string]struct {
		data []byte
		want capture.Reason
	}{
		"ARP":                      {arp, capture.NotIP},
		"ICMP":                     {stacked(t, ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4), gopacket.Payload("12345678")), capture.NotTransport},
		"RTP":                      {u("\x80\x00\x00\x01media, and more of it"), capture.NotSIP},
		"DNS":                      {u("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"), capture.NotSIP},
		"text that is not SIP":     {u("hello world, this is: text"), capture.NotSIP},
		"CRLF":                     {u("\r\n\r\n"), capture.Keepalive},
		"a single NUL":             {u("\x00"), capture.Keepalive},
		"nothing":                  {u(""), capture.Keepalive},
		"half an Ethernet header":  {make([]byte, 13), capture.BadHeader},
		"half a VLAN tag":          {bare(0x8100, "123"), capture.BadHeader},
		"short IPv4 header":        {bare(0x0800, "E234567890"), capture.BadHeader},
		"IPv4 header of 16 bytes":  {broken(func(b []byte) { b[14] = 0x44 }), capture.BadHeader},
		"IPv4 that is version 6":   {broken(func(b []byte) { b[14] = 0x65 }), capture.BadHeader},
		"IPv4 shorter than itself": {broken(func(b []byte) { b[16], b[17] = 0, 19 }), capture.BadHeader},
		"UDP shorter than itself":  {broken(func(b []byte) { b[38], b[39] = 0, 7 }), capture.BadHeader},
		"UDP longer than IP":       {broken(func(b []byte) { b[38], b[39] = 255, 255 }), capture.BadHeader},
		"short IPv6 header":        {bare(0x86dd, "`234567890"), capture.BadHeader},
		"endless IPv6 extensions":  {stacked(t, ethernet(layers.EthernetTypeIPv6), ip6(60), gopacket.Payload(bytes.Repeat([]byte{60, 0, 1, 4, 0, 0, 0, 0}, 50))), capture.BadHeader},
		"IPv6 extension cut":       {stacked(t, ethernet(layers.EthernetTypeIPv6), ip6(60), gopacket.Payload([]byte{17, 9, 0, 0, 0, 0, 0, 0})), capture.BadHeader},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all, stats := payloads(t, frame{0, tt.data})
			if len(all) != 0 {
				t.Errorf("delivered %q", all)
			}
			var want capture.Stats
			want.Records, want.Bytes = 1, uint64(len(tt.data))
			want.Skipped[tt.want] = 1
			if d := cmp.Diff(want, stats); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("an unknown link", func(t *testing.T) {
		r := reader(t, pcapOf(t, 147, frame{0, u(request(1, 0))}))
		if all := readAll(t, r.Next); len(all) != 0 || r.Stats().Skipped[capture.UnknownLink] != 1 {
			t.Errorf("%d packets, %+v", len(all), r.Stats())
		}
		if w := r.Warnings(); len(w) != 1 || !strings.Contains(w[0], "link type") {
			t.Errorf("warnings %q", w)
		}
	})
}

// bare is an Ethernet frame that is not padded to its least size.
func bare(etherType uint16, payload string) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), etherType), payload...)
}

func TestAllFormsOfPcapAreRead(t *testing.T) {
	data := plain(t, request(1, 0))
	for name, file := range map[string][]byte{
		"microseconds, little-endian": classic(binary.LittleEndian, 0xa1b2c3d4, 0, 1795158193, 123456, data),
		"microseconds, big-endian":    classic(binary.BigEndian, 0xa1b2c3d4, 0, 1795158193, 123456, data),
		"nanoseconds, little-endian":  classic(binary.LittleEndian, 0xa1b23c4d, 0, 1795158193, 123456000, data),
		"nanoseconds, big-endian":     classic(binary.BigEndian, 0xa1b23c4d, 0, 1795158193, 123456000, data),
		"modified":                    classic(binary.LittleEndian, 0xa1b2cd34, 8, 1795158193, 123456, data),
	} {
		t.Run(name, func(t *testing.T) {
			all := readAll(t, reader(t, file).Next)
			if len(all) != 1 {
				t.Fatalf("%d packets", len(all))
			}
			if want := epoch.Add(123456 * time.Microsecond); !all[0].Time.Equal(want) {
				t.Errorf("time %v, want %v", all[0].Time, want)
			}
		})
	}
}

func TestGzipIsSeenThroughAlsoInSeveralMembers(t *testing.T) {
	file := pcapOf(t, layers.LinkTypeEthernet, frame{0, plain(t, request(1, 0))}, frame{1, plain(t, request(2, 0))}, frame{2, plain(t, request(3, 0))})
	var zipped bytes.Buffer
	for _, part := range [][]byte{file[:10], file[10:500], file[500:]} {
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := reader(t, zipped.Bytes())
	if n := len(readAll(t, r.Next)); n != 3 {
		t.Errorf("%d packets, want 3", n)
	}
	if r.Offset() != int64(zipped.Len()) {
		t.Errorf("offset %d, want %d", r.Offset(), zipped.Len())
	}
	damaged := bytes.Clone(zipped.Bytes())
	damaged[len(damaged)-30] ^= 0xff
	r = reader(t, damaged)
	var p hep.Received
	var err error
	for err == nil {
		err = r.Next(&p)
	}
	if errors.Is(err, io.EOF) {
		t.Error("damage went unnoticed")
	}
}

func TestAFileThatEndsInsideARecordIsReadToThereWithAWarning(t *testing.T) {
	first, second := plain(t, request(1, 0)), plain(t, request(2, 0))
	file := pcapOf(t, layers.LinkTypeEthernet, frame{0, first}, frame{1, second})
	whole := 24 + 16 + len(first)
	for n := 24; n <= len(file); n++ {
		r := reader(t, file[:n])
		want := 0
		if n >= whole {
			want++
		}
		if n == len(file) {
			want++
		}
		if got := len(readAll(t, r.Next)); got != want {
			t.Fatalf("%d bytes: %d packets, want %d", n, got, want)
		}
		cut := n != 24 && n != whole && n != len(file)
		if warned := len(r.Warnings()) == 1; warned != cut {
			t.Fatalf("%d bytes: warnings %q", n, r.Warnings())
		}
	}
}

func TestWhatIsNoCaptureIsRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"three bytes":   {1, 2, 3},
		"text":          []byte("this is a text file, not a capture\n"),
		"half a header": pcapOf(t, layers.LinkTypeEthernet)[:20],
		"zipped text":   []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\xad\x28\x49\xcc\x2d\xc8\x49\x55\x48\x49\x2c\x49\x04\x00\x1d\x4b\x7b\xb3\x0c\x00\x00\x00"),
		"half a zip":    {0x1f, 0x8b, 8},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := capture.Open(path)
			if err == nil {
				t.Fatalf("opened %v", r)
			}
			if name != "half a zip" && name != "zipped text" && !errors.Is(err, capture.ErrFormat) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := capture.Open(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestAnImpossibleRecordIsAnErrorWithItsOffset(t *testing.T) {
	file := pcapOf(t, layers.LinkTypeEthernet, frame{0, plain(t, request(1, 0))})
	file = append(file, bytes.Repeat([]byte{0xff}, 16)...)
	r := reader(t, file)
	var p hep.Received
	if err := r.Next(&p); err != nil {
		t.Fatal(err)
	}
	if err := r.Next(&p); !errors.Is(err, capture.ErrCorrupt) || !strings.Contains(err.Error(), "test.pcap") {
		t.Errorf("error %v", err)
	}
}

func TestADatagramCutBySnaplenIsTakenWhenItsHeadersAreThere(t *testing.T) {
	msg := request(1, 500)
	data := plain(t, msg)
	headers := len(data) - 500
	mirrored := plain(t, string(hep.Append(nil, hep.Packet{Packet: sip.Packet{
		Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"), Payload: []byte(msg),
	}})))
	for name, tt := range map[string]struct {
		data []byte
		keep int
		want int
	}{
		"inside the body":         {data, headers + 100, 1},
		"inside the headers":      {data, headers - 10, 0},
		"inside the UDP header":   {data, 14 + 20 + 4, 0},
		"HEP, inside the body":    {mirrored, len(mirrored) - 100, 1},
		"HEP, inside the headers": {mirrored, len(mirrored) - 510, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := pcapgo.NewWriter(&b)
			if err := w.WriteFileHeader(uint32(tt.keep), layers.LinkTypeEthernet); err != nil {
				t.Fatal(err)
			}
			if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: epoch, CaptureLength: tt.keep, Length: len(tt.data)}, tt.data[:tt.keep]); err != nil {
				t.Fatal(err)
			}
			r := reader(t, b.Bytes())
			all := readAll(t, r.Next)
			if len(all) != tt.want || r.Stats().Truncated != 1 || len(r.Warnings()) != 1 {
				t.Fatalf("%d packets, %d truncated, warnings %q", len(all), r.Stats().Truncated, r.Warnings())
			}
			if tt.want == 0 && r.Stats().Skipped[capture.CutShort] != 1 {
				t.Errorf("skipped %v", r.Stats().Skipped)
			}
			if tt.want == 1 && !strings.HasPrefix(msg, string(all[0].Payload)) {
				t.Errorf("payload %q", all[0].Payload)
			}
		})
	}
}

func TestEmptyLinesBeforeAMessageAreDropped(t *testing.T) {
	all, _ := payloads(t, frame{0, plain(t, "\r\n\r\n"+request(1, 0))})
	if len(all) != 1 || all[0] != request(1, 0) {
		t.Errorf("payloads %q", all)
	}
}

func TestUnusualStartLinesAreSIP(t *testing.T) {
	for _, line := range []string{
		"SIP/2.0 200 OK",
		"sip/2.0 183 lower case",
		"INVITE  sip:user@example.com  SIP/2.0",
		"INVITE <sip:user@example.com> SIP/2.0",
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0",
		"!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)@example.com SIP/2.0",
		"REGISTER tel:+358401234567 SIP/7.0",
	} {
		if all, _ := payloads(t, frame{0, plain(t, line+"\r\n\r\n")}); len(all) != 1 {
			t.Errorf("%q was not taken", line)
		}
	}
}

func TestProgressIsToldInBytes(t *testing.T) {
	path := file("a1_answered_customer_bye", "sip")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, path)
	if r.Size() != info.Size() || r.Name() != filepath.Base(path) {
		t.Errorf("size %d, name %s", r.Size(), r.Name())
	}
	readAll(t, r.Next)
	if r.Offset() != info.Size() {
		t.Errorf("offset %d at the end of %d", r.Offset(), info.Size())
	}
}

func TestReadingAllocatesNothingPerPacket(t *testing.T) {
	var frames []frame
	mirrored := hep.Append(nil, hep.Packet{Packet: sip.Packet{
		Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"), Payload: []byte(request(1, 0)),
	}})
	for i := range 2000 {
		frames = append(frames, frame{time.Duration(i), plain(t, request(i, 0))}, frame{time.Duration(i), plain(t, string(mirrored))})
	}
	r := reader(t, pcapOf(t, layers.LinkTypeEthernet, frames...))
	var p hep.Received
	if n := testing.AllocsPerRun(1000, func() {
		if err := r.Next(&p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
