package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ringback/cases/intake"
	"ringback/daemon"
	"ringback/web"
)

type importCommand struct {
	Cases    importCases    `cmd:"" help:"Bring customers to call into a list, from CSV or XLSX."`
	Contacts importContacts `cmd:"" help:"Bring in names for numbers, from CSV, XLSX or vCards."`
	Numbers  importNumbers  `cmd:"" help:"Bring in numbers that are called, or not."`
}

func (*importCommand) Help() string {
	return `
Files come as people have them: CSV with any separator and encoding, XLSX, and vCard 3 or 4 for contacts. What each column
is follows from its name in English, Finnish or Swedish; --column says it where that fails, and a list remembers it. All of
the file is checked first, and every bad row is named with its column and the reason. One bad row, and nothing is
imported, unless --partial is given. Importing a file again makes nothing twice. The running daemon is asked through its
admin socket.

Examples:

    ringback import cases spring customers.xlsx
    ringback import cases spring customers.csv --column Kontakt=name --column Region=skip
    ringback import contacts addressbook.vcf --dry-run
    ringback import numbers do-not-call register.csv
    ringback import numbers personal anna.csv --agent=anna`
}

// importFlags are those of all imports.
type importFlags struct {
	Column  map[string]string `placeholder:"NAME=FIELD" help:"What a column is: number, name, topic, note, due, expires, external_id, agent, company, extra or skip. Once for each column."`
	Partial bool              `help:"Import the rows that are right, whatever the others are."`
	DryRun  bool              `short:"n" help:"Only say what would be imported, and what is wrong."`
}

type importCases struct {
	List string `arg:"" help:"The list that the cases come to."`
	File string `arg:"" help:"The file; - for standard input."`
	importFlags
}

// Run imports a file of cases.
func (c *importCases) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, c.File, daemon.ImportWish{List: c.List}, "case")
}

type importContacts struct {
	File string `arg:"" help:"The file; - for standard input."`
	importFlags
}

// Run imports a file of contacts.
func (c *importContacts) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, c.File, daemon.ImportWish{}, "contact")
}

type importNumbers struct {
	Kind  string `arg:"" enum:"do-not-call,blocked,allowed,personal" help:"The list: do-not-call, blocked, allowed, or personal with --agent."`
	File  string `arg:"" help:"The file; - for standard input. A number with * behind it, as +358600*, stands for all that begin so."`
	Agent string `help:"Whose personal list."`
	importFlags
}

// Run imports a file of numbers that are called or not.
func (c *importNumbers) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, c.File, daemon.ImportWish{Numbers: c.Kind, Agent: c.Agent}, "number")
}

// run sends the file, shows how far it is and tells what came of it.
func (f *importFlags) run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter, path string, wish daemon.ImportWish, thing string) error {
	wish.Columns, wish.Partial, wish.DryRun = f.Column, f.Partial, f.DryRun
	file := io.Reader(os.Stdin)
	if path != standard {
		opened, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("reading the file: %w", err)
		}
		defer opened.Close()
		file = opened
	}
	return ask(ctx, cli, func(r *daemon.Remote) error {
		bar := newProgress(stderr)
		defer bar.clear()
		i, err := r.Import(ctx, file, wish)
		if err != nil {
			return err
		}
		if i, err = follow(ctx, r, bar, i); err != nil {
			return err
		}
		bar.clear()
		return f.tell(out, stderr, &i, thing)
	})
}

// follow shows how far an import is until it is over. When the command is stopped, so is the import.
func follow(ctx context.Context, r *daemon.Remote, bar *progress, i web.Import) (web.Import, error) {
	const often = 200 * time.Millisecond
	timer := time.NewTicker(often)
	defer timer.Stop()
	for i.Ended == nil {
		// Checking is the first half of the way.
		done := i.Progress.Done
		if !i.Progress.Checking {
			done += i.Progress.Total
		}
		bar.show(done, 2*i.Progress.Total)
		select {
		case <-ctx.Done():
			left := context.WithoutCancel(ctx)
			return i, errors.Join(errors.New("stopped; what was written until then stays, and importing the file again makes nothing twice"), r.CancelImport(left, i.ID))
		case <-timer.C:
		}
		var err error
		if i, err = r.ImportState(ctx, i.ID); err != nil && ctx.Err() == nil {
			return i, err
		}
	}
	return i, nil
}

// tell prints what an import did, or why it did nothing.
func (f *importFlags) tell(out io.Writer, stderr stderrWriter, i *web.Import, thing string) error {
	report := i.Report
	if report == nil {
		report = &web.ImportReport{}
	}
	for _, c := range report.Columns {
		if f.DryRun {
			fmt.Fprintf(out, "column %s: %s (%s)\n", c.Name, c.Field, c.Why)
		}
	}
	for _, p := range report.Problems {
		fmt.Fprintln(stderr, intake.Problem(p))
	}
	if report.More > 0 {
		fmt.Fprintf(stderr, "and %s more\n", count(report.More, "problem"))
	}
	switch i.State {
	case "failed":
		_, sentence, _ := strings.Cut(i.Failure, ": ") // without the package that says so
		return errors.New(cmp.Or(sentence, i.Failure))
	case "cancelled":
		return errors.New("the import was stopped; what was written until then stays")
	case "refused":
		if f.DryRun {
			break
		}
		return fmt.Errorf("%s of %d %s wrong, nothing was imported; mend the file, or give --partial for the others",
			count(report.Bad, "row"), report.Rows, is(report.Bad))
	}
	if f.DryRun {
		fmt.Fprintf(out, "%s read, %d wrong; this was a try, nothing was imported\n", count(report.Rows, "row"), report.Bad)
		if report.Bad > 0 && !f.Partial {
			return fmt.Errorf("%s %s wrong", count(report.Bad, "row"), is(report.Bad))
		}
		return nil
	}
	parts := []string{count(report.Made, thing) + " made"}
	for _, p := range []struct {
		n    int
		what string
	}{{report.Changed, "changed"}, {report.There, "there already"}, {report.Bad, "wrong and left out"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	fmt.Fprintf(out, "%s of %s\n", strings.Join(parts, ", "), count(report.Rows, "row"))
	return nil
}

func is(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
