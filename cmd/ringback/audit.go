package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ringback/daemon"
	"ringback/web"
)

type auditCommand struct {
	List   auditList   `cmd:"" help:"Show who did what, the latest first."`
	Verify auditVerify `cmd:"" help:"Say whether the trail is as it was written."`
}

func (*auditCommand) Help() string {
	return `
The audit trail has an entry for every change that a person, a program or an operator made, and for every login, kept or
refused. It names cases by their ids and no customer. Nothing of it can be changed.

Examples:

    ringback audit list
    ringback audit list --by="person anna" --from=2026-11-20
    ringback audit list --action=session.login --result=refused
    ringback audit list --object="list callbacks"
    ringback audit verify`
}

type auditList struct {
	By     string `placeholder:"WHO" help:"Only by this one, as 'person anna', or kind, as token."`
	Action string `placeholder:"ACTION" help:"Only this, as session.login, or this kind, as session."`
	Object string `placeholder:"OBJECT" help:"Only on this, as 'list callbacks', or on this kind, as list."`
	Result string `enum:",refused,failed" default:"" help:"Only what was refused, or failed."`
	From   string `placeholder:"DATE" help:"Only on this day and later, as 2026-11-20."`
	To     string `placeholder:"DATE" help:"Only before this day."`
	Limit  int    `default:"100" help:"How many at most."`
	JSON   bool   `name:"json" help:"A line of JSON each."`
}

// Run prints the entries.
func (c *auditList) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	query := url.Values{}
	for key, value := range map[string]string{"by": c.By, "action": c.Action, "object": c.Object, "result": c.Result} {
		if value != "" {
			query.Set(key, value)
		}
	}
	for key, value := range map[string]string{"from": c.From, "to": c.To} {
		if value == "" {
			continue
		}
		at, err := time.ParseInLocation(time.DateOnly, value, time.Local)
		if err != nil {
			return fmt.Errorf("--%s is a date, as 2026-11-20", key)
		}
		query.Set(key, at.UTC().Format(time.RFC3339))
	}
	return ask(ctx, cli, func(r *daemon.Remote) error {
		entries, err := r.Audit(ctx, query, max(c.Limit, 1))
		if err != nil {
			return err
		}
		if c.JSON {
			lines := json.NewEncoder(out)
			for i := range entries {
				if err := lines.Encode(&entries[i]); err != nil {
					return err
				}
			}
			return nil
		}
		return printAudit(out, entries)
	})
}

func printAudit(out io.Writer, entries []web.AuditEntry) error {
	if len(entries) == 0 {
		fmt.Fprintln(out, "nothing of the kind was done")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHEN\tWHO\tWHAT\tON\tRESULT")
	for i := range entries {
		e := &entries[i]
		parts := slices.DeleteFunc([]string{strings.TrimSpace(e.Result + " " + e.Reason), e.Detail, e.Peer}, func(s string) bool { return s == "" })
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.At.Local().Format(time.DateTime), e.By, e.Action, e.Object, strings.Join(parts, ", "))
	}
	return w.Flush()
}

type auditVerify struct{}

func (*auditVerify) Help() string {
	return `
Every entry holds the check sum of the one before it. This reads them all, and fails at the first that was changed or taken
out behind the daemon's back. Who can write the store can also write a whole new trail: keep what this prints, and copies.`
}

// Run reads the whole trail.
func (*auditVerify) Run(ctx context.Context, cli *commandLine, out io.Writer) error {
	return ask(ctx, cli, func(r *daemon.Remote) error {
		n, err := r.VerifyAudit(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d entries, as they were written\n", n)
		return nil
	})
}
