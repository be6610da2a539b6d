package rtp

import (
	"net/netip"
	"slices"
	"time"
)

// terms are what an offer and its answer come to, for one audio stream.
type terms struct {
	codec     Codec // that we send
	direction Direction
	packet    time.Duration // of sound in what we send
	mux       bool

	sendPT      uint8
	sendEvent   uint8 // 0: the peer takes no telephone events (0 is PCMU's)
	expect      expectations
	remote      netip.AddrPort // unspecified: nowhere (RFC 3264 §8.4)
	remoteRTCP  netip.AddrPort
	encrypted   bool
	ours, their crypto // of what we send and what they send
	proto       string
}

// expectations say what each payload type means that may come.
type expectations [128]kind

// kind is what a payload is.
type kind uint8

const (
	kindNone  kind = kind(CodecUnknown)
	kindPCMA  kind = kind(PCMA)
	kindPCMU  kind = kind(PCMU)
	kindEvent kind = 3
)

// Packets hold from 10 to 60 ms in steps of 10: what other ends use.
const (
	defaultPacket = 20 * time.Millisecond
	shortest      = 10
	longest       = 60
)

// agree reads what the peer wants of a stream as terms, our half of which the caller fills in. The error is a Refusal.
func agree(s *stream, codecs []Codec, policy SRTPPolicy) (terms, error) {
	t := terms{direction: s.direction.reversed(), mux: s.mux, proto: s.proto}
	if err := t.address(s); err != nil {
		return terms{}, err
	}
	if err := t.protection(s, policy); err != nil {
		return terms{}, err
	}
	for _, format := range s.formats {
		m, ok := s.meaning(format)
		switch {
		case !ok:
		case m.isEvent() && t.sendEvent == 0 && m.payloadType != 0:
			t.sendEvent = m.payloadType
		case t.codec == CodecUnknown && slices.Contains(codecs, m.codec()):
			t.codec, t.sendPT = m.codec(), m.payloadType
		}
	}
	if t.codec == CodecUnknown {
		return terms{}, unacceptable(warnFormat, "no codec in common: we speak PCMA and PCMU")
	}
	t.packet = packetTime(s.ptime, s.maxptime)
	return t, nil
}

// address takes where the peer wants its media.
func (t *terms) address(s *stream) error {
	ip := s.addr.ip
	switch {
	case !s.addr.said:
		return malformed("no connection address")
	case !ip.IsValid():
		return unacceptable(warnAddress, "connection address is no IP address")
	case ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return unacceptable(warnAddress, "connection address is not of one host")
	}
	t.remote, t.remoteRTCP = netip.AddrPortFrom(ip, uint16(s.port)), s.rtcp
	if s.rtcp.Addr().IsMulticast() {
		t.remoteRTCP = netip.AddrPort{}
	}
	if s.mux {
		t.remoteRTCP = t.remote // RFC 5761 §5.1.1
	}
	if ip.IsUnspecified() {
		t.direction = t.direction.and(RecvOnly) // hold as RFC 2543 §B.5 had it (RFC 3264 §8.4)
	}
	return nil
}

// protection decides whether media are encrypted, and with which of the peer's keys.
func (t *terms) protection(s *stream, policy SRTPPolicy) error {
	switch s.proto {
	case "RTP/AVP", "RTP/AVPF":
		// Keys beside the plain profile: encryption if both can (RFC 8643 §3.1).
		t.encrypted = len(s.crypto) > 0 && policy != SRTPNever
		if policy == SRTPAlways && !t.encrypted {
			return unacceptable(warnTransport, "media must be encrypted")
		}
	case "RTP/SAVP", "RTP/SAVPF":
		if policy == SRTPNever {
			return unacceptable(warnTransport, "media are not encrypted here")
		}
		if len(s.crypto) == 0 {
			return unacceptable(warnFormat, "no crypto suite in common") // RFC 4568 §7.1.2
		}
		t.encrypted = true
	default:
		return unacceptable(warnTransport, "transport protocol is neither RTP/AVP nor RTP/SAVP")
	}
	if t.encrypted {
		t.their = s.crypto[0]
	}
	return nil
}

// packetTime is how much sound goes into a packet for a peer that asks for ptime, and no more than maxptime (RFC 8866 §6.4,
// §6.5), both in milliseconds and 0 when unsaid.
func packetTime(ptime, maxptime int) time.Duration {
	if ptime == 0 {
		ptime = int(defaultPacket.Milliseconds())
	}
	if maxptime > 0 {
		ptime = min(ptime, maxptime)
	}
	ptime -= ptime % 10
	return time.Duration(min(max(ptime, shortest), longest)) * time.Millisecond
}

// samples is how many samples make up d.
func samples(d time.Duration) int { return int(d.Microseconds() * (SampleRate / 1000) / 1000) }

// lasting is how long n samples are.
func lasting[N ~int | ~int64 | ~uint32](n N) time.Duration {
	return time.Duration(n) * (time.Second / SampleRate)
}
