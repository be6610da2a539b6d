package rtp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"testing"
	"time"

	"ringback/sip/rtp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// host returns a host on the loopback with ports of its own, closed and checked for leaks at the end of the test.
func host(tb testing.TB, first uint16, change ...func(*rtp.Options)) *rtp.Host {
	tb.Helper()
	o := rtp.Options{Addrs: []netip.Addr{loopback}, FirstPort: first, LastPort: first + 99}
	for _, c := range change {
		c(&o)
	}
	h, err := rtp.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := h.Close(); err != nil {
			tb.Error(err)
		}
		if st := h.Stats(); st.Sessions != 0 || st.Ports != 0 {
			tb.Errorf("after the close there are %d sessions and %d pairs of ports", st.Sessions, st.Ports)
		}
	})
	return h
}

func session(tb testing.TB, h *rtp.Host, o rtp.SessionOptions) *rtp.Session {
	tb.Helper()
	s, err := h.Session(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// call returns the two ends of a call, a having offered.
func call(tb testing.TB, a, b *rtp.Session) {
	tb.Helper()
	offer, err := a.Offer()
	if err != nil {
		tb.Fatal(err)
	}
	answer, err := b.Answer(offer)
	if err != nil {
		tb.Fatalf("%v\n%s", err, offer)
	}
	if err := a.Accept(answer); err != nil {
		tb.Fatalf("%v\n%s", err, answer)
	}
}

func decode(b []byte) []int16 {
	s := make([]int16, len(b)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}

// level is the level of a tone in sound, in dBm0.
func level(sound []int16, hertz float64) float64 {
	var re, im float64
	for i, s := range sound {
		re += float64(s) * math.Cos(2*math.Pi*hertz*float64(i)/rtp.SampleRate)
		im += float64(s) * math.Sin(2*math.Pi*hertz*float64(i)/rtp.SampleRate)
	}
	amplitude := 2 * math.Hypot(re, im) / float64(len(sound))
	return 20*math.Log10(amplitude/32767) + 3.14
}

func TestToneIsRecordedAtTheOtherEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*rtp.Options)
	}{
		{"A-law", func(o *rtp.Options) {}},
		{"µ-law", func(o *rtp.Options) { o.Codecs = []rtp.Codec{rtp.PCMU} }},
		{"SRTP", func(o *rtp.Options) { o.SRTP = rtp.SRTPAlways }},
		{"IPv6", func(o *rtp.Options) { o.Addrs = []netip.Addr{netip.IPv6Loopback()} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := host(t, 31000, tt.change)
			a, b := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
			call(t, a, b)
			var sound bytes.Buffer
			recorded := make(chan rtp.Recording)
			go func() {
				r, err := b.Record(t.Context(), &sound, rtp.RecordOptions{Silence: 400 * time.Millisecond})
				if err != nil {
					t.Error(err)
				}
				recorded <- r
			}()
			if err := a.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(time.Second, 1000)}}); err != nil {
				t.Fatal(err)
			}
			r := <-recorded
			if r.End != rtp.EndSilence || r.Lost != 0 || r.Overrun != 0 || r.Samples != sound.Len()/2 {
				t.Errorf("%+v", r)
			}
			got := decode(sound.Bytes())
			end := int(r.Speech * rtp.SampleRate / time.Second)
			if end < rtp.SampleRate*9/10 {
				t.Fatalf("only %v of sound", r.Speech)
			}
			if l := level(got[end-6400:end-800], 1000); math.Abs(l+10) > 0.2 {
				t.Errorf("the tone of -10 dBm0 is heard at %.2f", l)
			}
			if l := level(got[end-6400:end-800], 1300); l > -45 {
				t.Errorf("another tone is heard at %.2f dBm0", l)
			}
		})
	}
}

func TestDigitsOfEachKind(t *testing.T) {
	h := host(t, 31000)
	a, b := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	call(t, a, b)
	next := func(want byte, by rtp.Method) {
		t.Helper()
		select {
		case d := <-b.Digits():
			if d.Symbol != want || d.Method != by {
				t.Errorf("got %c by %v, want %c by %v", d.Symbol, d.Method, want, by)
			}
			if d.Duration < 80*time.Millisecond || d.Duration > 125*time.Millisecond {
				t.Errorf("%c was held for %v", d.Symbol, d.Duration)
			}
		case <-t.Context().Done():
			t.Fatal("no digit")
		}
	}
	const all = "0123456789*#ABCD"
	if err := a.SendDigits(t.Context(), all, 0); err != nil {
		t.Fatal(err)
	}
	for i := range len(all) {
		next(all[i], rtp.MethodEvent)
	}
	var clips []*rtp.Clip
	for _, tones := range [][2]float64{{697, 1209}, {770, 1336}, {852, 1477}, {941, 1633}} {
		clips = append(clips, rtp.Tone(100*time.Millisecond, tones[0], tones[1]), rtp.Silence(100*time.Millisecond))
	}
	if err := a.Play(t.Context(), rtp.Prompt{Clips: clips}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []byte("159D") {
		next(want, rtp.MethodInBand)
	}
	if err := b.Info("application/dtmf-relay", []byte("Signal=7\r\nDuration=100\r\n")); err != nil {
		t.Fatal(err)
	}
	next('7', rtp.MethodInfo)
	select {
	case d := <-b.Digits():
		t.Errorf("a digit too many: %c by %v", d.Symbol, d.Method)
	default:
	}
}

func TestPromptIsInterruptedByADigit(t *testing.T) {
	h := host(t, 31000)
	a, b := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	call(t, a, b)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- a.SendDigits(ctx, "1", 3*time.Second) }()
	// The first prompt ends when the key goes down, the second because it is down still.
	for range 2 {
		if err := b.Play(ctx, rtp.Prompt{Clips: []*rtp.Clip{rtp.Silence(10 * time.Minute)}, BargeIn: true}); !errors.Is(err, rtp.ErrInterrupted) {
			t.Fatalf("the prompt ended with %v", err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	// The digit waits in Digits, so the next prompt that allows it is skipped at once.
	for range 50 {
		if err := b.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Silence(20 * time.Millisecond)}, BargeIn: true}); err != nil {
			break
		}
	}
	if d := <-b.Digits(); d.Symbol != '1' {
		t.Errorf("got %c", d.Symbol)
	}
	if err := b.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Beep()}, BargeIn: true}); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancelCause(ctx)
	go end(errors.New("enough"))
	if err := b.Play(ended, rtp.Prompt{Clips: []*rtp.Clip{rtp.Silence(10 * time.Minute)}}); err == nil || err.Error() != "enough" {
		t.Error(err)
	}
}
