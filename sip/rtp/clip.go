package rtp

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Clip is sound at SampleRate to be played; it never changes, so sessions share it.
type Clip struct{ samples []int16 }

const (
	toneLevel = -10.0 // dBm0 of each tone
	ramp      = SampleRate / 400
)

// Tone is a clip of sine waves, in hertz, sounding together at -10 dBm0 each. It begins and ends softly, within
// 2.5 ms, so that it does not click.
func Tone(d time.Duration, hertz ...float64) *Clip {
	amplitude := 32767 * math.Sqrt(ratio(toneLevel-fullScale))
	c := &Clip{make([]int16, samples(d))}
	for i := range c.samples {
		x := 0.0
		for _, f := range hertz {
			x += math.Sin(2 * math.Pi * f * float64(i) / SampleRate)
		}
		edge := min(float64(min(i, len(c.samples)-1-i)+1)/ramp, 1)
		c.samples[i] = clip16(x * amplitude * edge)
	}
	return c
}

// Beep is the tone after which a caller speaks: 400 ms of 1 kHz.
func Beep() *Clip { return Tone(400*time.Millisecond, 1000) }

// Silence is a clip of nothing.
func Silence(d time.Duration) *Clip { return &Clip{make([]int16, samples(d))} }

// Duration is how long the clip plays.
func (c *Clip) Duration() time.Duration { return lasting(len(c.samples)) }

// Samples returns a copy of the sound.
func (c *Clip) Samples() []int16 { return slices.Clone(c.samples) }

// WAV returns the clip as a file of 16-bit samples.
func (c *Clip) WAV() []byte {
	b := WAVHeader(len(c.samples))
	for _, s := range c.samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func clip16(x float64) int16 {
	return int16(math.Round(min(max(x, math.MinInt16), math.MaxInt16)))
}
