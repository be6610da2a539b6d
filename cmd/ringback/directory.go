package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"ringback/daemon"
	"ringback/directory"
)

type directoryCommand struct {
	Check  directoryCheck  `cmd:"" help:"Say whether a directory file is right, and what to mend."`
	Import directoryImport `cmd:"" help:"Put a directory file in force, after showing what it changes."`
	Export directoryExport `cmd:"" help:"Print the directory in force."`
}

func (*directoryCommand) Help() string {
	return `
The directory says who and what: PBXs, trunks, services, agents and their phones, callback lists and their policies,
opening hours. It is kept with the cases. A running daemon is reached through its admin socket and goes on working with
the new directory at once; without one, the store in data_dir is changed itself.

Examples:

    ringback directory check centre.yaml
    ringback directory import centre.yaml
    ringback directory export > in-force.yaml`
}

type directoryCheck struct {
	File string `arg:"" help:"The directory file."`
}

// Run checks one file.
func (c *directoryCheck) Run(out io.Writer) error {
	f, _, err := readDirectory(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is right: %s\n", c.File, strings.Join([]string{
		count(len(f.Services), "service"), count(len(f.Agents), "agent"), count(len(f.Lists), "list"),
	}, ", "))
	return nil
}

type directoryImport struct {
	File   string `arg:"" help:"The directory file."`
	Yes    bool   `short:"y" help:"Do not ask."`
	DryRun bool   `short:"n" help:"Show what would change, and change nothing."`
}

func (*directoryImport) Help() string {
	return `
What changes is shown first: + is added, - is removed, ~ is changed. Either all of it takes effect or nothing. When
somebody else changed the directory since it was shown, nothing is changed. The file is what the directory becomes: what
is not in it goes. Without a running daemon, be the user that it runs as: files of another one would keep it from starting.`
}

// Run shows the difference, asks, and applies it.
func (c *directoryImport) Run(ctx context.Context, cli *commandLine, out io.Writer) (err error) {
	loaded, yaml, err := readDirectory(c.File)
	if err != nil {
		return err
	}
	config, err := cli.load()
	if err != nil {
		return err
	}
	keeper, err := daemon.OpenKeeper(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	was, version, err := keeper.Directory(ctx)
	if err != nil {
		return err
	}
	inForce, err := directory.Parse("the directory in force", was)
	if err != nil {
		return err
	}
	changes := directory.Diff(inForce, loaded)
	for _, change := range changes {
		fmt.Fprintln(out, change)
	}
	switch {
	case len(changes) == 0:
		fmt.Fprintln(out, "nothing changes")
		return nil
	case c.DryRun:
		fmt.Fprintf(out, "%s would be made\n", count(len(changes), "change"))
		return nil
	case !c.Yes:
		if !term.IsTerminal(int(os.Stdin.Fd())) {
			return errors.New("nobody can be asked here; look at the changes and give --yes")
		}
		fmt.Fprintf(out, "Make %s? [y/N] ", count(len(changes), "change"))
		answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading the answer: %w", err)
		}
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			fmt.Fprintln(out, "nothing was changed")
			return nil
		}
	}
	version, err = keeper.SetDirectory(ctx, yaml, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s made, version %s of the directory is in force\n", count(len(changes), "change"), version)
	return nil
}

type directoryExport struct{}

func (*directoryExport) Help() string {
	return `
Comments of the file it came from are not kept, and numbers are written in full, with + and country code.`
}

// Run prints the directory.
func (*directoryExport) Run(ctx context.Context, cli *commandLine, out io.Writer) (err error) {
	config, err := cli.load()
	if err != nil {
		return err
	}
	keeper, err := daemon.OpenKeeper(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	yaml, _, err := keeper.Directory(ctx)
	if err != nil {
		return err
	}
	_, err = out.Write(yaml)
	return err
}

// readDirectory reads and checks a directory file.
func readDirectory(path string) (*directory.File, []byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the directory: %w", err)
	}
	f, err := directory.Parse(path, text)
	if err != nil {
		return nil, nil, err
	}
	if _, err := directory.New(f); err != nil {
		return nil, nil, err
	}
	return f, text, nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
