package rtp

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"time"
)

// RecordOptions say when a recording ends by itself; zero fields never do.
type RecordOptions struct {
	MaxLength    time.Duration // of the recording
	Silence      time.Duration // after the last sound, or from the begin when there is none
	SilenceLevel float64       // in dBm0: what is below is silence: -40
	StopDigits   string        // any of these ends it, at the moment that its key goes down; it still comes by Digits
}

// RecordEnd is why a recording ended.
type RecordEnd uint8

// Why recordings end.
const (
	EndUnknown   RecordEnd = iota
	EndMaxLength           // as long as it may be
	EndSilence             // nobody spoke any more
	EndDigit               // one of the stop digits
	EndHangup              // the session was closed
	EndContext             // the caller's ctx was done
	EndError               // the writer failed
)

// String returns the reason as a label of metrics and logs.
func (e RecordEnd) String() string {
	switch e {
	case EndMaxLength:
		return "max_length"
	case EndSilence:
		return "silence"
	case EndDigit:
		return "digit"
	case EndHangup:
		return "hangup"
	case EndContext:
		return "context"
	case EndError:
		return "error"
	default:
		return "unknown"
	}
}

// Recording is what Record did.
type Recording struct {
	End     RecordEnd
	Samples int           // written
	Speech  time.Duration // from the begin to the end of the last sound; 0: nothing but silence
	Lost    int           // samples that are silence because their packet never came
	Overrun int           // samples that are silence because the writer was too slow
}

// Duration is how long the recording is.
func (r Recording) Duration() time.Duration { return lasting(r.Samples) }

// Record writes what the peer says to w, as 16-bit little-endian samples at SampleRate, until one of o's ends, the end of ctx
// or the close of the session. Writes are of whole samples, about 200 ms at a time, from the caller's goroutine; while
// w does not take them, 10 s are kept, then silence stands for what was lost. The error is w's, ErrBusy when
// a recording runs already, or ErrClosed when there was nothing to record; a closed session ends a recording well.
func (s *Session) Record(ctx context.Context, w io.Writer, o RecordOptions) (Recording, error) {
	rec := newRecorder(o)
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return Recording{}, ErrClosed
	case s.rec != nil:
		s.mu.Unlock()
		return Recording{}, ErrBusy
	}
	s.rec = rec
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.rec = nil
		s.mu.Unlock()
	}()
	var spare []int16
	for {
		end := EndUnknown
		select {
		case <-rec.notify:
		case <-ctx.Done():
			end = EndContext
		case <-s.done:
			end = EndHangup
		}
		s.mu.Lock()
		sound := rec.swap(spare)
		if end == EndUnknown {
			end = rec.stopped
		}
		s.mu.Unlock()
		spare = sound
		if done, err := rec.write(w, sound, end); done {
			return rec.result, err
		}
	}
}

// recorder is a recording under way. The first fields are under the session's lock, the others are Record's.
type recorder struct {
	o       RecordOptions
	pending []int16
	lost    int
	overrun int
	owed    int // samples that there was no room for
	stopped RecordEnd
	notify  chan struct{} // takes one: there is something to write, or the end

	result Recording
	level  float64 // sum of squares of a window that is silence
	window []int16
	quiet  int // samples since the last sound
	bytes  []byte
}

const (
	batch         = SampleRate / 5  // samples written at a time
	pendingMax    = SampleRate * 10 // samples kept for a slow writer
	silenceWindow = SampleRate / 50
	usualSilence  = -40.0 // in dBm0
)

func newRecorder(o RecordOptions) *recorder {
	if o.SilenceLevel == 0 {
		o.SilenceLevel = usualSilence
	}
	rms := 32768 / math.Sqrt2 * math.Sqrt(ratio(o.SilenceLevel-fullScale))
	return &recorder{o: o, notify: make(chan struct{}, 1), level: rms * rms * silenceWindow}
}

// push takes sound. Called with the session's lock held.
func (r *recorder) push(sound []int16, lost bool) {
	if r.stopped != EndUnknown {
		return
	}
	if lost {
		r.lost += len(sound)
	}
	if r.owed > 0 || len(r.pending)+len(sound) > pendingMax {
		r.owed += len(sound)
		r.overrun += len(sound)
		return
	}
	r.pending = append(r.pending, sound...)
	if len(r.pending) >= batch {
		r.tell()
	}
}

func (r *recorder) tell() {
	select {
	case r.notify <- struct{}{}:
	default:
	}
}

// stop ends the recording. Called with the session's lock held.
func (r *recorder) stop(end RecordEnd) {
	if r.stopped == EndUnknown {
		r.stopped = end
		r.tell()
	}
}

// swap takes what is pending and gives memory for more. Called with the session's lock held.
func (r *recorder) swap(spare []int16) []int16 {
	sound := r.pending
	// Silence keeps the place of what there was no room for, up to as much again; a writer that stands longer than that has failed.
	n := min(r.owed, pendingMax)
	for ; n > 0; n -= len(nothing) {
		sound = append(sound, nothing[:min(n, len(nothing))]...)
	}
	r.owed = 0
	r.result.Lost, r.result.Overrun = r.lost, r.overrun
	r.pending = spare[:0]
	return sound
}

// write writes sound and tells whether the recording is over.
func (r *recorder) write(w io.Writer, sound []int16, end RecordEnd) (done bool, err error) {
	if limit := samples(r.o.MaxLength); limit > 0 && r.result.Samples+len(sound) >= limit {
		sound, end = sound[:limit-r.result.Samples], EndMaxLength
	}
	if n, silent := r.listen(sound); silent {
		sound, end = sound[:n], EndSilence
	}
	r.bytes = r.bytes[:0]
	for _, s := range sound {
		r.bytes = binary.LittleEndian.AppendUint16(r.bytes, uint16(s))
	}
	if len(sound) > 0 {
		if _, err = w.Write(r.bytes); err != nil {
			r.result.End = EndError
			return true, err
		}
	}
	r.result.Samples += len(sound)
	r.result.End = end
	return end != EndUnknown, nil
}

// listen looks for the end of what is said: after n samples of sound it was silent for long enough.
func (r *recorder) listen(sound []int16) (n int, silent bool) {
	limit := samples(r.o.Silence)
	for i, s := range sound {
		r.window = append(r.window, s)
		if len(r.window) < silenceWindow {
			continue
		}
		sum := 0.0
		for _, x := range r.window {
			sum += float64(x) * float64(x)
		}
		r.window = r.window[:0]
		if sum >= r.level {
			r.quiet = 0
			r.result.Speech = lasting(r.result.Samples + i + 1)
			continue
		}
		if r.quiet += silenceWindow; limit > 0 && r.quiet >= limit {
			return i + 1, true
		}
	}
	return 0, false
}
