package sip

import "strconv"

// ScanReason says why a message was refused.
type ScanReason uint8

// The reasons Scan refuses a message for.
const (
	ScanOK               ScanReason = iota
	ScanEmpty                       // nothing but line ends: a keepalive (RFC 5626 §3.5.1)
	ScanNotSIP                      // no SIP start line
	ScanStartLine                   // a request line without Request-URI
	ScanVersion                     // another version than SIP/2.0 (RFC 3261 §21.5.7)
	ScanStatusCode                  // a status code outside 100 to 699 (RFC 3261 §7.2)
	ScanIncomplete                  // the empty line that ends the headers is not there
	ScanMissingVia                  // no Via, From, To, Call-ID or CSeq (RFC 3261 §8.1.1)
	ScanMissingFrom                 //
	ScanMissingTo                   //
	ScanMissingCallID               //
	ScanMissingCSeq                 //
	ScanBadVia                      // the topmost Via cannot be read
	ScanBadFrom                     // From holds no address, or a quote or bracket in it never ends
	ScanBadTo                       // the same of To
	ScanBadCallID                   // an empty Call-ID
	ScanBadCSeq                     // no number, or one of more than 32 bits, or another method than the request's
	ScanBadContentLength            // Content-Length is no number
	ScanDuplicate                   // a header that must be single comes twice and differs
	ScanTooLong                     // Call-ID, tag or branch of more than 512 bytes
	NumScanReasons                  // how many there are, for tables by reason
)

var scanReasons = [NumScanReasons]string{
	ScanOK:               "ok",
	ScanEmpty:            "empty",
	ScanNotSIP:           "not_sip",
	ScanStartLine:        "start_line",
	ScanVersion:          "version",
	ScanStatusCode:       "status_code",
	ScanIncomplete:       "incomplete",
	ScanMissingVia:       "missing_via",
	ScanMissingFrom:      "missing_from",
	ScanMissingTo:        "missing_to",
	ScanMissingCallID:    "missing_call_id",
	ScanMissingCSeq:      "missing_cseq",
	ScanBadVia:           "bad_via",
	ScanBadFrom:          "bad_from",
	ScanBadTo:            "bad_to",
	ScanBadCallID:        "bad_call_id",
	ScanBadCSeq:          "bad_cseq",
	ScanBadContentLength: "bad_content_length",
	ScanDuplicate:        "duplicate",
	ScanTooLong:          "too_long",
}

// String returns the reason as a metric's label value: snake_case, stable.
func (r ScanReason) String() string {
	if r < NumScanReasons {
		return scanReasons[r]
	}
	return "reason_" + strconv.Itoa(int(r))
}

// ScanError is why a message was refused, and where.
type ScanError struct {
	Reason ScanReason
	Header string // the header at fault, empty when it is the start line or the whole
	Offset int    // in bytes, into what Scan was given
}

// Error implements error.
func (e *ScanError) Error() string {
	text := "sip: " + e.Reason.String()
	if e.Header != "" {
		text += " in " + e.Header
	}
	return text + " at offset " + strconv.Itoa(e.Offset)
}
