package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"ringback/daemon"
)

type peopleCommand struct {
	List    peopleList    `cmd:"" help:"Show everybody of the directory, and whether he can log in."`
	Invite  peopleInvite  `cmd:"" help:"Make a link by which a person gives himself a password."`
	Disable peopleDisable `cmd:"" help:"Shut a person out, now."`
	Enable  peopleEnable  `cmd:"" help:"Let a person in again."`
	Unlock  peopleUnlock  `cmd:"" help:"Forgive a person his failed logins."`
	Logout  peopleLogout  `cmd:"" help:"End all sessions of a person."`
}

func (*peopleCommand) Help() string {
	return `
People are the agents of the directory, who also says which roles they have and which lists are theirs. Here is whether
they can log in. These commands ask the running daemon through its admin socket; what they do stands in the audit trail.

Examples:

    ringback people list
    ringback people invite anna
    ringback people disable bertil`
}

type peopleList struct{}

// Run prints a line each.
func (*peopleList) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		all, err := r.People(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(out, "the directory has no agents")
			return nil
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "PERSON\tNAME\tROLES\tSTATE\tLAST LOGIN\tSESSIONS")
		for i := range all {
			p := &all[i]
			state := strings.ReplaceAll(p.State, "_", " ")
			switch {
			case p.LockedUntil != nil:
				state += ", locked until " + p.LockedUntil.Local().Format(time.TimeOnly)
			case p.InvitedUntil != nil && p.State == "invited":
				state += " until " + day(p.InvitedUntil)
			case p.InvitedUntil != nil: // he may choose another password
				state += ", invited until " + day(p.InvitedUntil)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", p.ID, p.Name, strings.Join(p.Roles, " "), state, day(p.LastLogin), p.Sessions)
		}
		return w.Flush()
	})
}

// day is a time for people, a dash for none.
func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

type peopleInvite struct {
	Person string `arg:"" help:"His id in the directory."`
}

func (*peopleInvite) Help() string {
	return `
Prints a link that can be used once, to be sent to the person and nobody else: whoever has it can give himself the
person's password. It is shown this once. A person who has a password keeps it until he used the link; earlier links no
longer work. The link begins with web.url of the configuration.`
}

// Run prints the link.
func (c *peopleInvite) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	config, err := cli.load()
	if err != nil {
		return err
	}
	return ask(ctx, cli, func(r *daemon.Remote) error {
		in, err := r.Invite(ctx, c.Person)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, daemon.InvitationLink(config, in.Code))
		fmt.Fprintf(stderr, "for %s alone, once, until %s\n", in.ID, day(&in.Until))
		return nil
	})
}

// person is the argument of the commands that do one thing to a person.
type person struct {
	Person string `arg:"" help:"His id in the directory."`
}

func (c *person) change(ctx context.Context, cli *commandLine, out io.Writer, verb, done string) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		if err := r.ChangePerson(ctx, c.Person, verb); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s\n", c.Person, done)
		return nil
	})
}

type peopleDisable struct{ person }

func (*peopleDisable) Help() string {
	return `
His sessions end at once, and neither his password nor an invitation opens anything until he is enabled again. Who leaves
for good is better taken out of the directory.`
}

// Run shuts somebody out.
func (c *peopleDisable) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return c.change(ctx, cli, out, "disable", "is shut out")
}

type peopleEnable struct{ person }

// Run lets somebody in again.
func (c *peopleEnable) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return c.change(ctx, cli, out, "enable", "may log in again, with the password he had")
}

type peopleUnlock struct{ person }

func (*peopleUnlock) Help() string {
	return `
After five failed logins an account is locked for a second, and twice as long after each further one, up to a quarter
of an hour. This lets the person try again at once.`
}

// Run forgives failed logins.
func (c *peopleUnlock) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return c.change(ctx, cli, out, "unlock", "may try again")
}

type peopleLogout struct{ person }

// Run ends somebody's sessions.
func (c *peopleLogout) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return c.change(ctx, cli, out, "log-out", "has to log in again")
}
