package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// peeked is how much of a CSV file is looked at to find its separator and encoding.
const peeked = 64 << 10

func openCSV(file *io.SectionReader, l Limits) (*Table, error) {
	raw := &counted{from: file}
	begin := make([]byte, 4096)
	n, err := file.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sheet: reading the file: %w", err)
	}
	// Decoding makes at most three bytes of one.
	limited := &budget{from: decoded(begin[:n], raw), total: 4*file.Size() + 1}
	limited.refill(peeked)
	text := bufio.NewReaderSize(limited, peeked)
	head, err := text.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sheet: reading the file: %w", err)
	}
	if i := slices.Index(head, 0); i >= 0 {
		return nil, fmt.Errorf("%w: it is neither text nor XLSX", ErrFormat)
	}
	separator, line := separatorOf(string(head))
	if _, err := text.Discard(line); err != nil {
		return nil, fmt.Errorf("sheet: reading the file: %w", err)
	}
	raws := &recorder{from: text}
	in := csv.NewReader(raws)
	in.Comma, in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = separator, -1, true, true
	skipped := 0
	if line > 0 {
		skipped = 1
	}
	read := func(yield func(Row, error) bool) {
		number := skipped
		for {
			limited.refill(l.Row)
			cells, err := in.Read()
			switch {
			case errors.Is(err, io.EOF):
				return
			case limited.err != nil:
				yield(Row{}, fmt.Errorf("%w: row %d has more than %d bytes; is a quotation mark not closed?", ErrTooBig, number+1, l.Row))
				return
			case err != nil:
				yield(Row{}, fmt.Errorf("%w: behind row %d: %w", ErrDamaged, number, err))
				return
			}
			number, _ = in.FieldPos(0)
			number += skipped
			if raws.ended && unclosed(raws.upTo(in.InputOffset()), separator) {
				yield(Row{}, fmt.Errorf("%w: a quotation mark in row %d is not closed", ErrDamaged, number))
				return
			}
			raws.drop(in.InputOffset())
			if i := slices.IndexFunc(cells, unreadable); i >= 0 {
				yield(Row{}, fmt.Errorf("%w: row %d, column %s; save the file as UTF-8", ErrEncoding, number, ColumnName(i)))
				return
			}
			for i := range cells {
				cells[i] = unguarded(cells[i])
			}
			if !yield(Row{number, cells}, nil) {
				return
			}
		}
	}
	return &Table{limits: l, rows: read, close: func() error { return nil }, at: raw.n.Load}, nil
}

// recorder keeps the text of the row at work, as the reader of rows does not say whether a quotation mark
// was closed by another one or by the end of the file.
type recorder struct {
	from  io.Reader
	text  []byte
	start int64 // of text in the file
	ended bool
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	r.text = append(r.text, b[:n]...)
	r.ended = r.ended || err != nil
	return n, err
}

// upTo is the text up to an offset in the file.
func (r *recorder) upTo(offset int64) []byte { return r.text[:min(offset-r.start, int64(len(r.text)))] }

// drop forgets what is before an offset in the file.
func (r *recorder) drop(offset int64) {
	n := min(offset-r.start, int64(len(r.text)))
	r.text = append(r.text[:0], r.text[n:]...)
	r.start += n
}

// unclosed says whether a row ends within a cell that begins with a quotation mark (RFC 4180 §2.5), as
// generous in between as the reader is: a mark that nothing ends behind is one like any other letter.
func unclosed(row []byte, separator rune) bool {
	open, begin := false, true
	for i := 0; i < len(row); i++ {
		c := row[i]
		next := byte('\n') // behind the row
		if i+1 < len(row) {
			next = row[i+1]
		}
		switch {
		case !open && begin && c == '"':
			open, begin = true, false
		case !open:
			begin = c == byte(separator) || c == '\n'
		case c == '"' && next == '"' && i+1 < len(row):
			i++
		case c == '"' && (next == byte(separator) || next == '\n' || next == '\r'):
			open = false
		}
	}
	return open
}

// unreadable says that a cell has bytes that are of no encoding the file could have.
func unreadable(cell string) bool {
	return strings.ContainsRune(cell, utf8.RuneError) || strings.ContainsRune(cell, 0)
}

// separators are those that a file may have, the likelier first.
var separators = []rune{',', ';', '\t', '|'}

// separatorOf finds the separator: the one that divides the most of the first rows into as many columns
// as the first, and of those the one that makes the most columns. line is the length of a line that only
// names it, as Excel's "sep=;".
func separatorOf(head string) (separator rune, line int) {
	if first, _, _ := strings.Cut(head, "\n"); strings.HasPrefix(first, "sep=") {
		named := []rune(strings.TrimRight(first[len("sep="):], "\r"))
		if len(named) == 1 && named[0] != '"' && named[0] != utf8.RuneError {
			return named[0], min(len(first)+1, len(head))
		}
	}
	best := struct{ rows, columns int }{}
	separator = ','
	for _, s := range separators {
		n := counts(head, s, 20)
		if len(n) == 0 || n[0] == 0 {
			continue
		}
		same := 0
		for i := range n {
			if n[i] == n[0] {
				same++
			}
		}
		if same > best.rows || same == best.rows && n[0] > best.columns {
			best.rows, best.columns, separator = same, n[0], s
		}
	}
	return separator, 0
}

// counts are how often a separator stands outside of quotation marks in each of the first rows, of which
// only whole ones count when there are several.
func counts(head string, separator rune, rows int) []int {
	var all []int
	n, quoted, empty := 0, false, true
	for _, r := range head {
		switch {
		case r == '"':
			quoted, empty = !quoted, false
		case quoted:
		case r == separator:
			n, empty = n+1, false
		case r == '\n':
			if !empty {
				all = append(all, n)
			}
			n, empty = 0, true
			if len(all) == rows {
				return all
			}
		case r != '\r':
			empty = false
		}
	}
	if len(all) == 0 && !empty {
		all = append(all, n)
	}
	return all
}

// counted counts what is read; it may be asked while another goroutine reads.
type counted struct {
	from io.Reader
	n    atomic.Int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}
