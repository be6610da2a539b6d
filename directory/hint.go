package directory

import (
	"slices"
	"strings"
)

// DefaultHint is the text of a hint on a list that sets none.
const DefaultHint = "Callback {number}[ ({name})] on {list}: missed {misses}x, {age} ago[, with {assignee}][, note: {note}][, {recording}]"

// HintFields are the fields a hint's text may name.
func HintFields() []string {
	return []string{"number", "name", "list", "service", "misses", "age", "due", "reason", "assignee", "note", "recording"}
}

// ExpandHint writes the text of a hint: each {field} becomes what value says of it, and a part in
// square brackets is left out when a field in it is empty. The backslash takes the meaning from the
// character after it. Line breaks become spaces, as a hint is one line.
func ExpandHint(text string, value func(field string) string) string {
	var out, part strings.Builder
	w, filled := &out, true
	for rest := text; rest != ""; {
		switch c := rest[0]; {
		case c == '\\' && len(rest) > 1:
			w.WriteByte(rest[1])
			rest = rest[2:]
			continue
		case c == '[':
			part.Reset()
			w, filled = &part, true
		case c == ']':
			if w == &part && filled {
				out.WriteString(part.String())
			}
			w = &out
		case c == '{':
			name, after, found := strings.Cut(rest[1:], "}")
			if !found {
				w.WriteString(rest)
				return oneLine(out.String())
			}
			v := value(name)
			filled = filled && v != ""
			w.WriteString(v)
			rest = after
			continue
		default:
			w.WriteByte(c)
		}
		rest = rest[1:]
	}
	return oneLine(out.String())
}

// checkHint says what is wrong with the text of a hint, in the words of the file's author.
func checkHint(text string) error {
	open := false
	for rest := text; rest != ""; {
		switch c := rest[0]; {
		case c == '\\':
			if len(rest) == 1 {
				return mistakef(`the backslash at the end takes nothing; write \\ for a backslash`)
			}
			rest = rest[2:]
			continue
		case c == '[' && open:
			return mistakef(`an optional part in [ ] holds another; close the first before the next, or write \[`)
		case c == '[':
			open = true
		case c == ']' && !open:
			return mistakef(`"]" closes nothing; write \] for a bracket`)
		case c == ']':
			open = false
		case c == '}':
			return mistakef(`"}" closes nothing; write \} for a brace`)
		case c == '{':
			name, after, found := strings.Cut(rest[1:], "}")
			if !found {
				return mistakef(`"{" is never closed; write {field}, or \{ for a brace`)
			}
			if !slices.Contains(HintFields(), name) {
				return mistakef("there is no field {%s}; %s", name, suggest(name, HintFields()))
			}
			rest = after
			continue
		}
		rest = rest[1:]
	}
	if open {
		return mistakef(`"[" is never closed; write [part that may be left out], or \[ for a bracket`)
	}
	return nil
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}
