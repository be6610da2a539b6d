package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"ringback/daemon"
	"ringback/directory/people"
	"ringback/web"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token for a program, and print it."`
	List   tokenList   `cmd:"" help:"Show the tokens."`
	Revoke tokenRevoke `cmd:"" help:"Make a token open nothing any more."`
}

func (*tokenCommand) Help() string {
	return `
Tokens let programs use the API: each for what its scopes say, on the lists it is kept to. The scopes are:

` + scopeTable() + `
These commands ask the running daemon through its admin socket; what they do stands in the audit trail. Tokens of the
file web.tokens_file are not among them.

Examples:

    ringback token create crm --scope=cases:read,cases:write --list=callbacks --expires=90d
    ringback token list
    ringback token revoke crm`
}

// scopeTable explains the scopes, a line each.
func scopeTable() string {
	var b strings.Builder
	for _, s := range people.Scopes() {
		fmt.Fprintf(&b, "    %-17s %s\n", s, s.What())
	}
	return b.String()
}

type tokenCreate struct {
	Name    string   `arg:"" help:"What logs and the audit trail call it."`
	Scope   []string `required:"" enum:"${scopes}" placeholder:"SCOPE" help:"What it may do; * is everything. Give several with commas."`
	List    []string `placeholder:"LIST" help:"The lists it is kept to. By default all, and those to come."`
	Expires string   `placeholder:"WHEN" help:"When it runs out, as 90d or 2027-01-31. By default never."`
}

func (*tokenCreate) Help() string {
	return `
The token is printed this once; what is kept tells nobody what it is. Nothing else is printed to standard output, so that
it can be written to a file or handed to a program.`
}

// Run makes a token and prints it.
func (c *tokenCreate) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	t := web.TokenDraft{Name: c.Name, Scopes: c.Scope, Lists: c.List}
	if c.Expires != "" {
		expires, err := expiry(c.Expires, time.Now())
		if err != nil {
			return err
		}
		t.Expires = &expires
	}
	return ask(ctx, cli, func(r *daemon.Remote) error {
		made, err := r.CreateToken(ctx, t)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, made.Secret)
		fmt.Fprintf(stderr, "token %s: %s, on %s, %s\n", made.Name, strings.Join(made.Scopes, " "), onLists(made.Lists), until(made.Expires))
		return nil
	})
}

var errExpires = errors.New("--expires is a number of days as 90d, or a date to come as 2027-01-31")

// expiry reads when something runs out: a number of days, or a date, on which it still holds.
func expiry(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 36500 {
			return time.Time{}, errExpires
		}
		return now.AddDate(0, 0, n), nil
	}
	date, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil || !date.AddDate(0, 0, 1).After(now) {
		return time.Time{}, errExpires
	}
	return date.AddDate(0, 0, 1), nil
}

func onLists(lists []string) string {
	if len(lists) == 0 {
		return "all lists"
	}
	return strings.Join(lists, " ")
}

func until(t *time.Time) string {
	if t == nil {
		return "for ever"
	}
	return "until " + day(t)
}

type tokenList struct{}

// Run prints a line each.
func (*tokenList) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		all, err := r.Tokens(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(out, "there are no tokens")
			return nil
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "TOKEN\tSCOPES\tLISTS\tMADE\tBY\tEXPIRES\tLAST USED")
		for i := range all {
			t := &all[i]
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, scopesOf(t.Scopes), onLists(t.Lists), day(&t.Created), t.By, day(t.Expires), day(t.LastUsed))
		}
		return w.Flush()
	})
}

func scopesOf(scopes []string) string {
	if len(scopes) == len(people.Scopes()) {
		return "*"
	}
	return strings.Join(scopes, " ")
}

type tokenRevoke struct {
	Name string `arg:"" help:"The token's name."`
}

// Run revokes a token.
func (c *tokenRevoke) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		if err := r.RevokeToken(ctx, c.Name); err != nil {
			return err
		}
		fmt.Fprintf(out, "token %s opens nothing any more\n", c.Name)
		return nil
	})
}

// scopeWords are all scopes, and the sign for all of them, as the command line takes them.
func scopeWords() string {
	words := make([]string, 0, len(people.Scopes())+1)
	for _, s := range people.Scopes() {
		words = append(words, string(s))
	}
	return strings.Join(append(words, "*"), ",")
}
