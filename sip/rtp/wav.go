package rtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Formats of WAV files that we read.
const (
	wavPCM        = 1
	wavALaw       = 6
	wavULaw       = 7
	wavExtensible = 0xfffe
)

// Bounds of a clip: ten minutes of the widest files.
const (
	maxWAV      = 120 << 20
	maxChannels = 8
	minRate     = 8000
	maxRate     = 96000
)

// wavFormat is the fmt chunk.
type wavFormat struct {
	tag      uint16
	channels int
	rate     int
	bits     int
}

// LoadClip reads a WAV file: 8, 16 or 24-bit PCM, or G.711, of 8 to 96 kHz; channels are mixed, other rates resampled. The
// error wraps ErrWAV or the reader's.
func LoadClip(r io.Reader) (*Clip, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWAV+1))
	if err != nil {
		return nil, fmt.Errorf("rtp: reading a WAV file: %w", err)
	}
	if len(b) > maxWAV {
		return nil, fmt.Errorf("%w: too long", ErrWAV)
	}
	f, sound, err := chunks(b)
	if err != nil {
		return nil, err
	}
	mono, err := f.mono(sound)
	if err != nil {
		return nil, err
	}
	if f.rate != SampleRate {
		mono = resample(mono, f.rate)
	}
	c := &Clip{make([]int16, len(mono))}
	for i, x := range mono {
		c.samples[i] = clip16(x)
	}
	return c, nil
}

// chunks finds the format and the sound. A sound chunk that claims more than there is, as streamed files do, is what
// there is.
func chunks(b []byte) (f wavFormat, sound []byte, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return f, nil, fmt.Errorf("%w: no RIFF header", ErrWAV)
	}
	b = b[12:]
	for len(b) >= 8 {
		id, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		body := b[:min(size, int64(len(b)))]
		switch id {
		case "fmt ":
			if f, err = parseFormat(body); err != nil {
				return f, nil, err
			}
		case "data":
			if f.tag == 0 {
				return f, nil, fmt.Errorf("%w: sound before its format", ErrWAV)
			}
			return f, body, nil
		}
		b = b[min(size+size&1, int64(len(b))):]
	}
	return f, nil, fmt.Errorf("%w: no sound", ErrWAV)
}

func parseFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, fmt.Errorf("%w: short format", ErrWAV)
	}
	f := wavFormat{
		tag:      binary.LittleEndian.Uint16(b),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if f.tag == wavExtensible && len(b) >= 26 {
		f.tag = binary.LittleEndian.Uint16(b[24:]) // the subformat begins with the tag
	}
	switch {
	case f.tag == wavPCM && (f.bits == 8 || f.bits == 16 || f.bits == 24):
	case (f.tag == wavALaw || f.tag == wavULaw) && f.bits == 8:
	default:
		return f, fmt.Errorf("%w: format %d of %d bits", ErrWAV, f.tag, f.bits)
	}
	if f.channels < 1 || f.channels > maxChannels || f.rate < minRate || f.rate > maxRate {
		return f, fmt.Errorf("%w: %d channels of %d Hz", ErrWAV, f.channels, f.rate)
	}
	return f, nil
}

// mono decodes sound and mixes its channels, in units of 16 bits.
func (f wavFormat) mono(sound []byte) ([]float64, error) {
	width := f.bits / 8
	n := len(sound) / (width * f.channels)
	if n/f.rate > 600 {
		return nil, fmt.Errorf("%w: longer than ten minutes", ErrWAV)
	}
	mono := make([]float64, n)
	r := bytes.NewReader(sound)
	one := make([]byte, width)
	for i := range mono {
		for range f.channels {
			_, _ = r.Read(one)
			mono[i] += f.sample(one) / float64(f.channels)
		}
	}
	return mono, nil
}

func (f wavFormat) sample(b []byte) float64 {
	switch {
	case f.tag == wavALaw:
		return float64(fromALaw[b[0]])
	case f.tag == wavULaw:
		return float64(fromULaw[b[0]])
	case f.bits == 8:
		return (float64(b[0]) - 128) * 256
	case f.bits == 24:
		return float64(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / 65536
	default:
		return float64(int16(binary.LittleEndian.Uint16(b)))
	}
}

// resample brings sound of another rate to ours, with a sinc filter of 16 zero crossings on each side, cut off a little
// below half the lower rate (a Blackman window).
func resample(in []float64, rate int) []float64 {
	common := gcd(rate, SampleRate)
	up, down := SampleRate/common, rate/common
	filters := make([][]float64, up) // one for each place that our samples have between theirs
	out := make([]float64, len(in)*up/down)
	for i := range out {
		at, phase := i*down/up, i*down%up
		if filters[phase] == nil {
			filters[phase] = filter(float64(phase)/float64(up), float64(rate)/SampleRate)
		}
		f := filters[phase]
		begin := at - len(f)/2
		for j := max(-begin, 0); j < len(f) && begin+j < len(in); j++ {
			out[i] += f[j] * in[begin+j]
		}
	}
	return out
}

// filter is one phase of a low pass that thins samples out by step; its middle is at offset.
func filter(offset, step float64) []float64 {
	const crossings, passed = 16, 0.95
	narrow := passed / max(step, 1)
	reach := crossings / narrow
	f := make([]float64, 2*int(reach)+3)
	weight := 0.0
	for j := range f {
		x := float64(j-len(f)/2) - offset
		if math.Abs(x) < reach {
			f[j] = sinc(x*narrow) * (0.42 + 0.5*math.Cos(math.Pi*x/reach) + 0.08*math.Cos(2*math.Pi*x/reach))
		}
		weight += f[j]
	}
	for j := range f {
		f[j] /= weight
	}
	return f
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// WAVHeader returns the 44 bytes that stand before so many 16-bit mono samples at SampleRate in a WAV file.
func WAVHeader(samples int) []byte {
	size := uint32(2 * samples)
	b := make([]byte, 0, 44)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*SampleRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, size)
}
