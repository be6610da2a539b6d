package rtp

import (
	"strings"
	"time"
)

// Digit is a key that the peer pressed.
type Digit struct {
	Symbol   byte          // one of 0123456789*#ABCD
	Method   Method        // the way by which it was known first
	Duration time.Duration // how long the key was held, as told; 0 unknown
	At       time.Time     // when the press began
}

// Method is a way to send digits.
type Method uint8

// The ways of digits.
const (
	MethodUnknown Method = iota
	MethodEvent          // telephone event (RFC 4733)
	MethodInBand         // tones in the sound (ITU-T Q.23)
	MethodInfo           // SIP INFO, application/dtmf-relay or application/dtmf
	methods
)

// String returns the method as a label of metrics and logs.
func (m Method) String() string {
	switch m {
	case MethodEvent:
		return "rfc4733"
	case MethodInBand:
		return "in_band"
	case MethodInfo:
		return "info"
	default:
		return "unknown"
	}
}

// presses makes one digit of what several methods tell of the same press. Each method tells a press once, and all in
// order, so the n-th 5 of one is the n-th 5 of the others, as long as they come at nearly the same time.
type presses struct {
	recent  [16]press       // a ring
	count   int             // of presses so far
	newest  [methods]int    // by their number, of what each method told
	current [methods]*press // what each method holds down
	owner   [methods]bool   // and whether it told so first
}

type press struct {
	number     int // counted from 1
	symbol     byte
	told       uint8 // by which methods, a bit each
	begin, end time.Time
	over       bool
}

const (
	pressApart   = 400 * time.Millisecond // between the sound and the event of one press
	infoApart    = time.Second            // and INFO, which goes another way
	pressStutter = 60 * time.Millisecond  // after a press, within which the same method may tell it again in pieces
)

// down tells that a key went down. It reports whether that is news.
func (p *presses) down(symbol byte, m Method, at time.Time) bool {
	for i := range p.recent {
		one := &p.recent[(p.count+1+i)%len(p.recent)] // oldest first
		if one.symbol == symbol && one.number >= p.newest[m] && one.covers(at, m) {
			one.told |= 1 << m
			p.newest[m], p.current[m], p.owner[m] = one.number, one, false
			return false
		}
	}
	p.count++
	one := &p.recent[p.count%len(p.recent)]
	*one = press{number: p.count, symbol: symbol, told: 1 << m, begin: at}
	p.newest[m], p.current[m], p.owner[m] = p.count, one, true
	return true
}

// covers tells whether a word of method m at this time may be of this press.
func (p *press) covers(at time.Time, m Method) bool {
	end := p.end
	if !p.over {
		end = at
	}
	if p.told&(1<<m) != 0 {
		// Tones that waver are heard in pieces; a press known otherwise shows that they are one.
		return m == MethodInBand && p.told != 1<<m && !at.Before(p.begin) && at.Before(end.Add(pressStutter))
	}
	apart := pressApart
	if m == MethodInfo || p.told == 1<<MethodInfo {
		apart = infoApart
	}
	return !at.Before(p.begin.Add(-apart)) && !at.After(end.Add(apart))
}

// up tells that a key was let go after held. The digit is news if the press was this method's.
func (p *presses) up(m Method, held time.Duration, now time.Time) (Digit, bool) {
	one := p.current[m]
	p.current[m] = nil
	if one == nil || !p.owner[m] {
		return Digit{}, false
	}
	one.over, one.end = true, now
	return Digit{Symbol: one.symbol, Method: m, Duration: held, At: one.begin}, true
}

// held tells whether a key is down whose digit is yet to come.
func (p *presses) held() bool {
	for m, one := range p.current {
		if one != nil && p.owner[m] {
			return true
		}
	}
	return false
}

// symbolOf returns a digit as it is told: letters upper case.
func symbolOf(s string) (byte, bool) {
	s = strings.ToUpper(s)
	if len(s) == 1 && strings.Contains(symbols, s) {
		return s[0], true
	}
	return 0, false
}
