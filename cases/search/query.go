package search

import (
	"slices"
	"strings"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// kind is how well a case matches.
type kind uint8

// The kinds of matches, the best first.
const (
	exact kind = iota // the whole number, or a whole word of name or topic
	good              // where a number begins or ends, or any whole word
	some              // within a number, or the beginning of a word
	kinds
)

// matches are the cases of a segment that match as a kind says, or better.
type matches [kinds]*bits

// both are those that match twice.
func both(a, b matches) (m matches) {
	for k := range m {
		m[k] = and(a[k], b[k])
	}
	return m
}

// either are those that match one or the other.
func either(a, b matches) (m matches) {
	for k := range m {
		m[k] = or(a[k], b[k])
	}
	return m
}

// part is one thing that is looked for: all parts must be found.
type part struct {
	words  []wanted
	number *fragment // or this; nil for none
}

// wanted is one word, and what it may stand for in the directory.
type wanted struct {
	word                  string
	whole                 bool         // words that only begin with it are not meant
	lists, agents         []string     // ids of those whose name has it
	listBegin, agentBegin []string     // ids of those whose name has a word that begins with it
	numbers               []sip.Number // of those who are called so
}

// maxParts is how many words or numbers of a search count.
const maxParts = 16

// asked reads what somebody typed.
type asked struct {
	names *names
	plan  *sip.Numbering // nil when the country is not known
	named func(text string) ([]sip.Number, error)
	parts []part
}

// read reads what somebody typed. Words are separated as in texts; what has digits and no letters is a
// part of a number, or else of a text that has it.
func (a *asked) read(text string) error {
	var run []string // words without a letter, one after the other
	var letters []string
	for field := range strings.FieldsSeq(clip(text, maxText)) {
		field = strings.TrimPrefix(field, "tel:") // as links have it, RFC 3966 §3
		if isDigits(field) {
			run = append(run, field)
			continue
		}
		a.digits(run)
		run = nil
		letters = append(letters, field)
		a.add(part{words: a.wanted(field)})
	}
	a.digits(run)
	a.parts = a.parts[:min(len(a.parts), maxParts)]
	return a.known(strings.Join(letters, " "))
}

// maxText is how much of a search is read, in bytes.
const maxText = 512

func (a *asked) add(p part) {
	if p.number != nil || len(p.words) > 0 {
		a.parts = append(a.parts, p)
	}
}

func isDigits(field string) bool {
	digit := false
	for _, r := range field {
		if r >= '0' && r <= '9' {
			digit = true
		} else if r != '+' && !separates(r) {
			return false
		}
	}
	return digit
}

// digits reads digits that stand together as one part of a number, unless a + says that another begins.
func (a *asked) digits(run []string) {
	for len(run) > 0 {
		n := 1
		for n < len(run) && !strings.HasPrefix(run[n], "+") {
			n++
		}
		text := strings.Join(run[:n], " ")
		run = run[n:]
		p := part{words: a.wanted(text)}
		if f, ok := parseFragment(text, a.plan); ok {
			p.number = &f
			for i := range p.words {
				p.words[i].whole = f.full
			}
		}
		a.add(p)
	}
}

func (a *asked) wanted(text string) []wanted {
	var all []wanted
	for w := range wordsOf(text) {
		x := wanted{word: w}
		x.lists, x.listBegin = a.names.lists.saying(w)
		x.agents, x.agentBegin = a.names.agents.saying(w)
		all = append(all, x)
	}
	return all
}

// known finds the numbers of those whose names the words are. Those whose names are all of the words are
// looked for by themselves, as there may be more with one of them than are told.
func (a *asked) known(letters string) error {
	if a.named == nil || letters == "" {
		return nil
	}
	all, err := a.named(letters)
	if err != nil {
		return err
	}
	for i := range a.parts {
		if a.parts[i].number != nil {
			continue
		}
		for k := range a.parts[i].words {
			w := &a.parts[i].words[k]
			some, err := a.named(w.word)
			if err != nil {
				return err
			}
			w.numbers = append(some, all...)
		}
	}
	return nil
}

// says tells whether a word is one of a name's, or the beginning of one.
func says(word string, names ...string) (whole, begins bool) {
	for _, name := range names {
		for w := range wordsOf(name) {
			whole = whole || w == word
			begins = begins || strings.HasPrefix(w, word)
		}
	}
	return whole, begins
}

// names are those of a directory, as words.
type names struct {
	of            *directory.Directory
	lists, agents namedList
}

// namedList are ids, each with the words of its name and its own.
type namedList []struct {
	id    string
	words []string
}

func (n *namedList) add(id, name string) {
	words := slices.Collect(wordsOf(id + " " + name))
	*n = append(*n, struct {
		id    string
		words []string
	}{id, words})
}

// saying tells the ids whose words have a word, and those that have one that begins so.
func (n namedList) saying(word string) (whole, begins []string) {
	for i := range n {
		is, like := false, false
		for _, w := range n[i].words {
			is, like = is || w == word, like || strings.HasPrefix(w, word)
		}
		if is {
			whole = append(whole, n[i].id)
		}
		if like {
			begins = append(begins, n[i].id)
		}
	}
	return whole, begins
}

// namesOf are the names of a directory. They are kept until there is another.
func (x *Index) namesOf(dir *directory.Directory) *names {
	if n := x.names.Load(); n != nil && n.of == dir {
		return n
	}
	n := &names{of: dir}
	for _, l := range dir.Lists() {
		n.lists.add(l.ID, l.Name)
	}
	for i := range dir.File().Agents {
		n.agents.add(dir.File().Agents[i].ID, dir.File().Agents[i].Name)
	}
	x.names.Store(n)
	return n
}

// match finds the cases of a segment that have the part.
func (p *part) match(s *segment) matches {
	var m matches
	for i := range p.words {
		w := p.words[i].match(s)
		if i == 0 {
			m = w
		} else {
			m = both(m, w)
		}
	}
	if p.number != nil {
		m = either(m, p.number.match(s))
	}
	return m
}

func (w *wanted) match(s *segment) (m matches) {
	numbers := make([]string, len(w.numbers))
	for i, n := range w.numbers {
		numbers[i] = digitsOf(n)
	}
	m[exact] = s.term(fieldHead, w.word)
	m[good] = or(m[exact], s.term(fieldWord, w.word), s.any(fieldList, w.lists), s.any(fieldAgent, w.agents), s.any(fieldWhole, numbers))
	if m[some] = m[good]; w.whole {
		return m
	}
	m[some] = or(m[good], s.beginning(w.word), s.any(fieldList, w.listBegin), s.any(fieldAgent, w.agentBegin))
	return m
}

// named says whether the word is of the case's list, of an agent who has to do with it or of somebody who
// has its number.
func (w *wanted) named(c *cases.Case) bool {
	if c.Number != 0 && slices.Contains(w.numbers, c.Number) {
		return true
	}
	return !w.whole && (slices.Contains(w.listBegin, c.List) ||
		slices.ContainsFunc(agentsOf(c), func(id string) bool { return slices.Contains(w.agentBegin, id) }))
}

// any are the cases that have one of the terms.
func (s *segment) any(field string, terms []string) *bits {
	found := make([]*bits, 0, len(terms))
	for _, t := range terms {
		found = append(found, s.term(field, t))
	}
	return or(found...)
}

// beginning are the cases that have a word with a beginning: one term for short ones, else all words that
// begin so.
func (s *segment) beginning(word string) *bits {
	if len(word) <= shortWord {
		return s.term(fieldShort, word)
	}
	return s.prefix(fieldWord, word)
}
