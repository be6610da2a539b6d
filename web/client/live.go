package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringback/web"
)

// LiveCalls yields the calls being watched, the oldest first; of a list, or of all that may be seen.
func (c *Client) LiveCalls(ctx context.Context, list string) iter.Seq2[web.Call, error] {
	q := query{}
	q.text("list", list)
	return pages(ctx, url.Values(q), func(ctx context.Context, q url.Values) ([]web.Call, string, error) {
		page, err := get[struct {
			Calls []web.Call
			Next  string
		}](ctx, c, "/v1/calls/live", q)
		return page.Calls, page.Next, err
	})
}

// LiveHints are the hints being shown, of an agent, or of all that may be seen.
func (c *Client) LiveHints(ctx context.Context, agent string) ([]web.Hint, error) {
	q := query{}
	q.text("agent", agent)
	out, err := get[struct{ Hints []web.Hint }](ctx, c, "/v1/hints/live", url.Values(q))
	return out.Hints, err
}

// DismissHint takes a hint of a call away from oneself: it does not come again in that call. With a case,
// only the hint that tells of it. ErrNotFound: there is none.
func (c *Client) DismissHint(ctx context.Context, call, about string) error {
	return c.tell(ctx, http.MethodPost, "/v1/hints/"+url.PathEscape(call)+"/dismiss", map[string]string{"case": about})
}

// Blind are the times in which nothing could be seen, the latest first.
func (c *Client) Blind(ctx context.Context, from, to time.Time) ([]web.Blind, error) {
	q := query{}
	q.time("from", from)
	q.time("to", to)
	out, err := get[struct{ Blind []web.Blind }](ctx, c, "/v1/blind", url.Values(q))
	return out.Blind, err
}

// Feeds is how all feeds are by which calls become known.
func (c *Client) Feeds(ctx context.Context) ([]web.Feed, error) {
	out, err := get[struct{ Feeds []web.Feed }](ctx, c, "/v1/feeds", nil)
	return out.Feeds, err
}

// Board is how it is just now, of lists that one supervises; of all of them when none is named.
func (c *Client) Board(ctx context.Context, lists ...string) (web.Board, error) {
	q := query{}
	q.text("lists", strings.Join(lists, ","))
	return get[web.Board](ctx, c, "/v1/board", url.Values(q))
}
