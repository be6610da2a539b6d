package sip

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ErrCountry is returned for a country without a known numbering plan.
var ErrCountry = errors.New("sip: unknown country")

// ErrAccessPrefix is returned for an access prefix that cannot be dialled.
var ErrAccessPrefix = errors.New("sip: bad access prefix")

// Numbering reads dialled and presented numbers as one PBX or trunk writes them. It remembers what
// it has read, so it is owned by one goroutine.
type Numbering struct {
	country string
	plan    dialPlan
	access  []string // longest first

	accessDigits digitSet // what access prefixes start with
	fresh, stale map[string]Number
}

// maxRemembered bounds each of the two generations of remembered numbers.
const maxRemembered = 4096

// NewNumbering returns the numbering of a country, an ISO 3166-1 alpha-2 code, where the phones
// dial one of the access prefixes, as "9" or "#31#", for an outside line. The error wraps ErrCountry
// or ErrAccessPrefix.
func NewNumbering(country string, accessPrefixes []string) (*Numbering, error) {
	country = strings.ToUpper(country)
	plan, ok := newDialPlan(country)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrCountry, country)
	}
	n := &Numbering{country: country, plan: plan, fresh: make(map[string]Number)}
	for _, prefix := range accessPrefixes {
		if prefix == "" || strings.Trim(prefix, "0123456789*#") != "" {
			return nil, fmt.Errorf("%w: %q", ErrAccessPrefix, prefix)
		}
		n.access = append(n.access, prefix)
		n.accessDigits = n.accessDigits.with(prefix[0])
	}
	slices.SortStableFunc(n.access, func(a, b string) int { return len(b) - len(a) })
	return n, nil
}

// Parse returns the E.164 number that the user part of a sip URI or the digits of a tel URI stand
// for, 0 when they stand for none: extensions, short and emergency numbers, names, "anonymous".
// Visual separators (RFC 3966 §5.1.1), parameters and escapes are read over; phoneContext, when it
// is the beginning of a number, stands before local digits (RFC 3966 §5.1.5).
//
// The first reading that somebody can have as a number, by libphonenumber's metadata, is taken:
// as written; with an access prefix taken off; with a plus sign put in front, as some carriers
// leave it out. If there is none, a number written with plus sign, international or trunk prefix is
// taken when it has a length its country uses, since metadata is older than the newest number range.
func (n *Numbering) Parse(user, phoneContext []byte) Number {
	var d dialled
	if !d.read(user) {
		return 0
	}
	if len(phoneContext) > 1 && phoneContext[0] == '+' && d.text[0] != '+' {
		var global dialled
		if d.n < minBareDigits || !global.read(phoneContext) || global.n+d.n > maxDialled {
			return 0
		}
		global.n += copy(global.text[global.n:], d.text[:d.n])
		d = global
	}
	text := d.text[:d.n]
	if number, ok := n.quick(text); ok {
		return number
	}
	return n.remember(text)
}

// dialled is what can be dialled of a user part: an optional plus sign, then digits, stars and hashes.
type dialled struct {
	text [maxDialled]byte
	n    int
}

// maxDialled is the longest dial string that is read: access prefix, international prefix and 15
// digits fit well.
const maxDialled = 32

// read is false when there is something that cannot be dialled.
func (d *dialled) read(user []byte) bool {
	if len(user) > 4 && user[3] == ':' && equalFold(user[:3], "tel") {
		user = user[4:]
	}
	for i := 0; i < len(user); i++ {
		c := user[i]
		if c == '%' && i+2 < len(user) {
			c = unhex(user[i+1])<<4 | unhex(user[i+2])
			i += 2
		}
		switch {
		case c-'0' <= 9, c == '*', c == '#', c == '+' && d.n == 0:
			if d.n == maxDialled {
				return false
			}
			d.text[d.n] = c
			d.n++
		case c == '-', c == '.', c == '(', c == ')', c == ' ':
		case c == ';':
			return d.n > 0
		default:
			return false
		}
	}
	return d.n > 0
}

// unhex returns the value of a hexadecimal digit; what is none makes no character that can be dialled.
func unhex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}

// remember is resolve with a memory of bounded size: two generations, the older one forgotten when
// the younger is full.
func (n *Numbering) remember(text []byte) Number {
	if number, ok := n.fresh[string(text)]; ok {
		return number
	}
	number, ok := n.stale[string(text)]
	if !ok {
		number = n.resolve(string(text))
	}
	if len(n.fresh) >= maxRemembered {
		n.fresh, n.stale = make(map[string]Number), n.fresh
	}
	n.fresh[string(text)] = number
	return number
}

// resolve applies the rules of Parse.
func (n *Numbering) resolve(text string) Number {
	likely, valid := n.reading(text)
	if valid {
		return likely
	}
	for _, prefix := range n.access {
		rest, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		number, valid := n.reading(rest)
		if valid {
			return number
		}
		if likely == 0 {
			likely = number
		}
	}
	if likely == 0 && n.plan.code != "" && len(text) >= minGlobalDigits && text[0]-'1' <= 8 {
		if number, valid := n.reading("+" + text); valid && number.String()[1:] == text {
			return number
		}
	}
	return likely
}

// The least lengths in digits of numbers without any prefix. What is shorter than minBareDigits is an
// extension or a short number, although some countries have numbers as short, and not even a prefix
// makes it one on the strength of its length alone. A number of another country without plus sign
// must be longer still.
const (
	minBareDigits   = 7
	minGlobalDigits = 10
)

// reading reads one writing of a number by libphonenumber. valid: somebody can have it. Else it is a
// number that is written as one and has the right length.
func (n *Numbering) reading(text string) (number Number, valid bool) {
	if len(text) < 2 || strings.ContainsAny(text, "*#") {
		return 0, false
	}
	p, err := phonenumbers.Parse(text, n.country)
	if err != nil {
		return 0, false
	}
	national := phonenumbers.GetNationalSignificantNumber(p)
	digits := strconv.Itoa(int(p.GetCountryCode())) + national
	number, err = ParseNumber("+" + digits)
	if err != nil {
		return 0, false
	}
	bare := text == national || text == digits
	if bare && len(text) < minBareDigits {
		return 0, false
	}
	if phonenumbers.IsValidNumber(p) {
		return number, true
	}
	code := callingCodes[p.GetCountryCode()]
	if bare && n.plan.trunkNeeded || !code.plausible([]byte(national)) || code.prefix.has(national[0]) {
		return 0, false
	}
	return number, false
}
