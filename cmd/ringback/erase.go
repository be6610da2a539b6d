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
	"ringback/web"
)

type eraseCommand struct {
	Number     string `arg:"" help:"A number of the person, in full, as +358401234567."`
	OnlyNumber bool   `help:"Only the cases of this number: the contact that has it, and his other numbers, stay."`
	Yes        bool   `short:"y" help:"Do not ask."`
	DryRun     bool   `short:"n" help:"Show what would be erased, and erase nothing."`
}

func (*eraseCommand) Help() string {
	return `
For a person who wants his data gone. Everything that is kept of him goes: his cases, open and closed, with their
histories and notes, his contact with all its numbers, what search and the messages that wait for webhooks say of him. It
cannot be taken back. The audit trail keeps that it was done, by whom, and the ids of the cases.

What was handed out before is not reached: backups, exports, messages that were delivered. A backup that is restored
brings the person back: erase him again then.`
}

// Run shows what would go, asks, and erases it.
func (c *eraseCommand) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		o := web.EraseOptions{OnlyNumber: c.OnlyNumber, DryRun: true}
		found, err := r.Erase(ctx, c.Number, o)
		if err != nil {
			return err
		}
		if found.Contact == "" && len(found.Cases) == 0 && c.DryRun {
			fmt.Fprintln(out, "nothing is kept of this number")
			return nil
		}
		what := []string{count(len(found.Cases), "case")}
		if found.Contact != "" {
			what = append(what, "a contact with "+count(len(found.Numbers), "number"))
		}
		all := strings.Join(what, " and ")
		if c.DryRun {
			fmt.Fprintf(out, "%s would be erased\n", all)
			return nil
		}
		if !c.Yes {
			if yes, err := sure(out, "Erase "+all+" for good?"); err != nil || !yes {
				return err
			}
		}
		o.DryRun = false
		gone, err := r.Erase(ctx, c.Number, o)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s erased\n", count(len(gone.Cases), "case"))
		return nil
	})
}

// sure asks a question that only yes answers.
func sure(out io.Writer, question string) (bool, error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return false, errors.New("nobody can be asked here; look with --dry-run and give --yes")
	}
	fmt.Fprintf(out, "%s [y/N] ", question)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		fmt.Fprintln(out, "nothing was changed")
		return false, nil
	}
	return true, nil
}
