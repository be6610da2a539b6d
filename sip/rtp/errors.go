package rtp

import "errors"

// What can go wrong; test with errors.Is. Refusals of SDP are also *Refusal.
var (
	ErrSDP           = errors.New("rtp: malformed session description")
	ErrNotAcceptable = errors.New("rtp: nothing in the session description is acceptable")
	ErrNoPorts       = errors.New("rtp: no free ports")
	ErrTooMany       = errors.New("rtp: too many sessions")
	ErrPending       = errors.New("rtp: an offer of ours is not answered yet")
	ErrNoOffer       = errors.New("rtp: no offer of ours waits for an answer")
	ErrNotAgreed     = errors.New("rtp: nothing is negotiated yet")
	ErrClosed        = errors.New("rtp: session closed")
	ErrBusy          = errors.New("rtp: session does this already")
	ErrInterrupted   = errors.New("rtp: interrupted by a digit")
	ErrNotBridged    = errors.New("rtp: session cannot be joined")
	ErrType          = errors.New("rtp: content type without digits")
	ErrDigit         = errors.New("rtp: no such digit")
	ErrWAV           = errors.New("rtp: not a WAV file that can be played")
)

// Refusal is the error of a session description that is not taken; phone answers with it. It wraps
// ErrSDP, ErrNotAcceptable, ErrPending, ErrNoPorts or ErrTooMany.
type Refusal struct {
	StatusCode int    // SIP: 400 malformed, 488 cannot be negotiated, 491 we have an offer out, 503 no port or too many
	Warning    int    // warn-code of a Warning header, 0 for none (RFC 3261 §20.43)
	Reason     string // what is wrong, in ASCII without quotation marks: fit for warn-text
	Err        error  // one of the above
}

// Error returns the sentinel's text and the reason.
func (r *Refusal) Error() string { return r.Err.Error() + ": " + r.Reason }

// Refuse returns what a SIP response needs: status code, warn-code and text.
func (r *Refusal) Refuse() (statusCode, warnCode int, text string) {
	return r.StatusCode, r.Warning, r.Reason
}

// Unwrap returns the sentinel.
func (r *Refusal) Unwrap() error { return r.Err }

// Codes of warnings (RFC 3261 §20.43).
const (
	warnAddress   = 301 // incompatible network address formats
	warnTransport = 302 // incompatible transport protocol
	warnMedia     = 304 // media type not available
	warnFormat    = 305 // incompatible media format
)

func malformed(reason string) error {
	return &Refusal{StatusCode: 400, Reason: reason, Err: ErrSDP}
}

func unacceptable(warning int, reason string) error {
	return &Refusal{StatusCode: 488, Warning: warning, Reason: reason, Err: ErrNotAcceptable}
}

func unavailable(err error, reason string) error {
	return &Refusal{StatusCode: 503, Reason: reason, Err: err}
}
