package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"ringback/daemon"
)

// standard is the file name that means standard output, or input.
const standard = "-"

type backupCommand struct {
	File      string `arg:"" help:"Where to write it; - for standard output."`
	Overwrite bool   `help:"Replace the file if there is one."`
	Check     bool   `help:"Read the file to its end and say whether it is whole; write nothing."`
}

func (*backupCommand) Help() string {
	return `
Writes all that is stored into one file: cases with their histories, the directory and its versions, people, contacts,
live calls, statistics, webhooks that wait. A running daemon goes on working; without one the store is opened. The file is
of one moment, compressed, with a check sum, and read again before it gets its name. It has customers' numbers in it: only
you may read it, and where it is kept should be as safe as the daemon's own folder.

Not in it: the configuration and the files it names (tokens, keys, certificates, passwords), and the search index, which is made anew.

Examples:

    ringback backup /backup/ringback-$(date +%F)
    ringback backup --check /backup/ringback-2026-05-04
    ringback backup - | ssh vault 'cat > ringback.backup'`
}

// Run makes a backup or checks one.
func (c *backupCommand) Run(ctx context.Context, cli *commandLine, out io.Writer, errOut stderrWriter) error {
	if c.Check {
		b, err := daemon.CheckBackup(ctx, c.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is whole: %s, made %s by ringback %s\n", c.File, fmt.Sprintf("%d entries", b.Entries), b.Made.Format(time.RFC3339), b.Version)
		return nil
	}
	config, err := cli.load()
	if err != nil {
		return err
	}
	if c.File == standard {
		if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return errors.New("a backup is no text for a terminal; name a file, or pipe it somewhere")
		}
		b, err := daemon.WriteBackup(ctx, config, release(), out)
		if err == nil {
			fmt.Fprintln(errOut, written("standard output", b))
		}
		return err
	}
	b, err := daemon.SaveBackup(ctx, config, release(), c.File, c.Overwrite)
	if err == nil {
		fmt.Fprintln(out, written(c.File, b))
	}
	return err
}

func written(where string, b daemon.Backup) string {
	of := "the stopped daemon's store"
	if b.Running {
		of = "the running daemon"
	}
	return fmt.Sprintf("backup of %s in %s: %d entries, %d bytes, whole", of, where, b.Entries, b.Size)
}

type restoreCommand struct {
	File    string `arg:"" help:"The backup; - for standard input."`
	Replace bool   `help:"Put it in place of the data that is there, which is kept in a folder beside it."`
}

func (*restoreCommand) Help() string {
	return `
Makes data_dir what a backup holds, reads it back and compares. The daemon must be stopped, and data_dir empty unless
--replace is given. Until the backup is written and compared, nothing that is there is touched. Be the user that the
daemon runs as, or root.

Everything is then as it was when the backup was made: sessions, tokens and passwords changed since are the old ones again,
and webhooks delivered since are delivered once more, with the same ids.

Examples:

    ringback restore /backup/ringback-2026-05-04
    ringback restore --replace /backup/ringback-2026-05-04
    ssh vault 'cat ringback.backup' | ringback restore -`
}

// Run restores.
func (c *restoreCommand) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	config, err := cli.load()
	if err != nil {
		return err
	}
	in := io.Reader(os.Stdin)
	if c.File != standard {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("reading the backup: %w", err)
		}
		defer f.Close()
		in = f
	}
	done, err := daemon.Restore(ctx, config, in, c.Replace)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is as it was on %s: %d entries, compared with the backup\n", done.Dir, done.Made.Format(time.RFC3339), done.Entries)
	if done.Kept != "" {
		fmt.Fprintf(out, "what was there before is in %s; remove it when you are sure\n", done.Kept)
	}
	return nil
}
