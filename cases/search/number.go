package search

import (
	"strings"

	"ringback/sip"
)

// Numbers are indexed by pieces of their digits, so that any part of one is found by few terms:
//
//	fieldWhole   the number
//	fieldPiece   four digits from each place on, fewer at its end
//	fieldStart   its first one to seven digits
//	fieldNation  its first one to five digits behind the country code
//	fieldEnd     its last two to six digits
const (
	pieceLength  = 4
	startLength  = 7
	nationLength = 5
	endLength    = 6
)

// indexNumber tells the terms of a number.
func indexNumber(n sip.Number, add func(field, term string)) {
	if n == 0 {
		return
	}
	digits := digitsOf(n)
	add(fieldWhole, digits)
	for i := range digits {
		add(fieldPiece, digits[i:min(i+pieceLength, len(digits))])
	}
	for i := 1; i <= min(startLength, len(digits)); i++ {
		add(fieldStart, digits[:i])
	}
	national := digits[countryCode(digits):]
	for i := 1; i <= min(nationLength, len(national)); i++ {
		add(fieldNation, national[:i])
	}
	for i := 2; i <= min(endLength, len(digits)); i++ {
		add(fieldEnd, digits[len(digits)-i:])
	}
}

func digitsOf(n sip.Number) string { return strings.TrimPrefix(n.String(), "+") }

// countryCode is how many of a number's digits are its country code: ITU-T E.164 annex D.
func countryCode(digits string) int {
	if len(digits) < 3 {
		return 0
	}
	switch digits[0] {
	case '1', '7':
		return 1
	case '2':
		if digits[1] == '0' || digits[1] == '7' {
			return 2
		}
	case '3':
		if digits[1] != '5' && digits[1] != '7' && digits[1] != '8' {
			return 2
		}
	case '4':
		if digits[1] != '2' {
			return 2
		}
	case '5':
		if digits[1] != '0' && digits[1] != '9' {
			return 2
		}
	case '6':
		if digits[1] <= '6' {
			return 2
		}
	case '8':
		if digits[1] == '1' || digits[1] == '2' || digits[1] == '4' || digits[1] == '6' {
			return 2
		}
	case '9':
		if digits[1] <= '5' || digits[1] == '8' {
			return 2
		}
	}
	return 3
}

// fragment is a part of a number as somebody typed it.
type fragment struct {
	digits   string // without separators; of a number written in full, from the country code on
	national string // what follows the 0 before a national number; empty when it is not written so
	full     bool   // begins with the country code for certain
	whole    string // the digits of the number that it is, when it is a whole one
	literal  string // 00 and what follows, which may as well be from within a number; empty when it begins otherwise
}

// minFragment is the least number of digits that are looked for within numbers.
const minFragment = 2

// parseFragment reads a part of a number; ok is false for what has too few digits or anything that is in
// no number. plan reads whole numbers, nil when the country is not known.
func parseFragment(text string, plan *sip.Numbering) (f fragment, ok bool) {
	text = strings.TrimSpace(text)
	bracketed := strings.Contains(text, "(0)")
	text = strings.ReplaceAll(text, "(0)", "")
	var b strings.Builder
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && (i == 0 || b.Len() == 0):
			f.full = true
		case !separates(r):
			return f, false
		}
	}
	f.digits = b.String()
	if rest, found := strings.CutPrefix(f.digits, "00"); found && rest != "" && !f.full {
		f.digits, f.full, f.literal = rest, true, f.digits
	}
	if bracketed && !f.full {
		f.digits = "0" + f.digits
	}
	if rest, found := strings.CutPrefix(f.digits, "0"); found && !f.full {
		f.national = rest
	}
	if plan != nil && len(f.digits) > endLength {
		dialled := f.digits
		if f.full {
			dialled = "+" + dialled
		}
		if n := plan.Parse([]byte(dialled), nil); n != 0 {
			f.whole = digitsOf(n)
		}
	}
	return f, len(f.digits) >= minFragment || f.full && f.digits != ""
}

// separates says whether people write a rune between the digits of a number, or for those they leave out.
func separates(r rune) bool {
	switch r {
	case ' ', '\t', '\u00a0', '\u202f', '-', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '.', '/', '(', ')', '[', ']', '…', '*', '_', '~':
		return true
	}
	return false
}

// in says whether a number has the fragment in it.
func (f *fragment) in(n sip.Number) bool {
	if n == 0 {
		return false
	}
	digits := digitsOf(n)
	switch {
	case digits == f.whole:
		return true
	case f.full:
		return strings.HasPrefix(digits, f.digits) || f.literal != "" && strings.Contains(digits, f.literal)
	case strings.Contains(digits, f.digits):
		return true
	}
	return f.national != "" && strings.HasPrefix(digits[countryCode(digits):], f.national)
}

// match finds, in one segment, the cases whose number the fragment may be in. Long fragments may find a
// few too many.
func (f *fragment) match(s *segment) (m matches) {
	m[exact] = or(s.term(fieldWhole, f.digits), s.term(fieldWhole, f.whole))
	m[good] = or(m[exact], s.anchored(fieldStart, f.digits, startLength))
	if !f.full {
		m[good] = or(m[good], s.anchored(fieldNation, f.national, nationLength), s.ending(f.digits))
		m[some] = s.pieces(f.digits)
	}
	if f.literal != "" {
		m[good], m[some] = or(m[good], s.ending(f.literal)), s.pieces(f.literal)
	}
	m[some] = or(m[some], m[good])
	return m
}

// anchored are the cases whose number has the digits where the field begins, of which it holds so many.
func (s *segment) anchored(field, digits string, limit int) *bits {
	if len(digits) <= limit {
		return s.term(field, digits)
	}
	return and(s.term(field, digits[:limit]), s.pieces(digits))
}

// ending are the cases whose number ends with the digits.
func (s *segment) ending(digits string) *bits {
	if len(digits) <= endLength {
		return s.term(fieldEnd, digits)
	}
	return and(s.term(fieldEnd, digits[len(digits)-endLength:]), s.pieces(digits))
}

// pieces are the cases whose number has all pieces of the digits.
func (s *segment) pieces(digits string) *bits {
	last := len(digits) - pieceLength
	if last < 0 {
		return s.prefix(fieldPiece, digits)
	}
	found := s.term(fieldPiece, digits[last:])
	for i := 0; i < last; i += pieceLength {
		found = and(found, s.term(fieldPiece, digits[i:i+pieceLength]))
	}
	return found
}
