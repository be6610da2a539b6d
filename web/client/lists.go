package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"ringback/web"
)

// Lists are the lists that may be seen, with their counters.
func (c *Client) Lists(ctx context.Context) ([]web.List, error) {
	out, err := get[struct{ Lists []web.List }](ctx, c, "/v1/lists", nil)
	return out.Lists, err
}

// List reads one list with its settings, and their version for IfMatch.
func (c *Client) List(ctx context.Context, id string) (l web.ListDetail, etag string, err error) {
	r, err := c.request(http.MethodGet, listPath(id, ""), nil)
	if err != nil {
		return l, "", err
	}
	h, err := c.send(ctx, r, &l)
	return l, h.Get("ETag"), err
}

// EditList changes members and settings of a list.
func (c *Client) EditList(ctx context.Context, id string, e web.ListEdit, options ...Option) (web.ListDetail, error) {
	return ask[web.ListDetail](ctx, c, http.MethodPatch, listPath(id, ""), e, options...)
}

// SetActive says whether one takes part in a list.
func (c *Client) SetActive(ctx context.Context, id string, active bool) error {
	return c.tell(ctx, http.MethodPut, listPath(id, "active"), map[string]bool{"active": active})
}

// ImportOptions say how a file is brought in.
type ImportOptions struct {
	Columns map[string]string // what columns are, by their names; the others are found out
	Partial bool              // bring in the rows that are right, whatever the others are
	DryRun  bool              // write nothing, only tell

	agent string // whose list of numbers it is
}

func (o *ImportOptions) query() url.Values {
	q := query{}
	q.yes("partial", o.Partial)
	q.yes("dry_run", o.DryRun)
	q.text("agent", o.agent)
	for name, field := range o.Columns {
		url.Values(q).Add("column", name+":"+field)
	}
	return url.Values(q)
}

// Import sends a file of customers to call for a list: CSV or XLSX. It comes back at once; WaitImport
// waits until the file was read.
func (c *Client) Import(ctx context.Context, list string, file io.Reader, o ImportOptions) (web.Import, error) {
	return c.sendFile(ctx, listPath(list, "imports"), file, o)
}

// ImportContacts sends a file of contacts: CSV, XLSX or vCard.
func (c *Client) ImportContacts(ctx context.Context, file io.Reader, o ImportOptions) (web.Import, error) {
	return c.sendFile(ctx, "/v1/contacts/imports", file, o)
}

// sendFile streams a file, and so cannot send it again.
func (c *Client) sendFile(ctx context.Context, path string, file io.Reader, o ImportOptions) (i web.Import, err error) {
	h, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path+"?"+o.query().Encode(), file)
	if err != nil {
		return i, fmt.Errorf("client: %w", err)
	}
	h.Header.Set("Content-Type", "application/octet-stream")
	answer, err := c.roundTrip(h)
	if err != nil {
		return i, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return i, problemOf(answer)
	}
	defer answer.Body.Close()
	return i, decode(answer.Body, &i)
}

// ImportState reads how an import goes.
func (c *Client) ImportState(ctx context.Context, id string) (web.Import, error) {
	return get[web.Import](ctx, c, "/v1/imports/"+url.PathEscape(id), nil)
}

// Imports are those of a list, the latest first.
func (c *Client) Imports(ctx context.Context, list string) ([]web.Import, error) {
	out, err := get[struct{ Imports []web.Import }](ctx, c, listPath(list, "imports"), nil)
	return out.Imports, err
}

// CancelImport stops an import; what was written until then stays.
func (c *Client) CancelImport(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/imports/"+url.PathEscape(id), nil)
}

// Mapping is what is remembered of the columns of a list's files.
func (c *Client) Mapping(ctx context.Context, list string) ([]web.Mapping, error) {
	out, err := get[struct{ Columns []web.Mapping }](ctx, c, listPath(list, "mapping"), nil)
	return out.Columns, err
}

// WaitImport waits until an import is over, and tells progress, which may be nil, now and then.
func (c *Client) WaitImport(ctx context.Context, id string, progress func(web.Import)) (web.Import, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		i, err := c.ImportState(ctx, id)
		if err != nil || i.Ended != nil {
			return i, err
		}
		if progress != nil {
			progress(i)
		}
		if err := pause(ctx, wait); err != nil {
			return i, err
		}
	}
}

// Export is what a table is made of.
type Export struct {
	What     string // cases, history, statistics, contacts or numbers
	Format   string // csv, xlsx or json
	Lists    []string
	State    string // open or closed
	By       string // of statistics: all, list, reason, hour or day
	From, To time.Time
	Zone     string
	Numbers  Numbers // of numbers: which list
}

// Export writes a table to w as it comes.
func (c *Client) Export(ctx context.Context, e Export, w io.Writer) error {
	q := query{}
	q.text("format", e.Format)
	q.texts("lists", e.Lists)
	q.text("state", e.State)
	q.text("by", e.By)
	q.time("from", e.From)
	q.time("to", e.To)
	q.text("zone", e.Zone)
	q.text("kind", e.Numbers.Kind)
	q.text("agent", e.Numbers.Agent)
	r, err := c.request(http.MethodGet, "/v1/exports/"+url.PathEscape(e.What), nil)
	if err != nil {
		return err
	}
	r.query = url.Values(q)
	answer, err := c.answer(ctx, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("client: the table was cut off: %w", err)
	}
	return nil
}

// Statistics reads what became of the cases opened in a time; by is all, list, reason, hour or day, which is
// one of UTC.
func (c *Client) Statistics(ctx context.Context, lists []string, from, to time.Time, by string) ([]web.Statistics, error) {
	return c.StatisticsIn(ctx, lists, from, to, by, "")
}

// StatisticsIn is Statistics with the days of a time zone, as Europe/Helsinki.
func (c *Client) StatisticsIn(ctx context.Context, lists []string, from, to time.Time, by, zone string) ([]web.Statistics, error) {
	q := query{}
	q.text("zone", zone)
	q.texts("lists", lists)
	q.time("from", from)
	q.time("to", to)
	q.text("by", by)
	out, err := get[struct{ Rows []web.Statistics }](ctx, c, "/v1/statistics", url.Values(q))
	return out.Rows, err
}

// Contacts yields contacts: all, or those that fit the text.
func (c *Client) Contacts(ctx context.Context, text string) iter.Seq2[web.Contact, error] {
	q := query{}
	q.text("q", text)
	return pages(ctx, url.Values(q), func(ctx context.Context, q url.Values) ([]web.Contact, string, error) {
		page, err := get[struct {
			Contacts []web.Contact
			Next     string
		}](ctx, c, "/v1/contacts", q)
		return page.Contacts, page.Next, err
	})
}

// Contact reads one contact.
func (c *Client) Contact(ctx context.Context, id string) (web.Contact, error) {
	return get[web.Contact](ctx, c, "/v1/contacts/"+url.PathEscape(id), nil)
}

// CreateContact makes a contact.
func (c *Client) CreateContact(ctx context.Context, d web.ContactDraft, options ...Option) (web.Contact, error) {
	return ask[web.Contact](ctx, c, http.MethodPost, "/v1/contacts", d, options...)
}

// ReplaceContact changes all that is said of a contact.
func (c *Client) ReplaceContact(ctx context.Context, id string, d web.ContactDraft, options ...Option) (web.Contact, error) {
	return ask[web.Contact](ctx, c, http.MethodPut, "/v1/contacts/"+url.PathEscape(id), d, options...)
}

// DeleteContact takes a contact away.
func (c *Client) DeleteContact(ctx context.Context, id string, options ...Option) error {
	return c.tell(ctx, http.MethodDelete, "/v1/contacts/"+url.PathEscape(id), nil, options...)
}

func listPath(id, rest string) string {
	path := "/v1/lists/" + url.PathEscape(id)
	if rest != "" {
		path += "/" + rest
	}
	return path
}
