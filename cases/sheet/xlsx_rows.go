package sheet

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxRow is the number of the last row a sheet can have, and maxColumn how many columns.
const (
	maxRow    = 1 << 20
	maxColumn = 1 << 14
)

// rows reads the rows of a sheet: ECMA-376 part 1 §18.3.1.73.
func (w *workbook) rows(in *elements, yield func(Row, error) bool) {
	row := Row{}
	for {
		in.budget.refill(w.limits.Row)
		t, err := in.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("%w (behind row %d)", err, row.Number))
			return
		}
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "row" {
			continue
		}
		if row.Number, err = numberOf(&e, row.Number); err == nil {
			row.Cells, err = w.row(in, row.Cells[:0])
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("%w (row %d)", err, row.Number))
			return
		}
		if !yield(row, nil) {
			return
		}
	}
}

// numberOf is the number of a row, which follows the one before when it says none.
func numberOf(e *xml.StartElement, last int) (int, error) {
	r := attr(e, "r")
	if r == "" {
		return last + 1, nil
	}
	n, err := strconv.Atoi(r)
	if err != nil || n <= last || n > maxRow {
		return last, fmt.Errorf("%w: a row is numbered %.20q", ErrDamaged, r)
	}
	return n, nil
}

// row reads the cells of a row.
func (w *workbook) row(in *elements, cells []string) ([]string, error) {
	for {
		t, err := in.next()
		if err != nil {
			return cells, whole(err)
		}
		switch e := t.(type) {
		case xml.EndElement:
			if e.Name.Local == "row" {
				return cells, nil
			}
		case xml.StartElement:
			if e.Name.Local != "c" {
				continue
			}
			column := len(cells)
			if r := attr(&e, "r"); r != "" {
				if column = columnOf(r); column < 0 {
					return cells, fmt.Errorf("%w: a cell is named %.20q", ErrDamaged, r)
				}
			}
			text, err := w.cell(in, &e)
			if err != nil {
				return cells, err
			}
			if text == "" {
				continue
			}
			if column >= w.limits.Columns {
				return cells, fmt.Errorf("%w: there is something in column %s, at most %d columns are read", ErrTooBig, ColumnName(column), w.limits.Columns)
			}
			for len(cells) <= column {
				cells = append(cells, "")
			}
			cells[column] = text
		}
	}
}

// whole makes an error of the end of a document that is not over.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it ends in the middle", ErrDamaged)
	}
	return err
}

// columnOf is the column of a cell's name, from 0; -1 for what is none.
func columnOf(name string) int {
	n := 0
	for _, c := range []byte(name) {
		switch {
		case c >= '0' && c <= '9':
			return n - 1
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		default:
			return -1
		}
		if n > maxColumn {
			return -1
		}
	}
	return n - 1
}

// cell reads a cell as text: §18.3.1.4.
func (w *workbook) cell(in *elements, start *xml.StartElement) (string, error) {
	var value, inline strings.Builder
	if err := in.texts(func(path []string, text []byte) {
		switch {
		case len(path) == 1 && path[0] == "v":
			value.Write(text)
		case path[0] == "is":
			inline.Write(text)
		}
	}); err != nil {
		return "", err
	}
	v := value.String()
	switch attr(start, "t") {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil {
			return "", fmt.Errorf("%w: a cell's text is number %.20q", ErrDamaged, v)
		}
		return w.sharedStr.at(i)
	case "inlineStr":
		return unescaped(inline.String()), nil
	case "b":
		if isTrue(v) {
			return "true", nil
		}
		return "false", nil
	case "str", "e", "d":
		return unescaped(v), nil
	}
	style, _ := strconv.Atoi(attr(start, "s"))
	return w.numeric(v, style), nil
}

// unescaped writes the characters that XML cannot hold, which stand in texts as _x000D_: §22.9.2.19.
func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		n, err := strconv.ParseUint(e[2:6], 16, 16)
		if err != nil || n == 0 || utf16.IsSurrogate(rune(n)) {
			return e
		}
		return string(rune(n))
	})
}

var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// texts calls f with the text inside of the element that has begun until it ends, and the path of elements
// that a text stands in. Phonetic runs are no text (§18.4.6).
func (e *elements) texts(f func(path []string, text []byte)) error {
	var within []string
	for {
		t, err := e.next()
		if err != nil {
			return whole(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" || len(within) > 8 {
				if err := e.skip(); err != nil {
					return err
				}
				continue
			}
			within = append(within, t.Name.Local)
		case xml.EndElement:
			if len(within) == 0 {
				return nil // of the element itself, as the decoder has them match
			}
			within = within[:len(within)-1]
		case xml.CharData:
			if len(within) > 0 && (within[len(within)-1] == "t" || within[len(within)-1] == "v") {
				f(within, t)
			}
		}
	}
}

// skip reads to the end of the element that has begun, however deep it is.
func (e *elements) skip() error {
	for depth := 1; depth > 0; {
		t, err := e.next()
		if err != nil {
			return whole(err)
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}
