package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ringback/cases"
	"ringback/cases/sheet"
)

// An import that has begun to write is kept in Cases.Dir as two files, the table and what it was taken
// for, until all of it is written. So it is finished after a crash, and nobody has half a list.

// pending is an import that has begun to write.
type pending struct {
	List    string
	Act     cases.Act
	Columns []Column
	Header  bool
	Partial bool
	Limits  sheet.Limits
}

const (
	pendingTable = ".table"
	pendingWhat  = ".json"
)

// keep puts the import into the folder and returns what takes it out again.
func (r *caseRun) keep() (done func() error, err error) {
	if r.Dir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("intake: keeping the file: %w", err)
	}
	table, err := os.CreateTemp(r.Dir, "import-*"+pendingTable)
	if err != nil {
		return nil, fmt.Errorf("intake: keeping the file: %w", err)
	}
	what := strings.TrimSuffix(table.Name(), pendingTable) + pendingWhat
	done = func() error {
		err := errors.Join(os.Remove(what), os.Remove(table.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	b, err := json.Marshal(pending{r.o.List, r.o.Act, r.mapping.columns, r.mapping.header, r.o.Partial, r.o.Limits})
	if err == nil {
		_, err = io.Copy(table, io.NewSectionReader(r.file, 0, r.file.Size))
	}
	if err == nil {
		err = table.Sync()
	}
	if err = errors.Join(err, table.Close()); err == nil {
		err = writeSynced(what, b)
	}
	if err != nil {
		_ = done() // what came before is what to tell
		return nil, fmt.Errorf("intake: keeping the file: %w", err)
	}
	return done, nil
}

// writeSynced writes a file that is on the disk, under its name, when it returns.
func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path+"~", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+"~", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Resume finishes imports that a crash or a stop cut off while they were written, and says what became of
// each; tell is told what became of cases, and may be nil. It is called once, before any other import
// begins; what it returns may then run beside others. Files of imports that had written nothing yet are dropped: whoever sent them was not told that
// they are in.
func (c *Cases) Resume(tell func([]cases.Change)) func(context.Context) ([]Report, error) {
	there, err := filepath.Glob(filepath.Join(c.Dir, "import-*"))
	return func(ctx context.Context) ([]Report, error) {
		if c.Dir == "" || err != nil {
			return nil, err
		}
		return c.resumeAll(ctx, there, tell)
	}
}

func (c *Cases) resumeAll(ctx context.Context, there []string, tell func([]cases.Change)) ([]Report, error) {
	var reports []Report
	for _, path := range there {
		if !strings.HasSuffix(path, pendingWhat) {
			continue
		}
		report, err := c.resume(ctx, path, tell)
		if err != nil {
			return reports, err
		}
		reports = append(reports, report)
	}
	for _, path := range there {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return reports, fmt.Errorf("intake: %w", err)
		}
	}
	return reports, nil
}

// resume finishes one import.
func (c *Cases) resume(ctx context.Context, path string, tell func([]cases.Change)) (Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Report{}, fmt.Errorf("intake: finishing an import: %w", err)
	}
	var p pending
	if err := json.Unmarshal(b, &p); err != nil {
		return Report{}, fmt.Errorf("intake: finishing an import: %s: %w", path, err)
	}
	name := strings.TrimSuffix(path, pendingWhat) + pendingTable
	table, err := os.Open(name)
	if err != nil {
		return Report{}, fmt.Errorf("intake: finishing an import: %w", err)
	}
	defer table.Close()
	info, err := table.Stat()
	if err != nil {
		return Report{}, fmt.Errorf("intake: finishing an import: %w", err)
	}
	run, err := c.prepare(File{table, info.Size()}, CasesOptions{List: p.List, Act: p.Act, Partial: p.Partial, Limits: p.Limits, Tell: tell})
	if err == nil {
		run.mapping = mapping{p.Columns, p.Header}
		run.report.Columns, run.report.Written = p.Columns, true
		err = run.all(ctx)
	}
	switch {
	case errors.Is(err, ErrNoList): // it was taken away since: there is nothing to finish
		run = &caseRun{}
	case err != nil:
		return Report{}, err
	}
	return run.report, errors.Join(os.Remove(path), os.Remove(name))
}
