package intake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ringback/cases/sheet"
	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

// PatternsOptions say how a file of numbers that are called or not is imported.
type PatternsOptions struct {
	Act     calling.Act
	Place   calling.Place
	Country directory.Country // whose national form numbers have; empty: only numbers in full are read
	Columns map[string]string // what columns are, by their names; the others are guessed
	Partial bool              // import the rows that are right, whatever the others are
	Try     bool              // write nothing, only tell
	Limits  sheet.Limits

	Progress func(Progress)     // told now and then; may be nil
	Put      func([]sip.Number) // told of the numbers that came onto the list; may be nil
}

// patternFields are those that a column can be.
var patternFields = []string{FieldNumber, FieldNote, FieldSkip}

// Patterns imports a table of numbers, and of beginnings of numbers written with a * behind, onto a list. Errors
// are as of Cases.Import.
func Patterns(ctx context.Context, to *calling.Lists, f File, o PatternsOptions) (Report, error) {
	run := &patternRun{to: to, file: f, o: o, bad: map[int]bool{}}
	var err error
	if run.numbers, err = numbersOf(o.Country); err != nil {
		return Report{}, err
	}
	w := wish{fields: patternFields}
	if w.said, err = checkFields(o.Columns, patternFields); err != nil {
		return Report{}, err
	}
	run.mapping, err = columnsOf(f, o.Limits, &w, run.numbers)
	if run.report.Columns = run.mapping.columns; err != nil {
		return run.report, err
	}
	run.checking = true
	if err := run.all(ctx); err != nil {
		return run.report, err
	}
	run.report.sorted()
	if run.report.Rows == 0 {
		return run.report, ErrEmpty
	}
	if o.Try || run.report.Bad > 0 && !o.Partial {
		return run.report, nil
	}
	r := &run.report
	run.checking, r.Written, r.Made, r.Changed, r.There = false, true, 0, 0, 0
	return *r, run.all(context.WithoutCancel(ctx)) // from here on it is all of it
}

// patternRun is an import of numbers at work.
type patternRun struct {
	to      *calling.Lists
	file    File
	o       PatternsOptions
	numbers *numbers
	mapping mapping
	report  Report
	bad     map[int]bool

	checking bool
	drafts   []calling.Draft
	rows     []int
	told     time.Time
}

// all reads the file once: to check it, or to import it.
func (r *patternRun) all(ctx context.Context) error {
	t, err := sheet.Open(r.file, r.file.Size, r.o.Limits)
	if err != nil {
		return err
	}
	defer t.Close()
	rows, header := 0, r.mapping.header
	for row, err := range t.Rows() {
		if err == nil && ctx.Err() != nil {
			err = fmt.Errorf("intake: stopped at row %d: %w", row.Number, ctx.Err())
		}
		switch {
		case err != nil:
			return err
		case header:
			header = false
			continue
		}
		rows++
		r.tell(t.Read(), rows)
		d, wrong := r.draft(&row)
		if len(wrong) > 0 {
			r.refuse(row.Number, wrong...)
			continue
		}
		if r.drafts, r.rows = append(r.drafts, d), append(r.rows, row.Number); len(r.drafts) == calling.MaxPut {
			if err := r.pass(ctx); err != nil {
				return err
			}
		}
	}
	r.report.Rows = rows
	return r.pass(ctx)
}

func (r *patternRun) tell(at int64, rows int) {
	if r.o.Progress == nil || time.Since(r.told) < 100*time.Millisecond {
		return
	}
	r.told = time.Now()
	r.o.Progress(Progress{Checking: r.checking, Done: min(at, r.file.Size), Total: r.file.Size, Rows: rows, Bad: r.report.Bad})
}

// refuse notes that a row is wrong, when it is found.
func (r *patternRun) refuse(row int, problems ...Problem) {
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

// draft makes an entry of a row.
func (r *patternRun) draft(row *sheet.Row) (d calling.Draft, wrong []Problem) {
	var notes []string
	for i, cell := range row.Cells {
		if cell == "" || i >= len(r.mapping.columns) {
			continue
		}
		switch c := &r.mapping.columns[i]; c.Field {
		case FieldNumber:
			if d.Pattern.Number != 0 {
				continue // the first counts
			}
			var err error
			if d.Pattern, err = r.numbers.pattern(cell); err != nil {
				wrong = append(wrong, Problem{Column: c.Name, Reason: err.Error()})
			}
		case FieldNote:
			notes = append(notes, cell)
		}
	}
	if d.Pattern.Number == 0 && len(wrong) == 0 {
		wrong = append(wrong, Problem{Reason: "there is no number"})
	}
	d.Note = strings.Join(notes, " ")
	return d, wrong
}

// pass hands the entries gathered on.
func (r *patternRun) pass(ctx context.Context) error {
	if len(r.drafts) == 0 {
		return nil
	}
	var outcomes []calling.Outcome
	var err error
	if r.checking {
		outcomes, err = r.to.Check(r.o.Act, r.o.Place, r.drafts)
	} else {
		outcomes, err = r.to.Put(ctx, r.o.Act, r.o.Place, r.drafts)
	}
	if err != nil {
		return fmt.Errorf("intake: at row %d: %w", r.rows[0], err)
	}
	var put []sip.Number
	for i := range outcomes {
		switch o := &outcomes[i]; {
		case o.Err != nil:
			r.refuse(r.rows[i], Problem{Reason: strings.TrimPrefix(o.Err.Error(), calling.ErrInput.Error()+": ")})
			continue
		case o.Result == calling.Created:
			r.report.Made++
		case o.Result == calling.Updated:
			r.report.Changed++
		default:
			r.report.There++
		}
		put = append(put, outcomes[i].Entry.Pattern.Number)
	}
	if r.o.Put != nil && !r.checking {
		r.o.Put(put)
	}
	r.drafts, r.rows = r.drafts[:0], r.rows[:0]
	return nil
}

// errBeginning is what is said of a * behind something that numbers cannot begin with.
var errBeginning = errors.New("is no beginning of numbers; write it with + and country code, as +358600*")

// pattern reads a number, or with a * behind it the beginning of numbers.
func (n *numbers) pattern(cell string) (directory.Pattern, error) {
	text, wildcard := strings.CutSuffix(strings.TrimSpace(cell), "*")
	if !wildcard {
		number, err := n.number(cell)
		return directory.Pattern{Number: number}, err
	}
	text = strings.TrimSpace(text)
	if strings.Trim(text, "+0123456789 -()/.") != "" || n.country == "" && !strings.HasPrefix(text, "+") {
		return directory.Pattern{}, fmt.Errorf("%q %w", short(cell), errBeginning)
	}
	digits, err := strconv.ParseUint(n.plan.Beginning(text), 10, 64)
	if err != nil || digits == 0 || digits >= 1e15 {
		return directory.Pattern{}, fmt.Errorf("%q %w", short(cell), errBeginning)
	}
	return directory.Pattern{Number: sip.Number(digits), Wildcard: true}, nil
}

// ParsePattern reads a number as ParseNumber does, or with a * behind it the beginning of numbers.
func ParsePattern(text string, c directory.Country) (directory.Pattern, error) {
	n, err := numbersOf(c)
	if err != nil {
		return directory.Pattern{}, err
	}
	return n.pattern(text)
}
