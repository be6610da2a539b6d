package export

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"ringback/cases"
	"ringback/cases/sheet"
	"ringback/directory/contacts"
	"ringback/sip"
)

// Options say what is written, and how. Lists is required for all but contacts.
type Options struct {
	Format sheet.Format
	Zone   *time.Location // of times in CSV and XLSX; nil: UTC
	Lists  []string       // whose cases
	State  cases.State    // of cases and histories; StateUnknown: both
	From   time.Time      // cases opened from then on; zero: from the first
	To     time.Time      // and before; zero: to the last

	// Named tells what a contact calls whoever has a number, for cases without a name; nil: nobody knows.
	Named func(sip.Number) string
	// Rows is told how many rows were written, now and then; may be nil.
	Rows func(n int)
}

// has says whether a case is wanted.
func (o *Options) has(c *cases.Case) bool {
	return slices.Contains(o.Lists, c.List) &&
		(o.State == cases.StateUnknown || c.State == o.State) &&
		(o.From.IsZero() || !c.Opened.Before(o.From)) && (o.To.IsZero() || c.Opened.Before(o.To))
}

// chosen yields the cases that are wanted, in about the order in which they were opened.
func (o *Options) chosen(ctx context.Context, c *cases.Cases) iter.Seq2[*cases.Case, error] {
	return func(yield func(*cases.Case, error) bool) {
		for one, err := range c.All("") {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, fmt.Errorf("export: reading cases: %w", err))
				return
			}
			if o.has(&one) && !yield(&one, nil) {
				return
			}
		}
	}
}

// table is a table being written.
type table struct {
	sheet.Writer

	rows int
	tell func(int)
}

func (o *Options) begin(w io.Writer, columns []string) (*table, error) {
	out, err := sheet.NewWriter(w, o.Format, columns, o.Zone)
	return &table{Writer: out, tell: o.Rows}, err
}

// Write writes a row.
func (t *table) Write(cells ...any) error {
	if t.rows++; t.tell != nil && t.rows%256 == 0 {
		t.tell(t.rows)
	}
	return t.Writer.Write(cells...)
}

// Close ends the table.
func (t *table) Close() error {
	if t.tell != nil {
		t.tell(t.rows)
	}
	return t.Writer.Close()
}

// caseColumns are those of cases; the further columns of imports follow, each as "field: " and its name.
var caseColumns = []string{
	"case", "list", "number", "caller", "name", "topic", "note", "state", "channel", "service", "verdict", "reason", "missed_count", "wait_seconds",
	"opened", "missed", "due", "expires", "scheduled", "not_before", "assignee", "personal", "attempts", "attempted", "handling", "last_note", "contacted",
	"awaiting", "question", "closed", "close_reason", "closed_by", "resolution", "keep_open", "created_by", "external_id", "previous",
}

// maxExtra is how many further columns of imports get one of their own.
const maxExtra = 200

// Cases writes the cases of lists, the oldest first.
func Cases(ctx context.Context, w io.Writer, c *cases.Cases, o Options) error {
	extra := map[string]bool{}
	for one, err := range o.chosen(ctx, c) {
		if err != nil {
			return err
		}
		for name := range one.Fields {
			if len(extra) < maxExtra {
				extra[name] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(extra))
	columns := slices.Clone(caseColumns)
	for _, name := range names {
		columns = append(columns, "field: "+name)
	}
	t, err := o.begin(w, columns)
	if err != nil {
		return err
	}
	var row []any
	for one, err := range o.chosen(ctx, c) {
		if err != nil {
			return err
		}
		row = o.caseRow(row[:0], one)
		for _, name := range names {
			row = append(row, one.Fields[name])
		}
		if err := t.Write(row...); err != nil {
			return err
		}
	}
	return t.Close()
}

func (o *Options) caseRow(row []any, c *cases.Case) []any {
	name := c.Name
	if name == "" && o.Named != nil && c.Number != 0 {
		name = o.Named(c.Number)
	}
	verdict, reason := "", ""
	if c.Verdict != sip.VerdictNone {
		verdict, reason = c.Verdict.String(), c.Reason.String()
	}
	return append(row,
		c.ID, c.List, numberText(c.Number), c.Caller, name, c.Topic, c.Note, c.State.String(), c.Channel.String(), c.Service, verdict, reason, c.MissedCount, seconds(c.Wait),
		c.Opened, c.Missed, c.Due, c.Expires, c.Scheduled, c.NotBefore, c.Assignee, c.Personal, c.Attempts, c.Attempted, c.Handling, c.LastNote, c.Contacted,
		c.Awaiting, c.Question, c.Closed, c.CloseReason.String(), c.ClosedBy, c.Resolution, c.KeepOpen, c.CreatedBy, c.ExternalID, c.Previous)
}

func numberText(n sip.Number) string {
	if n == 0 {
		return ""
	}
	return n.String()
}

func seconds(d time.Duration) any {
	if d == 0 {
		return nil
	}
	return d.Seconds()
}

// historyColumns are those of histories.
var historyColumns = []string{
	"case", "list", "number", "at", "event", "reason", "agent", "note", "customer_visible", "changes",
	"call", "direction", "service", "trunk", "verdict", "result", "status_code", "started", "answered", "ended",
}

// History writes what happened to the cases of lists: case by case, the oldest entry first.
func History(ctx context.Context, w io.Writer, c *cases.Cases, o Options) error {
	t, err := o.begin(w, historyColumns)
	if err != nil {
		return err
	}
	for one, err := range o.chosen(ctx, c) {
		if err != nil {
			return err
		}
		for e, err := range c.History(one.ID) {
			if err != nil {
				return fmt.Errorf("export: reading a history: %w", err)
			}
			if err := t.Write(historyRow(one, &e)...); err != nil {
				return err
			}
		}
	}
	return t.Close()
}

func historyRow(c *cases.Case, e *cases.Entry) []any {
	changes := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		changes[i] = fmt.Sprintf("%s: %s → %s", f.Name, f.Old, f.New)
	}
	row := []any{c.ID, c.List, numberText(c.Number), e.At, e.Event.String(), e.Reason, e.Agent, e.Note, e.Visible, strings.Join(changes, "\n")}
	if p := e.Call; p != nil {
		verdict, result := "", ""
		if p.Verdict != sip.VerdictNone {
			verdict = p.Verdict.String()
		}
		if p.Result != sip.ResultUnknown {
			result = p.Result.String()
		}
		var status any
		if p.StatusCode != 0 {
			status = int(p.StatusCode)
		}
		return append(row, p.ID, p.Direction.String(), p.Service, p.Trunk, verdict, result, status, p.Started, p.Answered, p.Ended)
	}
	return append(row, make([]any, len(historyColumns)-len(row))...)
}

// statisticsColumns are those of statistics.
var statisticsColumns = []string{
	"list", "reason", "from", "opened", "open", "agent_reached", "caller_served", "expired", "never_reached", "otherwise",
	"attempts", "tried", "contacted", "first_attempt_p50_seconds", "first_attempt_p90_seconds", "contact_p50_seconds", "contact_p90_seconds",
}

// Statistics writes what became of the cases opened from Options.From to To, by what is asked.
func Statistics(_ context.Context, w io.Writer, c *cases.Cases, by cases.By, o Options) error {
	all, err := c.Statistics(cases.StatisticsQuery{Lists: o.Lists, From: o.From, To: o.To, By: by, Zone: o.Zone})
	if err != nil {
		return fmt.Errorf("export: reading statistics: %w", err)
	}
	t, err := o.begin(w, statisticsColumns)
	if err != nil {
		return err
	}
	for i := range all {
		s := &all[i]
		reason := ""
		if by == cases.ByReason {
			reason = s.Reason.String()
		}
		err := t.Write(s.List, reason, s.From, s.Opened, s.Open, s.AgentReached, s.CallerServed, s.Expired, s.NeverReached, s.Otherwise,
			s.Attempts, s.Tried, s.Contacted, seconds(s.FirstP50), seconds(s.FirstP90), seconds(s.ContactP50), seconds(s.ContactP90))
		if err != nil {
			return err
		}
	}
	return t.Close()
}

// contactColumns are those of contacts, which is what importing them reads. A contact with more numbers has
// them in the last column, separated by blanks.
var contactColumns = []string{"ringback_id", "external_id", "name", "company", "phone", "phone_2", "phone_3", "more_numbers"}

// Contacts writes all contacts.
func Contacts(ctx context.Context, w io.Writer, c *contacts.Contacts, o Options) error {
	t, err := o.begin(w, contactColumns)
	if err != nil {
		return err
	}
	for q := (contacts.Query{Limit: 1000}); ; {
		page, err := c.Page(q)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("export: reading contacts: %w", err)
		}
		for i := range page.Contacts {
			one := &page.Contacts[i]
			var numbers [3]string
			more := ""
			for k, n := range one.Numbers {
				switch {
				case k < len(numbers):
					numbers[k] = n.String()
				case more != "":
					more += " " + n.String()
				default:
					more = n.String()
				}
			}
			if err := t.Write(one.ID, one.ExternalID, one.Name, one.Company, numbers[0], numbers[1], numbers[2], more); err != nil {
				return err
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return t.Close()
		}
	}
}
