package sip

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// Number is an E.164 number as its decimal digits, without the plus sign; 0 means unknown. Numbers
// of countries that keep a leading zero hold it after the country code, so digits are never lost.
type Number uint64

// ErrNumber is returned for text that is no E.164 number.
var ErrNumber = errors.New("sip: not an E.164 number")

// The lengths of an E.164 number in digits: at most 15 (ITU-T E.164 §6), and no country has a
// number this short.
const (
	minNumberDigits = 5
	maxNumberDigits = 15
)

// ParseNumber reads a number as String writes it: a plus sign and 5 to 15 digits, the first not 0.
// The error wraps ErrNumber.
func ParseNumber(s string) (Number, error) {
	digits := len(s) - 1
	if digits < minNumberDigits || digits > maxNumberDigits || s[0] != '+' || s[1] == '0' {
		return 0, fmt.Errorf("%w: %q", ErrNumber, s)
	}
	var n Number
	for i := 1; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, fmt.Errorf("%w: %q", ErrNumber, s)
		}
		n = n*10 + Number(d)
	}
	return n, nil
}

// String returns the number with its plus sign, and nothing for an unknown number.
func (n Number) String() string {
	if n == 0 {
		return ""
	}
	return "+" + strconv.FormatUint(uint64(n), 10)
}

// MarshalText implements encoding.TextMarshaler, as String.
func (n Number) MarshalText() ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	return strconv.AppendUint([]byte{'+'}, uint64(n), 10), nil
}

// UnmarshalText implements encoding.TextUnmarshaler, as ParseNumber; no text is an unknown number.
func (n *Number) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = 0
		return nil
	}
	parsed, err := ParseNumber(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

// LogValue implements slog.LogValuer: numbers are personal data, so logs show the last three digits.
func (n Number) LogValue() slog.Value {
	if n == 0 {
		return slog.StringValue("")
	}
	return slog.StringValue(fmt.Sprintf("…%03d", uint64(n)%1000))
}

// Maybe tells whether two known numbers have their last nine digits in common. That is enough to
// show one beside the other and never enough to act on.
func (n Number) Maybe(o Number) bool {
	const nine = 1_000_000_000
	return n >= nine/10 && o >= nine/10 && n%nine == o%nine
}

// appendDigits appends the number's digits.
func (n Number) appendDigits(b []byte) []byte { return strconv.AppendUint(b, uint64(n), 10) }
