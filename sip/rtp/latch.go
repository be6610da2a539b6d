package rtp

import (
	"net/netip"
	"time"
)

// latch decides whom a session listens to and sends to. It begins with the address that the SDP named. Where a NAT stands
// between, media come from another one: that is taken for the peer when the current source is silent and the other has sent valid
// RTP of the negotiated payload type, in order, or a packet that is authentic (RFC 7362 §4, §5). A source that talks is never
// displaced, but by the named one.
type latch struct {
	named   netip.AddrPort
	current netip.AddrPort // where media are sent to
	heard   time.Time      // when current sent last; zero: never
	moves   int            // since the SDP named an address
	trial   trial
}

// trial is a source that may become the peer.
type trial struct {
	from netip.AddrPort
	ssrc uint32
	seq  uint16
	pt   uint8
	at   time.Time
	held []byte // its first packet, heard when it becomes the peer
}

const (
	latchQuiet = 2 * time.Second // silence of the current source before another may follow it
	latchMoves = 8               // between two descriptions
)

// name starts anew at the address of a description, unless it is the one named before.
func (l *latch) name(addr netip.AddrPort) {
	if addr == l.named {
		l.moves = 0
		return
	}
	*l = latch{named: addr, current: addr}
}

// known tells whether from is the peer, or may take over from it.
func (l *latch) known(from netip.AddrPort, now time.Time) (peer, may bool) {
	if from == l.current {
		return true, true
	}
	if from == l.named {
		return false, true
	}
	quiet := l.heard.IsZero() || now.Sub(l.heard) >= latchQuiet
	return false, quiet && l.moves < latchMoves
}

// hear notes a valid packet of the peer.
func (l *latch) hear(now time.Time) {
	l.heard = now
	l.trial.from = netip.AddrPort{}
}

// try weighs a valid packet of another source that may take over. When it does, first is the packet of it that was held
// back, if any. authentic packets, and those of the named address, need no second one.
func (l *latch) try(from netip.AddrPort, h header, packet []byte, authentic bool, now time.Time) (taken bool, first []byte) {
	t := &l.trial
	follows := t.from == from && t.ssrc == h.ssrc && t.pt == h.payloadType && h.seq-t.seq-1 < 3 && now.Sub(t.at) < latchQuiet
	if !authentic && from != l.named && !follows {
		*t = trial{from: from, ssrc: h.ssrc, seq: h.seq, pt: h.payloadType, at: now, held: append(t.held[:0], packet...)}
		return false, nil
	}
	if follows {
		first = t.held
	}
	l.current = from
	l.moves++
	l.hear(now)
	return true, first
}
