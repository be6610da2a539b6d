package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The bounds of what is indexed of one case. What is beyond them is not found; nobody reads so far either.
const (
	maxWord  = 64     // bytes of a word
	maxWords = 20_000 // of a case
)

// words yields the words of a text as they are compared: letters, digits and marks, in lower case and
// without accents, so that "maki" finds "Mäki" and the other way round.
func words(text string, yield func(string) bool) {
	for text != "" {
		start := strings.IndexFunc(text, inWord)
		if start < 0 {
			return
		}
		text = text[start:]
		end := strings.IndexFunc(text, func(r rune) bool { return !inWord(r) })
		if end < 0 {
			end = len(text)
		}
		if w := fold(text[:end]); w != "" && !yield(w) {
			return
		}
		text = text[end:]
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// fold writes a word as it is compared.
func fold(word string) string {
	plain := true
	for i := range len(word) {
		plain = plain && word[i] < utf8.RuneSelf && (word[i] < 'A' || word[i] > 'Z')
	}
	if !plain {
		word = accents.Replace(strings.Map(bare, norm.NFKD.String(clip(strings.ToLower(word), 2*maxWord))))
	}
	return clip(word, maxWord)
}

// bare drops the marks that NFKD takes off letters.
func bare(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// accents are letters that Unicode does not take apart and people write without.
var accents = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th", "ı", "i")

// clip cuts a string to at most n bytes, between runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
