package sip

import (
	"errors"
	"fmt"
	"slices"
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
	country  string
	access   []string // longest first
	fresh    map[string]Number
	previous map[string]Number
}

// cacheSize bounds each of the two generations of remembered numbers.
const cacheSize = 4096

// NewNumbering returns the numbering of a country, an ISO 3166-1 alpha-2 code, where the phones
// dial one of the access prefixes, as "9" or "#31#", for an outside line. The error wraps ErrCountry
// or ErrAccessPrefix.
func NewNumbering(country string, accessPrefixes []string) (*Numbering, error) {
	country = strings.ToUpper(country)
	if phonenumbers.GetCountryCodeForRegion(country) == 0 {
		return nil, fmt.Errorf("%w: %q", ErrCountry, country)
	}
	n := &Numbering{country: country, fresh: make(map[string]Number)}
	for _, prefix := range accessPrefixes {
		if prefix == "" || strings.Trim(prefix, "0123456789*#") != "" {
			return nil, fmt.Errorf("%w: %q", ErrAccessPrefix, prefix)
		}
		n.access = append(n.access, prefix)
	}
	slices.SortFunc(n.access, func(a, b string) int { return len(b) - len(a) })
	return n, nil
}

// dialled is a dial string: an optional plus sign and digits, stars and hashes.
type dialled struct {
	text [maxDialled]byte
	n    int
}

// maxDialled is the longest dial string that is read: an access prefix, an international prefix and
// 15 digits fit well.
const maxDialled = 32

// Parse returns the E.164 number that the user part of a sip URI or the digits of a tel URI stand
// for, 0 when they stand for none: extensions, short and emergency numbers, names, "anonymous".
// Visual separators (RFC 3966 §5.1.1), parameters and escapes are read over; phoneContext, when it
// is a number's beginning, stands before local digits (RFC 3966 §5.1.5).
//
// The first reading that is a number somebody can have, by libphonenumber's metadata, is taken:
// as written; with an access prefix taken off; with a plus sign put in front, as carriers leave it
// out. If none is, a number written with plus sign, international or trunk prefix is taken when it
// has a length its country uses, since metadata is always older than the newest number range.
func (n *Numbering) Parse(user, phoneContext []byte) Number {
	var d dialled
	if !d.read(user) {
		return 0
	}
	if len(phoneContext) > 1 && phoneContext[0] == '+' && d.text[0] != '+' {
		return n.local(&d, phoneContext)
	}
	return n.remember(&d)
}

// read copies what can be dialled of a user part; it is false when there is anything else.
func (d *dialled) read(user []byte) bool {
	for i := 0; i < len(user); i++ {
		c := user[i]
		if c == '%' {
			if i+2 >= len(user) {
				return false
			}
			hi, lo := unhex(user[i+1]), unhex(user[i+2])
			if hi > 15 || lo > 15 {
				return false
			}
			c = hi<<4 | lo
			i += 2
		}
		switch {
		case c-'0' <= 9 || c == '*' || c == '#' || c == '+' && d.n == 0:
			if d.n == maxDialled {
				return false
			}
			d.text[d.n] = c
			d.n++
		case c == '-' || c == '.' || c == '(' || c == ')' || c == ' ':
		case c == ';':
			return d.n > 0
		case c == ':' && d.n == 0 && i == 3 && equalFold(user[:3], "tel"):
		case i < 3 && d.n == 0 && len(user) > 4 && equalFold(user[:4], "tel:"):
		default:
			return false
		}
	}
	return d.n > 0
}

func unhex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// local reads digits of a global phone-context. What a local number means is its context's affair,
// so only a number that somebody can have is taken.
func (n *Numbering) local(d *dialled, phoneContext []byte) Number {
	var global dialled
	if !global.read(phoneContext) || global.n+d.n > maxDialled {
		return 0
	}
	global.n += copy(global.text[global.n:], d.text[:d.n])
	number, valid := n.parse(string(global.text[:global.n]))
	if !valid {
		return 0
	}
	return number
}

// remember is resolve with a memory of bounded size: two generations, the older one forgotten when
// the younger is full.
func (n *Numbering) remember(d *dialled) Number {
	text := d.text[:d.n]
	if number, ok := n.fresh[string(text)]; ok {
		return number
	}
	number, ok := n.previous[string(text)]
	if !ok {
		number = n.resolve(string(text))
	}
	if len(n.fresh) >= cacheSize {
		n.fresh, n.previous = make(map[string]Number), n.fresh
	}
	n.fresh[string(text)] = number
	return number
}

// resolve applies the rules of Parse by libphonenumber.
func (n *Numbering) resolve(text string) Number {
	likely, valid := n.parse(text)
	if valid {
		return likely
	}
	for _, prefix := range n.access {
		rest, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		number, valid := n.parse(rest)
		if valid {
			return number
		}
		if likely == 0 {
			likely = number
		}
	}
	if likely == 0 && len(text) >= 10 && text[0] != '+' && text[0] != '0' {
		if number, valid := n.parse("+" + text); valid {
			return number
		}
	}
	return likely
}

// minBareDigits is the least length of a number written without plus sign and prefix: what is
// shorter is an extension or a short number, although some countries have such numbers too.
const minBareDigits = 7

// parse reads one writing of a number. valid: somebody can have it. A number that nobody can have,
// by the metadata, is returned when it is written as a number of another place and its length is
// right.
func (n *Numbering) parse(text string) (number Number, valid bool) {
	if strings.Trim(text, "+0123456789") != "" {
		return 0, false
	}
	p, err := phonenumbers.Parse(text, n.country)
	if err != nil {
		return 0, false
	}
	number = e164(p)
	bare := !strings.HasPrefix(text, "+") && strings.HasSuffix(number.String(), text)
	if number == 0 || bare && len(text) < minBareDigits {
		return 0, false
	}
	if phonenumbers.IsValidNumber(p) {
		return number, true
	}
	if bare || phonenumbers.IsPossibleNumberWithReason(p) != phonenumbers.IS_POSSIBLE {
		return 0, false
	}
	return number, false
}

// e164 returns a parsed number's digits, 0 when there are too many.
func e164(p *phonenumbers.PhoneNumber) Number {
	text := fmt.Sprint(p.GetCountryCode()) + phonenumbers.GetNationalSignificantNumber(p)
	number, err := ParseNumber("+" + text)
	if err != nil {
		return 0
	}
	return number
}
