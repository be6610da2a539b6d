package web

import (
	"strings"

	"ringback/cases/intake"
	"ringback/sip"
)

// notNumber is what is said of a text that is no telephone number.
const notNumber = "not a telephone number; write it in full, as +358401234567"

// numberIn is a number of a request as people write it: in full, or as in the country of the list, of the
// centre without one. 0 when there is none.
func (s *Server) numberIn(text, list, location string) (sip.Number, error) {
	full := text
	if strings.HasPrefix(text, " ") { // a plus sign of a query that was not escaped
		full = "+" + strings.TrimSpace(text)
	}
	if text = strings.TrimSpace(full); text == "" {
		return 0, nil
	}
	if n, err := sip.ParseNumber(text); err == nil {
		return n, nil
	}
	if n, err := intake.ParseNumber(text, s.o.Lists().Country(list)); err == nil {
		return n, nil
	}
	if n, err := sip.ParseNumber("+" + text); err == nil {
		return n, nil // as E.164, whose plus sign got lost
	}
	return 0, invalid(location, notNumber)
}

// beginningIn is the beginning of a number that somebody typed, as E.164 begins; other texts stay.
func (s *Server) beginningIn(text string) string {
	if !strings.ContainsAny(text, "0123456789") || strings.Trim(text, "+0123456789 -()/.") != "" {
		return text
	}
	plan, err := sip.NewNumbering(string(s.o.Lists().Country("")), nil)
	if err != nil {
		return text // of no country: there is no national form
	}
	return "+" + plan.Beginning(text)
}
