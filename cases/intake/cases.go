package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"ringback/cases"
	"ringback/cases/sheet"
	"ringback/directory"
)

// File is what is imported. It must not change meanwhile.
type File struct {
	io.ReaderAt

	Size int64
}

// CasesOptions say how a file of cases is imported.
type CasesOptions struct {
	List    string
	Act     cases.Act         // who imports, and when; its ID is not used
	Columns map[string]string // what columns are, by their names; the others are remembered or guessed
	Partial bool              // import the rows that are right, whatever the others are
	Try     bool              // write nothing, only tell
	Limits  sheet.Limits

	Progress func(Progress)       // told now and then; may be nil
	Tell     func([]cases.Change) // told what became of cases; may be nil
}

// Cases imports files of cases.
type Cases struct {
	Cases     *cases.Cases
	Directory func() *directory.Directory
	Memory    *Memory
	Dir       string // of imports that are being written, for Resume; empty: none are kept
}

// Import imports a file for a list. An error means that the file cannot be read, or that the store failed;
// what the store did not take then, Resume makes it take, or importing the file again. ctx ends the
// checking; what has begun to be written is written. Rows that are wrong are no error: the report has
// them.
func (c *Cases) Import(ctx context.Context, f File, o CasesOptions) (Report, error) {
	run, err := c.begin(f, o)
	if err != nil {
		return Report{}, err
	}
	good, err := run.check(ctx, o.Try, o.Partial, run.all)
	if err != nil || !good {
		return run.report, err
	}
	if err := c.Memory.Remember(ctx, o.List, run.report.Columns); err != nil {
		return run.report, err
	}
	if err := ctx.Err(); err != nil {
		return run.report, fmt.Errorf("intake: stopped: %w", err)
	}
	done, err := run.keep()
	if err != nil {
		return run.report, err
	}
	if err := run.write(ctx, run.all); err != nil {
		return run.report, err // what is kept is finished by Resume
	}
	return run.report, done()
}

// caseRun is an import at work.
type caseRun struct {
	reading
	*Cases

	o      CasesOptions
	list   *directory.List
	dir    *directory.Directory
	drafts []cases.Draft
	rows   []int          // of the drafts
	seen   map[uint64]int // the row of each number and external id
	seed   maphash.Seed
}

// sampled is how many rows are looked at to find out what the columns are.
const sampled = 50

func (c *Cases) begin(f File, o CasesOptions) (*caseRun, error) {
	run, err := c.prepare(f, o)
	if err != nil {
		return nil, err
	}
	w := wish{fields: caseFields, extra: true}
	if w.said, err = checkFields(o.Columns, caseFields); err != nil {
		return nil, err
	}
	if w.remembered, err = c.Memory.Columns(o.List); err != nil {
		return nil, err
	}
	return run, run.columns(&w)
}

// prepare is an import whose columns are not known yet.
func (c *Cases) prepare(f File, o CasesOptions) (*caseRun, error) {
	dir := c.Directory()
	list, ok := dir.List(o.List)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoList, o.List)
	}
	n, err := numbersOf(dir.Country(o.List))
	return &caseRun{
		Cases: c, o: o, list: list, dir: dir, seed: maphash.MakeSeed(),
		reading: reading{file: f, limits: o.Limits, progress: o.Progress, numbers: n, bad: map[int]bool{}},
	}, err
}

// columnsOf looks at the first rows of a file.
func columnsOf(f File, l sheet.Limits, w *wish, n *numbers) (mapping, error) {
	t, err := sheet.Open(f, f.Size, l)
	if err != nil {
		return mapping{}, err
	}
	defer t.Close()
	var rows [][]string
	for r, err := range t.Rows() {
		if err != nil {
			return mapping{}, err
		}
		if rows = append(rows, slices.Clone(r.Cells)); len(rows) == sampled {
			break
		}
	}
	if len(rows) == 0 {
		return mapping{}, ErrEmpty
	}
	return w.decide(rows, func(cell string) bool { _, err := n.pattern(cell); return err == nil })
}

// atOnce is how many rows are handed on together.
const atOnce = 1000

// all reads the file once: to check it, or to import it.
func (r *caseRun) all(ctx context.Context) error {
	r.seen = map[uint64]int{}
	err := r.eachRow(ctx, func(row *sheet.Row) error {
		if r.take(row); len(r.drafts) == atOnce {
			return r.pass(ctx)
		}
		return nil
	})
	if err == nil {
		err = r.pass(ctx)
	}
	return r.over(err)
}

// take makes a draft of a row, or notes what is wrong with it.
func (r *caseRun) take(row *sheet.Row) {
	d, problems := r.draft(row)
	if problems = append(problems, r.twice(row.Number, &d)...); len(problems) > 0 {
		if r.checking {
			r.refuse(row.Number, problems...)
		}
		return
	}
	r.drafts, r.rows = append(r.drafts, d), append(r.rows, row.Number)
}

// twice finds rows that say the same case again.
func (r *caseRun) twice(row int, d *cases.Draft) []Problem {
	var all []Problem
	look := func(field, what string, key ...string) {
		h := maphash.String(r.seed, strings.Join(key, "\x00"))
		if before, again := r.seen[h]; again {
			all = append(all, Problem{Column: r.columnOf(field), Reason: fmt.Sprintf("%s is in row %d already", what, before)})
			return
		}
		r.seen[h] = row
	}
	if d.ExternalID != "" {
		look(FieldExternal, "this "+FieldExternal, "x", d.ExternalID)
	}
	if d.Number != 0 && !r.dir.SharedNumber(d.Number) {
		look(FieldNumber, "this number", "n", d.Number.String())
	}
	return all
}

// columnOf is the name of the first column that is a field.
func (r *caseRun) columnOf(field string) string {
	for _, c := range r.mapping.columns {
		if c.Field == field {
			return c.Name
		}
	}
	return ""
}

// draft makes a case of a row.
func (r *caseRun) draft(row *sheet.Row) (d cases.Draft, problems []Problem) {
	d = cases.Draft{List: r.o.List, Channel: cases.ChannelImport}
	wrong := func(c *Column, err error) { problems = append(problems, Problem{Column: c.Name, Reason: err.Error()}) }
	var names, notes []string
	var number error // of the first cell that is none
	var numberColumn *Column
	for i, cell := range row.Cells {
		if cell == "" || i >= len(r.mapping.columns) {
			continue
		}
		c := &r.mapping.columns[i]
		switch c.Field {
		case FieldNumber:
			n, err := r.numbers.number(cell)
			if err == nil && d.Number == 0 {
				d.Number = n
			} else if err != nil && numberColumn == nil {
				number, numberColumn = err, c
			}
		case FieldName:
			names = append(names, cell)
		case FieldTopic:
			d.Topic = cell
		case FieldNote:
			notes = append(notes, cell)
		case FieldExternal:
			d.ExternalID = cell
		case FieldAgent:
			id, err := r.agent(cell)
			if d.Personal = id; err != nil {
				wrong(c, err)
			}
		case FieldDue, FieldExpires:
			if err := r.time(&d, c.Field, cell); err != nil {
				wrong(c, err)
			}
		case FieldExtra:
			if d.Fields == nil {
				d.Fields = map[string]string{}
			}
			d.Fields[r.fieldName(i)] = cell
		}
	}
	d.Name, d.Note = strings.Join(names, " "), strings.Join(notes, "\n")
	switch {
	case d.Number != 0:
	case number != nil:
		wrong(numberColumn, number)
	default:
		problems = append(problems, Problem{Column: r.columnOf(FieldNumber), Reason: "there is no telephone number"})
	}
	return d, problems
}

// fieldName is what an extra column is kept under: its name, with its letter when another has that too.
func (r *caseRun) fieldName(i int) string {
	name := r.mapping.columns[i].Name
	same := slices.IndexFunc(r.mapping.columns, func(c Column) bool { return c.Name == name })
	if same < i {
		name += " (" + sheet.ColumnName(i) + ")"
	}
	return name
}

// time reads when a case is due or expires. A day alone is due when the list opens on it, and expires when
// it is over.
func (r *caseRun) time(d *cases.Draft, field, cell string) error {
	t, day, err := timeOf(cell, r.dir.Country(r.o.List), r.list.Hours.Location())
	switch {
	case err != nil:
		return err
	case field == FieldDue && day:
		t = r.list.Hours.NextOpen(t)
	case field == FieldExpires && day:
		t = t.AddDate(0, 0, 1)
	}
	if field == FieldDue {
		d.Due = t
	} else {
		d.Expires = t
		if !t.After(r.o.Act.At) {
			return fmt.Errorf("%q is over", short(cell))
		}
	}
	return nil
}

// agent finds an agent by his id or name.
func (r *caseRun) agent(cell string) (string, error) {
	if a, ok := r.dir.Agent(cell); ok {
		return a.ID, nil
	}
	found := ""
	for i := range r.dir.File().Agents {
		a := &r.dir.File().Agents[i]
		if foldName(a.Name) != foldName(cell) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("several agents are called %q; write an id", short(cell))
		}
		found = a.ID
	}
	if found == "" {
		return "", fmt.Errorf("nobody in the directory has the id or name %q", short(cell))
	}
	return found, nil
}

// pass hands the rows gathered on to the cases.
func (r *caseRun) pass(ctx context.Context) error {
	if len(r.drafts) == 0 {
		return nil
	}
	act := r.o.Act
	act.ID = nameOf(r.drafts)
	made := 0
	tell := func(changes []cases.Change) {
		for i := range changes {
			if changes[i].Event == cases.Opened {
				made++
			}
		}
		if r.o.Tell != nil {
			r.o.Tell(changes)
		}
	}
	outcomes, err := r.Cases.Cases.Import(ctx, act, r.drafts, r.checking, tell)
	if err != nil {
		return fmt.Errorf("intake: at row %d: %w", r.rows[min(len(outcomes), len(r.rows)-1)], err)
	}
	for i := range outcomes {
		switch {
		case outcomes[i].Err == nil:
			r.report.There++
		case !r.bad[r.rows[i]]:
			r.refuse(r.rows[i], r.explain(outcomes[i].Err))
		}
	}
	if r.checking {
		r.report.Made, r.report.There = 0, 0
	} else {
		r.report.Made += made
		r.report.There -= made
	}
	r.drafts, r.rows = r.drafts[:0], r.rows[:0]
	return nil
}

// nameOf names the act of making these cases: the same rows of a file imported again are the same act, so
// that what was made of them is not made again.
func nameOf(drafts []cases.Draft) string {
	h := sha256.New()
	for i := range drafts {
		fmt.Fprintf(h, "%q\n", fmt.Sprint(drafts[i])) // maps are printed in the order of their keys
	}
	return "import/" + hex.EncodeToString(h.Sum(nil)[:16])
}

// explain says why a row was refused, in words for whoever mends the file.
func (r *caseRun) explain(err error) Problem {
	switch {
	case errors.Is(err, cases.ErrOtherOpen):
		p := Problem{Column: r.columnOf(FieldNumber), Reason: "the number has an open case on the list"}
		if refusal, ok := errors.AsType[*cases.Refusal](err); ok && refusal.Other != "" {
			p.Reason += ": " + refusal.Other
		}
		return p
	case errors.Is(err, cases.ErrNotMember):
		return Problem{Column: r.columnOf(FieldAgent), Reason: "the agent is not a member of the list"}
	}
	p := Problem{Reason: strings.TrimPrefix(strings.TrimPrefix(err.Error(), cases.ErrInput.Error()+": "), "cases: ")}
	if at, ok := errors.AsType[*cases.FieldError](err); ok {
		p.Column = r.columnOf(at.Field)
	}
	return p
}
