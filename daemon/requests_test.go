package daemon_test

import (
	"io"
	"net/http"
	"strings"

	"ringback/daemon"
)

// asJSON are the headers of a program's requests.
var asJSON = []string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}

// remote reaches a daemon as an operator.
func (x *centre) remote() *daemon.Remote {
	x.t.Helper()
	r, err := daemon.Connect(x.t.Context(), x.config.Admin.Socket)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			x.t.Error(err)
		}
	})
	return r
}

// send makes a request of the API, or where the path is one of its own of the admin server, as whom the headers say, and
// returns the answer read.
func (x *centre) send(method, path, body string, header ...string) (*http.Response, string) {
	x.t.Helper()
	base := "http://" + x.API().String()
	if path == "/metrics" || path == "/readyz" {
		base = "http://" + x.Admin().String()
	}
	r, err := http.NewRequestWithContext(x.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return res, string(b)
}

// get asks as a program, and returns status and body.
func (x *centre) get(path string) (int, string) {
	x.t.Helper()
	res, body := x.send(http.MethodGet, path, "", asJSON...)
	return res.StatusCode, body
}

// post sends a JSON body as a program, and returns status and body.
func (x *centre) post(path, body string) (int, string) {
	x.t.Helper()
	res, answer := x.send(http.MethodPost, path, body, asJSON...)
	return res.StatusCode, answer
}
