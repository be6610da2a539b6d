package search

import (
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"ringback/cases"
)

// The fields of the index. Those of numbers are explained at indexNumber.
const (
	fieldList   = "l" // the id of the case's list
	fieldState  = "s" // cases.State as a word
	fieldBlock  = "b" // which thousands it was indexed among; stored, as it stays when the case changes
	fieldAgent  = "a" // ids of the agents it has to do with
	fieldHead   = "h" // words of name and topic
	fieldWord   = "w" // all words
	fieldShort  = "p" // the beginnings of all words, of one to three bytes
	fieldWhole  = "n"
	fieldPiece  = "i"
	fieldStart  = "c"
	fieldNation = "d"
	fieldEnd    = "e"
)

// shortWord is how long the beginnings in fieldShort are at most.
const shortWord = 3

func wordsOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) { words(text, yield) }
}

// terms are those of one case by field.
type terms map[string]map[string]struct{}

func (t terms) add(field, term string) {
	f, ok := t[field]
	if !ok {
		f = map[string]struct{}{}
		t[field] = f
	}
	f[term] = struct{}{}
}

// text adds the words of a text.
func (t terms) text(text string, head bool) {
	for w := range wordsOf(text) {
		if len(t[fieldWord]) >= maxWords {
			return
		}
		if head {
			t.add(fieldHead, w)
		}
		t.add(fieldWord, w)
		for i := 1; i <= min(len(w), shortWord); i++ {
			t.add(fieldShort, w[:i])
		}
	}
}

// documentOf is what the index keeps of a case.
func documentOf(c *cases.Case, notes []string, block uint32) index.Document {
	t := terms{}
	t.add(fieldList, c.List)
	t.add(fieldState, c.State.String())
	for _, agent := range agentsOf(c) {
		t.add(fieldAgent, agent)
	}
	indexNumber(c.Number, t.add)
	for _, x := range textsOf(c) {
		t.text(x.text, x.head)
	}
	for _, note := range notes {
		t.text(note, false)
	}
	doc := document.NewDocument(c.ID)
	for field, set := range t {
		doc.AddField(document.NewTextFieldCustom(field, nil, []byte(strings.Join(slices.Collect(maps.Keys(set)), "\x00")), kept, split{}))
	}
	doc.AddField(document.NewTextFieldCustom(fieldBlock, nil, blockTerm(block), kept|index.StoreField, nil))
	return doc
}

// kept says that of a term only the cases that have it are kept.
const kept = index.IndexField | index.SkipFreqNorm

func blockTerm(block uint32) []byte { return binary.BigEndian.AppendUint32(nil, block) }

// split is the analyser of terms that were analysed already.
type split struct{}

// Analyze implements analysis.Analyzer.
func (split) Analyze(text []byte) analysis.TokenStream {
	var tokens analysis.TokenStream
	for start := 0; start <= len(text); {
		end := start
		for end < len(text) && text[end] != 0 {
			end++
		}
		tokens = append(tokens, &analysis.Token{Term: text[start:end], Start: start, End: end, Position: len(tokens) + 1})
		start = end + 1
	}
	return tokens
}

// text is one text of a case.
type text struct {
	name string // of Hit.Where
	text string
	head bool // says whose or what the case is
}

// textsOf are the texts of a case, but for what people wrote into its history.
func textsOf(c *cases.Case) []text {
	all := []text{
		{"name", c.Name, true},
		{"topic", c.Topic, true},
		{"note", c.Note, false},
		{"", c.ExternalID, false},
		{"", c.Question, false},
		{"", c.Resolution, false},
		{"", c.ID, false},
		{"", c.Service, false},
	}
	for _, column := range slices.Sorted(maps.Keys(c.Fields)) {
		all = append(all, text{"", c.Fields[column], false})
	}
	if c.Number == 0 {
		all = append(all, text{"number", c.Caller, true})
	}
	return all
}

// agentsOf are the ids of the agents who have to do with a case.
func agentsOf(c *cases.Case) []string {
	all := []string{c.Assignee, c.Personal, c.ClosedBy, c.CreatedBy}
	return slices.DeleteFunc(all, func(id string) bool { return id == "" })
}

// has says whether a text has all words, or the beginnings of some where that will do.
func has(text string, all []wanted) bool {
	for i := range all {
		if is, begins := says(all[i].word, text); !is && (!begins || all[i].whole) {
			return false
		}
	}
	return len(all) > 0
}
