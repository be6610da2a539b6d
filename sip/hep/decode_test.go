package hep_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
	"ringback/sip/hep"
)

const options = "OPTIONS sip:pbx@192.0.2.1 SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"

func example() hep.Packet {
	return hep.Packet{
		Packet: sip.Packet{
			Time:      time.Unix(1795158193, 123456000).UTC(),
			Src:       netip.MustParseAddrPort("192.0.2.1:5060"),
			Dst:       netip.MustParseAddrPort("192.0.2.2:5062"),
			Transport: sip.UDP,
			Agent:     2001,
			Payload:   []byte(options),
		},
		CorrelationID: []byte("call-1@192.0.2.1"),
		CaptureName:   []byte("pbx1"),
		Key:           []byte("hepsecret"),
	}
}

// cmpAddr compares addresses, whose fields are hidden from go-cmp.
var cmpAddr = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

func TestAPacketComesBackAsItWasAppended(t *testing.T) {
	tests := map[string]func(*hep.Packet){
		"IPv4 over UDP": func(*hep.Packet) {},
		"IPv6": func(p *hep.Packet) {
			p.Src, p.Dst = netip.MustParseAddrPort("[fd20::50]:5060"), netip.MustParseAddrPort("[fd20::10]:5060")
		},
		"TCP":                       func(p *hep.Packet) { p.Transport = sip.TCP },
		"TLS":                       func(p *hep.Packet) { p.Transport = sip.TLS },
		"no optional chunks":        func(p *hep.Packet) { p.Key, p.CaptureName, p.CorrelationID = nil, nil, nil },
		"no time":                   func(p *hep.Packet) { p.Time = time.Time{} },
		"a payload of 60 000 bytes": func(p *hep.Packet) { p.Payload = bytes.Repeat([]byte("x"), 60_000) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			want := example()
			change(&want)
			var got hep.Packet
			if err := hep.Decode(hep.Append(nil, want), &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, cmpAddr); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAPacketThatDoesNotFitIsNotAppended(t *testing.T) {
	prefix := []byte("before")
	tests := map[string]func(*hep.Packet){
		"payload too long": func(p *hep.Packet) { p.Payload = make([]byte, 65_500) },
		"key too long":     func(p *hep.Packet) { p.Key = make([]byte, 70_000) },
		"families differ":  func(p *hep.Packet) { p.Dst = netip.MustParseAddrPort("[fd20::10]:5060") },
		"no addresses":     func(p *hep.Packet) { p.Src, p.Dst = netip.AddrPort{}, netip.AddrPort{} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := example()
			change(&p)
			if got := hep.Append(prefix, p); !bytes.Equal(got, prefix) {
				t.Errorf("appended %d bytes", len(got)-len(prefix))
			}
		})
	}
}

// chunk is one chunk by its parts; vendor 0 where not said otherwise.
type chunk struct {
	vendor, kind uint16
	value        []byte
}

// packet builds a HEP3 packet from chunks.
func packet(chunks ...chunk) []byte {
	b := []byte("HEP3\x00\x00")
	for _, c := range chunks {
		b = binary.BigEndian.AppendUint16(b, c.vendor)
		b = binary.BigEndian.AppendUint16(b, c.kind)
		b = binary.BigEndian.AppendUint16(b, uint16(6+len(c.value)))
		b = append(b, c.value...)
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	return b
}

// minimal are the chunks of the smallest packet taken.
func minimal() []chunk {
	return []chunk{
		{0, 0x01, []byte{2}},
		{0, 0x03, []byte{192, 0, 2, 1}},
		{0, 0x04, []byte{192, 0, 2, 2}},
		{0, 0x0b, []byte{1}},
		{0, 0x0f, []byte(options)},
	}
}

// with is minimal with chunks replaced by type, or added.
func with(changes ...chunk) []byte {
	chunks := minimal()
next:
	for _, c := range changes {
		for i := range chunks {
			if chunks[i].vendor == c.vendor && chunks[i].kind == c.kind {
				chunks[i] = c
				continue next
			}
		}
		chunks = append(chunks, c)
	}
	return packet(chunks...)
}

// without is minimal without one chunk.
func without(kind uint16) []byte {
	var chunks []chunk
	for _, c := range minimal() {
		if c.kind != kind {
			chunks = append(chunks, c)
		}
	}
	return packet(chunks...)
}

func TestEveryWayToBeNoPacketHasItsReason(t *testing.T) {
	whole := with()
	tests := map[string]struct {
		b    []byte
		want hep.Reason
	}{
		"nothing":                         {nil, hep.Short},
		"half a header":                   {[]byte("HEP3\x00"), hep.Short},
		"cut short":                       {whole[:len(whole)-1], hep.WrongLength},
		"a byte too many":                 {append(bytes.Clone(whole), 0), hep.WrongLength},
		"length of nothing":               {[]byte("HEP3\x00\x00"), hep.WrongLength},
		"half a chunk header at the end":  {wrap(append(bytes.Clone(whole), 0, 0, 0)), hep.BadChunk},
		"chunk shorter than its header":   {wrap(append(bytes.Clone(whole), 0, 0, 0, 0x11, 0, 5)), hep.BadChunk},
		"chunk that runs past the end":    {wrap(append(bytes.Clone(whole), 0, 0, 0, 0x11, 0, 7)), hep.BadChunk},
		"vendor chunk past the end":       {wrap(append(bytes.Clone(whole), 0, 7, 0, 1, 255, 255)), hep.BadChunk},
		"chunk of length 0":               {wrap(append(bytes.Clone(whole), 0, 0, 0, 0x11, 0, 0)), hep.BadChunk},
		"short address":                   {with(chunk{0, 3, []byte{1, 2, 3}}), hep.BadChunkSize},
		"long port":                       {with(chunk{0, 7, []byte{1, 2, 3}}), hep.BadChunkSize},
		"empty protocol type":             {with(chunk{0, 0x0b, nil}), hep.BadChunkSize},
		"two payloads":                    {packet(append(minimal(), chunk{0, 0x0f, []byte("x")})...), hep.DuplicateChunk},
		"two unassigned chunks of a kind": {packet(append(minimal(), chunk{0, 40, nil}, chunk{0, 40, nil})...), hep.DuplicateChunk},
		"payload plain and compressed":    {with(chunk{0, 0x10, deflate(t, options)}), hep.DuplicateChunk},
		"no payload":                      {without(0x0f), hep.MissingChunk},
		"no protocol type":                {without(0x0b), hep.MissingChunk},
		"no source":                       {without(3), hep.MissingChunk},
		"no destination":                  {without(4), hep.MissingChunk},
		"family says IPv6":                {with(chunk{0, 1, []byte{10}}), hep.MissingChunk},
		"family of another kind":          {with(chunk{0, 1, []byte{1}}), hep.BadFamily},
		"a million microseconds":          {with(chunk{0, 9, []byte{1, 2, 3, 4}}, chunk{0, 0x0a, []byte{0, 0x0f, 0x42, 0x40}}), hep.BadTimestamp},
		"HEP version 1":                   {[]byte("\x01\x10\x02\x11\x13\xc4\x13\xc4\xc0\x00\x02\x01\xc0\x00\x02\x02" + options), hep.HEP1},
		"HEP version 2 over IPv6":         {append([]byte("\x02\x34\x0a\x11\x13\xc4\x13\xc4"), make([]byte, 80)...), hep.HEP2},
		"SIP without HEP":                 {[]byte(options), hep.RawSIP},
		"a SIP response without HEP":      {[]byte("SIP/2.0 200 OK\r\n\r\n"), hep.RawSIP},
		"CRLF without HEP":                {[]byte("\r\n\r\n"), hep.Keepalive},
		"something else":                  {[]byte("\x80\x00\x00\x01 rtp"), hep.NotHEP},
		"text":                            {[]byte("GET / HTTP/1.1\r\n\r\n"), hep.NotHEP},
		"RTCP as JSON":                    {with(chunk{0, 0x0b, []byte{5}}), hep.RTCP},
		"a log line":                      {with(chunk{0, 0x0b, []byte{100}}), hep.OtherProtocol},
		"a keep-alive in HEP":             {with(chunk{0, 0x0f, []byte("\r\n\r\n\x00")}), hep.Keepalive},
		"an empty payload":                {with(chunk{0, 0x0f, nil}), hep.Keepalive},
		"compressed nonsense":             {packet(compressed([]byte("nonsense"))...), hep.BadCompression},
		"compressed nothing":              {packet(compressed(nil)...), hep.BadCompression},
		"compressed and cut":              {packet(compressed(deflate(t, options)[:20])...), hep.BadCompression},
		"compressed 10 MB":                {packet(compressed(deflate(t, string(make([]byte, 10<<20))))...), hep.TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p hep.Packet
			if err := hep.Decode(tt.b, &p); err != tt.want { //nolint:errorlint // it is the reason itself
				t.Errorf("Decode: %v, want %v", err, tt.want)
			}
		})
	}
}

// wrap corrects the total length of a packet that was made longer.
func wrap(b []byte) []byte {
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	return b
}

// compressed is minimal with a compressed payload instead of the plain one.
func compressed(b []byte) []chunk {
	chunks := minimal()
	return append(chunks[:len(chunks)-1], chunk{0, 0x10, b})
}

func deflate(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	return squeeze(t, &b, zlib.NewWriter(&b), s)
}

func squeeze(t *testing.T, b *bytes.Buffer, w io.WriteCloser, s string) []byte {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestACompressedPayloadIsInflated(t *testing.T) {
	var zipped bytes.Buffer
	for name, b := range map[string][]byte{
		"zlib": deflate(t, options),
		"gzip": squeeze(t, &zipped, gzip.NewWriter(&zipped), options),
	} {
		t.Run(name, func(t *testing.T) {
			var p hep.Packet
			if err := hep.Decode(packet(compressed(b)...), &p); err != nil {
				t.Fatal(err)
			}
			if string(p.Payload) != options {
				t.Errorf("payload %q", p.Payload)
			}
		})
	}
}

func TestTheTransportIsReadFromProtocolAndPort(t *testing.T) {
	port := func(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
	tests := map[string]struct {
		protocol byte
		src, dst uint16
		want     sip.Transport
	}{
		"UDP":                         {17, 5060, 5060, sip.UDP},
		"TCP":                         {6, 5060, 40000, sip.TCP},
		"TCP of Asterisk that is TLS": {6, 40000, 5061, sip.TLS},
		"the same the other way":      {6, 5061, 40000, sip.TLS},
		"UDP on 5061 is UDP":          {17, 5061, 5061, sip.UDP},
		"Kamailio's mark of TLS":      {22, 5060, 5060, sip.TLS},
		"SCTP is none we know":        {132, 5060, 5060, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p hep.Packet
			b := with(chunk{0, 2, []byte{tt.protocol}}, chunk{0, 7, port(tt.src)}, chunk{0, 8, port(tt.dst)})
			if err := hep.Decode(b, &p); err != nil {
				t.Fatal(err)
			}
			if p.Transport != tt.want {
				t.Errorf("transport %v, want %v", p.Transport, tt.want)
			}
		})
	}
}

func TestUnknownChunksAreSteppedOver(t *testing.T) {
	chunks := append([]chunk{
		{1, 3, []byte("vendor")},
		{0, 0x0d, []byte{0, 30}},
		{0, 0x12, []byte{0, 7}},
		{0, 0x20, []byte("later")},
		{0, 900, []byte("much later")},
		{1, 3, []byte("again")},
	}, minimal()...)
	var p hep.Packet
	if err := hep.Decode(packet(chunks...), &p); err != nil {
		t.Fatal(err)
	}
	if string(p.Payload) != options {
		t.Errorf("payload %q", p.Payload)
	}
}

func TestAMappedAddressIsWrittenAsIPv4(t *testing.T) {
	src, dst := netip.MustParseAddr("::ffff:192.0.2.1").As16(), netip.MustParseAddr("::ffff:192.0.2.2").As16()
	b := packet(chunk{0, 1, []byte{10}}, chunk{0, 5, src[:]}, chunk{0, 6, dst[:]}, chunk{0, 0x0b, []byte{1}},
		chunk{0, 0x0f, []byte(options)})
	var p hep.Packet
	if err := hep.Decode(b, &p); err != nil {
		t.Fatal(err)
	}
	if want := netip.MustParseAddr("192.0.2.1"); p.Src.Addr() != want {
		t.Errorf("source %v, want %v", p.Src.Addr(), want)
	}
}

func TestTheBeginningOfACutPacketIsRead(t *testing.T) {
	whole := hep.Append(nil, example())
	headers := len(whole) - len(options) - 6 // the payload comes last
	for n := range len(whole) {
		var p hep.Packet
		err := hep.DecodeCut(whole[:n], &p)
		if n <= headers+6 {
			if err == nil {
				t.Fatalf("%d bytes were taken for a packet", n)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if want := options[:n-headers-6]; string(p.Payload) != want || !bytes.Equal(p.Key, example().Key) {
			t.Fatalf("%d bytes: payload %q, want %q", n, p.Payload, want)
		}
	}
}

func TestEveryReasonHasANameOfItsOwn(t *testing.T) {
	seen := make(map[string]bool)
	for r := range hep.Reason(hep.NumReasons) {
		if name := r.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("reason %d is %q", r, name)
		} else {
			seen[name] = true
		}
	}
	closes := make(map[string]bool)
	for r := range hep.CloseReason(hep.NumCloseReasons) {
		if name := r.String(); name == "" || name == "unknown" || closes[name] {
			t.Errorf("close reason %d is %q", r, name)
		} else {
			closes[name] = true
		}
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	b := hep.Append(nil, example())
	bad := b[:len(b)-1]
	var p hep.Packet
	var err error
	if n := testing.AllocsPerRun(100, func() {
		err = hep.Decode(b, &p)
		if err == nil {
			err = hep.Decode(bad, &p)
		}
	}); n != 0 {
		t.Errorf("%v allocations, last error %v", n, err)
	}
	dst := make([]byte, 0, 2048)
	q := example()
	if n := testing.AllocsPerRun(100, func() { dst = hep.Append(dst[:0], q) }); n != 0 {
		t.Errorf("Append: %v allocations", n)
	}
}
