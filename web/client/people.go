package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"ringback/web"
)

// LogIn opens a session, whose cookie the client keeps.
func (c *Client) LogIn(ctx context.Context, name, password string) (web.Me, error) {
	return ask[web.Me](ctx, c, http.MethodPost, "/v1/session", map[string]string{"name": name, "password": password}, notAgain)
}

// notAgain sends a request one time: each try to log in counts.
func notAgain(r *request) { r.single = true }

// AcceptInvitation gives whoever was invited a password, and logs him in.
func (c *Client) AcceptInvitation(ctx context.Context, code, password string) (web.Me, error) {
	return ask[web.Me](ctx, c, http.MethodPost, "/v1/session/invitation", map[string]string{"code": code, "password": password}, notAgain)
}

// LogOut ends the session.
func (c *Client) LogOut(ctx context.Context) error {
	return c.tell(ctx, http.MethodDelete, "/v1/session", nil)
}

// Sessions are those one has open, the one used last first.
func (c *Client) Sessions(ctx context.Context) ([]web.OpenSession, error) {
	out, err := get[struct{ Sessions []web.OpenSession }](ctx, c, "/v1/sessions", nil)
	return out.Sessions, err
}

// EndSession ends one of one's sessions.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/sessions/"+url.PathEscape(id), nil)
}

// LogOutEverywhere ends all of one's sessions, this one too.
func (c *Client) LogOutEverywhere(ctx context.Context) error {
	return c.tell(ctx, http.MethodDelete, "/v1/sessions", nil)
}

// Me is who is logged in, or whose token it is.
func (c *Client) Me(ctx context.Context) (web.Me, error) {
	return get[web.Me](ctx, c, "/v1/session", nil)
}

// ChangePassword gives oneself another password, and ends all sessions.
func (c *Client) ChangePassword(ctx context.Context, old, password string) error {
	return c.tell(ctx, http.MethodPut, "/v1/session/password", map[string]string{"old": old, "new": password})
}

// Preferences are what one chose for oneself.
func (c *Client) Preferences(ctx context.Context) (web.Preferences, error) {
	return get[web.Preferences](ctx, c, "/v1/session/preferences", nil)
}

// SetPreferences replaces them.
func (c *Client) SetPreferences(ctx context.Context, p web.Preferences, options ...Option) (web.Preferences, error) {
	return ask[web.Preferences](ctx, c, http.MethodPut, "/v1/session/preferences", p, options...)
}

// People are all who may log in.
func (c *Client) People(ctx context.Context) ([]web.Person, error) {
	out, err := get[struct{ People []web.Person }](ctx, c, "/v1/people", nil)
	return out.People, err
}

// Person reads one.
func (c *Client) Person(ctx context.Context, id string) (web.Person, error) {
	return get[web.Person](ctx, c, personPath(id, ""), nil)
}

// Invite makes a code by which a person gives himself a password.
func (c *Client) Invite(ctx context.Context, id string) (web.Invitation, error) {
	return ask[web.Invitation](ctx, c, http.MethodPost, personPath(id, "invitation"), nil)
}

// Disable shuts a person out, Enable lets him in again.
func (c *Client) Disable(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, personPath(id, "disable"), nil)
}

// Enable lets a person in again.
func (c *Client) Enable(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, personPath(id, "enable"), nil)
}

// Unlock forgives a person's failed logins.
func (c *Client) Unlock(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, personPath(id, "unlock"), nil)
}

// LogOutPerson ends all sessions of a person.
func (c *Client) LogOutPerson(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, personPath(id, "log-out"), nil)
}

// Tokens are those made over the API.
func (c *Client) Tokens(ctx context.Context) ([]web.Token, error) {
	out, err := get[struct{ Tokens []web.Token }](ctx, c, "/v1/tokens", nil)
	return out.Tokens, err
}

// CreateToken makes a token.
func (c *Client) CreateToken(ctx context.Context, d web.TokenDraft, options ...Option) (web.NewToken, error) {
	return ask[web.NewToken](ctx, c, http.MethodPost, "/v1/tokens", d, options...)
}

// RevokeToken makes a token open nothing any more.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/tokens/"+url.PathEscape(name), nil)
}

// Erase takes everything out that is kept of a number.
func (c *Client) Erase(ctx context.Context, number string, dryRun bool) (web.Erasure, error) {
	return ask[web.Erasure](ctx, c, http.MethodPost, "/v1/erasures", map[string]any{"number": number, "dry_run": dryRun})
}

// Trail chooses among what was done.
type Trail struct {
	By, Action, Object, Result string
	From, To                   time.Time
}

// Audit yields what was done, the latest first.
func (c *Client) Audit(ctx context.Context, t Trail) iter.Seq2[web.AuditEntry, error] {
	q := query{}
	q.text("by", t.By)
	q.text("action", t.Action)
	q.text("object", t.Object)
	q.text("result", t.Result)
	q.time("from", t.From)
	q.time("to", t.To)
	return pages(ctx, url.Values(q), func(ctx context.Context, q url.Values) ([]web.AuditEntry, string, error) {
		page, err := get[struct {
			Entries []web.AuditEntry
			Next    string
		}](ctx, c, "/v1/audit", q)
		return page.Entries, page.Next, err
	})
}

// Webhooks are the endpoints of webhooks and how they fare.
func (c *Client) Webhooks(ctx context.Context) ([]web.Hook, error) {
	out, err := get[struct{ Hooks []web.Hook }](ctx, c, "/v1/webhooks", nil)
	return out.Hooks, err
}

// DeadLetters yields messages to an endpoint that were given up, the oldest first.
func (c *Client) DeadLetters(ctx context.Context, hook string) iter.Seq2[web.DeadLetter, error] {
	return pages(ctx, nil, func(ctx context.Context, q url.Values) ([]web.DeadLetter, string, error) {
		page, err := get[struct {
			Dead []web.DeadLetter
			Next string
		}](ctx, c, "/v1/webhooks/"+url.PathEscape(hook)+"/dead", q)
		return page.Dead, page.Next, err
	})
}

// Resend sends messages again that were given up: those named, or all. It says how many.
func (c *Client) Resend(ctx context.Context, hook string, ids ...string) (int, error) {
	out, err := ask[struct{ Resent int }](ctx, c, http.MethodPost, "/v1/webhooks/"+url.PathEscape(hook)+"/resend", map[string]any{"ids": ids})
	return out.Resent, err
}

func personPath(id, rest string) string {
	path := "/v1/people/" + url.PathEscape(id)
	if rest != "" {
		path += "/" + rest
	}
	return path
}
