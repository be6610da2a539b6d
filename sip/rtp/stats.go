package rtp

import "time"

// Drop is a reason why a packet was not used.
type Drop uint8

const (
	DropMalformed   Drop = iota // no RTP or RTCP, version other than 2, too long
	DropSource                  // not from the peer (RFC 7362 §4)
	DropPayloadType             // not negotiated
	DropAuth                    // SRTP authentication or replay check failed
	DropDuplicate               // came before
	DropLate                    // silence was put in its place already
	DropHeld                    // the direction does not allow it
	DropEarly                   // nothing is negotiated yet
	DropFlood                   // more than anybody says
	DropDigit                   // digits that nobody received
	DropSend                    // our packet was not taken by the socket
	drops
)

// Stats are the figures of a session.
type Stats struct {
	Sent, Received uint64        // RTP packets
	Lost           int64         // of theirs, expected less received (RFC 3550 §A.3); negative with duplicates
	Jitter         time.Duration // of theirs, interarrival (RFC 3550 §A.8)
	RemoteLost     int64         // of ours, as the peer reports
	RemoteJitter   time.Duration // of ours, as the peer reports
	RoundTrip      time.Duration // from the peer's reports; 0 unknown
	Latches        int           // times that media moved to another source than the SDP named
	Dropped        map[string]uint64
}

// HostStats are the figures of all sessions of a host.
type HostStats struct {
	Sessions int // open now
	Ports    int // pairs in use
	Pairs    int // pairs there are
	Opened   uint64
	Refused  uint64            // for want of ports or sessions
	Dropped  map[string]uint64 // packets by reason, since the start
}
