package directory

import (
	"strings"

	"ringback/sip"
)

// numbers reads the numbers of a file, of which some may be in the national form of its country.
type numbers struct {
	country Country // empty: international form only
	plan    *sip.Numbering
}

func numbersOf(c Country) *numbers {
	plan, err := sip.NewNumbering(string(c), nil)
	if err != nil { // no country, or one that is refused at its own line
		plan, _ = sip.NewNumbering("FI", nil)
		c = ""
	}
	return &numbers{country: c, plan: plan}
}

func isCountry(code string) bool {
	_, err := sip.NewNumbering(code, nil)
	return err == nil && len(code) == 2
}

// number reads one number. The numbers of calls are read by the same rules, so what is accepted
// here can also be seen there.
func (n *numbers) number(text string) (sip.Number, error) {
	if strings.HasSuffix(text, "*") {
		return 0, mistakef("%q is many numbers; only services and shared numbers can be written so, write each number", text)
	}
	international := strings.HasPrefix(text, "+")
	switch digits := strings.Trim(visible(text), "+0123456789"); {
	case digits != "":
		return 0, mistakef("%q is no number; write its digits", text)
	case !international && len(visible(text)) < 6:
		return 0, mistakef("%q is too short to be a whole number; write an internal number under extensions, a service's under uris, as %s@*", text, visible(text))
	}
	if !international && n.country == "" {
		return 0, mistakef("%q is in national form; write it with + and country code, or set country at the top of the file", text)
	}
	number := n.plan.Parse([]byte(strings.ReplaceAll(text, "(0)", "")), nil)
	switch {
	case number != 0:
		return number, nil
	case international:
		return 0, mistakef("%q is no number anybody can have; check its digits", text)
	}
	return 0, mistakef("%q is no number in %s; write it in full, or with + and country code", text, n.country)
}

// pattern reads a number or, with * at the end, the beginning of numbers.
func (n *numbers) pattern(text string) (Pattern, error) {
	beginning, wildcard := strings.CutSuffix(text, "*")
	if !wildcard {
		number, err := n.number(text)
		return Pattern{Number: number}, err
	}
	digits, international := strings.CutPrefix(visible(beginning), "+")
	var p Pattern
	for i, c := range []byte(digits) {
		if c < '0' || c > '9' || i == 0 && c == '0' {
			international = false
			break
		}
		p.Number = p.Number*10 + sip.Number(c-'0')
	}
	switch {
	case !international || digits == "":
		return p, mistakef("%q is no beginning of numbers; write it with + and country code, as +358931002*", text)
	case len(digits) < 4 || len(digits) > 14:
		return p, mistakef("%q has %d digits before the *; write 4 to 14", text, len(digits))
	}
	p.Wildcard = true
	return p, nil
}

// visible is text without the separators people put into numbers.
func visible(text string) string { return separators.Replace(text) }

var separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(0)", "", "(", "", ")", "")
