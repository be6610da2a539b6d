package hep

// Reason says why a datagram or a frame was not handed on. It is the error of Decode; none of
// them is worth keeping a connection's peer waiting for, all are counted.
type Reason uint8

// Reasons. Up to TooLarge they are malformed packets, then come packets of other kinds, which are
// well-formed but not for us, then senders we do not listen to.
const (
	ReasonNone       Reason = iota
	Short                   // fewer bytes than a header
	WrongLength             // the header's total length is not the datagram's, or less than a header
	BadChunk                // a chunk's length is less than its header or runs past the end
	BadChunkSize            // a chunk's value is too short or too long for its type
	DuplicateChunk          // a generic chunk comes twice
	MissingChunk            // no source, destination, protocol type or payload
	BadFamily               // the address family is neither IPv4 nor IPv6
	BadTimestamp            // a million microseconds or more
	BadCompression          // the compressed payload is neither zlib nor gzip, or damaged
	TooLarge                // the payload inflates to more than 64 KiB, or the datagram was cut
	HEP1                    // HEP version 1, not supported
	HEP2                    // HEP version 2, not supported
	RawSIP                  // SIP sent to the HEP port without HEP
	NotHEP                  // none of the known protocols
	RTCP                    // a media report
	OtherProtocol           // a protocol type that is not SIP
	Keepalive               // a payload of CRLF or NUL, RFC 5626 §3.5.1 or a SIP phone's NAT keep-alive
	MissingKey              // no authentication key where one is asked for
	WrongKey                // the wrong authentication key
	SenderNotAllowed        // the sender's address is not on the list

	// NumReasons is the number of reasons, ReasonNone included.
	NumReasons = iota
)

var reasonNames = [NumReasons]string{
	ReasonNone:       "none",
	Short:            "short",
	WrongLength:      "wrong_length",
	BadChunk:         "bad_chunk",
	BadChunkSize:     "bad_chunk_size",
	DuplicateChunk:   "duplicate_chunk",
	MissingChunk:     "missing_chunk",
	BadFamily:        "bad_family",
	BadTimestamp:     "bad_timestamp",
	BadCompression:   "bad_compression",
	TooLarge:         "too_large",
	HEP1:             "hep1",
	HEP2:             "hep2",
	RawSIP:           "raw_sip",
	NotHEP:           "not_hep",
	RTCP:             "rtcp",
	OtherProtocol:    "other_protocol",
	Keepalive:        "keepalive",
	MissingKey:       "missing_key",
	WrongKey:         "wrong_key",
	SenderNotAllowed: "sender_not_allowed",
}

// String returns the reason in snake_case, as metrics and logs show it.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Error makes a Reason an error; the conversion does not allocate.
func (r Reason) Error() string { return "hep: " + r.String() }

// Malformed reports whether the packet claimed to be HEP3 and was not.
func (r Reason) Malformed() bool { return r >= Short && r <= TooLarge }

// harmless reports whether a packet skipped for this reason is business as usual and not worth a
// line in the log.
func (r Reason) harmless() bool { return r == RTCP || r == OtherProtocol || r == Keepalive }

// CloseReason says why the server ended a connection, or refused it.
type CloseReason uint8

// Close reasons.
const (
	ClosedByPeer     CloseReason = iota // the peer closed it, between two frames
	ClosedMidFrame                      // the peer closed it inside a frame
	ClosedBadFrame                      // what came is not HEP3; there is no way to find the next frame
	ClosedIdle                          // nothing came for the idle timeout
	ClosedHandshake                     // the TLS handshake was not completed
	ClosedError                         // any other error of the connection
	ClosedStopping                      // the server stops
	RefusedSender                       // the peer's address is not on the list
	RefusedTooMany                      // as many connections as are allowed are open
	RefusedPerSender                    // the peer has as many connections open as one sender may

	// NumCloseReasons is the number of close reasons.
	NumCloseReasons = iota
)

var closeReasonNames = [NumCloseReasons]string{
	ClosedByPeer:     "peer",
	ClosedMidFrame:   "mid_frame",
	ClosedBadFrame:   "bad_frame",
	ClosedIdle:       "idle",
	ClosedHandshake:  "handshake",
	ClosedError:      "error",
	ClosedStopping:   "stopping",
	RefusedSender:    "sender_not_allowed",
	RefusedTooMany:   "too_many",
	RefusedPerSender: "too_many_per_sender",
}

// String returns the close reason in snake_case, as metrics and logs show it.
func (r CloseReason) String() string {
	if int(r) < len(closeReasonNames) {
		return closeReasonNames[r]
	}
	return "unknown"
}
