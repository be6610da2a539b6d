package rtp

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"
)

// deaf returns a session that was agreed with a peer, without sockets: packets and time are the test's.
func deaf(tb testing.TB, encrypted bool) *Session {
	tb.Helper()
	h, err := New(Options{Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = h.Close() })
	s := newSession(h, SessionOptions{MediaTimeout: time.Minute})
	t := &terms{codec: PCMA, packet: defaultPacket, sendPT: 8, sendEvent: 101, mux: true, encrypted: encrypted, remote: fuzzPeer, remoteRTCP: fuzzPeer}
	t.expect[8], t.expect[0], t.expect[101] = kindPCMA, kindPCMU, kindEvent
	if encrypted {
		t.ours, t.their = crypto{1, suite80, newKey()}, crypto{1, suite80, newKey()}
	}
	if err := s.in.agree(t, begin); err != nil {
		tb.Fatal(err)
	}
	if err := s.out.agree(t, nil); err != nil {
		tb.Fatal(err)
	}
	s.terms = t
	return s
}

var (
	begin    = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fuzzPeer = netip.MustParseAddrPort("127.0.0.1:4000")
)

// FuzzMedia feeds a session packets at times: a byte of milliseconds, one of the source, one of the length, then the packet.
// Nothing panics; a second stays a second; what is kept is bounded.
func FuzzMedia(f *testing.F) {
	f.Add([]byte{20, 0, 16, 0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 20, 0, 16, 0x80, 8, 0, 2, 0, 0, 0, 4, 0, 0, 0, 7, 1, 2, 3, 4}, false)
	f.Add([]byte{20, 0, 16, 0x80, 0x80 | 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 5, 0x8a, 1, 64}, false)
	f.Add([]byte{0, 0, 28, 0x80, 200, 0, 6, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9}, false)
	f.Add([]byte{0, 1, 26, 0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, true)
	f.Fuzz(func(t *testing.T, script []byte, encrypted bool) {
		s := deaf(t, encrypted)
		s.rec = newRecorder(RecordOptions{})
		now := begin
		for len(script) >= 3 {
			now = now.Add(time.Duration(script[0]) * time.Millisecond)
			from := netip.AddrPortFrom(fuzzPeer.Addr(), fuzzPeer.Port()+uint16(script[1]%4))
			n := min(int(script[2]), len(script)-3)
			s.receive(script[3:3+n], from, now)
			script = script[3+n:]
			s.in.tick(now)
			if pos, clock := s.in.time.pos, s.in.time.clock(now); pos > clock+ahead+maxPayload || pos < clock-lag-quantum {
				t.Fatalf("the timeline is at %d, the clock at %d", pos, clock)
			}
		}
		if len(s.digits) > keptDigits || s.in.order.count > reorderSlots || len(s.rec.pending) > pendingMax {
			t.Fatal("more is kept than may be")
		}
	})
}

// packet makes one of PCMA.
func packet(seq uint16, ts, ssrc uint32, n int) []byte {
	b := []byte{0x80, 8}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return append(b, make([]byte, n)...)
}

// A peer whose clock, timestamps or network are odd is recorded in its time nevertheless, and all of its sound, unless it sends more
// than there is time for.
func TestTimelineKeepsTime(t *testing.T) {
	for _, tt := range []struct {
		name    string
		every   time.Duration
		packet  func(i int) (ts uint32, late time.Duration, skip bool)
		dropped bool
	}{
		{"usual", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) { return uint32(160 * i), 0, false }, false},
		{"a clock 2 % fast", 19600 * time.Microsecond, func(i int) (uint32, time.Duration, bool) { return uint32(160 * i), 0, false }, true},
		{"a clock 2 % slow", 20400 * time.Microsecond, func(i int) (uint32, time.Duration, bool) { return uint32(160 * i), 0, false }, false},
		{"frozen timestamps", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) { return 1, 0, false }, false},
		{"random timestamps", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) { return uint32(i) * 2654435761, 0, false }, false},
		{"timestamps of another rate", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) { return uint32(960 * i), 0, false }, false},
		{"silence suppressed", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) { return uint32(160 * i), 0, i%100 > 30 }, false},
		{"stalls of the network", 20 * time.Millisecond, func(i int) (uint32, time.Duration, bool) {
			if i%500 >= 480 {
				return uint32(160 * i), time.Duration(500-i%500) * 20 * time.Millisecond, false
			}
			return uint32(160 * i), 0, false
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := deaf(t, false)
			sound := 0
			emit := s.in.time.emit
			s.in.time.emit = func(samples []int16, lost bool) {
				if samples[0] != 0 {
					sound += len(samples)
				}
				emit(samples, lost)
			}
			now, seq, sent := begin, uint16(0), 0
			const packets = 5000
			for i := range packets {
				ts, late, skip := tt.packet(i)
				due := begin.Add(time.Duration(i) * tt.every)
				for ; now.Before(due); now = now.Add(20 * time.Millisecond) {
					s.in.tick(now)
				}
				if skip {
					continue
				}
				s.receive(packet(seq, ts, 7, 160), fuzzPeer, due.Add(late))
				seq++
				sent += 160
			}
			s.in.tick(now)
			if off := math.Abs(float64(s.in.time.pos - s.in.time.clock(now))); off > SampleRate {
				t.Errorf("after %v the timeline is off by %.0f samples", now.Sub(begin), off)
			}
			if sound != sent && !tt.dropped {
				t.Errorf("%d of %d samples are heard: %v", sound, sent, s.dropped)
			}
		})
	}
}

// One who fakes sources to an encrypted session makes it remember nothing.
func TestUnauthenticSourcesAreNotRemembered(t *testing.T) {
	s := deaf(t, true)
	for i := range 10000 {
		s.receive(packet(1, 1, uint32(i), 180), fuzzPeer, begin.Add(time.Duration(i)*time.Millisecond))
	}
	for _, source := range s.in.srtp.sources {
		if source.context != nil {
			t.Fatalf("source %d is remembered", source.ssrc)
		}
	}
	if s.dropped[DropAuth] != 10000 {
		t.Error(s.dropped)
	}
}

func TestLatchMovesOnlySoOften(t *testing.T) {
	s := deaf(t, false)
	now := begin
	for i := range 100 {
		now = now.Add(3 * time.Second)
		for j := range 3 {
			s.receive(packet(uint16(j), uint32(160*j), 7, 160), netip.AddrPortFrom(fuzzPeer.Addr(), uint16(5000+i)), now)
		}
	}
	if s.in.latches != latchMoves {
		t.Errorf("media moved %d times", s.in.latches)
	}
}

func TestMediaTimeout(t *testing.T) {
	s := deaf(t, false)
	lost := func(after time.Duration) bool {
		s.in.tick(begin.Add(after))
		select {
		case <-s.lost:
			return true
		default:
			return false
		}
	}
	s.receive(packet(1, 1, 7, 160), fuzzPeer, begin.Add(30*time.Second))
	if lost(89 * time.Second) {
		t.Error("lost too early")
	}
	if !lost(90*time.Second) || !lost(91*time.Second) {
		t.Error("not lost")
	}
}
