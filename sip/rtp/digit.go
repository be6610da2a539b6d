package rtp

import "time"

// Digit is a key that the peer pressed.
type Digit struct {
	Symbol   byte          // one of 0123456789*#ABCD
	Method   Method        // the way by which it was known first
	Duration time.Duration // how long the key was held, as told; 0 unknown
	At       time.Time     // when the press began
}

// Method is a way to send digits.
type Method uint8

const (
	MethodUnknown Method = iota
	MethodEvent          // telephone event (RFC 4733)
	MethodInBand         // tones in the sound (ITU-T Q.23)
	MethodInfo           // SIP INFO, application/dtmf-relay or application/dtmf
)

// ParseInfo reads the digit of an INFO body: application/dtmf-relay ("Signal=5\r\nDuration=160") or
// application/dtmf ("5"). ok is false when the type is none of these; the error wraps ErrDigit.
func ParseInfo(contentType string, body []byte) (d Digit, ok bool, err error) {
	return Digit{}, false, nil
}
