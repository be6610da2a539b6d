package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ringback/cases/sheet"
	"ringback/directory"
	"ringback/directory/contacts"
)

// ContactsOptions say how a file of contacts is imported.
type ContactsOptions struct {
	Act     contacts.Act
	Country directory.Country // whose national form numbers have; empty: only numbers in full are read
	Columns map[string]string // what columns are, by their names; the others are guessed
	Partial bool              // import the rows that are right, whatever the others are
	Try     bool              // write nothing, only tell
	Limits  sheet.Limits

	Progress func(Progress) // told now and then; may be nil
}

// Contacts imports a file of contacts, a table or vCards. Errors are as of Cases.Import.
func Contacts(ctx context.Context, c *contacts.Contacts, f File, o ContactsOptions) (Report, error) {
	run := &contactRun{to: c, o: o, reading: reading{file: f, limits: o.Limits, progress: o.Progress, bad: map[int]bool{}}}
	var err error
	if run.numbers, err = numbersOf(o.Country); err != nil {
		return Report{}, err
	}
	begin := make([]byte, 64)
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Report{}, fmt.Errorf("intake: reading the file: %w", err)
	}
	run.each = run.cards
	if !isCard(begin[:n]) {
		run.each = run.table
		w := wish{fields: contactFields}
		if w.said, err = checkFields(o.Columns, contactFields); err != nil {
			return Report{}, err
		}
		if err := run.columns(&w); err != nil {
			return Report{}, err
		}
	}
	good, err := run.check(ctx, o.Try, o.Partial, run.all)
	if good {
		err = run.write(ctx, run.all)
	}
	return run.report, err
}

// contactRun is an import of contacts at work.
type contactRun struct {
	reading

	to     *contacts.Contacts
	o      ContactsOptions
	each   func(context.Context) error // hands the contacts of the file to take
	drafts []contacts.Draft
	rows   []int // of the drafts
}

// all reads the file once: to check it, or to import it.
func (r *contactRun) all(ctx context.Context) error {
	err := r.each(ctx)
	if err == nil {
		err = r.pass(ctx)
	}
	return r.over(err)
}

// take takes a contact of a row or card, or what is wrong with it.
func (r *contactRun) take(ctx context.Context, row int, d contacts.Draft, wrong []Problem) error {
	if len(wrong) > 0 {
		r.refuse(row, wrong...)
		return nil
	}
	if r.drafts, r.rows = append(r.drafts, d), append(r.rows, row); len(r.drafts) == contacts.MaxImport {
		return r.pass(ctx)
	}
	return nil
}

// pass hands the contacts gathered on.
func (r *contactRun) pass(ctx context.Context) error {
	if len(r.drafts) == 0 {
		return nil
	}
	var outcomes []contacts.Outcome
	var err error
	if r.checking {
		outcomes, err = r.to.Check(r.drafts)
	} else {
		outcomes, err = r.to.Import(ctx, r.o.Act, r.drafts, false)
	}
	if err != nil {
		return fmt.Errorf("intake: at row %d: %w", r.rows[0], err)
	}
	for i := range outcomes {
		switch o := &outcomes[i]; {
		case o.Err != nil:
			r.refuse(r.rows[i], Problem{Reason: plain(o.Err)})
		case o.Result == contacts.Created:
			r.report.Made++
		case o.Result == contacts.Updated:
			r.report.Changed++
		default:
			r.report.There++
		}
	}
	r.drafts, r.rows = r.drafts[:0], r.rows[:0]
	return nil
}

// plain is an error of package contacts in words for whoever mends the file.
func plain(err error) string {
	if taken, ok := errors.AsType[*contacts.TakenError](err); ok {
		if taken.Number == 0 {
			return "the external id is another contact's: " + taken.Contact
		}
		return fmt.Sprintf("%s is another contact's: %s", taken.Number, taken.Contact)
	}
	return strings.TrimPrefix(err.Error(), contacts.ErrInput.Error()+": ")
}

// table reads the contacts of a table.
func (r *contactRun) table(ctx context.Context) error {
	return r.eachRow(ctx, func(row *sheet.Row) error {
		d, wrong := r.draft(row)
		return r.take(ctx, row.Number, d, wrong)
	})
}

// draft makes a contact of a row.
func (r *contactRun) draft(row *sheet.Row) (d contacts.Draft, wrong []Problem) {
	var names []string
	for i, cell := range row.Cells {
		if cell == "" || i >= len(r.mapping.columns) {
			continue
		}
		switch c := &r.mapping.columns[i]; c.Field {
		case FieldNumber:
			n, err := r.numbers.number(cell)
			if err != nil {
				wrong = append(wrong, Problem{Column: c.Name, Reason: err.Error()})
				continue
			}
			d.Numbers = append(d.Numbers, n)
		case FieldName:
			names = append(names, cell)
		case FieldCompany:
			d.Company = cell
		case FieldExternal:
			d.ExternalID = cell
		}
	}
	d.Name = strings.Join(names, " ")
	return d, wrong
}
