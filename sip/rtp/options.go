package rtp

import (
	"net/netip"
	"time"
)

// Options are what a Host is made of; zero fields take the defaults named beside them.
type Options struct {
	// Addrs are the addresses to receive media at, at most one IPv4 and one IPv6; the first is the one
	// that offers name, unless the session asks for the other family. Unspecified addresses need an entry in
	// Advertised. Required.
	Addrs []netip.Addr
	// Advertised are told to peers in place of the addresses of the same family in Addrs: those of a NAT that forwards
	// the ports to us unchanged.
	Advertised []netip.Addr

	// FirstPort and LastPort bound the ports used, both included. Each session takes an even port for RTP and the odd one
	// after it for RTCP. 20000 and 29999.
	FirstPort, LastPort uint16
	MaxSessions         int // sessions at one time: as many as there are pairs of ports

	Codecs []Codec    // what is spoken, preferred first: PCMA, PCMU
	SRTP   SRTPPolicy // SRTPIfOffered

	MediaTimeout time.Duration // without RTP that was due, until Session.Lost is closed: 30 s; negative: never
	Name         string        // names us in RTCP (CNAME is a random user at this host): ringback.invalid
}

// SessionOptions are what differs from call to call; zero fields take what the Host has.
type SessionOptions struct {
	IPv6         bool          // offer the host's IPv6 address; an answer follows the offer it answers
	SRTP         SRTPPolicy    // zero: as the host
	MediaTimeout time.Duration // zero: as the host; negative: never
	NoInBand     bool          // do not listen for digits as tones in the sound
}

// SRTPPolicy says when media are encrypted. Keys stand in the SDP (RFC 4568 §9.1), so encrypt signalling too.
type SRTPPolicy uint8

// When media are encrypted.
const (
	SRTPDefault   SRTPPolicy = iota // as the Host says; in a Host, SRTPIfOffered
	SRTPNever                       // plain RTP; offers of nothing but SRTP are refused
	SRTPIfOffered                   // answer SRTP with SRTP, offer plain RTP
	SRTPAlways                      // offer SRTP and refuse plain RTP
)

// Codec is one of the two sides of G.711 (RFC 3551 §4.5.14).
type Codec uint8

// The codecs.
const (
	CodecUnknown Codec = iota
	PCMA               // G.711 A-law, payload type 8
	PCMU               // G.711 µ-law, payload type 0
)

// String returns the encoding name of c, as rtpmap has it (RFC 3551 §6).
func (c Codec) String() string {
	switch c {
	case PCMA:
		return "PCMA"
	case PCMU:
		return "PCMU"
	default:
		return "unknown"
	}
}

// SampleRate is the number of samples per second of all audio in this package.
const SampleRate = 8000
