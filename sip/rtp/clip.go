package rtp

import (
	"io"
	"time"
)

// Clip is sound at SampleRate to be played; it never changes, so sessions share it.
type Clip struct{ samples []int16 }

// Prompt is what Play says: its clips one after the other.
type Prompt struct {
	Clips   []*Clip
	BargeIn bool // a digit ends the prompt, at once when its key goes down; one that waits in Digits skips it
}

// LoadClip reads a WAV file: 8 or 16-bit PCM, or G.711, of 8 to 48 kHz; channels are mixed, other rates resampled. The
// error wraps ErrWAV or the reader's.
func LoadClip(r io.Reader) (*Clip, error) { return nil, ErrWAV }

// Tone is a clip of one or more sine waves, in hertz, together at -10 dBm0.
func Tone(d time.Duration, hertz ...float64) *Clip { return nil }

// Beep is the tone after which a caller speaks: 400 ms of 1 kHz.
func Beep() *Clip { return nil }

// Silence is a clip of nothing.
func Silence(d time.Duration) *Clip { return nil }

// Duration is how long the clip plays.
func (c *Clip) Duration() time.Duration { return 0 }

// Samples returns a copy of the sound.
func (c *Clip) Samples() []int16 { return nil }

// WAVHeader returns the 44 bytes before so many 16-bit mono samples at SampleRate in a WAV file.
func WAVHeader(samples int) []byte { return nil }
