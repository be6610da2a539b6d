package capture

import "ringback/sip/hep"

// Reason says why captured bytes were not handed on.
type Reason uint8

// Reasons.
const (
	ReasonNone      Reason = iota
	UnknownLink            // the frame's link type is not read
	NotIP                  // ARP, LLDP and the like
	NotTransport           // IP that carries neither UDP nor TCP
	BadHeader              // a header that is short or contradicts itself
	BadTime                // a record's time is beyond all calendars
	CutShort               // the capture kept too little of the frame (snaplen)
	NotSIP                 // a datagram, or a TCP segment, of another protocol
	Keepalive              // CRLF, NUL or nothing at all (RFC 5626 §3.5.1)
	TLS                    // a TCP segment of TLS, which is told about but not read
	FragmentLost           // an IP datagram whose fragments did not all come in time
	FragmentOverlap        // an IP datagram whose fragments overlap (RFC 5722)
	Retransmission         // a TCP segment seen before
	StreamGap              // part of a message is missing from a TCP stream
	StreamGarbage          // bytes in a TCP stream of SIP that belong to no message
	TooLarge               // a message in a TCP stream longer than 64 KiB
	Evicted                // an unfinished TCP stream given up because there were too many

	// NumReasons is the number of reasons, ReasonNone included.
	NumReasons = iota
)

var reasonNames = [NumReasons]string{
	ReasonNone:      "none",
	UnknownLink:     "unknown_link",
	NotIP:           "not_ip",
	NotTransport:    "not_transport",
	BadHeader:       "bad_header",
	BadTime:         "bad_time",
	CutShort:        "cut_short",
	NotSIP:          "not_sip",
	Keepalive:       "keepalive",
	TLS:             "tls",
	FragmentLost:    "fragment_lost",
	FragmentOverlap: "fragment_overlap",
	Retransmission:  "retransmission",
	StreamGap:       "stream_gap",
	StreamGarbage:   "stream_garbage",
	TooLarge:        "too_large",
	Evicted:         "evicted",
}

// String returns the reason in snake_case, as metrics and logs show it.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Stats counts what was met in a file or on an interface.
type Stats struct {
	Records   uint64                 // captured frames
	Bytes     uint64                 // of them, as captured
	Delivered uint64                 // packets handed on
	Truncated uint64                 // frames the capture did not keep whole, delivered or not
	Fragments uint64                 // IP fragments
	Encrypted uint64                 // flows of TLS, each pair of addresses and ports once
	Skipped   [NumReasons]uint64     // by Reason
	HEP       [hep.NumReasons]uint64 // HEP3 packets not handed on, by hep.Reason
}
