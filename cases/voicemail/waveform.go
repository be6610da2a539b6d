package voicemail

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// Waveform shows how loud a message is from its begin to its end.
type Waveform struct {
	Duration time.Duration
	Peaks    []uint8 // 255 is the loudest there can be
}

// maxPeaks is how many a waveform has at most.
const maxPeaks = 200

// Waveform is that of a message. It is made when it is asked for: kept, it would tell in the clear when somebody spoke.
func (v *Voicemail) Waveform(id string) (Waveform, error) {
	rec, err := v.record(id)
	if err != nil {
		return Waveform{}, err
	}
	r, err := v.open(rec)
	if err != nil {
		return Waveform{}, err
	}
	w, err := waveform(r, rec.Samples)
	m := rec.message()
	w.Duration = m.Duration()
	return w, errors.Join(err, r.Close())
}

// waveform reads a WAV file of so many samples.
func waveform(wav io.Reader, samples int) (Waveform, error) {
	r := bufio.NewReaderSize(wav, 1<<16)
	if _, err := r.Discard(headerSize); err != nil {
		return Waveform{}, err
	}
	w := Waveform{Peaks: make([]uint8, min(maxPeaks, samples))}
	var b [sampleSize]byte
	for i := range samples {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return Waveform{}, err
		}
		x := int(int16(binary.LittleEndian.Uint16(b[:])))
		at := i * len(w.Peaks) / samples
		w.Peaks[at] = max(w.Peaks[at], uint8(min(max(x, -x)>>7, 255)))
	}
	return w, nil
}
