package rtp

import (
	"encoding/binary"
	"time"
)

// symbols are the digits by their event code (RFC 4733 §3.2).
const symbols = "0123456789*#ABCD"

// event is the payload of a telephone event (RFC 4733 §2.3).
type event struct {
	code     uint8
	end      bool
	volume   uint8  // in -dBm0
	duration uint16 // in samples
}

const eventBytes = 4

func parseEvent(payload []byte) (event, bool) {
	if len(payload) < eventBytes {
		return event{}, false
	}
	return event{
		code: payload[0], end: payload[1]&0x80 != 0, volume: payload[1] & 0x3f,
		duration: binary.BigEndian.Uint16(payload[2:]),
	}, true
}

func (e event) write(dst []byte) {
	dst[0], dst[1] = e.code, e.volume&0x3f
	if e.end {
		dst[1] |= 0x80
	}
	binary.BigEndian.PutUint16(dst[2:], e.duration)
}

// eventReceiver makes presses of the packets of telephone events: each event is told once, however often its packets are repeated,
// and ends also when none of its last packets came.
type eventReceiver struct {
	active bool
	known  bool // the fields below are of an event, active or over
	code   uint8
	ts     uint32 // its begin
	before uint32 // samples of the segments before this one (RFC 4733 §2.5.1.3)
	length uint16 // samples of this segment
	heard  time.Time

	press func(symbol byte, now time.Time)
	letGo func(held time.Duration, now time.Time)
}

const (
	eventGap   = 160 * time.Millisecond // without a packet: three intervals of 50 ms and a little, so its end was lost
	eventPause = SampleRate * 40 / 1000 // shortest time between two presses (ITU-T Q.24)
	eventOld   = SampleRate * 10        // how far back a packet may belong
)

// packet takes a telephone event.
func (r *eventReceiver) packet(e event, ts uint32, marker bool, now time.Time) {
	if int(e.code) >= len(symbols) {
		return // a hook flash, or a tone of the network
	}
	if since := int32(ts - r.ts); r.known && since < 0 && since > -eventOld {
		return // of an event that is over
	}
	if r.known && r.same(e, ts, marker) {
		if r.active && e.code == r.code {
			r.heard = now
			if e.duration > r.length {
				r.length = e.duration
			}
			if e.end {
				r.finish(now)
			}
		}
		return
	}
	r.finish(now)
	r.active, r.known = true, true
	r.code, r.ts, r.before, r.length, r.heard = e.code, ts, 0, e.duration, now
	r.press(symbols[e.code], now)
	if e.end {
		r.finish(now)
	}
}

// same tells whether a packet belongs to the event that is known.
func (r *eventReceiver) same(e event, ts uint32, marker bool) bool {
	since := int32(ts - r.ts)
	switch {
	case since == 0:
		return true
	case e.code != r.code:
		return false
	case r.active && ts == r.ts+0xffff: // next segment of a long event
		r.ts, r.before, r.length = ts, r.before+uint32(r.length), 0
		return true
	case r.active:
		// Deviation: RFC 4733 §2.2.1, as some gateways raise the timestamp within an event. A new press starts short.
		return !marker && e.duration > r.length && since <= int32(e.duration)
	default:
		// The same for repeated ends: no press follows so soon.
		return e.end && e.duration == r.length && since < int32(r.length)+eventPause
	}
}

// expire ends an event whose packets stopped.
func (r *eventReceiver) expire(now time.Time) {
	if r.active && now.Sub(r.heard) >= eventGap {
		r.finish(now)
	}
}

func (r *eventReceiver) finish(now time.Time) {
	if r.active {
		r.active = false
		r.letGo(lasting(r.before+uint32(r.length)), now)
	}
}

// reset forgets timestamps: another source speaks.
func (r *eventReceiver) reset(now time.Time) {
	r.finish(now)
	r.known = false
}
