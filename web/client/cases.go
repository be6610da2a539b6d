package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"ringback/web"
)

// Filter chooses among cases. The zero Filter is all open ones that may be seen.
type Filter struct {
	Lists       []string
	Kind        string // callback or call
	Active      bool   // only lists one takes part in
	Closed      bool   // closed ones, the latest first
	Mine        bool   // of open ones: those nobody has and one's own
	Unassigned  bool   // of open ones: only those nobody has
	MineFirst   bool   // of open ones: one's own above the others
	Grouped     bool   // cases of one customer together
	ReachedByMe bool   // of closed ones: closed by oneself having reached the customer, in the last 7 days
	Number      string // E.164
	Assignee    string // me: oneself
	Reasons     []string
	ClosedBy    string // me: oneself
	// CloseReasons are why closed ones closed, as successful.
	CloseReasons []string
	ClosedFrom   time.Time
	ClosedTo     time.Time
	PageSize     int // cases read at once: 50
}

func (f *Filter) query() url.Values {
	q := query{}
	q.texts("lists", f.Lists)
	q.text("kind", f.Kind)
	q.yes("active", f.Active)
	if f.Closed || f.ReachedByMe {
		q.text("state", "closed")
	}
	switch {
	case f.Unassigned:
		q.text("show", "unassigned")
	case f.Mine:
		q.text("show", "mine")
	}
	if f.MineFirst {
		q.text("sort", "assigned_to_me")
	}
	q.yes("grouped", f.Grouped)
	q.yes("reached_by_me", f.ReachedByMe)
	q.text("number", f.Number)
	q.text("assignee", f.Assignee)
	q.texts("reason", f.Reasons)
	q.text("closed_by", f.ClosedBy)
	q.texts("close_reason", f.CloseReasons)
	q.time("closed_from", f.ClosedFrom)
	q.time("closed_to", f.ClosedTo)
	q.number("limit", f.PageSize)
	return url.Values(q)
}

// Cases yields cases in their order, reading page after page.
func (c *Client) Cases(ctx context.Context, f Filter) iter.Seq2[web.Row, error] {
	return pages(ctx, f.query(), c.casesOf)
}

// CasesPage reads one page of cases: the first, or the one after a cursor. There is no further page where
// next is empty.
func (c *Client) CasesPage(ctx context.Context, f Filter, cursor string) (rows []web.Row, next string, err error) {
	q := f.query()
	query(q).text("cursor", cursor)
	return c.casesOf(ctx, q)
}

func (c *Client) casesOf(ctx context.Context, q url.Values) ([]web.Row, string, error) {
	page, err := get[struct {
		Cases []web.Row
		Next  string
	}](ctx, c, "/v1/cases", q)
	return page.Cases, page.Next, err
}

// Recent are the open cases of the customers of one's recent calls.
func (c *Client) Recent(ctx context.Context) ([]web.Case, error) {
	q := query{}
	q.text("agent", c.o.Agent)
	out, err := get[struct{ Cases []web.Case }](ctx, c, "/v1/cases/recent", url.Values(q))
	return out.Cases, err
}

// Siblings are the other open cases of a case's customer.
func (c *Client) Siblings(ctx context.Context, id string) ([]web.Case, error) {
	out, err := get[struct{ Cases []web.Case }](ctx, c, casePath(id, "siblings"), nil)
	return out.Cases, err
}

// Case reads one case with the latest of its history.
func (c *Client) Case(ctx context.Context, id string) (web.CaseWithHistory, error) {
	return get[web.CaseWithHistory](ctx, c, casePath(id, ""), nil)
}

// History yields what happened to a case, the oldest first.
func (c *Client) History(ctx context.Context, id string) iter.Seq2[web.Entry, error] {
	return pages(ctx, nil, func(ctx context.Context, q url.Values) ([]web.Entry, string, error) {
		page, err := get[struct {
			Entries []web.Entry
			Next    string
		}](ctx, c, casePath(id, "history"), q)
		return page.Entries, page.Next, err
	})
}

// Search yields cases that have all that is typed, the best first.
func (c *Client) Search(ctx context.Context, text string, lists ...string) iter.Seq2[web.Hit, error] {
	q := query{}
	q.text("q", text)
	q.texts("lists", lists)
	return pages(ctx, url.Values(q), c.hits)
}

// SearchPage reads one page of what Search yields: the first, or the one after a cursor. There is no further
// page where next is empty.
func (c *Client) SearchPage(ctx context.Context, text, cursor string) (hits []web.Hit, next string, err error) {
	q := query{}
	q.text("q", text)
	q.text("cursor", cursor)
	return c.hits(ctx, url.Values(q))
}

func (c *Client) hits(ctx context.Context, q url.Values) ([]web.Hit, string, error) {
	page, err := get[struct {
		Hits []web.Hit
		Next string
	}](ctx, c, "/v1/search", q)
	return page.Hits, page.Next, err
}

// Create makes a case. ErrOtherOpen: the customer has an open one, which the *Error names.
func (c *Client) Create(ctx context.Context, n web.NewCase, options ...Option) (web.Case, error) {
	if n.Agent == "" {
		n.Agent = c.o.Agent
	}
	return ask[web.Case](ctx, c, http.MethodPost, "/v1/cases", n, options...)
}

// Edit changes what is said of a case.
func (c *Client) Edit(ctx context.Context, id string, e web.CaseEdit, options ...Option) (web.Case, error) {
	if e.Agent == "" {
		e.Agent = c.o.Agent
	}
	return ask[web.Case](ctx, c, http.MethodPatch, casePath(id, ""), e, options...)
}

// Assign gives a case to an agent; to nobody named: to oneself. ErrTaken: another has it, whom the *Error names.
func (c *Client) Assign(ctx context.Context, id, to string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "assign", web.AssignBody{ActBody: c.body(), To: to}, options)
}

// Unassign lets go of a case.
func (c *Client) Unassign(ctx context.Context, id string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "unassign", c.body(), options)
}

// Accept takes on a case that another assigned.
func (c *Client) Accept(ctx context.Context, id string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "accept", c.body(), options)
}

// Comment puts words into a case's history; visible says that the customer may see them.
func (c *Client) Comment(ctx context.Context, id, text string, visible bool, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "comments", map[string]any{"agent": c.o.Agent, "text": text, "visible": visible}, options)
}

// Attempt says that one calls the customer now, or that one did. A call that the rules block says why in the error's MayCall.
func (c *Client) Attempt(ctx context.Context, id string, b web.AttemptBody, options ...Option) (web.AttemptNoted, error) {
	if b.Agent == "" {
		b.Agent = c.o.Agent
	}
	return ask[web.AttemptNoted](ctx, c, http.MethodPost, casePath(id, "attempts"), b, options...)
}

// Handle says what came of an attempt. ErrNoAttempt: there was none.
func (c *Client) Handle(ctx context.Context, id string, h web.HandlingGiven, options ...Option) (web.Handled, error) {
	if h.Agent == "" {
		h.Agent = c.o.Agent
	}
	return ask[web.Handled](ctx, c, http.MethodPost, casePath(id, "handling"), h, options...)
}

// CallLater sets when the customer is to be called.
func (c *Client) CallLater(ctx context.Context, id string, until time.Time, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "call-later", map[string]any{"agent": c.o.Agent, "until": until.UTC()}, options)
}

// Await marks a case as waiting for an answer; no question: as waiting no more.
func (c *Client) Await(ctx context.Context, id, question string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "await", map[string]any{"agent": c.o.Agent, "question": question}, options)
}

// Close closes a case for a reason: successful, unsuccessful or suppressed.
func (c *Client) Close(ctx context.Context, id, reason, resolution, note string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "close", map[string]any{"agent": c.o.Agent, "reason": reason, "resolution": resolution, "note": note}, options)
}

// Reopen opens a closed case again.
func (c *Client) Reopen(ctx context.Context, id string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "reopen", c.body(), options)
}

// KeepOpen marks a case as one that is never closed automatically, or takes the mark away.
func (c *Client) KeepOpen(ctx context.Context, id string, keep bool, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "keep-open", map[string]any{"agent": c.o.Agent, "keep": keep}, options)
}

// Undo takes back what happened to a case last. ErrNoUndo: there is nothing, or no longer.
func (c *Client) Undo(ctx context.Context, id string, options ...Option) (web.Case, error) {
	return c.act(ctx, id, "undo", map[string]any{"agent": c.o.Agent}, options)
}

// Next gets one's next case. ErrNone: there is nothing to call now.
func (c *Client) Next(ctx context.Context, lists []string, options ...Option) (web.Case, error) {
	body := map[string]any{"agent": c.o.Agent}
	if len(lists) > 0 {
		body["lists"] = lists
	}
	return ask[web.Case](ctx, c, http.MethodPost, "/v1/cases/next", body, options...)
}

// Batch does something to several cases, with one result for each.
func (c *Client) Batch(ctx context.Context, b web.BatchAct, options ...Option) (web.BatchResult, error) {
	if b.Agent == "" {
		b.Agent = c.o.Agent
	}
	return ask[web.BatchResult](ctx, c, http.MethodPost, "/v1/cases/batch", b, options...)
}

// UndoAct takes back an act on all its cases, as BatchResult.Act or Undoable.Act name it.
func (c *Client) UndoAct(ctx context.Context, act string, options ...Option) (web.BatchResult, error) {
	return ask[web.BatchResult](ctx, c, http.MethodPost, "/v1/acts/"+url.PathEscape(act)+"/undo", c.body(), options...)
}

func (c *Client) body() web.ActBody { return web.ActBody{Agent: c.o.Agent} }

func (c *Client) act(ctx context.Context, id, verb string, body any, options []Option) (web.Case, error) {
	return ask[web.Case](ctx, c, http.MethodPost, casePath(id, verb), body, options...)
}

func casePath(id, rest string) string {
	path := "/v1/cases/" + url.PathEscape(id)
	if rest != "" {
		path += "/" + rest
	}
	return path
}
