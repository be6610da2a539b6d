package rtp

import (
	"net/netip"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// sender is the half of a session that the peer hears. All of it is under the session's lock.
type sender struct {
	ssrc    uint32
	seq     uint16    // of the next packet
	ts      uint32    // of the next sound, at the time at
	at      time.Time // zero: nothing was sent yet
	idle    bool      // nothing was sent at the last tick: the next sound begins a talkspurt
	context *srtp.Context

	sent, octets uint64
	sentAt       time.Time

	relayed relayed

	frame   [longest * SampleRate / 1000]int16
	payload [maxPayload]byte
	plain   [headerBytes + maxPayload]byte
	cipher  []byte
}

// relayed maps what is relayed, packet by packet, onto our own numbers and timestamps.
type relayed struct {
	on       bool
	ssrc     uint32
	seq, out uint16 // numbers of the same packet, theirs and ours
	ts, time uint32 // timestamps of it
	at       time.Time
}

const (
	relayQuiet = 200 * time.Millisecond // of the other side of a bridge, before silence stands in
	relayLeap  = 2 * SampleRate         // of timestamps, that are mapped anew
)

func (o *sender) init() {
	o.ssrc, o.seq, o.ts, o.idle = uint32(random()), uint16(random())>>1, uint32(random()), true // RFC 3550 §5.1; numbers far from their wrap, whose count SRTP must guess (RFC 3711 §3.3.1)
}

// agree puts new terms into effect.
func (o *sender) agree(t, old *terms) (err error) {
	if !t.encrypted {
		o.context = nil
	} else if old == nil || !old.encrypted || old.ours != t.ours {
		o.context, err = t.ours.context()
	}
	return err
}

// tick does what is due in a session: it is the pacer's.
func (s *Session) tick(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0
	}
	s.in.tick(now)
	s.reportTick(now)
	s.say(now)
	return s.terms.packet
}

// say sends what there is to say: digits, a prompt, else silence, unless a bridge says something.
func (s *Session) say(now time.Time) {
	t, o := s.terms, &s.out
	if !t.direction.sends() || !s.reachable() {
		o.idle = true
		return
	}
	n := samples(t.packet)
	frame := o.frame[:n]
	if s.keys.tick(s, n, now) {
		return
	}
	if !s.player.fill(frame) {
		if s.peer != nil && now.Sub(o.relayed.at) < relayQuiet {
			o.idle = true
			return
		}
		clear(frame)
	}
	payload := o.payload[:n]
	t.codec.encode(payload, frame)
	marker := o.begin(now)
	s.write(header{marker, t.sendPT, o.seq, o.ts, o.ssrc}, payload, now)
	o.advance(n, t.packet)
}

// reachable tells whether the peer said where it wants media.
func (s *Session) reachable() bool {
	to := s.in.latch.current
	return to.IsValid() && !to.Addr().IsUnspecified() && !s.terms.remote.Addr().IsUnspecified()
}

// begin moves the timestamp on if nothing was sent for a while, as the sampling clock never stops (RFC 3550 §5.1). It
// tells whether a talkspurt begins (RFC 3551 §4.1).
func (o *sender) begin(now time.Time) (marker bool) {
	if !o.idle {
		return false
	}
	if !o.at.IsZero() {
		o.ts += uint32(max(samples(now.Sub(o.at)), 0))
	}
	o.at, o.idle, o.relayed.on = now, false, false
	return true
}

// advance notes that sound was sent.
func (o *sender) advance(n int, d time.Duration) {
	o.seq++
	o.ts += uint32(n)
	o.at = o.at.Add(d)
}

// write sends a packet.
func (s *Session) write(h header, payload []byte, now time.Time) {
	o := &s.out
	head := rtp.Header{
		Version: 2, Marker: h.marker, PayloadType: h.payloadType, SequenceNumber: h.seq, Timestamp: h.ts, SSRC: h.ssrc,
	}
	n, err := head.MarshalTo(o.plain[:])
	if err != nil {
		s.drop(DropSend)
		return
	}
	packet := o.plain[:n+copy(o.plain[n:], payload)]
	if o.context != nil {
		if packet, err = o.context.EncryptRTP(o.cipher[:0], packet, nil); err != nil {
			s.drop(DropSend)
			return
		}
		o.cipher = packet
	}
	if _, err := s.socks.rtp.WriteToUDPAddrPort(packet, s.in.latch.current); err != nil {
		s.drop(DropSend)
		return
	}
	o.sent++
	o.octets += uint64(len(payload))
	o.sentAt = now
}

// relay sends what the other side of the bridge said, at the place in our stream that it has in its own. What this side
// plays or dials goes before.
func (s *Session) relay(r relay, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.peer == nil || !s.terms.direction.sends() || !s.reachable() || s.player.playing() || s.keys.sending() {
		return
	}
	t, pt := s.terms, s.terms.sendPT
	if r.kind == kindEvent {
		if t.sendEvent == 0 || len(r.payload) < eventBytes {
			return // pass sends it as tones
		}
		pt, r.payload = t.sendEvent, r.payload[:eventBytes]
	} else {
		Codec(r.kind).transcode(r.payload, t.codec)
	}
	marker := s.out.place(r, now) || r.marker
	m := &s.out.relayed
	h := header{marker, pt, m.out + (r.seq - m.seq), m.time + (r.ts - m.ts), s.out.ssrc}
	s.write(h, r.payload, now)
	if ahead := h.seq + 1 - s.out.seq; ahead < 1<<15 {
		s.out.seq += ahead
	}
	if r.kind != kindEvent {
		s.out.ts, s.out.at = h.ts+uint32(len(r.payload)), now.Add(lasting(len(r.payload)))
	}
	m.at, s.out.idle = now, true
}

// place maps a packet onto our stream: like those before it, or anew when it does not go on from them.
func (o *sender) place(r relay, now time.Time) (begins bool) {
	m := &o.relayed
	expected := o.ts
	if !o.at.IsZero() {
		expected += uint32(samples(now.Sub(o.at)))
	}
	if m.on && m.ssrc == r.ssrc {
		seq, leap := int16(m.out+(r.seq-m.seq)-o.seq), int32(m.time+(r.ts-m.ts)-expected)
		if seq > -reorderSlots && seq < reorderSlots && leap > -relayLeap && leap < relayLeap {
			return false
		}
	}
	*m = relayed{on: true, ssrc: r.ssrc, seq: r.seq, out: o.seq, ts: r.ts, time: expected}
	return true
}

// reportsTo is where RTCP goes.
func (s *Session) reportsTo() netip.AddrPort {
	current := s.in.latch.current
	switch {
	case s.terms.mux:
		return current
	case s.report.from.IsValid():
		return s.report.from
	case current.IsValid() && current != s.in.latch.named:
		return netip.AddrPortFrom(current.Addr(), current.Port()+1)
	default:
		return s.terms.remoteRTCP
	}
}
