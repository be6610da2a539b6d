package phone

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Header is a header line of a request or response.
type Header struct{ Name, Value string }

// sound says whether the header cannot break out of its line.
func (h Header) sound() bool {
	return h.Name != "" && strings.IndexFunc(h.Name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	}) < 0 && strings.IndexFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

// values are the values of a header by any of its names, one for each element of a list (RFC 3261 §7.3.1).
func values(m sip.Message, names ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range names {
			for _, h := range m.GetHeaders(name) {
				for v := range elements(h.Value(), ',') {
					if !yield(v) {
						return
					}
				}
			}
		}
	}
}

// firstValue is the value of the first such header, not split; empty without one.
func firstValue(m sip.Message, names ...string) string {
	for _, name := range names {
		if hs := m.GetHeaders(name); len(hs) > 0 {
			return strings.TrimSpace(hs[0].Value())
		}
	}
	return ""
}

// elements splits at sep, but for what is quoted or in angle brackets; empty elements are left out.
func elements(s string, sep byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		quoted, bracket, start := false, false, 0
		for i := 0; i <= len(s); i++ {
			switch {
			case i == len(s):
			case quoted && s[i] == '\\' && i+1 < len(s):
				i++
				continue
			case s[i] == '"' && !bracket:
				quoted = !quoted
				continue
			case quoted:
				continue
			case s[i] == '<':
				bracket = true
				continue
			case s[i] == '>':
				bracket = false
				continue
			case s[i] != sep || bracket:
				continue
			}
			if v := strings.TrimSpace(s[start:i]); v != "" && !yield(v) {
				return
			}
			start = i + 1
		}
	}
}

// param is a parameter of a header value such as `SIP;cause=200;text="…"`, found without regard to case.
func param(value, name string) (string, bool) {
	first := true
	for p := range elements(value, ';') {
		if first {
			first = false
			continue
		}
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return unquote(strings.TrimSpace(v)), true
		}
	}
	return "", false
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(s)) + `"`
}

// printable is s without what would end a header line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// lists says whether a header that holds option tags or methods names one.
func lists(m sip.Message, what string, names ...string) bool {
	for v := range values(m, names...) {
		if strings.EqualFold(v, what) {
			return true
		}
	}
	return false
}

// seconds reads delta-seconds before any parameters (RFC 3261 §25.1); what is too large is the largest.
func seconds(value string) (time.Duration, bool) {
	value, _, _ = strings.Cut(value, ";")
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil && n == 0 {
		return 0, false
	}
	return time.Duration(min(n, 1<<31-1)) * time.Second, true
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func warning(code int, text string) string {
	return strconv.Itoa(code) + " ringback.invalid " + quote(text)
}

// atoi reads a number; what is none is 0.
func atoi(s string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(s))
	return n
}
