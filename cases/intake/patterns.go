package intake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	run := &patternRun{to: to, o: o, reading: reading{file: f, limits: o.Limits, progress: o.Progress, bad: map[int]bool{}}}
	var err error
	if run.numbers, err = numbersOf(o.Country); err != nil {
		return Report{}, err
	}
	w := wish{fields: patternFields}
	if w.said, err = checkFields(o.Columns, patternFields); err != nil {
		return Report{}, err
	}
	if err := run.columns(&w); err != nil {
		return run.report, err
	}
	good, err := run.check(ctx, o.Try, o.Partial, run.all)
	if good {
		err = run.write(ctx, run.all)
	}
	return run.report, err
}

// patternRun is an import of numbers at work.
type patternRun struct {
	reading

	to     *calling.Lists
	o      PatternsOptions
	drafts []calling.Draft
	rows   []int // of the drafts
}

// all reads the file once: to check it, or to import it.
func (r *patternRun) all(ctx context.Context) error {
	err := r.eachRow(ctx, func(row *sheet.Row) error {
		d, wrong := r.draft(row)
		if len(wrong) > 0 {
			r.refuse(row.Number, wrong...)
			return nil
		}
		if r.drafts, r.rows = append(r.drafts, d), append(r.rows, row.Number); len(r.drafts) == calling.MaxPut {
			return r.pass(ctx)
		}
		return nil
	})
	if err == nil {
		err = r.pass(ctx)
	}
	return r.over(err)
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
