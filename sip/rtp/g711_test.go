package rtp

import (
	"math"
	"testing"
)

// Points of the tables of ITU-T G.711: the decision values' ends of segments, and codes as they are sent.
func TestG711IsThatOfTheRecommendation(t *testing.T) {
	for _, tt := range []struct {
		c     Codec
		code  byte
		value int16
	}{
		{PCMA, 0xd5, 8},
		{PCMA, 0x55, -8},
		{PCMA, 0xaa, 32256},
		{PCMA, 0x2a, -32256},
		{PCMA, 0x80, 5504},
		{PCMA, 0xc5, 264},
		{PCMA, 0xf5, 528},
		{PCMA, 0xe5, 1056},
		{PCMU, 0xff, 0},
		{PCMU, 0x7f, 0},
		{PCMU, 0x80, 32124},
		{PCMU, 0x00, -32124},
		{PCMU, 0xfe, 8},
		{PCMU, 0xf0, 120},
		{PCMU, 0xef, 132},
		{PCMU, 0x8f, 16764},
	} {
		got := make([]int16, 1)
		tt.c.decode(got, []byte{tt.code})
		if got[0] != tt.value {
			t.Errorf("%v: %#x is %d, not %d", tt.c, tt.code, got[0], tt.value)
		}
	}
	for _, c := range []Codec{PCMA, PCMU} {
		var all [256]byte
		for i := range all {
			all[i] = byte(i)
		}
		var values [256]int16
		var again [256]byte
		c.decode(values[:], all[:])
		c.encode(again[:], values[:])
		for i := range all {
			if again[i] != all[i] && (c != PCMU || i != 0x7f) { // µ-law has a negative nothing
				t.Errorf("%v: %#x becomes %#x", c, all[i], again[i])
			}
		}
		// Every sample is the nearest that there is, or as near.
		for s := -32768; s <= 32767; s++ {
			code := make([]byte, 1)
			c.encode(code, []int16{int16(s)})
			c.decode(values[:1], code)
			if off := math.Abs(float64(s) - float64(values[0])); off > 16 && off > math.Abs(float64(s))/16+1 {
				t.Fatalf("%v: %d becomes %d", c, s, values[0])
			}
		}
		if quiet := (&[1]int16{}); true {
			c.decode(quiet[:], []byte{c.silence()})
			if quiet[0] > 8 || quiet[0] < -8 {
				t.Errorf("%v: silence is %d", c, quiet[0])
			}
		}
	}
	payload := []byte{0xd5, 0xaa, 0x2a, 0x55}
	PCMA.transcode(payload, PCMU)
	PCMU.transcode(payload, PCMA)
	if want := [4]byte{0xd5, 0xaa, 0x2a, 0x55}; [4]byte(payload) != want {
		t.Errorf("% x after going there and back", payload)
	}
}
