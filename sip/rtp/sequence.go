package rtp

import "time"

// sequence follows the sequence numbers of one source, for its statistics and to know what is new (RFC 3550 §A.1).
type sequence struct {
	started  bool
	ssrc     uint32
	max      uint16
	cycles   uint32
	base     uint32 // extended number that counting started at
	bad      uint32 // the number that would prove a jump; above 16 bits: none
	received uint64

	transit int32 // of the packet before
	timed   bool
	jitter  float64 // in samples (§A.8)

	expectedPrior int64
	receivedPrior uint64
}

const (
	maxDropout  = 3000
	maxMisorder = 100
	noBad       = 1 << 16
)

func (q *sequence) start(ssrc uint32, seq uint16) {
	*q = sequence{started: true, ssrc: ssrc, max: seq, base: uint32(seq), bad: noBad}
}

// update takes the number of a packet. jumped: numbers begin anew here. Not ok are packets far from those before, of which
// two in order make a jump.
func (q *sequence) update(seq uint16) (jumped, ok bool) {
	delta := seq - q.max
	switch {
	case delta < maxDropout:
		if seq < q.max {
			q.cycles += 1 << 16
		}
		q.max = seq
	case int(delta) <= 1<<16-maxMisorder:
		if uint32(seq) != q.bad {
			q.bad = uint32(seq + 1)
			return false, false
		}
		q.start(q.ssrc, seq)
		jumped = true
	}
	q.received++
	return jumped, true
}

// arrive measures the jitter of a packet that is new.
func (q *sequence) arrive(ts uint32, now time.Time) {
	transit := int32(uint32(now.UnixMicro()*SampleRate/1e6) - ts)
	if q.timed {
		d := transit - q.transit
		if d < 0 {
			d = -d
		}
		if d < SampleRate { // a leap of timestamps is no jitter
			q.jitter += (float64(d) - q.jitter) / 16
		}
	}
	q.transit, q.timed = transit, true
}

func (q *sequence) extended() uint32 { return q.cycles + uint32(q.max) }

func (q *sequence) expected() int64 {
	if !q.started {
		return 0
	}
	return int64(q.extended()) - int64(q.base) + 1
}

func (q *sequence) lost() int64 { return q.expected() - int64(q.received) }

// fraction is what was lost since it was asked last, in 256ths (RFC 3550 §A.3).
func (q *sequence) fraction() uint8 {
	expected, received := q.expected(), q.received
	due := expected - q.expectedPrior
	lost := due - int64(received-q.receivedPrior)
	q.expectedPrior, q.receivedPrior = expected, received
	if due <= 0 || lost <= 0 {
		return 0
	}
	return uint8(min(lost<<8/due, 255))
}
