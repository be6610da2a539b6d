package sheet

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset reads XML that says it is UTF-16, with the mark it then must have.
func charset(label string, in io.Reader) (io.Reader, error) {
	if strings.EqualFold(label, "utf-16") {
		return transform.NewReader(in, unicode.BOMOverride(transform.Nop)), nil
	}
	return nil, fmt.Errorf("%w: its XML is in %.20q", ErrEncoding, label)
}

// readStyles finds which styles show numbers as times: §18.8.30.
func (w *workbook) readStyles() error {
	const name = "xl/styles.xml"
	codes := map[string]bool{}
	inCells := false
	return w.each(name, func(e *xml.StartElement) {
		switch e.Name.Local {
		case "numFmt":
			codes[attr(e, "numFmtId")] = showsTime(attr(e, "formatCode"))
		case "cellStyleXfs", "cellStyles", "dxfs":
			inCells = false
		case "cellXfs":
			inCells = true
		case "xf":
			if inCells && len(w.dates) < 1<<16 {
				id := attr(e, "numFmtId")
				custom, known := codes[id]
				n, _ := strconv.Atoi(id)
				w.dates = append(w.dates, custom || !known && builtInTime(n))
			}
		}
	})
}

// builtInTime says which of the formats every program knows show a time.
func builtInTime(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// showsTime says whether a format's code has anything of a time in it, outside of quoted text and
// conditions.
func showsTime(code string) bool {
	quoted, bracketed, escaped := false, false, false
	for _, r := range strings.ToLower(code) {
		switch {
		case escaped:
			escaped = false
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '\\' || r == '_' || r == '*':
			escaped = true
		case r == '[':
			bracketed = true
		case r == ']':
			bracketed = false
		case !bracketed && strings.ContainsRune("ymdhs", r):
			return true
		}
	}
	return false
}

// numeric is a number as people write it: a time where its style shows one, else all its digits.
func (w *workbook) numeric(v string, style int) string {
	v = strings.TrimSpace(v)
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return v
	}
	if style >= 0 && style < len(w.dates) && w.dates[style] && n >= 0 && n < 2_958_466 { // the year 10 000
		return dayOf(n, w.from1904)
	}
	if strings.ContainsAny(v, "eE.") && math.Abs(n) < 1e21 {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return v
}

// dayOf writes a count of days since the end of 1899, or the begin of 1904: §18.17.4. Fractions are a
// time of day.
func dayOf(n float64, from1904 bool) string {
	begin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from1904:
		begin = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case n < 60:
		begin = begin.AddDate(0, 0, 1) // spreadsheets believe in 29 February 1900
	}
	days, part := math.Modf(n)
	t := begin.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(part*86400)) * time.Second)
	switch {
	case part == 0:
		return t.Format(time.DateOnly)
	case days == 0:
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// shared are the texts that cells refer to by number. They are kept in a file, as they may be as large as
// the table.
type shared struct {
	file *os.File
	ends []int64 // of each text in the file
}

// maxStrings is how many texts cells can refer to.
const maxStrings = 16 << 20

// readStrings unpacks the shared texts: §18.4.
func (w *workbook) readStrings() error {
	const name = "xl/sharedStrings.xml"
	if !w.has(name) {
		return nil
	}
	part, in, err := w.open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	s := &w.sharedStr
	if s.file, err = os.CreateTemp("", "ringback-sheet-*"); err != nil {
		return fmt.Errorf("sheet: unpacking the file: %w", err)
	}
	_ = os.Remove(s.file.Name()) // it goes when it is closed; where that is not possible, close removes it
	out := bufio.NewWriterSize(s.file, 64<<10)
	end := int64(0)
	for {
		in.budget.refill(w.limits.Row)
		t, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "si" {
			continue
		}
		if err := in.texts(func(_ []string, text []byte) {
			n, _ := out.Write(text) // Flush tells of an error
			end += int64(n)
		}); err != nil {
			return err
		}
		if s.ends = append(s.ends, end); len(s.ends) > maxStrings {
			return fmt.Errorf("%w: it has more than %d texts", ErrTooBig, maxStrings)
		}
	}
	w.left -= in.InputOffset()
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sheet: unpacking the file: %w", err)
	}
	return nil
}

// at is the text with a number.
func (s *shared) at(i int) (string, error) {
	if i < 0 || i >= len(s.ends) {
		return "", fmt.Errorf("%w: a cell has text %d of %d", ErrDamaged, i, len(s.ends))
	}
	begin := int64(0)
	if i > 0 {
		begin = s.ends[i-1]
	}
	b := make([]byte, s.ends[i]-begin)
	if _, err := s.file.ReadAt(b, begin); err != nil {
		return "", fmt.Errorf("sheet: reading what was unpacked: %w", err)
	}
	return unescaped(string(b)), nil
}

func (s *shared) close() error {
	if s.file == nil {
		return nil
	}
	_ = os.Remove(s.file.Name()) // usually gone already
	return s.file.Close()
}

// countedAt counts what is read of a file; it may be asked while another goroutine reads.
type countedAt struct {
	from io.ReaderAt
	n    atomic.Int64
}

// ReadAt implements io.ReaderAt.
func (c *countedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.from.ReadAt(p, at)
	c.n.Add(int64(n))
	return n, err
}
