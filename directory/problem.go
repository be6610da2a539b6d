package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a directory file.
type Problem struct {
	Line, Column int    // from 1; 0 when the file was not read from text
	Text         string // what is wrong; how to mend it
}

// InvalidError says everything that is wrong with a directory file, in the order of its lines.
type InvalidError struct {
	Name     string // of the file, may be empty
	Problems []Problem
}

// maxProblems are listed; after so many the rest follows from them or is hostile.
const maxProblems = 100

// Error has a line "name:line:column: what is wrong; how to mend it" per problem.
func (e *InvalidError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		switch {
		case p.Line > 0:
			fmt.Fprintf(&b, "%s:%d:%d: ", e.Name, p.Line, p.Column)
		case e.Name != "":
			b.WriteString(e.Name + ": ")
		default:
			b.WriteString("directory: ")
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// mistake is an error in the words of a problem: what is wrong; how to mend it.
type mistake string

func (m mistake) Error() string { return string(m) }

func mistakef(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

// problems collects what is wrong. Each text stands once per place.
type problems struct {
	list []Problem
	more int
}

func (p *problems) add(line, column int, text string) {
	if problem := (Problem{line, column, text}); !p.overflows() && !slices.Contains(p.list, problem) {
		p.list = append(p.list, problem)
	}
}

// overflows says, and counts, that another problem would not be listed.
func (p *problems) overflows() bool {
	if len(p.list) < maxProblems {
		return false
	}
	p.more++
	return true
}

func (p *problems) err(name string) error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if p.more > 0 {
		last := p.list[len(p.list)-1]
		p.list = append(p.list, Problem{last.Line, last.Column, fmt.Sprintf("and %d more; mend these first", p.more)})
	}
	return &InvalidError{Name: name, Problems: p.list}
}
