package app

import (
	"bytes"
	"io"
	"net/http"
)

// inside carries the requests that pages make to the API, which is in the same process: http.RoundTripper
// without a network. A request goes as the person's own, from his address and with his device.
type inside struct{ api http.Handler }

// carry makes a transport for what one request of a browser needs.
func (i *inside) carry(of *http.Request, to http.Header) http.RoundTripper {
	return &carrier{api: i.api, of: of, to: to}
}

type carrier struct {
	api http.Handler
	of  *http.Request // of the browser
	to  http.Header   // of the answer to it
}

// handedOn are headers of the browser's request that say from where it comes.
var handedOn = []string{"User-Agent", "X-Forwarded-For", "Accept-Language"}

// RoundTrip implements http.RoundTripper.
func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.RemoteAddr, inner.TLS, inner.RequestURI = c.of.RemoteAddr, c.of.TLS, r.URL.RequestURI()
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	for _, name := range handedOn {
		if values := c.of.Header.Values(name); len(values) > 0 {
			inner.Header[name] = values
		}
	}
	out := &answered{header: http.Header{}, status: http.StatusOK}
	c.api.ServeHTTP(out, inner)
	// The session's cookie is the browser's.
	for _, cookie := range out.header.Values("Set-Cookie") {
		c.to.Add("Set-Cookie", cookie)
	}
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

// answered takes an answer of the API.
type answered struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

func (a *answered) Header() http.Header { return a.header }

func (a *answered) WriteHeader(status int) {
	if !a.begun {
		a.status, a.begun = status, true
	}
}

func (a *answered) Write(b []byte) (int, error) {
	a.begun = true
	return a.body.Write(b)
}
