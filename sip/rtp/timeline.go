package rtp

import "time"

// timeline lays the sound of a peer out in time: a second of the call is a second of sound. Packets stand where their
// timestamps say; what is missing is silence; when nothing comes, silence follows the clock. Timestamps that the
// clock belies begin anew, so that no peer makes it run faster or slower.
type timeline struct {
	started time.Time
	pos     int64 // samples so far
	base    uint32
	synced  bool // base relates timestamps to pos
	emit    func(samples []int16, lost bool)
	buf     [maxPayload]int16
}

const (
	maxPayload = 1500               // bytes of a packet, and so samples
	quantum    = SampleRate / 10    // silence put in at a time
	lag        = SampleRate / 5     // that the timeline of a silent peer stays behind the clock: it may be under way
	slack      = SampleRate / 2     // that timestamps may be ahead of the clock
	ahead      = SampleRate * 4 / 5 // that a timeline may be ahead of the clock, after a burst
	fillMax    = SampleRate * 60    // silence put in at once: a machine that slept need not make up for it all
)

var nothing [quantum]int16

// start begins the timeline.
func (t *timeline) start(now time.Time) { t.started, t.pos, t.synced = now, 0, false }

// clock is where the timeline should be at now.
func (t *timeline) clock(now time.Time) int64 { return int64(samples(now.Sub(t.started))) }

// resync forgets how timestamps relate to time: another source speaks.
func (t *timeline) resync() { t.synced = false }

// sound puts the sound of a packet in its place. lost: packets are missing before it. It is not ok when the peer has sent more than
// fits into the time.
func (t *timeline) sound(ts uint32, c Codec, payload []byte, lost bool, now time.Time) (Drop, bool) {
	clock := t.clock(now)
	if !t.synced {
		t.sync(ts, clock)
	}
	gap := int64(int32(ts - t.base - uint32(t.pos)))
	if gap < 0 || t.pos+gap > clock+slack {
		// Packets are in order here, so this one was held up, and silence put in its place, or its timestamp is wrong.
		t.sync(ts, clock)
		gap = 0
	}
	if t.pos+gap > clock+ahead {
		t.synced = false
		return DropFlood, false
	}
	t.fill(max(gap, 0), lost)
	out := t.buf[:len(payload)]
	c.decode(out, payload)
	t.out(out, false)
	return 0, true
}

// sync lets ts stand where the timeline is, or where the clock is if that is later by more than what may be under way.
func (t *timeline) sync(ts uint32, clock int64) {
	if behind := clock - t.pos; behind > lag {
		t.fill(behind, false)
	}
	t.base = ts - uint32(t.pos)
	t.synced = true
}

// follow puts in silence when nothing came for so long that nothing can be under way.
func (t *timeline) follow(now time.Time) {
	if behind := t.clock(now) - lag - t.pos; behind >= quantum {
		t.fill(behind, false)
	}
}

func (t *timeline) fill(n int64, lost bool) {
	if n > fillMax {
		t.pos += n - fillMax
		n = fillMax
	}
	for n > 0 {
		k := min(n, quantum)
		t.out(nothing[:k], lost)
		n -= k
	}
}

func (t *timeline) out(samples []int16, lost bool) {
	t.pos += int64(len(samples))
	t.emit(samples, lost)
}
