package directory

import (
	"fmt"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"ringback/sip"
)

// Country is an ISO 3166-1 alpha-2 code in capitals.
type Country string

// UnmarshalText reads a code in either case.
func (c *Country) UnmarshalText(text []byte) error {
	code := strings.ToUpper(string(text))
	if !isCountry(code) {
		mend := "write the ISO 3166-1 code of two letters, as FI"
		if other, ok := countryMistakes[code]; ok {
			mend = `did you mean "` + other + `"?`
		}
		return mistakef("%q is no country; %s", text, mend)
	}
	*c = Country(code)
	return nil
}

// MarshalText writes the code.
func (c Country) MarshalText() ([]byte, error) { return []byte(c), nil }

// countryMistakes are what people write for the codes beside them.
var countryMistakes = map[string]string{
	"UK": "GB", "EN": "GB", "USA": "US", "GER": "DE", "DEU": "DE", "FIN": "FI", "SWE": "SE", "NOR": "NO", "DNK": "DK",
	"EST": "EE", "FRA": "FR", "ESP": "ES", "ITA": "IT", "NLD": "NL", "AUT": "AT", "CHE": "CH", "SUOMI": "FI",
}

// Pattern is a number in E.164, or with Wildcard all numbers that begin with its digits.
type Pattern struct {
	Number   sip.Number
	Wildcard bool
}

// String is the number with its plus sign, and * behind it for a wildcard.
func (p Pattern) String() string {
	if p.Wildcard {
		return fmt.Sprintf("+%d*", uint64(p.Number))
	}
	return p.Number.String()
}

// MarshalText writes what String does.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// URI is a SIP address without scheme, port and parameters, its host in lower case: user@host, and in
// some places user@* or *@host. Two that differ only in the case of the user are taken for one.
type URI string

var (
	uriUser  = regexp.MustCompile(`^[^\s@:;<>"]+$`)
	hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)
)

// UnmarshalText reads user@host with or without sip: before it.
func (u *URI) UnmarshalText(text []byte) error {
	s := string(text)
	if scheme, rest, found := strings.Cut(s, ":"); found {
		switch strings.ToLower(scheme) {
		case "tel":
			return mistakef("%q is a number; write it under the numbers", text)
		case "sip", "sips":
			s = rest
		}
	}
	user, host, found := strings.Cut(s, "@")
	host = strings.ToLower(host)
	switch {
	case !found:
		return mistakef("%q is no user@host; write %s@* for this user at any host", text, s)
	case strings.ContainsAny(host, ";?"):
		return mistakef("%q has parameters; leave out what stands behind the host", text)
	case user == "*" && host == "*":
		return mistakef("%q is any address; name a user or a host", text)
	case user != "*" && (!uriUser.MatchString(user) || strings.Contains(user, "*") && host == "*"):
		return mistakef("%q has no proper user; write user@host", text)
	case host != "*" && !isHost(host):
		if name, _, found := strings.Cut(host, ":"); found && isHost(name) {
			return mistakef("%q has a port; leave it out", text)
		}
		return mistakef("%q has no proper host; write user@host, or user@[address] for IPv6", text)
	}
	if inner, found := strings.CutPrefix(host, "["); found { // one spelling per address
		a, _ := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		host = "[" + a.String() + "]"
	}
	*u = URI(user + "@" + host)
	return nil
}

// MarshalText writes the URI as it is.
func (u URI) MarshalText() ([]byte, error) { return []byte(u), nil }

// lower is the form in which two that are one are equal.
func (u URI) lower() string { return strings.ToLower(string(u)) }

func (u URI) wildcard() bool {
	return strings.HasPrefix(string(u), "*@") || strings.HasSuffix(string(u), "@*")
}

// isHost says whether s can stand behind the @ of a SIP URI (RFC 3261 §25.1).
func isHost(s string) bool {
	if inner, found := strings.CutPrefix(s, "["); found {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(inner, "]")
	}
	return len(s) <= 253 && hostName.MatchString(s)
}

// Days is a set of days of the week, by bit, Monday first.
type Days uint8

var dayNames = [7]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// UnmarshalText reads days, ranges and lists of them, as mon-fri or mon,wed.
func (d *Days) UnmarshalText(text []byte) error {
	*d = 0
	for part := range strings.SplitSeq(strings.ToLower(string(text)), ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := dayNumber(first)
		if err != nil {
			return err
		}
		to := from
		if isRange {
			if to, err = dayNumber(last); err != nil {
				return err
			}
		}
		for i := from; ; i = (i + 1) % 7 {
			if *d&(1<<i) != 0 {
				return mistakef("%s is named twice in %q; name each day once", dayNames[i], text)
			}
			*d |= 1 << i
			if i == to {
				break
			}
		}
	}
	return nil
}

func dayNumber(name string) (int, error) {
	name = strings.TrimSpace(name)
	i := slices.IndexFunc(dayNames[:], func(n string) bool {
		return n == name || len(name) > 3 && n == name[:3] && strings.HasSuffix(name, "day")
	})
	if i < 0 {
		return 0, mistakef("%q is no day of the week; write mon, tue, wed, thu, fri, sat or sun, as mon-fri or mon,wed", name)
	}
	return i, nil
}

// MarshalText writes runs of days as ranges, Monday first.
func (d Days) MarshalText() ([]byte, error) {
	var parts []string
	for i := 0; i < 7; i++ {
		run := bits.TrailingZeros8(^(uint8(d) >> i))
		switch run {
		case 0:
			continue
		case 1:
			parts = append(parts, dayNames[i])
		default:
			parts = append(parts, dayNames[i]+"-"+dayNames[i+run-1])
		}
		i += run
	}
	return []byte(strings.Join(parts, ",")), nil
}

// Range is a range of wall-clock time in minutes after midnight. To is after From, and beyond 1440
// when the range ends on the next day.
type Range struct{ From, To int }

// UnmarshalText reads a range as 08:00-16:00.
func (r *Range) UnmarshalText(text []byte) error {
	first, last, found := strings.Cut(strings.ReplaceAll(string(text), "–", "-"), "-")
	from, ok1 := minuteOfDay(first)
	to, ok2 := minuteOfDay(last)
	switch {
	case !found || !ok1 || !ok2 || from == minutesPerDay:
		return mistakef("%q is no range of hours; write it as 08:00-16:00", text)
	case from == to:
		return mistakef("%q begins where it ends; write 00:00-24:00 for the whole day", text)
	case to < from:
		to += minutesPerDay
	}
	*r = Range{from, to}
	return nil
}

const minutesPerDay = 24 * 60

func minuteOfDay(s string) (int, bool) {
	var hour, minute int
	s = strings.TrimSpace(s)
	if len(s) != len("08:00") || s[2] != ':' {
		return 0, false
	}
	for i, weight := range [...]*int{&hour, &hour, nil, &minute, &minute} {
		if weight == nil {
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		*weight = *weight*10 + int(s[i]-'0')
	}
	m := hour*60 + minute
	return m, minute < 60 && m <= minutesPerDay
}

// MarshalText writes the range as UnmarshalText reads it.
func (r Range) MarshalText() ([]byte, error) {
	to := r.To
	if to > minutesPerDay {
		to -= minutesPerDay
	}
	return fmt.Appendf(nil, "%02d:%02d-%02d:%02d", r.From/60, r.From%60, to/60, to%60), nil
}
