package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Options of a Client.
type Options struct {
	Token string       // sent with every request; empty: log in, or use what is open to everybody
	HTTP  *http.Client // nil: one of its own
	// Agent is for whom a program with a token works, in the directory. People work for themselves.
	Agent string
	// Session is the secret of a session that is open already, as the cookie of a browser has it.
	Session string
	// Tries is how often a request is sent before the client gives up: 4.
	Tries int
}

// Client talks to one server. Its methods may be called from any goroutine.
type Client struct {
	base    string
	o       Options
	session atomic.Pointer[http.Cookie] // after logging in. No jar: it would not send it over plain HTTP
}

// New makes a client of the server at an address, as https://ringback.example.com.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("client: %q is no address, as https://ringback.example.com", address)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if o.Tries <= 0 {
		o.Tries = 4
	}
	c := &Client{base: strings.TrimRight(address, "/"), o: o}
	if o.Session != "" {
		c.session.Store(&http.Cookie{Name: cookieName, Value: o.Session}) //nolint:gosec // sent, never set: the server's has the attributes
	}
	return c, nil
}

// Option changes one request.
type Option func(*request)

// IfMatch refuses an edit with ErrStale when what is edited has another version by now.
func IfMatch(etag string) Option { return func(r *request) { r.header.Set("If-Match", etag) } }

// Version is IfMatch for something that shows its version, as a case does.
func Version(n uint64) Option { return IfMatch(`"` + strconv.FormatUint(n, 10) + `"`) }

// Key names a request, so that it can be sent again after a crash of the program. Without it the client
// makes one up where one is needed.
func Key(key string) Option { return func(r *request) { r.header.Set("Idempotency-Key", key) } }

// request is one request, which may be sent several times.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	again        bool // it may be sent again
	single       bool // it must not, whatever it is
}

func (c *Client) request(method, path string, body any, options ...Option) (*request, error) {
	r := &request{method: method, path: path, query: url.Values{}, header: http.Header{}}
	r.again = method == http.MethodGet
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		r.body = b
		r.header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(r)
	}
	if method == http.MethodPost && r.header.Get("Idempotency-Key") == "" {
		r.header.Set("Idempotency-Key", rand.Text())
	}
	r.again = !r.single && (r.again || r.header.Get("Idempotency-Key") != "")
	return r, nil
}

// send sends a request, and reads the answer into out, which may be nil.
func (c *Client) send(ctx context.Context, r *request, out any) (http.Header, error) {
	answer, err := c.answer(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if out == nil {
		return answer.Header, nil
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return answer.Header, fmt.Errorf("client: reading the answer to %s %s: %w", r.method, r.path, err)
	}
	return answer.Header, nil
}

// longestWait is how long the client waits by itself when the server asks it to.
const longestWait = 30 * time.Second

// answer sends a request until it is answered. The caller closes the body.
func (c *Client) answer(ctx context.Context, r *request) (*http.Response, error) {
	wait := 200 * time.Millisecond
	for try := 1; ; try++ {
		answer, err := c.once(ctx, r)
		var asked time.Duration
		if err == nil {
			if answer.StatusCode < http.StatusMultipleChoices {
				return answer, nil
			}
			problem := problemOf(answer)
			asked, err = problem.RetryAfter, problem
			if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
				return nil, err
			}
		}
		if !r.again || try >= c.o.Tries || asked > longestWait || ctx.Err() != nil {
			return nil, err
		}
		if err := pause(ctx, max(wait, asked)); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

func (c *Client) once(ctx context.Context, r *request) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	h, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	h.Header = r.header.Clone()
	return c.roundTrip(h)
}

// roundTrip sends one request with who we are, and keeps the session that its answer opens.
func (c *Client) roundTrip(h *http.Request) (*http.Response, error) {
	session := c.session.Load()
	switch {
	case c.o.Token != "":
		h.Header.Set("Authorization", "Bearer "+c.o.Token)
	case session != nil:
		h.Header.Set("Cookie", session.Name+"="+session.Value)
	}
	answer, err := c.o.HTTP.Do(h)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	for _, cookie := range answer.Cookies() {
		switch {
		case cookie.Name != cookieName:
		case cookie.MaxAge < 0:
			c.session.Store(nil)
		default:
			c.session.Store(cookie)
		}
	}
	return answer, nil
}

// cookieName is that of the session's cookie.
const cookieName = "__Host-ringback"

// pause waits, no longer than ctx allows.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get reads what is at a path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (out T, err error) {
	r, err := c.request(http.MethodGet, path, nil)
	if err != nil {
		return out, err
	}
	r.query = query
	_, err = c.send(ctx, r, &out)
	return out, err
}

// ask sends a body to a path and reads the answer.
func ask[T any](ctx context.Context, c *Client, method, path string, body any, options ...Option) (out T, err error) {
	r, err := c.request(method, path, body, options...)
	if err != nil {
		return out, err
	}
	_, err = c.send(ctx, r, &out)
	return out, err
}

// tell sends a body to a path whose answer says nothing.
func (c *Client) tell(ctx context.Context, method, path string, body any, options ...Option) error {
	r, err := c.request(method, path, body, options...)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, r, nil)
	return err
}
