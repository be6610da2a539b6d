package rtp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"ringback/sip/rtp"
)

// wav makes a file of a format and sound, with a chunk of odd length that nobody knows.
func wav(tag, channels, bits int, rate uint32, sound []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(sound)))
	return append(b, sound...)
}

func sine(rate int, hertz float64) (b []byte) {
	for i := range rate {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(10000*math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))))
	}
	return b
}

func TestWAVOfEveryRateIsPlayed(t *testing.T) {
	want := level(decode(sine(8000, 1000)), 1000)
	for _, rate := range []int{8000, 11025, 16000, 22050, 24000, 44100, 48000} {
		c, err := rtp.LoadClip(bytes.NewReader(wav(1, 1, 16, uint32(rate), sine(rate, 1000))))
		if err != nil {
			t.Fatal(err)
		}
		if d := c.Duration(); d < 999*time.Millisecond || d > time.Second {
			t.Errorf("%d Hz: a second plays for %v", rate, d)
		}
		got := c.Samples()[400:7600]
		if l := level(got, 1000); math.Abs(l-want) > 0.1 {
			t.Errorf("%d Hz: the tone is of %.2f dBm0, not %.2f", rate, l, want)
		}
		if rate > 12000 { // above half our rate nothing is left, and nothing folds back
			c, err = rtp.LoadClip(bytes.NewReader(wav(1, 1, 16, uint32(rate), sine(rate, 5000))))
			if err != nil {
				t.Fatal(err)
			}
			if l := level(c.Samples()[400:7600], 3000); l > want-50 {
				t.Errorf("%d Hz: a tone of 5 kHz is heard at 3 kHz with %.2f dBm0", rate, l)
			}
		}
	}
}

func TestWAVFormats(t *testing.T) {
	pcm := func(samples ...int16) (b []byte) {
		for _, s := range samples {
			b = binary.LittleEndian.AppendUint16(b, uint16(s))
		}
		return b
	}
	extensible := wav(0xfffe, 1, 16, 8000, pcm(5))
	extensible = slices.Concat(bytes.Replace(extensible, []byte("fmt \x10"), []byte("fmt \x28"), 1)[:48], make([]byte, 8), []byte{1, 0}, make([]byte, 14), []byte("data\x02\x00\x00\x00\x05\x00"))
	endless := wav(1, 1, 16, 8000, pcm(1, 2))
	binary.LittleEndian.PutUint32(endless[len(endless)-8:], math.MaxUint32)
	for _, tt := range []struct {
		name string
		file []byte
		want []int16
	}{
		{"16 bits", wav(1, 1, 16, 8000, pcm(1, -2, 32767)), []int16{1, -2, 32767}},
		{"8 bits", wav(1, 1, 8, 8000, []byte{128, 255, 0}), []int16{0, 32512, -32768}},
		{"24 bits", wav(1, 1, 24, 8000, []byte{0, 1, 0, 0, 0, 0x80}), []int16{1, -32768}},
		{"A-law", wav(6, 1, 8, 8000, []byte{0xd5, 0xaa}), []int16{8, 32256}},
		{"µ-law", wav(7, 1, 8, 8000, []byte{0xff, 0x00}), []int16{0, -32124}},
		{"stereo", wav(1, 2, 16, 8000, pcm(10, 20, -10, -30)), []int16{15, -20}},
		{"extensible", extensible, []int16{5}},
		{"of a stream that did not know its length", endless, []int16{1, 2}},
		{"our own", rtp.Tone(20*time.Millisecond, 440).WAV(), rtp.Tone(20*time.Millisecond, 440).Samples()},
		{"empty", wav(1, 1, 16, 8000, nil), nil},
	} {
		c, err := rtp.LoadClip(bytes.NewReader(tt.file))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := c.Samples(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"nothing", nil},
		{"an MP3", []byte("ID3\x03" + strings.Repeat("x", 100))},
		{"no sound", wav(1, 1, 16, 8000, nil)[:40]},
		{"floats", wav(3, 1, 32, 8000, make([]byte, 8))},
		{"no channels", wav(1, 0, 16, 8000, make([]byte, 8))},
		{"no rate", wav(1, 1, 16, 0, make([]byte, 8))},
		{"an absurd rate", wav(1, 1, 16, math.MaxUint32, make([]byte, 8))},
		{"sound before its format", []byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00xx")},
	} {
		if _, err := rtp.LoadClip(bytes.NewReader(tt.file)); !errors.Is(err, rtp.ErrWAV) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := rtp.LoadClip(iotest.ErrReader(iotest.ErrTimeout)); !errors.Is(err, iotest.ErrTimeout) {
		t.Error(err)
	}
}

// FuzzWAV: no file makes a panic, or a clip longer than ten minutes.
func FuzzWAV(f *testing.F) {
	f.Add(wav(1, 2, 24, 44100, make([]byte, 600)))
	f.Add(wav(7, 1, 8, 8000, []byte{1, 2, 3}))
	f.Add(rtp.Beep().WAV()[:100])
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := rtp.LoadClip(bytes.NewReader(file))
		if err != nil && !errors.Is(err, rtp.ErrWAV) {
			t.Error(err)
		}
		if err == nil && c.Duration() > 10*time.Minute+time.Second {
			t.Error(c.Duration())
		}
	})
}
