package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of one request.
const (
	maxAnswer       = 64 << 10 // bytes of an answer's body that are read, to use the connection again
	maxAnswerHeader = 64 << 10
	longestWait     = time.Hour // that an endpoint may ask for with Retry-After
)

// Attempt is one try to deliver a message.
type Attempt struct {
	Endpoint string
	Type     string
	Status   int           // of the answer; 0: there was none
	Elapsed  time.Duration // of the request
	Err      error         // nil: delivered
	Wait     time.Duration // that the endpoint asked for; 0: it did not
}

// errAnswer is the error of an answer that is no success.
var errAnswer = errors.New("webhook: the endpoint answered")

// client posts to one endpoint.
type client struct {
	endpoint  Endpoint
	userAgent string
	http      *http.Client
}

func newClient(e Endpoint, version string) *client {
	dialer := &net.Dialer{Timeout: e.Timeout, Control: guard(e.Allow, strings.HasPrefix(e.URL, "http:"))}
	transport := &http.Transport{
		DialContext:            dialer.DialContext, // and no proxy, which would connect for us
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        2,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    e.Timeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true,
	}
	return &client{
		endpoint: e, userAgent: "Ringback/" + version,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// post sends a message once.
func (c *client) post(ctx context.Context, m *Message) Attempt {
	began := time.Now()
	a := Attempt{Endpoint: c.endpoint.ID, Type: m.Type}
	ctx, cancel := context.WithTimeout(ctx, c.endpoint.Timeout)
	defer cancel()
	res, err := c.do(ctx, m, began)
	if err == nil {
		a.Status = res.StatusCode
		a.Wait = retryAfter(res.Header.Get("Retry-After"), time.Now())
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // only its status counts
		res.Body.Close()
		if res.StatusCode/100 != 2 {
			err = fmt.Errorf("%w %d", errAnswer, res.StatusCode)
		}
	}
	a.Elapsed, a.Err = time.Since(began), plainly(err)
	return a
}

func (c *client) do(ctx context.Context, m *Message, at time.Time) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint.URL, bytes.NewReader(m.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set(HeaderID, m.ID)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(HeaderSignature, Sign(c.endpoint.Secrets, m.ID, at, m.Body))
	return c.http.Do(req)
}

// plainly leaves the URL out of an error, whose path may be a secret.
func plainly(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return fmt.Errorf("webhook: no answer in time: %w", e.Err)
		}
		return e.Err
	}
	return err
}

// retryAfter is how long an answer asks to wait: RFC 9110 §10.2.3.
func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
