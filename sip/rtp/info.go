package rtp

import (
	"fmt"
	"mime"
	"strconv"
	"strings"
	"time"
)

const (
	maxInfo     = 1024             // bytes of a body
	maxDuration = 60 * time.Second // of a press
)

// ParseInfo reads the digit of an INFO body: application/dtmf-relay ("Signal=5\r\nDuration=160", the duration in
// milliseconds) or application/dtmf ("5"). The error is ErrType when the type is none of these, or wraps ErrDigit.
// 10 and 11 stand for * and #, 12 to 15 for A to D.
func ParseInfo(contentType string, body []byte) (Digit, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	relay := kind == "application/dtmf-relay"
	if !relay && kind != "application/dtmf" {
		return Digit{}, ErrType
	}
	if len(body) > maxInfo {
		return Digit{}, fmt.Errorf("%w: body of %d bytes", ErrDigit, len(body))
	}
	signal, duration := strings.TrimSpace(string(body)), time.Duration(0)
	if relay || strings.Contains(signal, "=") { // some send the one under the other's name
		signal, duration = parseRelay(signal)
	}
	symbol, known := symbolOf(signal)
	if n, bad := strconv.ParseUint(signal, 10, 8); bad == nil && len(signal) == 2 && n >= 10 && int(n) < len(symbols) {
		symbol, known = symbols[n], true
	}
	if !known {
		return Digit{}, fmt.Errorf("%w: no signal of one key", ErrDigit)
	}
	return Digit{Symbol: symbol, Method: MethodInfo, Duration: duration}, nil
}

// parseRelay reads the lines Signal= and Duration=.
func parseRelay(body string) (signal string, duration time.Duration) {
	for line := range strings.Lines(body) {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			signal = value
		case "duration":
			if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
				duration = min(time.Duration(ms)*time.Millisecond, maxDuration)
			}
		}
	}
	return signal, duration
}
