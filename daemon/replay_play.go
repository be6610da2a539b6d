package daemon

import (
	"context"
	"errors"
	"io"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// A replay is done in three stages, each on a goroutine of its own, since a file comes faster than one
// core can judge what is in it: the first reads packets and skims their messages, the second tracks, the
// third (Replay) applies the events. What each stage does it does in the order of the packets, so nothing
// comes out otherwise than if one goroutine did it all.

// stretch is a run of packets with memory of its own, on its way from the first stage to the second.
type stretch struct {
	run
	text     []byte         // all payloads
	received []hep.Received // all packets, as many as there is room for
	err      error          // why it is the last one; io.EOF at the end of all files
}

// What a stretch may hold: few enough for a core's cache, and enough that handing over costs nothing; and how many
// there are: with fewer the stages, which take turns on two cores, wait for one another.
const (
	stretchPackets = 128
	stretchText    = 128 << 10
	stretches      = 8
)

// maxReplayed is how many events may wait for the third stage.
const maxReplayed = 1 << 12

// play runs all captures through a watch, up to the first that cannot be read on.
func play(ctx context.Context, readers []*capture.Reader, told recordings, w *watch, progress func(done, total int64)) error {
	ctx, stop := context.WithCancel(ctx)
	full, free := make(chan *stretch, stretches-1), make(chan *stretch, stretches)
	for range stretches {
		free <- &stretch{text: make([]byte, 0, stretchText), received: make([]hep.Received, 0, stretchPackets)}
	}
	s := &skimmer{m: capture.Merge(readers...), scanner: w.scanner.Another(), full: full, free: free}
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
	before := told.until
	if len(told) == 0 {
		before = nil
	}
	for r := range full {
		if err := w.play(&r.run, before); err != nil {
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
	next    *stretch
	full    chan<- *stretch
	free    <-chan *stretch
}

// skim fills stretches until the captures end or nobody wants them any more.
func (s *skimmer) skim(ctx context.Context) {
	defer close(s.full)
	s.next = <-s.free
	for {
		if len(s.next.received) == cap(s.next.received) && !s.hand(ctx) {
			return
		}
		p := s.next.place()
		if err := s.m.Next(p); err != nil {
			s.next.err = err
			s.hand(ctx)
			return
		}
		if len(s.next.text)+len(p.Payload) > cap(s.next.text) && len(s.next.text) > 0 {
			if !s.hand(ctx) {
				return
			}
			next := s.next.place()
			*next = *p
			p = next
		}
		s.next.add(p, s.scanner)
	}
}

// hand hands the stretch over and takes an empty one; false when nobody wants it any more.
func (s *skimmer) hand(ctx context.Context) bool {
	select {
	case s.full <- s.next:
	case <-ctx.Done():
		return false
	}
	if s.next.err != nil {
		return false
	}
	select {
	case s.next = <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

// unreadable is told of encrypted signalling while the next packet is being read.
func (s *skimmer) unreadable(e capture.Encrypted) {
	s.next.unreadable(e.Src, e.Dst)
}

// place is room for the next packet, which add takes. There is none beyond cap(received).
func (r *stretch) place() *hep.Received {
	return &r.received[:len(r.received)+1][len(r.received)]
}

// add takes the packet at place, copies its payload and skims its messages.
func (r *stretch) add(p *hep.Received, scanner *sip.Scanner) {
	at := len(r.text)
	r.text = append(r.text, p.Payload...)
	r.received = r.received[:len(r.received)+1]
	p.Payload = r.text[at:]
	p.CorrelationID, p.CaptureName = nil, nil // which the watch does not look at
	r.skim(p, scanner)
}

func (r *stretch) reset() {
	r.run.reset()
	r.text, r.received = r.text[:0], r.received[:0]
}
