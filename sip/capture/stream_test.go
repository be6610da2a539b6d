package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// segment is a TCP segment of one direction.
type segment struct {
	seq     uint32
	payload string
	flags   string // of S, F, R
	ack     uint32
	back    bool // from the other end
}

func (s segment) frame(tb testing.TB) []byte {
	tb.Helper()
	tcp := &layers.TCP{
		SrcPort: 40000, DstPort: 5060, Seq: s.seq, Window: 65535, ACK: s.ack != 0, Ack: s.ack,
		SYN: strings.Contains(s.flags, "S"), FIN: strings.Contains(s.flags, "F"), RST: strings.Contains(s.flags, "R"),
	}
	ip := ip4(layers.IPProtocolTCP)
	if s.back {
		tcp.SrcPort, tcp.DstPort = tcp.DstPort, tcp.SrcPort
		ip.SrcIP, ip.DstIP = ip.DstIP, ip.SrcIP
	}
	return stacked(tb, ethernet(layers.EthernetTypeIPv4), ip, tcp, gopacket.Payload(s.payload))
}

func frames(tb testing.TB, step time.Duration, segments ...segment) []frame {
	tb.Helper()
	var fs []frame
	for i, s := range segments {
		fs = append(fs, frame{time.Duration(i) * step, s.frame(tb)})
	}
	return fs
}

// cut cuts a stream that starts at a sequence number into segments at random places.
func cut(random *rand.Rand, seq uint32, stream string, most int) []segment {
	var segments []segment
	for len(stream) > 0 {
		n := min(1+random.IntN(most), len(stream))
		segments = append(segments, segment{seq: seq, payload: stream[:n]})
		seq, stream = seq+uint32(n), stream[n:]
	}
	return segments
}

// conversation is a stream of messages of many sizes, with keep-alives in between, and the messages.
func conversation(random *rand.Rand, n int) (stream string, all []string) {
	var b strings.Builder
	for i := range n {
		m := request(i, random.IntN(3000))
		if i%3 == 1 {
			m = fmt.Sprintf("SIP/2.0 200 OK\r\nCall-ID: %d\r\nCSeq: 1 INVITE\r\nl : 4\r\n\r\nbody", i)
		}
		if i%5 == 2 {
			b.WriteString("\r\n\r\n")
		}
		all = append(all, m)
		b.WriteString(m)
	}
	return b.String(), all
}

func TestMessagesOfAStreamAreFoundHoweverItIsCut(t *testing.T) {
	for _, most := range []int{1, 10, 300, 1460, 20_000, 1 << 20} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(most), 1))
			stream, want := conversation(random, 30)
			start := uint32(0xffffffff - 5000) // the sequence numbers wrap
			segments := append([]segment{{seq: start - 1, flags: "S"}}, cut(random, start, stream, min(most, 60_000))...)
			segments = append(segments, segment{seq: start + uint32(len(stream)), flags: "F"})
			got, stats := payloads(t, frames(t, time.Microsecond, segments...)...)
			if !slices.Equal(got, want) {
				t.Errorf("%d messages, want %d; skipped %v", len(got), len(want), stats.Skipped)
			}
		})
	}
}

func TestReorderedRepeatedAndOverlappingSegmentsMakeTheSameStream(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		stream, want := conversation(random, 30)
		segments := cut(random, 1000, stream, 1460)
		var sent []segment
		for i, s := range segments {
			sent = append(sent, s)
			switch random.IntN(4) {
			case 0: // again
				sent = append(sent, s)
			case 1: // with what follows, in one
				if i+1 < len(segments) {
					sent = append(sent, segment{seq: s.seq, payload: s.payload + segments[i+1].payload})
				}
			}
		}
		for i := range sent { // some places off
			j := min(i+random.IntN(6), len(sent)-1)
			sent[i], sent[j] = sent[j], sent[i]
		}
		sent = append([]segment{{seq: 999, flags: "S"}}, sent...)
		got, stats := payloads(t, frames(t, time.Microsecond, sent...)...)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d messages, want %d; skipped %v", seed, len(got), len(want), stats.Skipped)
		}
	}
}

// Whatever segments are missing: every message of which no byte is missing is found.
func TestAGapCostsNoMoreThanTheMessagesItHits(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		stream, all := conversation(random, 40)
		segments := cut(random, 1000, stream, 1460)
		kept := []segment{{seq: 999, flags: "S"}}
		missing := make([]bool, len(stream))
		for _, s := range segments {
			if random.IntN(10) > 0 {
				kept = append(kept, s)
				continue
			}
			for i := range s.payload {
				missing[int(s.seq-1000)+i] = true
			}
		}
		var want []string
		at := 0
		for _, m := range all {
			at += strings.Index(stream[at:], m)
			if !slices.Contains(missing[at:at+len(m)], true) {
				want = append(want, m)
			}
			at += len(m)
		}
		step := time.Microsecond // gaps are given up at the end, or when too much waits behind them
		if seed%2 == 0 {
			step = 100 * time.Millisecond // or in time
		}
		got, stats := payloads(t, frames(t, step, kept...)...)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d messages, want %d of %d; skipped %v", seed, len(got), len(want), len(all), stats.Skipped)
		}
	}
}

func TestAGapIsGivenUpSoonOnceTheOtherEndHasTheBytes(t *testing.T) {
	first, lost, last := request(1, 0), request(2, 0), request(3, 0)
	behind := uint32(1000 + len(first) + len(lost))
	fs := []frame{
		{0, segment{seq: 1000, payload: first}.frame(t)},
		{time.Millisecond, segment{seq: behind, payload: last}.frame(t)},
		{2 * time.Millisecond, segment{seq: 1, ack: behind + uint32(len(last)), back: true}.frame(t)},
		{300 * time.Millisecond, plain(t, request(4, 0))},
	}
	r := reader(t, pcapOf(t, layers.LinkTypeEthernet, fs...))
	var got []string
	for _, p := range readAll(t, r.Next) {
		got = append(got, string(p.Payload))
		if string(p.Payload) == last && !p.Time.Equal(epoch.Add(time.Millisecond)) {
			t.Errorf("time of the last message %v", p.Time)
		}
	}
	if len(got) != 3 || !slices.Contains(got, last) || r.Stats().Skipped[capture.StreamGap] != 1 {
		t.Errorf("%d messages, skipped %v", len(got), r.Stats().Skipped)
	}
}

func TestAStreamMetInTheMiddleIsReadFromTheNextMessageOn(t *testing.T) {
	msgs := request(1, 100) + request(2, 50) + request(3, 0)
	for skip := 1; skip < len(request(1, 100)); skip += 7 {
		got, _ := payloads(t, frames(t, time.Microsecond, segment{seq: 5000, payload: msgs[skip:]})...)
		if want := []string{request(2, 50), request(3, 0)}; !slices.Equal(got, want) {
			t.Fatalf("from byte %d: %q", skip, got)
		}
	}
}

func TestANewConnectionOnTheSamePortsIsNotTakenForTheOldOne(t *testing.T) {
	half := request(1, 500)[:200]
	for name, segments := range map[string][]segment{
		"with SYN":    {{seq: 1000, payload: half}, {seq: 90_000_000, flags: "S"}, {seq: 90_000_001, payload: request(2, 0)}},
		"without SYN": {{seq: 1000, payload: half}, {seq: 90_000_000, payload: request(2, 0)}},
		"after RST":   {{seq: 1000, payload: half}, {seq: 1000 + uint32(len(half)), flags: "R"}, {seq: 1200, payload: request(2, 0)}},
		"after FIN":   {{seq: 1000, payload: half}, {seq: 1000 + uint32(len(half)), flags: "F"}, {seq: 900, payload: request(2, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := payloads(t, frames(t, time.Microsecond, segments...)...)
			if !slices.Equal(got, []string{request(2, 0)}) {
				t.Errorf("got %q, skipped %v", got, stats.Skipped)
			}
		})
	}
}

func TestBothDirectionsAreStreamsOfTheirOwn(t *testing.T) {
	got, _ := payloads(t, frames(t, time.Microsecond,
		segment{seq: 1000, payload: request(1, 0)[:50]},
		segment{seq: 1000, payload: request(2, 0)[:60], back: true},
		segment{seq: 1050, payload: request(1, 0)[50:]},
		segment{seq: 1060, payload: request(2, 0)[60:], back: true},
	)...)
	if !slices.Equal(got, []string{request(1, 0), request(2, 0)}) {
		t.Errorf("got %q", got)
	}
}

func TestGarbageInAStreamIsLeftBehind(t *testing.T) {
	first, next := request(1, 0), request(2, 0)
	huge := "INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999\r\n\r\n"
	for name, tt := range map[string]struct {
		garbage string
		want    capture.Reason
	}{
		"text":                       {"some line\r\nand another\r\n\r\n", capture.StreamGarbage},
		"a length that is no number": {"INVITE sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n", capture.StreamGarbage},
		"a body beyond all bounds":   {huge, capture.TooLarge},
		"a length beyond all bounds": {"INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999999999999999999999999\r\n\r\n", capture.TooLarge},
		"endless headers":            {"INVITE sip:a@b SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 20_000), capture.TooLarge},
		"an endless line":            {strings.Repeat("x", 70_000) + "\r\n", capture.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			segments := cut(rand.New(rand.NewPCG(1, 1)), 1000, first+tt.garbage+next, 1460)
			got, stats := payloads(t, frames(t, time.Microsecond, segments...)...)
			if !slices.Equal(got, []string{first, next}) {
				t.Errorf("%d messages, skipped %v", len(got), stats.Skipped)
			}
			if stats.Skipped[tt.want] == 0 {
				t.Errorf("skipped %v", stats.Skipped)
			}
		})
	}
}

func TestHEPInAStreamIsRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 4))
	var (
		stream string
		want   []string
	)
	for i := range 30 {
		want = append(want, request(i, random.IntN(2000)))
		stream += string(hep.Append(nil, hep.Packet{
			Packet: sip.Packet{
				Time: epoch.Add(time.Hour), Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"),
				Transport: sip.TLS, Payload: []byte(want[i]),
			},
		}))
	}
	segments := cut(random, 1000, stream, 1460)
	r := reader(t, pcapOf(t, layers.LinkTypeEthernet, frames(t, time.Microsecond, segments...)...))
	var got []string
	for _, p := range readAll(t, r.Next) {
		got = append(got, string(p.Payload))
		if p.Transport != sip.TLS || !p.Time.Equal(epoch.Add(time.Hour)) || p.From != netip.MustParseAddrPort("192.0.2.1:40000") {
			t.Errorf("got %+v", p)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	// Behind a gap it goes on with the next packet.
	lost := slices.Concat(segments[:5], segments[6:])
	all, stats := payloads(t, frames(t, time.Microsecond, lost...)...)
	if len(all) < 27 || len(all) == 30 || stats.Skipped[capture.StreamGap] != 1 {
		t.Errorf("%d messages, skipped %v", len(all), stats.Skipped)
	}
}

func TestRecordsOfTLSAreSteppedOver(t *testing.T) {
	record := func(kind byte, n int) string {
		return string(binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(n))) + strings.Repeat("x", n)
	}
	stream := record(22, 300) + record(20, 1) + record(23, 600) + record(23, 1000)
	segments := cut(rand.New(rand.NewPCG(1, 1)), 1000, stream, 200)
	segments = append([]segment{{seq: 999, flags: "S"}}, segments...)
	segments = append(segments, segment{seq: 1, payload: record(22, 100), back: true})
	r := reader(t, pcapOf(t, layers.LinkTypeEthernet, frames(t, time.Microsecond, segments...)...))
	var sizes []int
	r.OnEncrypted = func(e capture.Encrypted) {
		if e.Src.Port() == 40000 && !e.Handshake {
			sizes = append(sizes, e.Size)
		}
	}
	if all := readAll(t, r.Next); len(all) != 0 {
		t.Errorf("%d messages", len(all))
	}
	if !slices.Equal(sizes, []int{600, 1000}) {
		t.Errorf("records of %v bytes", sizes)
	}
	if n := r.Stats().Encrypted; n != 1 {
		t.Errorf("%d encrypted flows, want 1 of both directions", n)
	}
}

func TestOtherProtocolsOverTCPKeepNoState(t *testing.T) {
	var segments []segment
	for i := range 100 {
		segments = append(segments, segment{seq: 1000 + uint32(i*20), payload: "HTTP/1.1 200 OK 1234"})
	}
	all, stats := payloads(t, frames(t, time.Microsecond, segments...)...)
	if len(all) != 0 || stats.Skipped[capture.NotSIP] != 100 {
		t.Errorf("%d messages, skipped %v", len(all), stats.Skipped)
	}
}

// tcpFlood returns frames of many connections that each leave a message unfinished, or unbegun.
func tcpFlood(tb testing.TB, n int, s segment) []frame {
	tb.Helper()
	base := s.frame(tb)
	var fs []frame
	for i := range n {
		f := bytes.Clone(base)
		binary.BigEndian.PutUint16(f[34:], uint16(i)) // source port
		binary.BigEndian.PutUint16(f[28:], uint16(i>>16))
		fs = append(fs, frame{0, f})
	}
	return fs
}

func TestAFloodOfConnectionsIsBounded(t *testing.T) {
	half := request(0, 30_000)
	for name, tt := range map[string]struct {
		flood []frame
		given uint64 // streams given up, at least
	}{
		"of SYNs":                     {tcpFlood(t, 5000, segment{seq: 1, flags: "S"}), 0},
		"of unfinished messages":      {tcpFlood(t, 6000, segment{seq: 1, payload: half[:500]}), 1500},
		"of long unfinished messages": {tcpFlood(t, 3700, segment{seq: 1, payload: half[:20_000]}), 100},
	} {
		t.Run(name, func(t *testing.T) {
			msg := request(7, 3000)
			mid := len(tt.flood) - 100 // a slow stream among the last of them
			s := func(seq uint32, p string) []byte { return segment{seq: seq, payload: p, back: true}.frame(t) }
			all := slices.Concat(tt.flood[:mid], []frame{{0, s(1, msg[:1000])}}, tt.flood[mid:], []frame{{0, s(1001, msg[1000:])}})
			got, stats := payloads(t, all...)
			if !slices.Equal(got, []string{msg}) {
				t.Errorf("%d messages, skipped %v", len(got), stats.Skipped)
			}
			if n := stats.Skipped[capture.Evicted]; n < tt.given {
				t.Errorf("only %d streams were given up", n)
			}
		})
	}
}
