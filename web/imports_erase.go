package web

import (
	"slices"
	"strings"

	"ringback/sip"
)

// erasedText stands where a report quoted a number that was erased.
const erasedText = "erased, as somebody wanted his data gone"

// Erase takes out what an import quotes of numbers, whatever way they were written, and says whether it did. A report
// is replaced, not changed: others may be reading it.
func (i *Import) Erase(numbers []sip.Number) bool {
	var tails []string
	for _, n := range numbers {
		if digits := digitsOf(n.String()); digits != "" {
			tails = append(tails, digits[max(0, len(digits)-7):]) // what a number has in every way of writing it
		}
	}
	changed := false
	erase := func(text *string) {
		digits := digitsOf(*text)
		if slices.ContainsFunc(tails, func(tail string) bool { return strings.Contains(digits, tail) }) {
			*text, changed = erasedText, true
		}
	}
	failure := i.Failure
	erase(&failure)
	var report ImportReport
	if i.Report != nil {
		report = *i.Report
		report.Columns, report.Problems = slices.Clone(report.Columns), slices.Clone(report.Problems)
		for c := range report.Columns {
			erase(&report.Columns[c].Name)
		}
		for p := range report.Problems {
			erase(&report.Problems[p].Column)
			erase(&report.Problems[p].Reason)
		}
	}
	if !changed {
		return false
	}
	i.Failure = failure
	if i.Report != nil {
		i.Report = &report
	}
	return true
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// erase takes numbers out of the imports that are remembered.
func (i *imports) erase(numbers []sip.Number) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, one := range i.all {
		one.shown.Erase(numbers)
	}
}
