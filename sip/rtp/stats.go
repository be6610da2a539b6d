package rtp

import "time"

// Drop is a reason why a packet, or a digit, was not used.
type Drop uint8

// Why packets are not used.
const (
	DropMalformed   Drop = iota // no RTP or RTCP, another version than 2, longer than a packet may be
	DropSource                  // not from the peer (RFC 7362 §4)
	DropPayloadType             // not negotiated
	DropAuth                    // SRTP's authentication or replay check failed
	DropDuplicate               // came before
	DropLate                    // silence is in its place already
	DropSequence                // far from the one before; two in order begin anew (RFC 3550 §A.1)
	DropHeld                    // the direction does not allow it
	DropEarly                   // nothing is negotiated yet
	DropFlood                   // more than anybody says
	DropDigit                   // a digit that nobody received
	DropSend                    // one of ours that the socket did not take
	drops
)

// String returns the reason as a label of metrics.
func (d Drop) String() string {
	switch d {
	case DropMalformed:
		return "malformed"
	case DropSource:
		return "source"
	case DropPayloadType:
		return "payload_type"
	case DropAuth:
		return "auth"
	case DropDuplicate:
		return "duplicate"
	case DropLate:
		return "late"
	case DropSequence:
		return "sequence"
	case DropHeld:
		return "held"
	case DropEarly:
		return "early"
	case DropFlood:
		return "flood"
	case DropDigit:
		return "digit"
	case DropSend:
		return "send"
	default:
		return "unknown"
	}
}

// Stats are the figures of a session.
type Stats struct {
	Sent, Received uint64        // RTP packets
	Lost           int64         // of theirs: expected less received (RFC 3550 §A.3); negative with duplicates
	Jitter         time.Duration // of theirs between arrivals (RFC 3550 §A.8)
	RemoteLost     int64         // of ours, as the peer reports
	RemoteJitter   time.Duration // of ours, as the peer reports
	RoundTrip      time.Duration // from the peer's reports; 0 unknown
	Latches        int           // times that media moved to another source
	Dropped        map[string]uint64
}

// HostStats are the figures of all sessions of a host.
type HostStats struct {
	Sessions int               // open now
	Ports    int               // pairs in use
	Pairs    int               // pairs there are
	Opened   uint64            // sessions since the start
	Refused  uint64            // for want of ports or sessions
	Dropped  map[string]uint64 // by reason, since the start
}
