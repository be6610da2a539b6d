package sip

import (
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// digitSet is a set of decimal digits.
type digitSet uint16

const allDigits digitSet = 1<<10 - 1

func (s digitSet) with(c byte) digitSet {
	if c -= '0'; c <= 9 {
		s |= 1 << c
	}
	return s
}

func (s digitSet) has(c byte) bool { return s>>(c-'0')&1 != 0 }

// callingCode is what the quick path must know of the numbers of a calling code, by the rules of its
// main country.
type callingCode struct {
	lengths uint32   // bit n: national numbers have n digits; 0: no such code
	starts  digitSet // what national numbers start with
	prefix  digitSet // what may be a national prefix that should not have been written
}

// callingCodes are all calling codes, by code, from libphonenumber's metadata.
var callingCodes = func() (codes [1000]callingCode) {
	for _, m := range metadata() {
		code := int(m.GetCountryCode())
		if m.GetId() != phonenumbers.GetRegionCodeForCountryCode(code) {
			continue
		}
		codes[code] = callingCode{
			lengths: lengths(m),
			starts:  firstDigits(m.GetGeneralDesc().GetNationalNumberPattern()),
			prefix:  firstDigits(m.GetNationalPrefixForParsing()),
		}
	}
	return codes
}()

// plausible tells whether a national number has a length that the code's numbers have, and the first
// digit of one.
func (c *callingCode) plausible(national []byte) bool {
	return len(national) >= minBareDigits && len(national) < 32 && c.lengths>>len(national)&1 != 0 && c.starts.has(national[0])
}

// dialPlan is how the quick path reads the numbers of one country.
type dialPlan struct {
	callingCode
	code        string // its digits
	trunk       string // the trunk prefix
	trunkNeeded bool   // national numbers are written with it, so other digits may be anything
	idd         string // the international prefix
	// Numbers that start with one of odd are for libphonenumber to read: other international
	// prefixes, or a trunk prefix that can be part of the number.
	odd digitSet
}

// newDialPlan compiles a country's metadata; it is not ok when there is none.
func newDialPlan(country string) (p dialPlan, ok bool) {
	for _, m := range metadata() {
		if m.GetId() == country && country != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			return compile(m), true
		}
	}
	return dialPlan{}, false
}

func compile(m *phonenumbers.PhoneMetadata) dialPlan {
	code := int(m.GetCountryCode())
	p := dialPlan{callingCode: callingCodes[code], code: strconv.Itoa(code)}
	starts := firstDigits(m.GetGeneralDesc().GetNationalNumberPattern())
	p.lengths &= lengths(m) // where countries share a code, they need not share all
	p.starts &= starts
	idd, others, _ := strings.Cut(m.GetInternationalPrefix(), "|")
	if isDigits(idd) {
		p.idd = idd
		if others != "" {
			p.odd = firstDigits(others)
		}
	} else {
		p.odd = firstDigits(m.GetInternationalPrefix())
	}
	trunk := m.GetNationalPrefixForParsing()
	p.trunkNeeded = m.GetNationalPrefix() != "" && code != 1
	switch {
	case trunk == "":
	case isDigits(trunk) && !starts.has(trunk[0]):
		p.trunk = trunk
	default:
		p.odd |= firstDigits(trunk)
	}
	return p
}

// quick reads the usual forms of numbers, and gives what resolve would give; ok is false for all
// others.
func (n *Numbering) quick(text []byte) (number Number, ok bool) {
	if text[0] == '+' {
		return global(text[1:])
	}
	p := &n.plan
	if !isDigits(text) || (n.accessDigits | p.odd).has(text[0]) {
		return 0, false
	}
	switch {
	case p.idd != "" && hasPrefix(text, p.idd):
		return global(text[len(p.idd):])
	case hasPrefix(text, p.code):
		return 0, false
	case p.trunk != "" && hasPrefix(text, p.trunk):
		text = text[len(p.trunk):]
	case p.trunkNeeded:
		return 0, false
	}
	if !p.plausible(text) || p.prefix.has(text[0]) {
		return 0, false
	}
	return e164(p.code, text)
}

// global reads the digits of an international number.
func global(text []byte) (number Number, ok bool) {
	code := 0
	for i := 0; i < 3 && i < len(text); i++ {
		if text[i]-'0' > 9 || text[0] == '0' {
			return 0, false
		}
		code = code*10 + int(text[i]-'0')
		c := &callingCodes[code]
		if c.lengths == 0 {
			continue
		}
		national := text[i+1:]
		if !c.plausible(national) || c.prefix.has(national[0]) {
			return 0, false
		}
		return e164("", text)
	}
	return 0, false
}

// e164 joins digits; it is not ok when there are others or too many.
func e164(code string, text []byte) (number Number, ok bool) {
	if len(code)+len(text) > maxNumberDigits {
		return 0, false
	}
	for _, c := range []byte(code) {
		number = number*10 + Number(c-'0')
	}
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		number = number*10 + Number(c)
	}
	return number, true
}

func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}

func isDigits[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i]-'0' > 9 {
			return false
		}
	}
	return len(text) > 0
}

// metadata returns libphonenumber's metadata by country.
func metadata() []*phonenumbers.PhoneMetadata {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil // the data are compiled into the library, and it has read them before
	}
	return all.GetMetadata()
}

// lengths is the set of the lengths of a country's national numbers.
func lengths(m *phonenumbers.PhoneMetadata) (set uint32) {
	for _, l := range m.GetGeneralDesc().GetPossibleLength() {
		if l > 0 && l < 32 {
			set |= 1 << l
		}
	}
	return set
}

// firstDigits returns the digits that a match of a regular expression can start with: all of them
// where it can match nothing, or cannot be read.
func firstDigits(pattern string) digitSet {
	if pattern == "" {
		return 0
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return allDigits
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return allDigits
	}
	var set digitSet
	seen := make([]bool, len(prog.Inst))
	var walk func(pc uint32)
	walk = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		switch inst := &prog.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			walk(inst.Out)
			walk(inst.Arg)
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			walk(inst.Out)
		case syntax.InstMatch:
			set = allDigits
		case syntax.InstFail:
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for d := byte('0'); d <= '9'; d++ {
				if inst.MatchRune(rune(d)) {
					set = set.with(d)
				}
			}
		}
	}
	walk(uint32(prog.Start))
	return set
}
