package daemon

import (
	"context"
	"net/http"
	"net/url"

	"ringback/web"
)

// Feeds asks how the feeds are.
func (r *Remote) Feeds(ctx context.Context) ([]web.Feed, error) {
	var out struct{ Feeds []web.Feed }
	err := r.exchange(ctx, http.MethodGet, "/v1/feeds", nil, &out)
	return out.Feeds, err
}

// CheckPBX asks how a PBX looks to the daemon, or each for no id.
func (r *Remote) CheckPBX(ctx context.Context, id string) ([]web.PBXCheck, error) {
	var out []web.PBXCheck
	err := r.exchange(ctx, http.MethodGet, "/admin/check/pbx?id="+url.QueryEscape(id), nil, &out)
	return out, err
}

// TestCallHook lets the daemon send the events of a sender to itself, as a test.
func (r *Remote) TestCallHook(ctx context.Context, id string) ([]web.HookTrial, error) {
	var out []web.HookTrial
	err := r.exchange(ctx, http.MethodPost, "/admin/call-hooks/"+url.PathEscape(id)+"/test", nil, &out)
	return out, err
}
