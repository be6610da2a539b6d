package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"ringback/daemon"
	"ringback/web"
)

type webhookCommand struct {
	List   webhookList   `cmd:"" help:"Show the programs told of events, and how they fare."`
	Test   webhookTest   `cmd:"" help:"Send a test to one of them."`
	Dead   webhookDead   `cmd:"" help:"List the messages that were given up."`
	Resend webhookResend `cmd:"" help:"Send messages again that were given up."`
	Enable webhookEnable `cmd:"" help:"Tell one again that answered 410."`
}

func (*webhookCommand) Help() string {
	return `
Webhooks are programs that are told of events over HTTP; the configuration names them (ringback config default), and
docs/webhooks.md describes what they get. These commands ask the running daemon through its admin socket.

Examples:

    ringback webhook list
    ringback webhook test crm
    ringback webhook dead crm
    ringback webhook resend crm`
}

type webhookList struct{}

// Run prints a line each.
func (*webhookList) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		all, err := r.Webhooks(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(out, "no webhook is configured")
			return nil
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "WEBHOOK\tWHERE\tSTATE\tWAITING\tDEAD\tWANTS")
		for i := range all {
			h := &all[i]
			wants := strings.Join(append([]string{}, h.Events...), " ")
			if wants == "" {
				wants = "everything"
			}
			if len(h.Lists) > 0 {
				wants += " of " + strings.Join(h.Lists, " ")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", h.ID, h.Host, stateOf(h, time.Now()), h.Pending, h.Dead, wants)
		}
		return w.Flush()
	})
}

// stateOf is how a webhook fares, in words.
func stateOf(h *web.Hook, now time.Time) string {
	ago := func(t time.Time) string { return now.Sub(t).Truncate(time.Second).String() + " ago" }
	switch {
	case !h.Configured:
		return "not configured any more"
	case h.Disabled != nil:
		return "disabled " + ago(*h.Disabled) + ", it answered 410"
	case h.Failure != "" && h.Next != nil && h.Next.After(now):
		return fmt.Sprintf("failing: %s; try %d in %s", h.Failure, h.Attempts+1, h.Next.Sub(now).Truncate(time.Second))
	case h.Failure != "":
		return "failing: " + h.Failure
	case h.Delivered != nil:
		return "delivered " + ago(*h.Delivered)
	}
	return "nothing sent yet"
}

type webhookTest struct {
	ID string `arg:"" help:"Its name in the configuration."`
}

func (*webhookTest) Help() string {
	return `
Sends a message of type webhook.test from the daemon, signed like all others, past those that wait. The exit code is 0 when
it was taken.`
}

// Run sends a test.
func (c *webhookTest) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		t, err := r.TestWebhook(ctx, c.ID)
		if err != nil {
			return err
		}
		if !t.Delivered {
			return fmt.Errorf("%s did not take the test: %s", c.ID, t.Failure)
		}
		fmt.Fprintf(out, "%s took the test in %.0f ms and answered %d\n", c.ID, t.Elapsed*1000, t.Status)
		return nil
	})
}

type webhookDead struct {
	ID string `arg:"" help:"Its name in the configuration."`
}

// Run prints a line each.
func (c *webhookDead) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		all, err := r.DeadLetters(ctx, c.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(out, "nothing was given up")
			return nil
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "EVENT\tTYPE\tHAPPENED\tGIVEN UP\tWHY\tTRIES\tLAST ANSWER")
		for i := range all {
			d := &all[i]
			answer := "none"
			if d.Status != 0 {
				answer = fmt.Sprint(d.Status)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.ID, d.Type, d.At.Local().Format(time.DateTime), d.Died.Local().Format(time.DateTime),
				d.Reason, d.Attempts, answer)
		}
		return w.Flush()
	})
}

type webhookResend struct {
	ID     string   `arg:"" help:"Its name in the configuration."`
	Events []string `arg:"" optional:"" help:"Ids of events, as webhook dead shows them; without any, all."`
}

// Run sends again.
func (c *webhookResend) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		n, err := r.Resend(ctx, c.ID, c.Events)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s sent again\n", count(n, "message"))
		return nil
	})
}

type webhookEnable struct {
	ID string `arg:"" help:"Its name in the configuration."`
}

// Run enables.
func (c *webhookEnable) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		if err := r.EnableWebhook(ctx, c.ID); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is told of events again\n", c.ID)
		return nil
	})
}
