package capture_test

import (
	"encoding/binary"
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

// fragments4 cuts a UDP datagram over IPv4 into Ethernet frames with at most size bytes of it each.
func fragments4(tb testing.TB, id uint16, payload string, size int) [][]byte {
	tb.Helper()
	whole := string(udpRaw(len(payload))) + payload
	var frames [][]byte
	for at := 0; at < len(whole); at += size {
		ip := ip4(layers.IPProtocolUDP)
		ip.Id, ip.FragOffset = id, uint16(at/8)
		if at+size < len(whole) {
			ip.Flags = layers.IPv4MoreFragments
		}
		frames = append(frames, stacked(tb, ethernet(layers.EthernetTypeIPv4), ip, gopacket.Payload(whole[at:min(at+size, len(whole))])))
	}
	return frames
}

// fragments6 is the same over IPv6, with a destination options header in the part that is cut.
func fragments6(tb testing.TB, id uint32, payload string, size int) [][]byte {
	tb.Helper()
	whole := "\x11\x00\x01\x04\x00\x00\x00\x00" + string(udpRaw(len(payload))) + payload
	var frames [][]byte
	for at := 0; at < len(whole); at += size {
		h := binary.BigEndian.AppendUint16([]byte{60, 0}, uint16(at))
		if at+size < len(whole) {
			h[3] |= 1
		}
		h = binary.BigEndian.AppendUint32(h, id)
		frames = append(frames, stacked(tb, ethernet(layers.EthernetTypeIPv6), ip6(44),
			gopacket.Payload(string(h)+whole[at:min(at+size, len(whole))])))
	}
	return frames
}

// spread gives frames times a step apart.
func spread(step time.Duration, data ...[]byte) []frame {
	var frames []frame
	for i, d := range data {
		frames = append(frames, frame{time.Duration(i) * step, d})
	}
	return frames
}

func TestFragmentsOfBothVersionsArePutTogetherInAnyOrder(t *testing.T) {
	msg := request(1, 4000)
	mirrored := string(hep.Append(nil, hep.Packet{Packet: sip.Packet{
		Src: netip.MustParseAddrPort("192.0.2.8:1"), Dst: netip.MustParseAddrPort("192.0.2.9:2"), Payload: []byte(msg),
	}}))
	random := rand.New(rand.NewPCG(1, 2))
	for name, frames := range map[string][][]byte{
		"IPv4":      fragments4(t, 7, msg, 1480),
		"IPv4, HEP": fragments4(t, 7, mirrored, 1480),
		"IPv6":      fragments6(t, 7, msg, 1448),
		"tiny":      fragments4(t, 7, msg, 8),
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				random.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
				twice := append(slices.Clone(frames[:len(frames)/2]), frames...) // some come twice
				all, stats := payloads(t, spread(time.Microsecond, twice...)...)
				if len(all) != 1 || all[0] != msg {
					t.Fatalf("%d messages, %+v", len(all), stats)
				}
				if stats.Fragments != uint64(len(twice)) {
					t.Errorf("%d fragments, want %d", stats.Fragments, len(twice))
				}
			}
		})
	}
}

func TestDatagramsAreNotMixedUp(t *testing.T) {
	one, two, three := fragments4(t, 1, request(1, 3000), 1480), fragments4(t, 2, request(2, 3000), 1480), fragments6(t, 1, request(3, 3000), 1480)
	var frames [][]byte
	for i := range one {
		frames = append(frames, one[i], two[i], three[i])
	}
	all, _ := payloads(t, spread(time.Microsecond, frames...)...)
	if want := []string{request(1, 3000), request(2, 3000), request(3, 3000)}; !slices.Equal(all, want) {
		t.Errorf("%d messages", len(all))
	}
}

// A capture filter for a port keeps only the first fragment of a long datagram.
func TestTheFirstFragmentAloneIsTakenForItsHeaders(t *testing.T) {
	msg := request(1, 3000)
	first := fragments4(t, 7, msg, 1480)[0]
	later := plain(t, request(2, 0))
	for name, tt := range map[string]struct {
		frames []frame
		want   int // the place of the message among those delivered
	}{
		"at the end of the file":   {[]frame{{0, first}}, 0},
		"when the others are late": {[]frame{{0, first}, {time.Second, later}}, 0},
		"not before they are late": {[]frame{{0, first}, {time.Millisecond, later}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := reader(t, pcapOf(t, layers.LinkTypeEthernet, tt.frames...))
			all := readAll(t, r.Next)
			if len(all) != len(tt.frames) {
				t.Fatalf("%d messages", len(all))
			}
			p := all[tt.want]
			if !strings.HasPrefix(msg, string(p.Payload)) || !strings.Contains(string(p.Payload), "\r\n\r\n") {
				t.Errorf("payload %q", p.Payload)
			}
			if !p.Time.Equal(epoch) {
				t.Errorf("time %v, want %v", p.Time, epoch)
			}
			if n := r.Stats().Skipped[capture.FragmentLost]; n != 1 {
				t.Errorf("%d lost datagrams, want 1", n)
			}
		})
	}
}

func TestFragmentsThatCannotBeTrustedAreDropped(t *testing.T) {
	msg := request(1, 3000)
	frames := fragments4(t, 7, msg, 1480)
	shifted := fragments4(t, 7, msg, 1472)
	overlap := []frame{{0, frames[0]}, {1, shifted[1]}}
	all, stats := payloads(t, overlap...)
	if len(all) != 0 || stats.Skipped[capture.FragmentOverlap] != 1 {
		t.Errorf("%d messages, skipped %v", len(all), stats.Skipped)
	}
	beyond := ip4(layers.IPProtocolUDP)
	beyond.FragOffset = 8190
	odd := ip4(layers.IPProtocolUDP)
	odd.Flags = layers.IPv4MoreFragments
	for _, ip := range []*layers.IPv4{beyond, odd} {
		f := stacked(t, ethernet(layers.EthernetTypeIPv4), ip, gopacket.Payload(strings.Repeat("x", 75)))
		if all, stats := payloads(t, frame{0, f}); len(all) != 0 || stats.Skipped[capture.BadHeader] != 1 {
			t.Errorf("%d messages, skipped %v", len(all), stats.Skipped)
		}
	}
}

func TestAFloodOfFragmentsIsBounded(t *testing.T) {
	var frames []frame
	for i := range 3000 {
		frames = append(frames, frame{0, fragments4(t, uint16(i), request(i, 3000), 1480)[1]})
	}
	whole := fragments4(t, 9999, request(1, 3000), 1480)
	for _, f := range whole {
		frames = append(frames, frame{0, f})
	}
	all, stats := payloads(t, frames...)
	if len(all) != 1 {
		t.Errorf("%d messages, want 1", len(all))
	}
	if stats.Skipped[capture.FragmentLost] != 3000 {
		t.Errorf("%d lost, want 3000", stats.Skipped[capture.FragmentLost])
	}
}
