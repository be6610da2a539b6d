package daemon

import (
	"context"
	"net/http"
	"net/url"

	"ringback/web"
)

// Webhooks asks the daemon how its webhooks fare.
func (r *Remote) Webhooks(ctx context.Context) ([]web.Hook, error) {
	var out struct{ Hooks []web.Hook }
	err := r.exchange(ctx, http.MethodGet, "/admin/hooks", nil, &out)
	return out.Hooks, err
}

// DeadLetters asks for the messages to a webhook that were given up, the first thousand.
func (r *Remote) DeadLetters(ctx context.Context, id string) ([]web.DeadLetter, error) {
	var out []web.DeadLetter
	err := r.exchange(ctx, http.MethodGet, hookPath(id, "dead"), nil, &out)
	return out, err
}

// Resend lets dead letters be sent again, those of these event ids, or all for none, and says how many
// they are.
func (r *Remote) Resend(ctx context.Context, id string, events []string) (int, error) {
	var out struct{ Resent int }
	err := r.exchange(ctx, http.MethodPost, hookPath(id, "resend"), map[string][]string{"ids": events}, &out)
	return out.Resent, err
}

// TestWebhook lets the daemon send a test to a webhook, and says how that went.
func (r *Remote) TestWebhook(ctx context.Context, id string) (web.HookTest, error) {
	var out web.HookTest
	err := r.exchange(ctx, http.MethodPost, hookPath(id, "test"), nil, &out)
	return out, err
}

// EnableWebhook lets a webhook that answered 410 be told again.
func (r *Remote) EnableWebhook(ctx context.Context, id string) error {
	return r.exchange(ctx, http.MethodPost, hookPath(id, "enable"), nil, nil)
}

func hookPath(id, verb string) string { return "/admin/hooks/" + url.PathEscape(id) + "/" + verb }
