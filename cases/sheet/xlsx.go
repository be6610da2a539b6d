package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The parts of a workbook but for its sheets and strings are small.
const (
	maxPart  = 16 << 20 // bytes
	maxParts = 10_000
)

// workbook is an XLSX file being read.
type workbook struct {
	parts  map[string]*zip.File // by lower-case name
	left   int64                // bytes that may still be unpacked
	limits Limits

	dates     []bool // by style: whether numbers are times
	from1904  bool   // days count from 1904
	sharedStr shared
}

func openXLSX(file io.ReaderAt, size int64, l Limits) (_ *Table, err error) {
	read := &countedAt{from: file}
	z, err := zip.NewReader(read, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(z.File) > maxParts {
		return nil, fmt.Errorf("%w: it has %d parts", ErrTooBig, len(z.File))
	}
	w := &workbook{parts: map[string]*zip.File{}, left: l.Unpacked, limits: l}
	for _, f := range z.File {
		w.parts[strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))] = f
	}
	first, err := w.firstSheet()
	if err != nil {
		return nil, err
	}
	if err := w.readStyles(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.sharedStr.close()
		}
	}()
	if err := w.readStrings(); err != nil {
		return nil, err
	}
	part, in, err := w.open(first)
	if err != nil {
		return nil, err
	}
	read.n.Store(0) // the sheet is most of it
	return &Table{
		limits: l,
		rows:   func(yield func(Row, error) bool) { w.rows(in, yield) },
		close:  func() error { return errors.Join(part.Close(), w.sharedStr.close()) },
		at:     func() int64 { return read.n.Load() },
	}, nil
}

// has says whether there is a part.
func (w *workbook) has(name string) bool { return w.parts[strings.ToLower(name)] != nil }

// open begins to read a part.
func (w *workbook) open(name string) (io.Closer, *elements, error) {
	f := w.parts[strings.ToLower(name)]
	if f == nil {
		return nil, nil, fmt.Errorf("%w: it has no part %s", ErrFormat, name)
	}
	part, err := f.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	b := &budget{from: part, total: w.left}
	b.refill(w.limits.Row)
	d := xml.NewDecoder(b)
	d.CharsetReader = charset
	return part, &elements{Decoder: d, budget: b}, nil
}

// each calls f with the elements of a small part; one that is not there has none.
func (w *workbook) each(name string, f func(e *xml.StartElement)) error {
	if !w.has(name) {
		return nil
	}
	part, in, err := w.open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	in.budget.left, in.budget.total = maxPart, min(in.budget.total, maxPart)
	for {
		t, err := in.next()
		if errors.Is(err, io.EOF) {
			w.left -= in.InputOffset()
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			f(&e)
		}
	}
}

// firstSheet finds the part of the first sheet that is not hidden.
func (w *workbook) firstSheet() (string, error) {
	book := "xl/workbook.xml"
	err := w.each("_rels/.rels", func(e *xml.StartElement) {
		if e.Name.Local == "Relationship" && strings.HasSuffix(attr(e, "Type"), "/officeDocument") {
			book = strings.TrimPrefix(attr(e, "Target"), "/")
		}
	})
	if err != nil {
		return "", err
	}
	if !w.has(book) {
		return "", fmt.Errorf("%w: it is a ZIP file, and no XLSX workbook is in it", ErrFormat)
	}
	shown, first := "", ""
	err = w.each(book, func(e *xml.StartElement) {
		switch e.Name.Local {
		case "workbookPr":
			w.from1904 = isTrue(attr(e, "date1904"))
		case "sheet":
			if first == "" {
				first = attr(e, "id")
			}
			if state := attr(e, "state"); shown == "" && (state == "" || state == "visible") {
				shown = attr(e, "id")
			}
		}
	})
	if err != nil {
		return "", err
	}
	if shown == "" {
		shown = first
	}
	sheet := ""
	dir, base := path.Split(book)
	err = w.each(dir+"_rels/"+base+".rels", func(e *xml.StartElement) {
		if e.Name.Local == "Relationship" && attr(e, "Id") == shown && shown != "" {
			sheet = attr(e, "Target")
		}
	})
	switch {
	case err != nil:
		return "", err
	case sheet == "":
		return "", fmt.Errorf("%w: the workbook has no sheet", ErrFormat)
	case strings.HasPrefix(sheet, "/"):
		return path.Clean(sheet)[1:], nil
	}
	return path.Join(dir, sheet), nil
}

// elements are those of a part, held to what is left of the budget.
type elements struct {
	*xml.Decoder
	budget *budget
	depth  int // of the element that the next token is in
}

// maxDepth is how deep elements stand in each other at most.
const maxDepth = 64

// next is the next token; io.EOF only at the end of a whole document.
func (e *elements) next() (xml.Token, error) {
	t, err := e.Token()
	switch {
	case errors.Is(err, io.EOF) && e.budget.err == nil:
		return nil, err
	case err == nil:
		switch t.(type) {
		case xml.StartElement:
			e.depth++
		case xml.EndElement:
			e.depth--
		}
		if e.depth > maxDepth {
			return nil, fmt.Errorf("%w: its elements stand %d deep in each other", ErrDamaged, e.depth)
		}
		return t, nil
	case e.budget.err != nil:
		return nil, e.budget.err
	}
	return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
}

func attr(e *xml.StartElement, name string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == name {
			return e.Attr[i].Value
		}
	}
	return ""
}

func isTrue(s string) bool { return s == "1" || s == "true" || s == "on" }
