package rtp

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// heardEvents collects what an eventReceiver tells.
type heardEvents struct {
	eventReceiver
	down string
	held []time.Duration
}

func newEvents() *heardEvents {
	h := &heardEvents{}
	h.press = func(symbol byte, _ time.Time) { h.down += string(symbol) }
	h.letGo = func(held time.Duration, _ time.Time) { h.held = append(h.held, held) }
	return h
}

type packetOf struct {
	ms       int // arrival
	code     uint8
	ts       uint32
	duration uint16
	end      bool
	marker   bool
}

func TestEventIsToldOnce(t *testing.T) {
	long := []packetOf{{0, 0, 1000, 160, false, true}}
	for ms := 100; ms < 8191; ms += 100 {
		long = append(long, packetOf{ms, 0, 1000, uint16(8 * ms), false, false})
	}
	long = append(long, packetOf{8191, 0, 1000, 0xffff, false, false}, packetOf{8211, 0, 1000 + 0xffff, 160, false, false}, packetOf{8231, 0, 1000 + 0xffff, 320, true, false})
	for _, tt := range []struct {
		name    string
		packets []packetOf
		until   int
		down    string
		held    []time.Duration
	}{
		{
			"with its end thrice",
			[]packetOf{{0, 5, 1000, 160, false, true}, {20, 5, 1000, 320, false, false}, {40, 5, 1000, 480, true, false}, {60, 5, 1000, 480, true, false}, {80, 5, 1000, 480, true, false}},
			80, "5",
			[]time.Duration{60 * time.Millisecond},
		},
		{"of which only an end came", []packetOf{{0, 11, 1000, 800, true, false}}, 0, "#", []time.Duration{100 * time.Millisecond}},
		{"whose end is lost", []packetOf{{0, 5, 1000, 160, false, true}, {20, 5, 1000, 320, false, false}}, 400, "5", []time.Duration{40 * time.Millisecond}},
		{
			"whose end is lost as the next begins",
			[]packetOf{{0, 5, 1000, 160, false, true}, {100, 5, 1800, 160, false, true}, {120, 5, 1800, 320, true, false}},
			120, "55",
			[]time.Duration{20 * time.Millisecond, 40 * time.Millisecond},
		},
		{
			"that is still there after it was given up",
			[]packetOf{{0, 5, 1000, 160, false, true}, {300, 5, 1000, 2560, false, false}, {320, 5, 1000, 2560, true, false}},
			320, "5",
			[]time.Duration{20 * time.Millisecond},
		},
		{
			"out of order",
			[]packetOf{{0, 1, 1000, 320, false, false}, {1, 1, 1000, 160, false, true}, {20, 2, 3000, 160, false, true}, {21, 1, 1000, 480, true, false}, {40, 2, 3000, 320, true, false}},
			40, "12",
			[]time.Duration{40 * time.Millisecond, 40 * time.Millisecond},
		},
		{"of several segments", long, 8231, "0", []time.Duration{lasting(0xffff + 320)}},
		{
			"of a gateway that raises the timestamp",
			[]packetOf{{0, 7, 1000, 160, false, true}, {20, 7, 1160, 320, false, false}, {40, 7, 1320, 480, true, false}, {60, 7, 1480, 480, true, false}},
			60, "7",
			[]time.Duration{60 * time.Millisecond},
		},
		{
			"around the wrap of timestamps",
			[]packetOf{{0, 5, 0xffffff00, 160, false, true}, {20, 5, 0xffffff00, 320, true, false}, {200, 5, 0x400, 160, false, true}, {220, 5, 0x400, 320, true, false}},
			220, "55",
			[]time.Duration{40 * time.Millisecond, 40 * time.Millisecond},
		},
		{"that is no key", []packetOf{{0, 16, 1000, 160, true, true}, {0, 255, 2000, 160, true, true}}, 10, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, start := newEvents(), time.Now()
			at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }
			now := 0
			for _, p := range tt.packets {
				for ; now < p.ms; now++ {
					h.expire(at(now))
				}
				h.packet(event{code: p.code, duration: p.duration, end: p.end}, p.ts, p.marker, at(p.ms))
			}
			for ; now <= tt.until; now++ {
				h.expire(at(now))
			}
			if h.down != tt.down || len(h.held) != len(tt.held) {
				t.Fatalf("heard %q, held %v", h.down, h.held)
			}
			for i := range tt.held {
				if h.held[i] != tt.held[i] {
					t.Errorf("held %v, want %v", h.held, tt.held)
				}
			}
		})
	}
}

func TestPressHeardSeveralWaysCountsOnce(t *testing.T) {
	type word struct {
		ms     int
		m      Method
		symbol byte
		held   int // in ms
	}
	const e, b, i = MethodEvent, MethodInBand, MethodInfo
	for _, tt := range []struct {
		name  string
		words []word
		want  string
	}{
		{"event and tone", []word{{0, e, '1', 100}, {40, b, '1', 80}}, "1"},
		{"tone and event", []word{{0, b, '1', 80}, {100, e, '1', 100}}, "1"},
		{"all three", []word{{0, e, '1', 100}, {40, b, '1', 80}, {700, i, '1', 0}}, "1"},
		{"one key twice, by two ways", []word{{0, e, '1', 100}, {40, b, '1', 80}, {300, e, '1', 100}, {340, b, '1', 80}}, "11"},
		{"one key twice, INFO after both", []word{{0, e, '1', 100}, {200, e, '1', 100}, {500, i, '1', 0}, {700, i, '1', 0}}, "11"},
		{"one key twice by one way", []word{{0, i, '1', 0}, {100, i, '1', 0}}, "11"},
		{"two keys at once", []word{{0, e, '1', 100}, {40, b, '2', 80}}, "12"},
		{"far apart", []word{{0, e, '1', 100}, {1500, b, '1', 80}}, "11"},
		{"a tone that wavers beside an event", []word{{0, e, '1', 600}, {40, b, '1', 100}, {200, b, '1', 100}, {400, b, '1', 100}}, "1"},
		{"a way goes on in order", []word{{0, e, '1', 80}, {100, b, '2', 80}, {200, b, '1', 80}}, "121"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p presses
			start := time.Now()
			var got strings.Builder
			type letGo struct {
				at int
				m  Method
			}
			var open []letGo
			flush := func(until int) {
				for n := 0; n < len(open); n++ {
					if open[n].at <= until {
						if d, ok := p.up(open[n].m, 0, start.Add(time.Duration(open[n].at)*time.Millisecond)); ok && d.Symbol == 0 {
							t.Error("no symbol")
						}
						open = append(open[:n], open[n+1:]...)
						n--
					}
				}
			}
			for _, w := range tt.words {
				flush(w.ms)
				if p.down(w.symbol, w.m, start.Add(time.Duration(w.ms)*time.Millisecond)) {
					got.WriteString(string(w.symbol))
				}
				open = append(open, letGo{w.ms + w.held, w.m})
			}
			flush(1 << 30)
			if got.String() != tt.want {
				t.Errorf("counted %q, want %q", got.String(), tt.want)
			}
		})
	}
}

func TestInfoBodies(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		want       byte
		duration   time.Duration
		ok, bad    bool
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160 * time.Millisecond, true, false},
		{"application/dtmf-relay", "Signal= *\nDuration= 250", '*', 250 * time.Millisecond, true, false},
		{"Application/DTMF-Relay; charset=utf-8", "signal=#", '#', 0, true, false},
		{"application/dtmf-relay", "Duration=100\r\nSignal=a\r\n", 'A', 100 * time.Millisecond, true, false},
		{"application/dtmf-relay", "Signal=11\r\nDuration=99999999\r\n", '#', time.Minute, true, false},
		{"application/dtmf", "7", '7', 0, true, false},
		{"application/dtmf", "10\r\n", '*', 0, true, false},
		{"application/dtmf", "Signal=3", '3', 0, true, false},
		{"application/dtmf-relay", "Signal=\r\nDuration=100", 0, 0, true, true},
		{"application/dtmf-relay", "", 0, 0, true, true},
		{"application/dtmf", "x", 0, 0, true, true},
		{"application/dtmf", "16", 0, 0, true, true},
		{"application/dtmf", "123", 0, 0, true, true},
		{"application/dtmf", "09", 0, 0, true, true},
		{"text/plain", "5", 0, 0, false, false},
		{"", "5", 0, 0, false, false},
	} {
		d, err := ParseInfo(tt.kind, []byte(tt.body))
		if errors.Is(err, ErrType) == tt.ok || errors.Is(err, ErrDigit) != tt.bad || d.Symbol != tt.want || d.Duration != tt.duration {
			t.Errorf("%s %q: %c %v %v", tt.kind, tt.body, d.Symbol, d.Duration, err)
		}
	}
}

// FuzzInfo: whatever a body holds, it is a key of the keypad or an error.
func FuzzInfo(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
	f.Add("application/dtmf", []byte("11"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		d, err := ParseInfo(kind, body)
		_, known := symbolOf(string(d.Symbol))
		if (err == nil) != known || d.Duration < 0 || d.Duration > maxDuration {
			t.Errorf("%q %q: %+v %v", kind, body, d, err)
		}
	})
}
