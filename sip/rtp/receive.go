package rtp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/rtp"
)

// receiver is the half of a session that hears the peer. All of it is under the session's lock, and none of it reads a
// clock.
type receiver struct {
	s     *Session
	now   time.Time // of the packet or tick that is worked on
	parse rtp.Packet
	plain []byte // decrypted
	srtp  inbound
	srtcp inbound

	latch   latch
	seq     sequence
	order   reorder
	gap     bool // packets are missing before the next sound
	time    timeline
	events  eventReceiver
	tones   inBand
	presses presses

	hear       heard // in order
	relays     []relay
	due        time.Time // since when RTP is due: the last that came, or the agreement to send some
	window     time.Time // in which packets are counted
	inWindow   int
	received   uint64
	lostBefore int64 // of sources before this one
	latches    int
}

// header is what we need of an RTP header (RFC 3550 §5.1).
type header struct {
	marker      bool
	payloadType uint8
	seq         uint16
	ts, ssrc    uint32
}

// relay is a packet for the other side of a bridge.
type relay struct {
	header
	kind    kind
	payload []byte
}

const (
	headerBytes = 12
	maxPacket   = 2048
	packetsMax  = 250 // in a second: more than packets of 10 ms and a burst after a stall
)

func (r *receiver) init(s *Session) {
	r.s = s
	r.hear = r.inOrder
	r.time.emit = r.sound
	r.events.press = func(symbol byte, now time.Time) { s.press(symbol, MethodEvent, now) }
	r.events.letGo = func(held time.Duration, now time.Time) { s.letGo(MethodEvent, held, now) }
	r.tones.press = func(symbol byte, before time.Duration) { s.press(symbol, MethodInBand, r.now.Add(-before)) }
	r.tones.letGo = func(held time.Duration) { s.letGo(MethodInBand, held, r.now) }
}

// agree puts new terms into effect.
func (r *receiver) agree(t *terms, now time.Time) error {
	r.now = now
	old := r.s.terms
	if t.encrypted && (old == nil || !old.encrypted || old.their != t.their) {
		r.srtp, r.srtcp = inbound{key: t.their}, inbound{key: t.their}
	}
	if !t.remote.Addr().IsUnspecified() {
		r.latch.name(t.remote)
	}
	if old == nil {
		r.time.start(now)
	}
	if old == nil || !old.direction.receives() {
		r.due = now
	}
	return nil
}

// read hands what a socket receives to receive until the socket is closed.
func (s *Session) read(conn *net.UDPConn, receive func([]byte, netip.AddrPort, time.Time)) {
	buf := make([]byte, maxPacket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			receive(buf[:n], netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port()), time.Now())
		}
	}
}

// receive takes a packet that came to the RTP port.
func (s *Session) receive(packet []byte, from netip.AddrPort, now time.Time) {
	s.mu.Lock()
	s.in.now = now
	s.in.relays = s.in.relays[:0]
	if !s.closed {
		s.in.packet(packet, from)
	}
	peer, relays := s.peer, s.in.relays // which only this goroutine touches
	s.mu.Unlock()
	if peer != nil {
		for _, r := range relays {
			peer.relay(r, now)
		}
	}
}

// packet takes what came to the RTP port.
func (r *receiver) packet(packet []byte, from netip.AddrPort) {
	t := r.s.terms
	switch {
	case len(packet) < headerBytes || len(packet) >= maxPacket || packet[0]>>6 != 2:
		r.s.drop(DropMalformed)
		return
	case t == nil:
		r.s.drop(DropEarly)
		return
	case packet[1] >= 192 && packet[1] < 224: // RTCP (RFC 5761 §4)
		if t.mux {
			r.s.handleReport(packet, from, r.now)
		} else {
			r.s.drop(DropPayloadType)
		}
		return
	}
	peer, may := r.latch.known(from, r.now)
	if !may {
		r.s.drop(DropSource)
		return
	}
	h, k, payload, ok := r.open(t, packet)
	if !ok {
		return
	}
	if !t.direction.receives() {
		r.s.drop(DropHeld)
		return
	}
	if !peer {
		if !r.follow(t, from, h, packet) {
			return
		}
	} else {
		r.latch.hear(r.now)
	}
	r.accept(h, k, payload)
}

// open decrypts and parses a packet, and counts why it is not ok.
func (r *receiver) open(t *terms, packet []byte) (h header, k kind, payload []byte, ok bool) {
	if t.encrypted {
		plain, err := r.srtp.rtp(r.plain, packet, r.now)
		if err != nil {
			r.s.drop(DropAuth)
			return h, 0, nil, false
		}
		r.plain, packet = plain, plain
	}
	if err := r.parse.Unmarshal(packet); err != nil || len(r.parse.Payload) > maxPayload {
		r.s.drop(DropMalformed)
		return h, 0, nil, false
	}
	p := &r.parse
	h = header{p.Marker, p.PayloadType, p.SequenceNumber, p.Timestamp, p.SSRC}
	if k = t.expect[h.payloadType]; k == kindNone {
		r.s.drop(DropPayloadType)
		return h, 0, nil, false
	}
	return h, k, p.Payload, true
}

// follow moves to another source if it may be the peer; then the packet that was held back is heard first.
func (r *receiver) follow(t *terms, from netip.AddrPort, h header, packet []byte) bool {
	held := r.latch.trial.from.IsValid()
	taken, first := r.latch.try(from, h, packet, t.encrypted, r.now)
	if !taken {
		if held {
			r.s.drop(DropSource) // the packet that was held back before
		}
		return false
	}
	r.latches++
	if first != nil && !t.encrypted {
		// What was parsed before it points into packet, so the one held back is parsed apart.
		var p rtp.Packet
		if p.Unmarshal(first) == nil {
			r.accept(header{p.Marker, p.PayloadType, p.SequenceNumber, p.Timestamp, p.SSRC}, t.expect[p.PayloadType], p.Payload)
		}
	}
	return true
}

// accept takes a valid packet of the peer, who is neither heard nor relayed more often than sound is sent.
func (r *receiver) accept(h header, k kind, payload []byte) {
	if r.now.Sub(r.window) >= time.Second {
		r.window, r.inWindow = r.now, 0
	}
	if r.inWindow++; r.inWindow > packetsMax {
		r.s.drop(DropFlood)
		return
	}
	if !r.seq.started || h.ssrc != r.seq.ssrc {
		r.lostBefore += r.seq.lost()
		r.seq.start(h.ssrc, h.seq)
		r.anew()
	}
	lost := r.seq.lost()
	jumped, ok := r.seq.update(h.seq)
	if !ok {
		r.s.drop(DropSequence)
		return
	}
	if jumped {
		r.lostBefore += lost
		r.anew()
	}
	r.due = r.now
	r.received++
	why, ok := r.order.put(slot{seq: h.seq, ts: h.ts, kind: k, payload: payload}, r.now, r.hear)
	if !ok {
		r.s.drop(why)
	}
	if why == DropDuplicate && !ok {
		return
	}
	if k == kindEvent {
		e, ok := parseEvent(payload)
		if !ok {
			r.s.drop(DropMalformed)
			return
		}
		r.events.packet(e, h.ts, h.marker, r.now)
	} else if ok {
		r.seq.arrive(h.ts, r.now)
	}
	if r.s.peer != nil {
		r.relays = append(r.relays, relay{h, k, payload})
	}
}

// anew forgets how numbers and timestamps go on: they begin anew.
func (r *receiver) anew() {
	r.order.drain(r.hear)
	r.order.reset()
	r.time.resync()
	r.events.reset(r.now)
}

// inOrder hears a packet whose turn it is.
func (r *receiver) inOrder(p slot, skipped int) {
	r.gap = r.gap || skipped > 0
	if p.kind == kindEvent {
		return
	}
	if why, ok := r.time.sound(p.ts, Codec(p.kind), p.payload, r.gap, r.now); !ok {
		r.s.drop(why)
	}
	r.gap = false
}

// sound takes the next sound of the timeline.
func (r *receiver) sound(samples []int16, lost bool) {
	if !r.s.o.NoInBand {
		r.tones.listen(samples)
	}
	if r.s.rec != nil {
		r.s.rec.push(samples, lost)
	}
}

// tick does what time brings about.
func (r *receiver) tick(now time.Time) {
	r.now = now
	r.order.release(now, r.hear)
	r.events.expire(now)
	r.time.follow(now)
	timeout := r.s.o.MediaTimeout
	if timeout > 0 && r.s.terms.direction.receives() && now.Sub(r.due) >= timeout {
		select {
		case <-r.s.lost:
		default:
			close(r.s.lost)
		}
	}
}

// finish hears what waits and ends presses, as the session closes.
func (r *receiver) finish(now time.Time) {
	r.now = now
	r.order.drain(r.hear)
	r.events.finish(now)
	if r.tones.pressed != 0 {
		r.tones.letGo(lasting((r.tones.blocks + 2) * inBandHop))
	}
}

// press takes a key that went down, as one method tells. A prompt ends and a recording may, at once.
func (s *Session) press(symbol byte, m Method, at time.Time) {
	if !s.in.presses.down(symbol, m, at) {
		return
	}
	s.player.interrupt()
	if s.rec != nil && strings.IndexByte(s.rec.o.StopDigits, symbol) >= 0 {
		s.rec.stop(EndDigit)
	}
}

// letGo takes a key that was let go, as one method tells.
func (s *Session) letGo(m Method, held time.Duration, now time.Time) {
	d, ok := s.in.presses.up(m, held, now)
	if !ok {
		return
	}
	select {
	case s.digits <- d:
	default:
		s.drop(DropDigit)
	}
	s.pass(d)
}

// Info takes the body of an INFO request; its digit comes by Digits. The error is ErrType when the type is none of ours
// (answer 415), wraps ErrDigit when the body is not understood (answer 400), or is ErrClosed.
func (s *Session) Info(contentType string, body []byte) error {
	d, err := ParseInfo(contentType, body)
	if err != nil {
		return err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.press(d.Symbol, MethodInfo, now.Add(-d.Duration))
	s.letGo(MethodInfo, d.Duration, now)
	return nil
}
