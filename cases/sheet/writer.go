package sheet

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Format is a kind of file that is written.
type Format uint8

// The formats.
const (
	CSV  Format = iota // RFC 4180 with LF line ends, UTF-8, a first row of names, safe to open in a spreadsheet
	XLSX               // one sheet, or as many as the rows need
	JSON               // RFC 8259: one array of objects, one object a line
)

// ParseFormat reads a format's name: "csv", "xlsx" or "json".
func ParseFormat(s string) (f Format, ok bool) {
	for f, name := range formatNames {
		if strings.EqualFold(s, name) {
			return Format(f), true
		}
	}
	return CSV, false
}

var formatNames = [...]string{CSV: "csv", XLSX: "xlsx", JSON: "json"}

// String is the format's name, which is also what its files end with.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "unknown"
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case JSON:
		return "application/json"
	default:
		return "text/csv; charset=utf-8; header=present"
	}
}

// Writer writes a table row by row.
type Writer interface {
	// Write writes a row with as many cells as there are columns: nil, string, bool, int, int64, uint64,
	// float64 or time.Time, of which the zero time is an empty cell.
	Write(cells ...any) error
	// Close ends the table. It does not close what is written to.
	Close() error
}

// NewWriter begins a table. zone is that of the times in CSV and XLSX, which has no other way to tell it.
func NewWriter(w io.Writer, f Format, columns []string, zone *time.Location) (Writer, error) {
	if zone == nil {
		zone = time.UTC
	}
	switch f {
	case XLSX:
		return newXLSX(w, columns, zone)
	case JSON:
		return newJSON(w, columns)
	default:
		c := &csvWriter{out: csv.NewWriter(w), zone: zone}
		if err := c.out.Write(columns); err != nil {
			return nil, fmt.Errorf("sheet: writing: %w", err)
		}
		return c, nil
	}
}

// csvWriter writes CSV. Deviation: RFC 4180 §2.1 ends rows with CRLF; LF is what other programs expect,
// and spreadsheets read both.
type csvWriter struct {
	out  *csv.Writer
	zone *time.Location
	row  []string
}

// Write implements Writer.
func (c *csvWriter) Write(cells ...any) error {
	c.row = c.row[:0]
	for _, cell := range cells {
		switch v := cell.(type) {
		case time.Time:
			if v.IsZero() {
				c.row = append(c.row, "")
			} else {
				c.row = append(c.row, v.In(c.zone).Format(time.RFC3339))
			}
		case string:
			c.row = append(c.row, guarded(v))
		case nil:
			c.row = append(c.row, "")
		case float64:
			c.row = append(c.row, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			c.row = append(c.row, fmt.Sprint(v))
		}
	}
	if err := c.out.Write(c.row); err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}

// Close implements Writer.
func (c *csvWriter) Close() error {
	c.out.Flush()
	if err := c.out.Error(); err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}

// guarded keeps a spreadsheet from taking a text for a formula: such texts begin with an apostrophe, which
// Open takes away again. Numbers with a sign are harmless and stay as they are.
func guarded(cell string) string {
	if startsFormula(cell) {
		return "'" + cell
	}
	return cell
}

// unguarded takes away the apostrophe that guarded put before a text.
func unguarded(cell string) string {
	if rest, found := strings.CutPrefix(cell, "'"); found && startsFormula(rest) {
		return rest
	}
	return cell
}

// startsFormula says whether a spreadsheet may compute a text.
func startsFormula(cell string) bool {
	text := strings.TrimLeft(cell, " \u00a0\u3000\ufeff")
	if strings.HasPrefix(text, "'") {
		return startsFormula(text[1:]) // or unguarded would take away one of ours
	}
	first, size := utf8.DecodeRuneInString(text)
	switch first {
	case '=', '@', '\t', '\r', '\n', '＝', '＠':
		return true
	case '+', '-', '＋', '－':
		return strings.IndexFunc(text[size:], func(r rune) bool {
			return (r < '0' || r > '9') && r != ' ' && r != '.'
		}) >= 0
	}
	return false
}

// jsonWriter writes an array of objects.
type jsonWriter struct {
	out   *bufio.Writer
	names [][]byte
	begun bool
}

func newJSON(w io.Writer, columns []string) (*jsonWriter, error) {
	j := &jsonWriter{out: bufio.NewWriterSize(w, 32<<10)}
	for _, c := range columns {
		name, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("sheet: writing: %w", err)
		}
		j.names = append(j.names, name)
	}
	return j, nil
}

// Write implements Writer. Empty cells are left out.
func (j *jsonWriter) Write(cells ...any) error {
	separator := ",\n"
	if !j.begun {
		separator, j.begun = "[\n", true
	}
	_, _ = j.out.WriteString(separator) // Close tells of an error, and each Write after it
	first := true
	for i, cell := range cells {
		if t, ok := cell.(time.Time); cell == nil || cell == "" || ok && t.IsZero() || i >= len(j.names) {
			continue
		}
		value, err := json.Marshal(cell)
		if err != nil {
			return fmt.Errorf("sheet: writing: %w", err)
		}
		between := byte(',')
		if first {
			between, first = '{', false
		}
		_ = j.out.WriteByte(between)
		_, _ = j.out.Write(j.names[i])
		_ = j.out.WriteByte(':')
		_, _ = j.out.Write(value)
	}
	end := "}"
	if first {
		end = "{}"
	}
	if _, err := j.out.WriteString(end); err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}

// Close implements Writer.
func (j *jsonWriter) Close() error {
	end := "\n]\n"
	if !j.begun {
		end = "[]\n"
	}
	_, _ = j.out.WriteString(end)
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}

// xlsxWriter writes a workbook. Texts are cells of text, which no spreadsheet computes.
type xlsxWriter struct {
	to      io.Writer
	book    *excelize.File
	stream  *excelize.StreamWriter
	columns []string
	zone    *time.Location
	style   int // of times
	sheets  int
	row     int
	cells   []any
}

func newXLSX(w io.Writer, columns []string, zone *time.Location) (*xlsxWriter, error) {
	x := &xlsxWriter{to: w, book: excelize.NewFile(), columns: columns, zone: zone}
	layout := "yyyy-mm-dd hh:mm:ss"
	var err error
	if x.style, err = x.book.NewStyle(&excelize.Style{CustomNumFmt: &layout}); err == nil {
		err = x.sheet()
	}
	if err != nil {
		_ = x.book.Close()
		return nil, fmt.Errorf("sheet: writing: %w", err)
	}
	return x, nil
}

// sheet begins the next sheet.
func (x *xlsxWriter) sheet() error {
	if x.stream != nil {
		if err := x.stream.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	name := "Sheet" + strconv.Itoa(x.sheets)
	if x.sheets > 1 {
		if _, err := x.book.NewSheet(name); err != nil {
			return err
		}
	}
	var err error
	if x.stream, err = x.book.NewStreamWriter(name); err != nil {
		return err
	}
	if err := x.stream.SetColWidth(1, max(1, len(x.columns)), 20); err != nil {
		return err
	}
	names := make([]any, len(x.columns))
	for i, c := range x.columns {
		names[i] = c
	}
	x.row = 1
	return x.stream.SetRow("A1", names)
}

// Write implements Writer.
func (x *xlsxWriter) Write(cells ...any) error {
	if x.row == maxRow {
		if err := x.sheet(); err != nil {
			return fmt.Errorf("sheet: writing: %w", err)
		}
	}
	x.row++
	x.cells = x.cells[:0]
	for _, cell := range cells {
		if t, ok := cell.(time.Time); ok {
			cell = nil
			if !t.IsZero() {
				// A sheet's times have no zone: what the clock showed is what it shows.
				t = t.In(x.zone)
				shown := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
				cell = excelize.Cell{StyleID: x.style, Value: shown}
			}
		}
		x.cells = append(x.cells, cell)
	}
	if err := x.stream.SetRow("A"+strconv.Itoa(x.row), x.cells); err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}

// Close implements Writer.
func (x *xlsxWriter) Close() error {
	defer x.book.Close()
	err := x.stream.Flush()
	if err == nil {
		err = x.book.Write(x.to)
	}
	if err != nil {
		return fmt.Errorf("sheet: writing: %w", err)
	}
	return nil
}
