package sheet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Why a file cannot be read. They are wrapped with the place and what to do.
var (
	ErrFormat   = errors.New("sheet: not a table")
	ErrDamaged  = errors.New("sheet: damaged")
	ErrTooBig   = errors.New("sheet: too big")
	ErrEncoding = errors.New("sheet: unreadable characters")
)

// Limits bound what is read; the zero value of a field takes the default beside it.
type Limits struct {
	Rows     int   // 1 100 000, a little more than a sheet can have
	Columns  int   // 256
	Cell     int   // bytes of one cell: 131 072, which is more than a cell of a sheet can have
	Row      int   // bytes of one row as it is in the file: 4 MiB
	Unpacked int64 // bytes of an XLSX file's parts: 2 GiB
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, n int) {
		if *v <= 0 {
			*v = n
		}
	}
	set(&l.Rows, 1_100_000)
	set(&l.Columns, 256)
	set(&l.Cell, 128<<10)
	set(&l.Row, 4<<20)
	if l.Unpacked <= 0 {
		l.Unpacked = 2 << 30
	}
	return l
}

// Row is one row that is not empty.
type Row struct {
	Number int      // as a spreadsheet or an editor shows it, from 1
	Cells  []string // without spaces around; empty ones at the end may be missing; valid until the next row
}

// Table is a file that is read row by row, once. The caller closes it.
type Table struct {
	limits Limits
	rows   func(yield func(Row, error) bool)
	close  func() error
	at     func() int64 // bytes of the file that were read
}

// Open looks what a file is and begins to read it. The file must not change until the table is closed.
func Open(file io.ReaderAt, size int64, l Limits) (*Table, error) {
	l = l.withDefaults()
	begin := make([]byte, 8)
	n, err := file.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sheet: reading the file: %w", err)
	}
	begin = begin[:n]
	switch {
	case strings.HasPrefix(string(begin), "PK\x03\x04"), strings.HasPrefix(string(begin), "PK\x05\x06"):
		return openXLSX(file, size, l)
	case strings.HasPrefix(string(begin), "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return nil, fmt.Errorf("%w: it is an old or a password-protected Excel file; save it as XLSX or CSV without a password", ErrFormat)
	case strings.HasPrefix(string(begin), "%PDF"), strings.HasPrefix(string(begin), "\x1f\x8b"):
		return nil, fmt.Errorf("%w: save it as XLSX or CSV", ErrFormat)
	}
	return openCSV(io.NewSectionReader(file, 0, size), l)
}

// Rows yields the rows that are not empty. It ends with an error when the file cannot be read to its
// end, and can be called once.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		n, failed := 0, false
		t.rows(func(r Row, err error) bool {
			if failed {
				return false
			}
			if err == nil {
				if r.Cells = trimmed(r.Cells); len(r.Cells) == 0 {
					return true
				}
				n++
				err = t.check(&r, n)
			}
			failed = err != nil
			return yield(r, err) && !failed
		})
	}
}

// check holds a row to the limits.
func (t *Table) check(r *Row, n int) error {
	if n > t.limits.Rows {
		return fmt.Errorf("%w: more than %d rows; split the file", ErrTooBig, t.limits.Rows)
	}
	if len(r.Cells) > t.limits.Columns {
		return fmt.Errorf("%w: row %d has %d columns, at most %d are read", ErrTooBig, r.Number, len(r.Cells), t.limits.Columns)
	}
	for i, c := range r.Cells {
		if len(c) > t.limits.Cell {
			return fmt.Errorf("%w: row %d, column %s has %d bytes, at most %d are read", ErrTooBig, r.Number, ColumnName(i), len(c), t.limits.Cell)
		}
	}
	return nil
}

// trimmed takes spaces around cells away, and empty cells at the end.
func trimmed(cells []string) []string {
	last := 0
	for i, c := range cells {
		if c = strings.TrimSpace(c); c != "" {
			last = i + 1
		}
		cells[i] = c
	}
	return cells[:last]
}

// Read is how many bytes of the file were read so far, for showing progress.
func (t *Table) Read() int64 { return t.at() }

// Close lets go of the file and of what was unpacked from it.
func (t *Table) Close() error { return t.close() }

// ColumnName is a column as spreadsheets name it: A for 0, Z for 25, AA for 26.
func ColumnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// budget is a reader that refuses to read more than is left before the next refill, so that one endless
// row cannot fill the memory.
type budget struct {
	from  io.Reader
	left  int
	total int64 // that may be read at all
	err   error // what it refused with
}

// readAhead is what a parser may read beyond the row it was asked for.
const readAhead = 128 << 10

func (b *budget) refill(n int) { b.left = n + readAhead }

// Read implements io.Reader.
func (b *budget) Read(p []byte) (int, error) {
	switch {
	case b.total <= 0:
		b.err = fmt.Errorf("%w: it unpacks to more than is read", ErrTooBig)
	case b.left <= 0:
		b.err = fmt.Errorf("%w: a row or a cell does not end", ErrTooBig)
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p[:min(len(p), b.left, int(min(b.total, 1<<30)))])
	b.left -= n
	b.total -= int64(n)
	return n, err
}
