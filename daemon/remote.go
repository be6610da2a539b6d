package daemon

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"ringback/web"
)

// ErrNotRunning is returned when no daemon answers at the admin socket.
var ErrNotRunning = errors.New("daemon: no ringback runs here")

// Remote is a running daemon, reached through its admin socket.
type Remote struct {
	client *http.Client
	socket string
}

// Connect reaches the daemon that listens at an admin socket; ErrNotRunning when there is none.
func Connect(ctx context.Context, socket string) (*Remote, error) {
	if socket == "" {
		return nil, ErrNotRunning
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", socket)
	}
	c, err := dial(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	return &Remote{
		client: &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: time.Minute},
		socket: socket,
	}, c.Close()
}

// Close gives the connection back.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// Ready asks what is needed to keep the promise and whether it works.
func (r *Remote) Ready(ctx context.Context) (web.Readiness, error) {
	var ready web.Readiness
	res, err := r.ask(ctx, http.MethodGet, "/readyz", "", nil)
	if err != nil {
		return ready, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&ready); err != nil {
		return ready, fmt.Errorf("reading the daemon's answer: %w", err)
	}
	return ready, nil
}

// Directory asks for the directory in force, and its version.
func (r *Remote) Directory(ctx context.Context) (yaml []byte, version string, err error) {
	res, err := r.ask(ctx, http.MethodGet, "/admin/directory", "", nil)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	if err := refusal(res); err != nil {
		return nil, "", err
	}
	if yaml, err = io.ReadAll(res.Body); err != nil {
		return nil, "", fmt.Errorf("reading the directory: %w", err)
	}
	return yaml, versionOf(res), nil
}

// SetDirectory puts a directory in force in place of the version it was made from.
func (r *Remote) SetDirectory(ctx context.Context, yaml []byte, version string) (string, error) {
	res, err := r.ask(ctx, http.MethodPut, "/admin/directory", version, yaml)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	return versionOf(res), refusal(res)
}

// ask sends one request.
func (r *Remote) ask(ctx context.Context, method, path, ifMatch string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://ringback"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking the daemon: %w", err)
	}
	if ifMatch != "" {
		req.Header.Set("If-Match", `"`+ifMatch+`"`)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the daemon at %s: %w", r.socket, err)
	}
	return res, nil
}

// versionOf is the version an answer names.
func versionOf(res *http.Response) string { return strings.Trim(res.Header.Get("ETag"), `"`) }

// refusal is what an answer's problem document says (RFC 9457), nil for a success.
func refusal(res *http.Response) error {
	if res.StatusCode < http.StatusBadRequest {
		return nil
	}
	var problem struct {
		Title, Detail string
		Errors        []struct{ Location, Message string }
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&problem); err != nil {
		return fmt.Errorf("the daemon refused: %s", res.Status)
	}
	said := []string{cmp.Or(problem.Detail, problem.Title, res.Status)}
	for _, e := range problem.Errors {
		said = append(said, strings.TrimPrefix(e.Location+": ", ": ")+e.Message)
	}
	return errors.New(strings.Join(said, "; "))
}
