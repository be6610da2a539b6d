package voicemail

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// loudness listens to what is recorded: how long somebody spoke, and until when.
type loudness struct {
	samples int // heard so far
	loud    int // of them in windows that are no silence
	last    int // the end of the last of these
	window  float64
	left    int // of the window
}

// Windows are of 20 ms. What is below -40 dBm0 is silence, as for package rtp: 161 of 16 bits, as a root mean square.
const (
	windowSize  = SampleRate / 50
	silenceRMS  = 161.0
	windowLevel = silenceRMS * silenceRMS * windowSize
)

// hear takes whole samples in.
func (l *loudness) hear(b []byte) {
	for ; len(b) >= sampleSize; b = b[sampleSize:] {
		x := float64(int16(binary.LittleEndian.Uint16(b)))
		l.window += x * x
		l.samples++
		if l.left++; l.left < windowSize {
			continue
		}
		if l.window >= windowLevel {
			l.loud += windowSize
			l.last = l.samples
		}
		l.window, l.left = 0, 0
	}
}

// sound is how long it was loud.
func (l *loudness) sound() time.Duration { return time.Duration(l.loud) * time.Second / SampleRate }

// trail is how much is played of the silence that a message ends with.
const trail = SampleRate / 2

// played is how many samples are worth playing: the silence that ended the message is not.
func (l *loudness) played() int { return min(l.samples, l.last+trail) }

// copy hears what it copies. What ended the reading before its time, if something did, is cut.
func (l *loudness) copy(to io.Writer, from io.Reader) (cut, err error) {
	chunk := make([]byte, 1<<16)
	for {
		n, end := 0, error(nil)
		for n < len(chunk) && end == nil { // io.ReadFull would not tell an end from a file that is cut off
			var m int
			m, end = from.Read(chunk[n:])
			n += m
		}
		n -= n % sampleSize
		l.hear(chunk[:n])
		if _, err := to.Write(chunk[:n]); err != nil {
			return nil, err
		}
		if end == nil {
			continue
		}
		if errors.Is(end, io.EOF) {
			end = nil
		}
		return end, nil
	}
}
