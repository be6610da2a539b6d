package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"ringback/daemon"
)

type feedsCommand struct{}

func (*feedsCommand) Help() string {
	return `
Asks the running daemon how every feed is by which calls become known: HEP sockets, the tap, and what PBXs tell by ARI, AMI,
dialog events and call hooks.`
}

// Run prints a line each.
func (*feedsCommand) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		feeds, err := r.Feeds(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FEED\tPBX\tSTATE\tLAST EVENT\tEVENTS\tREFUSED\tLAG\tGAPS\tLOST\tRECONNECTS\tDISAGREES\tWHY")
		for i := range feeds {
			f := &feeds[i]
			last := "never"
			if f.LastEvent != nil {
				last = time.Since(*f.LastEvent).Truncate(time.Second).String() + " ago"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%.3f s\t%d\t%d\t%d\t%d\t%s\n",
				f.Name, f.PBX, f.State, last, f.Events, f.Refused, f.Lag, f.Gaps, f.Lost, f.Reconnects, f.Disagreements, f.Problem)
		}
		return w.Flush()
	})
}

type checkCommand struct {
	PBX checkPBX `cmd:"" name:"pbx" help:"Say how a PBX looks to the running daemon; no call is made."`
}

type checkPBX struct {
	ID string `arg:"" optional:"" help:"Its id in the directory; without one, all."`
}

func (*checkPBX) Help() string {
	return `
Asks the running daemon what it sees of a PBX: whether the mirror is alive and shows both directions, whether phones register
in view, whether ARI, AMI, dialog events or call hooks are up, how far clocks differ, and whether datagrams are lost. What is
wrong comes with a sentence on how to mend it. The exit code is 0 when nothing is.`
}

// errUnwell is what check ends with when something is wrong.
var errUnwell = errors.New("not all is well")

// Run prints a line for each thing looked at.
func (c *checkPBX) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		checks, err := r.CheckPBX(ctx, c.ID)
		if err != nil {
			return err
		}
		well := true
		for _, x := range checks {
			mark := "ok  "
			if !x.OK {
				mark, well = "BAD ", false
			}
			fmt.Fprintf(out, "%s %-12s %-14s %s\n", mark, x.PBX, x.Name, x.Says)
			if x.Mend != "" {
				fmt.Fprintf(out, "%33s%s\n", "", x.Mend)
			}
		}
		if !well {
			return errUnwell
		}
		return nil
	})
}

type hookCommand struct {
	Test hookTest `cmd:"" help:"Send all that a sender may send, as a test, and show what becomes of it."`
}

type hookTest struct {
	ID string `arg:"" help:"Its name in call_hooks of the configuration."`
}

func (*hookTest) Help() string {
	return `
Has the running daemon send newCall, answer and hangup to its own address, form-encoded, as JSON and as CloudEvents, with the
sender's token or signature, and shows what became of each. The calls are a test: they make no case and show on no screen.`
}

// errNotTaken is what hook test ends with when an event was refused.
var errNotTaken = errors.New("not every event was taken")

// Run prints what became of each event.
func (c *hookTest) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		trials, err := r.TestCallHook(ctx, c.ID)
		if err != nil {
			return err
		}
		taken := true
		for _, t := range trials {
			taken = taken && t.Status/100 == 2
			fmt.Fprintf(out, "%-12s %-24s %d  %s\n", t.Form, t.Event, t.Status, t.Became)
			for _, s := range t.Calls {
				fmt.Fprintf(out, "%43s%s\n", "", s)
			}
		}
		if !taken {
			return errNotTaken
		}
		return nil
	})
}
