package daemon

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"ringback/web"
)

// What follows asks the API over the admin socket, where an operator needs no token.

// People are those who may log in.
func (r *Remote) People(ctx context.Context) ([]web.Person, error) {
	var out struct{ People []web.Person }
	err := r.exchange(ctx, http.MethodGet, "/v1/people", nil, &out)
	return out.People, err
}

// Invite makes an invitation for a person.
func (r *Remote) Invite(ctx context.Context, id string) (web.Invitation, error) {
	var out web.Invitation
	err := r.exchange(ctx, http.MethodPost, "/v1/people/"+url.PathEscape(id)+"/invitation", nil, &out)
	return out, err
}

// ChangePerson does to a person what the verb says: disable, enable, unlock or log-out.
func (r *Remote) ChangePerson(ctx context.Context, id, verb string) error {
	return r.exchange(ctx, http.MethodPost, "/v1/people/"+url.PathEscape(id)+"/"+verb, nil, nil)
}

// Tokens are the API's tokens, but for those of the tokens file.
func (r *Remote) Tokens(ctx context.Context) ([]web.Token, error) {
	var out struct{ Tokens []web.Token }
	err := r.exchange(ctx, http.MethodGet, "/v1/tokens", nil, &out)
	return out.Tokens, err
}

// CreateToken makes a token.
func (r *Remote) CreateToken(ctx context.Context, t web.TokenDraft) (web.NewToken, error) {
	var out web.NewToken
	err := r.exchange(ctx, http.MethodPost, "/v1/tokens", t, &out)
	return out, err
}

// RevokeToken makes a token open nothing any more.
func (r *Remote) RevokeToken(ctx context.Context, name string) error {
	return r.exchange(ctx, http.MethodDelete, "/v1/tokens/"+url.PathEscape(name), nil, nil)
}

// Erase erases what is kept of whoever has a number, or tells what that would be.
func (r *Remote) Erase(ctx context.Context, number string, o web.EraseOptions) (web.Erasure, error) {
	var out web.Erasure
	err := r.exchange(ctx, http.MethodPost, "/v1/erasures", map[string]any{
		"number": number, "only_number": o.OnlyNumber, "dry_run": o.DryRun,
	}, &out)
	return out, err
}

// Audit reads the audit trail, the latest first: up to limit entries that fit the query, which has the names
// of the API's parameters.
func (r *Remote) Audit(ctx context.Context, query url.Values, limit int) ([]web.AuditEntry, error) {
	var all []web.AuditEntry
	for len(all) < limit {
		query.Set("limit", strconv.Itoa(min(limit-len(all), 1000)))
		var page struct {
			Entries []web.AuditEntry
			Next    string
		}
		if err := r.exchange(ctx, http.MethodGet, "/v1/audit?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Entries...)
		if page.Next == "" {
			break
		}
		query.Set("cursor", page.Next)
	}
	return all, nil
}

// VerifyAudit reads the whole audit trail and says how many entries it has; an error says where it was
// changed.
func (r *Remote) VerifyAudit(ctx context.Context) (int, error) {
	var out struct{ Entries int }
	err := r.exchange(ctx, http.MethodPost, "/admin/audit/verify", nil, &out)
	return out.Entries, err
}
