package sheet

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decoded is the text of a file in UTF-8 without byte order mark. Without such a mark, zeros in every
// other byte say UTF-16, and the first byte that is no ASCII says whether the rest is UTF-8 or Windows-1252,
// the Latin-1 of spreadsheets.
func decoded(begin []byte, r io.Reader) io.Reader {
	switch {
	case bytes.HasPrefix(begin, []byte{0xEF, 0xBB, 0xBF}), bytes.HasPrefix(begin, []byte{0xFE, 0xFF}), bytes.HasPrefix(begin, []byte{0xFF, 0xFE}):
		return transform.NewReader(r, unicode.BOMOverride(transform.Nop))
	}
	even, odd := zeros(begin)
	switch n := len(begin) / 2; {
	case n > 0 && odd > n/2 && even == 0:
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case n > 0 && even > n/2 && odd == 0:
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	}
	return transform.NewReader(r, new(eightBit))
}

// zeros counts those in even and in odd places.
func zeros(b []byte) (even, odd int) {
	for i, c := range b {
		switch {
		case c != 0:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	return even, odd
}

// eightBit makes UTF-8 of what is UTF-8 or Windows-1252, as its first sign beyond ASCII says.
type eightBit struct {
	known, latin bool
}

// Reset implements transform.Transformer.
func (e *eightBit) Reset() { *e = eightBit{} }

// Transform implements transform.Transformer.
func (e *eightBit) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, size := rune(src[nSrc]), 1
		if r >= utf8.RuneSelf {
			if !utf8.FullRune(src[nSrc:]) && !atEOF && !e.latin {
				return nDst, nSrc, transform.ErrShortSrc
			}
			r, size = utf8.DecodeRune(src[nSrc:])
			invalid := r == utf8.RuneError && size <= 1
			if !e.known {
				e.known, e.latin = true, invalid
			}
			if e.latin {
				r, size = charmap.Windows1252.DecodeByte(src[nSrc]), 1
			}
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}
