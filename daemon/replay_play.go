package daemon

import (
	"context"
	"errors"
	"io"
	"net/netip"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// A replay is done in three stages, each on a goroutine of its own, since a file comes faster than one
// core can judge what is in it: the first reads packets and skims their messages, the second tracks, the
// third (Replay) applies the events. What each stage does it does in the order of the packets, so nothing
// comes out otherwise than if one goroutine did it all.

// run is a number of packets on their way from the first stage to the second, with memory of its own.
type run struct {
	text     []byte // all payloads
	packets  []skimmed
	messages []sip.Message
	refused  [sip.NumScanReasons]uint64
	err      error // why it is the last one; io.EOF at the end of all files
}

// skimmed is a packet and how many of the run's messages are its. Between packets stand the addresses of
// signalling that could not be read.
type skimmed struct {
	packet    hep.Received
	messages  int
	encrypted [2]netip.AddrPort
}

// What a run may hold: few enough for a core's cache, and enough that handing over costs nothing.
const (
	runMessages = 128
	runText     = 128 << 10
)

// maxReplayed is how many events may wait for the third stage.
const maxReplayed = 1 << 12

// play runs all captures through a watch, up to the first that cannot be read on.
func play(ctx context.Context, readers []*capture.Reader, told recordings, w *watch, progress func(done, total int64)) error {
	ctx, stop := context.WithCancel(ctx)
	full, free := make(chan *run, 2), make(chan *run, 3)
	for range cap(free) {
		free <- &run{text: make([]byte, 0, runText)}
	}
	s := &skimmer{m: capture.Merge(readers...), scanner: w.scanner, full: full, free: free}
	for _, r := range readers {
		r.OnEncrypted = s.unreadable
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.skim(ctx)
	}()
	defer func() { // in this order: the readers are the caller's again
		stop()
		<-ended
	}()
	for r := range full {
		if err := w.play(r, told); err != nil {
			return err
		}
		switch {
		case errors.Is(r.err, io.EOF):
			return nil
		case r.err != nil:
			return r.err
		}
		r.reset()
		free <- r
		if progress != nil {
			progress(sizes(readers))
		}
	}
	return ctx.Err()
}

// sizes are how much of all files was read, and how much there is.
func sizes(readers []*capture.Reader) (done, total int64) {
	for _, r := range readers {
		done += r.Offset()
		total += r.Size()
	}
	return done, total
}

// skimmer is the first stage.
type skimmer struct {
	m       *capture.Merged
	scanner *sip.Scanner
	run     *run
	full    chan<- *run
	free    <-chan *run
}

// skim fills runs until the captures end or nobody wants them any more.
func (s *skimmer) skim(ctx context.Context) {
	defer close(s.full)
	s.run = <-s.free
	var p hep.Received
	for {
		err := s.m.Next(&p)
		if err != nil {
			s.run.err = err
			s.hand(ctx)
			return
		}
		if (len(s.run.messages) >= runMessages || len(s.run.text)+len(p.Payload) > cap(s.run.text)) && !s.hand(ctx) {
			return
		}
		s.run.add(&p, s.scanner)
	}
}

// hand hands the run over and takes an empty one; false when nobody wants it any more.
func (s *skimmer) hand(ctx context.Context) bool {
	select {
	case s.full <- s.run:
	case <-ctx.Done():
		return false
	}
	if s.run.err != nil {
		return false
	}
	select {
	case s.run = <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

// unreadable is told of encrypted signalling while the next packet is being read.
func (s *skimmer) unreadable(e capture.Encrypted) {
	s.run.packets = append(s.run.packets, skimmed{encrypted: [2]netip.AddrPort{e.Src, e.Dst}})
}

// add skims a packet's messages.
func (r *run) add(p *hep.Received, scanner *sip.Scanner) {
	x := skimmed{packet: *p}
	at := len(r.text)
	r.text = append(r.text, p.Payload...)
	x.packet.Payload = r.text[at:]
	x.packet.CorrelationID, x.packet.CaptureName = nil, nil // which the watch does not look at
	for b := x.packet.Payload; len(b) > 0; {
		n, err := scanner.Skim(b, r.message())
		if err == nil {
			x.messages++
		} else {
			r.messages = r.messages[:len(r.messages)-1]
			r.refused[reasonOf(err)]++
		}
		b = behindMessage(p, b, n)
	}
	r.packets = append(r.packets, x)
}

// message is room for another message.
func (r *run) message() *sip.Message {
	n := len(r.messages)
	if n < cap(r.messages) {
		r.messages = r.messages[:n+1] // as it was left: it is reset when it is used
	} else {
		r.messages = append(r.messages, sip.Message{})
	}
	return &r.messages[n]
}

func (r *run) reset() {
	r.text, r.packets, r.messages = r.text[:0], r.packets[:0], r.messages[:0]
	r.refused = [sip.NumScanReasons]uint64{}
}

// play takes a run in: the second stage.
func (w *watch) play(r *run, told recordings) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	messages := r.messages
	for i := range r.packets {
		x := &r.packets[i]
		if x.encrypted[0].IsValid() {
			w.tracker.Unreadable(x.encrypted[0], x.encrypted[1])
			continue
		}
		if len(told) > 0 {
			w.mu.Unlock() // who tells takes the watch himself
			err := told.until(x.packet.Arrival)
			w.mu.Lock()
			if err != nil {
				return err
			}
		}
		at := w.arrive(&x.packet)
		for k := range messages[:x.messages] {
			w.message(&messages[k], &x.packet, at)
		}
		messages = messages[x.messages:]
	}
	for reason, n := range r.refused {
		if n > 0 && sip.ScanReason(reason) != sip.ScanEmpty {
			w.refused[sip.ScanReason(reason)] += n
		}
	}
	return nil
}
