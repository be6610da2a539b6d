package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"ringback/web"
)

// Directory is the directory in force as YAML, and its version for IfMatch.
func (c *Client) Directory(ctx context.Context) (yaml []byte, etag string, err error) {
	return c.text(ctx, "/v1/directory", url.Values{"format": {"yaml"}})
}

// CheckDirectory says whether a directory, as YAML or JSON, is right, and what it would change.
func (c *Client) CheckDirectory(ctx context.Context, text []byte) (check web.DirectoryCheck, err error) {
	_, err = c.sendText(ctx, http.MethodPost, "/v1/directory/check", "application/yaml", text, &check)
	return check, err
}

// SetDirectory puts a directory, as YAML or JSON, in force in the place of the version named. It gives what that changed,
// and the new version.
func (c *Client) SetDirectory(ctx context.Context, text []byte, etag string) (edit web.DirectoryEdit, next string, err error) {
	next, err = c.sendText(ctx, http.MethodPut, "/v1/directory", "application/yaml", text, &edit, IfMatch(etag))
	return edit, next, err
}

// Entry is one thing of the directory as JSON, as an agent of "agents", and its version.
func (c *Client) Entry(ctx context.Context, kind, id string) (thing []byte, etag string, err error) {
	return c.text(ctx, entryPath(kind, id), nil)
}

// SetEntry makes or replaces one thing of the directory, given as JSON.
func (c *Client) SetEntry(ctx context.Context, kind, id string, thing []byte, options ...Option) (edit web.DirectoryEdit, err error) {
	_, err = c.sendText(ctx, http.MethodPut, entryPath(kind, id), "application/json", thing, &edit, options...)
	return edit, err
}

// RemoveEntry takes one thing out of the directory.
func (c *Client) RemoveEntry(ctx context.Context, kind, id string, options ...Option) (web.DirectoryEdit, error) {
	return ask[web.DirectoryEdit](ctx, c, http.MethodDelete, entryPath(kind, id), nil, options...)
}

func entryPath(kind, id string) string {
	return "/v1/directory/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

// text reads a text and its version.
func (c *Client) text(ctx context.Context, path string, query url.Values) (text []byte, etag string, err error) {
	r, err := c.request(http.MethodGet, path, nil)
	if err != nil {
		return nil, "", err
	}
	r.query = query
	answer, err := c.answer(ctx, r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	if text, err = io.ReadAll(answer.Body); err != nil {
		return nil, "", fmt.Errorf("client: reading the answer to GET %s: %w", path, err)
	}
	return text, answer.Header.Get("ETag"), nil
}

// sendText sends a text and reads the answer and its version.
func (c *Client) sendText(ctx context.Context, method, path, typ string, text []byte, out any, options ...Option) (etag string, err error) {
	r, err := c.request(method, path, nil, options...)
	if err != nil {
		return "", err
	}
	r.body = text
	r.header.Set("Content-Type", typ)
	h, err := c.send(ctx, r, out)
	return h.Get("ETag"), err
}
