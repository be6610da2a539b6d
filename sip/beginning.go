package sip

import "strings"

// Beginning is what the E.164 number begins with of which somebody typed the beginning, digits only: after
// a plus sign, the international prefix, or in the national form of the country after its trunk prefix.
// What begins with none of these is taken to begin with a country code.
func (n *Numbering) Beginning(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ReplaceAll(text, "(0)", ""))
	if strings.HasPrefix(strings.TrimSpace(text), "+") {
		return digits
	}
	if rest, found := strings.CutPrefix(digits, n.plan.idd); found && n.plan.idd != "" && rest != "" {
		return rest
	}
	if rest, found := strings.CutPrefix(digits, n.plan.trunk); found && n.plan.trunk != "" {
		return n.plan.code + rest
	}
	return digits
}
