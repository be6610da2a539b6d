package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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
	run := &contactRun{to: c, file: f, o: o, bad: map[int]bool{}}
	var err error
	if run.numbers, err = numbersOf(o.Country); err != nil {
		return Report{}, err
	}
	begin := make([]byte, 64)
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Report{}, fmt.Errorf("intake: reading the file: %w", err)
	}
	read := run.table
	if isCard(begin[:n]) {
		read = run.cards
	} else if err := run.columns(); err != nil {
		return Report{}, err
	}
	run.checking = true
	if err := run.all(ctx, read); err != nil {
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
	return *r, run.all(context.WithoutCancel(ctx), read) // from here on it is all of it
}

// contactRun is an import of contacts at work.
type contactRun struct {
	to      *contacts.Contacts
	file    File
	o       ContactsOptions
	numbers *numbers
	mapping mapping
	report  Report
	bad     map[int]bool

	checking bool
	drafts   []contacts.Draft
	rows     []int
	told     time.Time
}

func (r *contactRun) columns() error {
	w := wish{fields: contactFields}
	var err error
	if w.said, err = checkFields(r.o.Columns, contactFields); err != nil {
		return err
	}
	r.mapping, err = columnsOf(r.file, r.o.Limits, &w, r.numbers)
	r.report.Columns = r.mapping.columns
	return err
}

// reading yields the contacts of a file: the number of the row or card, the contact, what is wrong with
// it, and how far the reading is.
type reading func(yield func(row int, d contacts.Draft, wrong []Problem, at int64) error) error

// all reads the file once: to check it, or to import it.
func (r *contactRun) all(ctx context.Context, read reading) error {
	rows := 0
	err := read(func(row int, d contacts.Draft, wrong []Problem, at int64) error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("intake: stopped at row %d: %w", row, err)
		}
		rows++
		r.tell(at, rows)
		if len(wrong) > 0 {
			r.refuse(row, wrong...)
			return nil
		}
		if r.drafts, r.rows = append(r.drafts, d), append(r.rows, row); len(r.drafts) == contacts.MaxImport {
			return r.pass(ctx)
		}
		return nil
	})
	if err == nil {
		err = r.pass(ctx)
	}
	r.report.Rows = rows
	return err
}

func (r *contactRun) tell(at int64, rows int) {
	if r.o.Progress == nil || time.Since(r.told) < 100*time.Millisecond {
		return
	}
	r.told = time.Now()
	r.o.Progress(Progress{Checking: r.checking, Done: min(at, r.file.Size), Total: r.file.Size, Rows: rows, Bad: r.report.Bad})
}

// refuse notes that a row is wrong, when it is found.
func (r *contactRun) refuse(row int, problems ...Problem) {
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
func (r *contactRun) table(yield func(int, contacts.Draft, []Problem, int64) error) error {
	t, err := sheet.Open(r.file, r.file.Size, r.o.Limits)
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
		d, wrong := r.draft(&row)
		if err := yield(row.Number, d, wrong, t.Read()); err != nil {
			return err
		}
	}
	return nil
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
