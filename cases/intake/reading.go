package intake

import (
	"context"
	"fmt"
	"time"

	"ringback/cases/sheet"
)

// reading is a file being read, twice: to check it, and to import it.
type reading struct {
	file     File
	limits   sheet.Limits
	progress func(Progress) // may be nil
	numbers  *numbers
	mapping  mapping
	report   Report
	bad      map[int]bool // rows that are wrong

	checking bool
	read     int       // rows so far
	told     time.Time // when progress was, last
}

// columns finds out what the columns of the file are.
func (r *reading) columns(w *wish) error {
	var err error
	r.mapping, err = columnsOf(r.file, r.limits, w, r.numbers)
	r.report.Columns = r.mapping.columns
	return err
}

// check has all of the file read to check it, and says whether it is to be imported.
func (r *reading) check(ctx context.Context, try, partial bool, all func(context.Context) error) (good bool, err error) {
	r.checking = true
	if err := all(ctx); err != nil {
		return false, err
	}
	r.report.sorted()
	if r.report.Rows == 0 {
		return false, ErrEmpty
	}
	return !try && (r.report.Bad == 0 || partial), nil
}

// write has all of the file read to import it, whoever goes away meanwhile: half a list is nobody's wish.
func (r *reading) write(ctx context.Context, all func(context.Context) error) error {
	r.checking = false
	r.report.Written, r.report.Made, r.report.Changed, r.report.There = true, 0, 0, 0
	return all(context.WithoutCancel(ctx))
}

// eachRow hands on the rows of a table, without its header.
func (r *reading) eachRow(ctx context.Context, take func(*sheet.Row) error) error {
	t, err := sheet.Open(r.file, r.file.Size, r.limits)
	if err != nil {
		return err
	}
	defer t.Close()
	header := r.mapping.header
	for row, err := range t.Rows() {
		if err != nil {
			return err
		}
		if header {
			header = false
			continue
		}
		if err := r.next(ctx, row.Number, t.Read()); err != nil {
			return err
		}
		if err := take(&row); err != nil {
			return err
		}
	}
	return nil
}

// next counts a row, at that many bytes of the file. The error is that of an import that is stopped.
func (r *reading) next(ctx context.Context, row int, at int64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("intake: stopped at row %d: %w", row, err)
	}
	r.read++
	if r.read%256 == 0 || r.told.IsZero() {
		r.tell(at)
	}
	return nil
}

// tell tells how far it is, some times a second.
func (r *reading) tell(at int64) {
	if r.progress == nil || time.Since(r.told) < 100*time.Millisecond {
		return
	}
	r.told = time.Now()
	r.progress(Progress{Checking: r.checking, Done: min(at, r.file.Size), Total: r.file.Size, Rows: r.read, Bad: r.report.Bad})
}

// over ends a reading, by an error or by all being read, which is told in any case.
func (r *reading) over(err error) error {
	r.report.Rows, r.told = r.read, time.Time{}
	if err == nil {
		r.tell(r.file.Size)
	}
	r.read = 0
	return err
}

// refuse notes that a row is wrong, when that is found first.
func (r *reading) refuse(row int, problems ...Problem) {
	if r.bad[row] {
		return
	}
	r.bad[row] = true
	r.report.Bad++
	for _, p := range problems {
		p.Row = row
		r.report.problem(p)
	}
}
