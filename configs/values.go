package configs

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Address is a socket address as host:port. The host is an IP address, a name, or empty for every
// address of the machine; port 0 lets the system choose one.
type Address string

// UnmarshalText accepts what a socket can be opened on.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		*a = ""
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		hint := `write host:port, as "127.0.0.1:8080", "[::1]:8080" or ":8080" for every address of this machine`
		if _, err := strconv.ParseUint(s, 10, 16); err == nil {
			hint = fmt.Sprintf(`for port %s of every address of this machine write ":%s"`, s, s)
		}
		return fmt.Errorf("%q is no socket address; %s", s, hint)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is no port; write a number from 0 to 65535", port)
	}
	if host != "" && !hostname(host) {
		return fmt.Errorf("%q is neither an IP address nor a host name; write host:port, as 127.0.0.1:%s", host, port)
	}
	*a = Address(s)
	return nil
}

// hostname reports whether s is an IP address or could be a DNS name (RFC 1123 §2.1). What looks like
// an IPv4 address and is none, as 10.0.0.300, is a slip and no name.
func hostname(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if len(s) > 253 || strings.Trim(s, "0123456789.") == "" {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}

// Size is a number of bytes, written as 64KiB, 32MiB or 1GiB.
type Size int64

// The units of a [Size], largest first.
var sizeUnits = []struct {
	name  string
	bytes Size
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a whole number with a unit.
func (z *Size) UnmarshalText(text []byte) error {
	s := string(text)
	for _, unit := range sizeUnits {
		number, found := strings.CutSuffix(s, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > int64(1<<62/unit.bytes) {
			break
		}
		*z = Size(n) * unit.bytes
		return nil
	}
	return fmt.Errorf("%q is no size; write a whole number and a unit, as 64KiB, 32MiB or 1GiB", s)
}

// MarshalText writes the size in the largest unit that keeps it whole.
func (z Size) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// String returns what UnmarshalText reads.
func (z Size) String() string {
	for _, unit := range sizeUnits {
		if z >= unit.bytes && z%unit.bytes == 0 {
			return strconv.FormatInt(int64(z/unit.bytes), 10) + unit.name
		}
	}
	return "0B"
}

// LogLevel is the least level that is logged.
type LogLevel slog.Level

// logLevels are the levels by name.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// Choices lists the levels.
func (LogLevel) Choices() []string { return []string{"debug", "info", "warn", "error"} }

// UnmarshalText reads the name of a level.
func (l *LogLevel) UnmarshalText(text []byte) error {
	level, ok := logLevels[string(text)]
	if !ok {
		return unknownChoice(string(text), l.Choices())
	}
	*l = LogLevel(level)
	return nil
}

// MarshalText writes the name of the level.
func (l LogLevel) MarshalText() ([]byte, error) {
	return []byte(strings.ToLower(slog.Level(l).String())), nil
}

// LogFormat is how a log line looks.
type LogFormat string

// Choices lists the formats.
func (LogFormat) Choices() []string { return []string{"text", "json"} }

// UnmarshalText reads the name of a format.
func (f *LogFormat) UnmarshalText(text []byte) error {
	if !slices.Contains(f.Choices(), string(text)) {
		return unknownChoice(string(text), f.Choices())
	}
	*f = LogFormat(text)
	return nil
}

// unknownChoice says that a value is none of few.
func unknownChoice(text string, choices []string) error {
	return fmt.Errorf("%q is not known here; %s", text, suggest(text, choices))
}
