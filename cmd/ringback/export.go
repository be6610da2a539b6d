package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"ringback/cases/sheet"
	"ringback/daemon"
)

type exportCommand struct {
	Cases      exportCases      `cmd:"" help:"Write the cases of lists."`
	History    exportHistory    `cmd:"" help:"Write what happened to the cases of lists."`
	Statistics exportStatistics `cmd:"" help:"Write what became of cases, by list, reason, hour or day."`
	Contacts   exportContacts   `cmd:"" help:"Write all contacts."`
	Numbers    exportNumbers    `cmd:"" help:"Write a list of numbers that are called, or not."`
}

func (*exportCommand) Help() string {
	return `
Writes a table as CSV, XLSX or JSON: the format is that of the file's name, or of --format. CSV is safe to open in a
spreadsheet: what would be a formula begins with an apostrophe, which an import takes away again. The running daemon is
asked through its admin socket. What is written has customers' numbers in it.

Examples:

    ringback export cases --list=spring spring.xlsx
    ringback export history --from=2026-11-01 --to=2026-12-01 november.csv
    ringback export statistics --by=list --format=json | jq .`
}

// exportFlags are those of all exports.
type exportFlags struct {
	File   string `arg:"" optional:"" default:"-" help:"Where to write it; - for standard output, which is what it is without."`
	Format string `placeholder:"csv" help:"csv, xlsx or json; by default what the file's name ends with."`
	Zone   string `placeholder:"ZONE" help:"Time zone of times in CSV and XLSX, as Europe/Helsinki; by default that of this machine."`

	more url.Values // to be asked for beside what the flags say
}

// chosenFlags choose cases.
type chosenFlags struct {
	List []string `help:"Only of this list. Several times for several; by default all."`
	From string   `placeholder:"DAY" help:"Only cases opened on this day or later, as 2026-11-20, or at a time as 2026-11-20T14:00:00+02:00."`
	To   string   `placeholder:"DAY" help:"Only cases opened before this day or time."`
}

type exportCases struct {
	exportFlags
	chosenFlags
	State string `enum:"open,closed,all" default:"all" help:"Only open, or closed, cases."`
}

// Run exports cases.
func (c *exportCases) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, "cases", &c.chosenFlags, c.State, "")
}

type exportHistory struct {
	exportFlags
	chosenFlags
	State string `enum:"open,closed,all" default:"all" help:"Only of open, or closed, cases."`
}

// Run exports histories.
func (c *exportHistory) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, "history", &c.chosenFlags, c.State, "")
}

type exportStatistics struct {
	exportFlags
	chosenFlags
	By string `enum:"all,list,reason,hour,day" default:"list" help:"What each row is about: all, list, reason, hour or day."`
}

// Run exports statistics.
func (c *exportStatistics) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, "statistics", &c.chosenFlags, "", c.By)
}

type exportContacts struct{ exportFlags }

// Run exports contacts.
func (c *exportContacts) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	return c.run(ctx, cli, out, stderr, "contacts", &chosenFlags{}, "", "")
}

type exportNumbers struct {
	Kind  string `arg:"" enum:"do-not-call,blocked,allowed,personal" help:"The list: do-not-call, blocked, allowed, or personal with --agent."`
	Agent string `help:"Whose personal list."`
	exportFlags
}

// Run exports a list of numbers.
func (c *exportNumbers) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	c.more = url.Values{"kind": {c.Kind}}
	if c.Agent != "" {
		c.more.Set("agent", c.Agent)
	}
	return c.run(ctx, cli, out, stderr, "numbers", &chosenFlags{}, "", "")
}

// run asks for a table and writes it.
func (f *exportFlags) run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter, what string, chosen *chosenFlags, state, by string) (err error) {
	query, err := f.query(chosen, state, by)
	if err != nil {
		return err
	}
	if f.File == standard {
		if t, ok := out.(*os.File); ok && query.Get("format") == sheet.XLSX.String() && term.IsTerminal(int(t.Fd())) {
			return errors.New("a spreadsheet is no text for a terminal; name a file, or pipe it somewhere")
		}
		return ask(ctx, cli, func(r *daemon.Remote) error { return r.Export(ctx, what, query, out) })
	}
	return ask(ctx, cli, func(r *daemon.Remote) (err error) {
		// The file gets its name when it is whole: half an export looks like a whole one.
		file, err := os.CreateTemp(filepath.Dir(f.File), "."+filepath.Base(f.File)+"-*")
		if err != nil {
			return fmt.Errorf("writing the file: %w", err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, os.Remove(file.Name()))
			}
		}()
		bar := newProgress(stderr)
		defer bar.clear()
		if err := r.Export(ctx, what, query, &barred{to: file, bar: bar}); err != nil {
			return errors.Join(err, file.Close())
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return fmt.Errorf("writing the file: %w", err)
		}
		return os.Rename(file.Name(), f.File)
	})
}

// query is what the flags ask for.
func (f *exportFlags) query(chosen *chosenFlags, state, by string) (url.Values, error) {
	query := url.Values{}
	maps.Copy(query, f.more)
	format := f.Format
	if format == "" {
		format = strings.TrimPrefix(filepath.Ext(f.File), ".")
	}
	if format == "" {
		format = sheet.CSV.String()
	}
	known, ok := sheet.ParseFormat(format)
	if !ok {
		return nil, fmt.Errorf("%q is no format of tables; give --format=csv, xlsx or json", format)
	}
	query.Set("format", known.String())
	zone := time.Local
	if f.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(f.Zone); err != nil {
			return nil, fmt.Errorf("there is no time zone %s", f.Zone)
		}
	}
	if zone.String() != "Local" {
		query.Set("zone", zone.String())
	}
	if len(chosen.List) > 0 {
		query.Set("lists", strings.Join(chosen.List, ","))
	}
	for key, text := range map[string]string{"from": chosen.From, "to": chosen.To} {
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t, err = time.ParseInLocation(time.DateOnly, text, zone)
		}
		if err != nil {
			return nil, fmt.Errorf("--%s is a day as 2026-11-20 or a time as 2026-11-20T14:00:00+02:00", key)
		}
		query.Set(key, t.Format(time.RFC3339))
	}
	if state != "" && state != "all" {
		query.Set("state", state)
	}
	if by != "" {
		query.Set("by", by)
	}
	return query, nil
}

// barred shows how much was written. Nobody knows how much there will be.
type barred struct {
	to   io.Writer
	bar  *progress
	done int64
}

// Write implements io.Writer.
func (b *barred) Write(p []byte) (int, error) {
	n, err := b.to.Write(p)
	b.done += int64(n)
	b.bar.show(b.done, 0)
	return n, err
}
