package directory

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a file may hold at most. They are far above the largest contact centre and keep a hostile
// file from costing more than a second or two and some hundred megabytes.
const (
	maxFileSize = 8 << 20
	maxNesting  = 32     // of lists and mappings
	maxKeys     = 200    // of one mapping
	maxValues   = 500000 // with aliases written out
)

// parseText reads YAML into nodes; what it cannot read it reports, and then gives nil.
func parseText(b []byte, p *problems) (root ast.Node) {
	if len(b) > maxFileSize {
		p.add(1, 1, fmt.Sprintf("the file has %d bytes; a directory has at most %d", len(b), maxFileSize))
		return nil
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if at := invalidUTF8(b); at >= 0 {
		line, column := place(b, at)
		p.add(line, column, "this is not UTF-8; save the file in that encoding")
		return nil
	}
	defer func() {
		if r := recover(); r != nil { // the YAML library's fault, and no reason to end the daemon
			p.add(1, 1, fmt.Sprintf("the YAML cannot be read (%v); simplify how it is written", r))
			root = nil
		}
	}()
	tokens := lexer.Tokenize(string(b))
	if at, text := excess(tokens); at != nil {
		p.add(at.Position.Line, at.Position.Column, text)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, text := 1, 1, err.Error()
		if e, ok := errors.AsType[syntaxError](err); ok {
			text = e.GetMessage()
			if t := e.GetToken(); t != nil {
				line, column = t.Position.Line, t.Position.Column
			}
		}
		p.add(line, column, text+"; look at the indentation, colons and quotes here and on the line before")
		return nil
	}
	for i, doc := range file.Docs {
		if i == 0 {
			root = doc.Body
		} else if doc.Body != nil {
			t := doc.Body.GetToken()
			p.add(t.Position.Line, t.Position.Column, "a second document begins here; put everything into one, without ---")
		}
	}
	return root
}

// syntaxError is what the YAML library's errors can tell.
type syntaxError interface {
	error
	GetMessage() string
	GetToken() *token.Token
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func place(b []byte, at int) (line, column int) {
	before := b[:at]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// excess finds the first token that goes beyond a limit. The YAML library's parser recurses per
// level and takes time with the square of the keys of a mapping, so this looks before it parses.
func excess(tokens token.Tokens) (at *token.Token, text string) {
	var o outline
	for _, t := range tokens {
		o.read(t)
		switch {
		case o.depth() > maxNesting:
			return t, fmt.Sprintf("this is nested more than %d deep; a directory needs five levels", maxNesting)
		case o.keys > maxKeys:
			return t, fmt.Sprintf("this mapping has more than %d keys; no part of a directory has", maxKeys)
		case o.documents > 3:
			return t, "another document begins here; put everything into one, without ---"
		}
	}
	return nil, ""
}

// outline follows the shape of a YAML text by its tokens, near enough to bound it.
type outline struct {
	flow      []int         // open brackets, with the keys seen in each
	block     []blockColumn // open block mappings by column
	line      int           // of the last token
	inLine    int           // levels opened on that line
	keys      int           // of the mapping the last token is in
	documents int
}

// blockColumn is a block mapping: the column its keys stand in and how many there were.
type blockColumn struct{ column, keys int }

func (o *outline) depth() int { return max(len(o.flow), o.inLine, len(o.block)) }

func (o *outline) read(t *token.Token) {
	if t.Position.Line != o.line {
		o.line, o.inLine = t.Position.Line, 0
		o.leave(t.Position.Column)
	}
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		o.flow = append(o.flow, 0)
	case token.SequenceEndType, token.MappingEndType:
		o.flow = o.flow[:max(len(o.flow)-1, 0)]
	case token.SequenceEntryType:
		o.inLine++
		o.leave(t.Position.Column)
	case token.AnchorType, token.TagType:
		o.inLine++
	case token.MappingKeyType:
		o.inLine++
		o.key(t.Position.Column)
	case token.MappingValueType:
		if t.Prev != nil {
			o.key(t.Prev.Position.Column)
		}
	case token.DocumentHeaderType, token.DocumentEndType, token.DirectiveType:
		o.documents++
	default: // no other opens anything
	}
	if len(o.flow) > 0 {
		o.inLine = 0 // a flow sequence may be long on one line; its brackets are counted
	}
}

// leave closes the block mappings whose keys stand to the right of column.
func (o *outline) leave(column int) {
	for len(o.flow) == 0 && len(o.block) > 0 && o.block[len(o.block)-1].column > column {
		o.block = o.block[:len(o.block)-1]
	}
}

func (o *outline) key(column int) {
	if last := len(o.flow) - 1; last >= 0 {
		o.flow[last]++
		o.keys = o.flow[last]
		return
	}
	if len(o.block) == 0 || o.block[len(o.block)-1].column < column {
		o.block = append(o.block, blockColumn{column: column})
	}
	o.block[len(o.block)-1].keys++
	o.keys = o.block[len(o.block)-1].keys
}
