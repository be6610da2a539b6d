package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ringback/web"
)

// client is a program that uses the API.
type client struct {
	base, token string
}

// get asks for a page.
func (c *client) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the API: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the API: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the API answered %s to %s", res.Status, path), res.Body.Close())
	}
	return res, nil
}

// follow reads the event stream, on a goroutine of its own, until ctx is done; the channel is closed then.
func (c *client) follow(ctx context.Context, event func(kind string, data []byte)) (<-chan struct{}, error) {
	res, err := c.get(ctx, "/v1/events")
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer res.Body.Close()
		kind := ""
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch field {
			case "event":
				kind = value
			case "data":
				event(kind, []byte(value))
			}
		}
	}()
	return done, nil
}

// openCases lists all open cases of a list, page by page.
func (c *client) openCases(ctx context.Context, list string) ([]web.Case, error) {
	var all []web.Case
	for cursor := ""; ; {
		query := url.Values{"list": {list}, "state": {"open"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		res, err := c.get(ctx, "/v1/cases?"+query.Encode())
		if err != nil {
			return nil, err
		}
		var page struct {
			Cases []web.Case
			Next  string
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return nil, fmt.Errorf("reading the cases: %w", err)
		}
		all = append(all, page.Cases...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}
