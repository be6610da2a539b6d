package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// admin serves the admin handler.
func admin(t *testing.T, network, addr string, a Admin) *front {
	t.Helper()
	return serveOn(t, network, addr, Options{Version: "1.2.3", Admin: a}, true)
}

func TestHealthAndReadiness(t *testing.T) {
	checks := []Check{{Name: "store", Ready: true}, {Name: "hep_udp", Ready: false, Problem: "not bound: address in use"}}
	f := admin(t, "tcp", "127.0.0.1:0", Admin{Ready: func() []Check { return slices.Clone(checks) }})
	if answer, body := f.do(http.MethodGet, "/healthz", ""); answer.StatusCode != http.StatusOK || string(body) != `{"alive":true,"version":"1.2.3"}`+"\n" {
		t.Errorf("%s %s", answer.Status, body)
	}
	answer, body := f.do(http.MethodGet, "/readyz", "")
	if want := `{"ready":false,"checks":[{"name":"store","ready":true},{"name":"hep_udp","ready":false,"problem":"not bound: address in use"}]}`; answer.StatusCode != http.StatusServiceUnavailable || string(body) != want+"\n" {
		t.Errorf("%s %s", answer.Status, body)
	}
	checks = checks[:1]
	if answer, body := f.do(http.MethodGet, "/readyz", ""); answer.StatusCode != http.StatusOK || string(body) != `{"ready":true,"checks":[{"name":"store","ready":true}]}`+"\n" {
		t.Errorf("%s %s", answer.Status, body)
	}
}

func TestTheAdminAddressServesProfilesAndMetrics(t *testing.T) {
	f := admin(t, "tcp", "127.0.0.1:0", Admin{Pprof: true, Metrics: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "up 1") })})
	for path, want := range map[string]string{"/metrics": "up 1", "/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile", "/debug/pprof/cmdline": "web", "/debug/pprof/profile?seconds=1": ""} {
		if answer, body := f.do(http.MethodGet, path, ""); answer.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %.100s", path, answer.Status, body)
		}
	}
	answer, body := f.do(http.MethodGet, "/v1/calls/live", "")
	isProblem(t, answer, body, http.StatusForbidden)
}

func TestProfilesAreServedOnlyWhenAskedFor(t *testing.T) {
	f := admin(t, "tcp", "127.0.0.1:0", Admin{})
	answer, body := f.do(http.MethodGet, "/debug/pprof/", "")
	isProblem(t, answer, body, http.StatusNotFound)
}

// shelf keeps a directory as the daemon does.
type shelf struct {
	yaml, version string
	fail          error
}

func (s *shelf) read(context.Context) ([]byte, string, error) {
	return []byte(s.yaml), s.version, s.fail
}

func (s *shelf) write(_ context.Context, yaml []byte, version string) (string, error) {
	if s.fail != nil {
		return "", s.fail
	}
	if version != "" && version != s.version {
		return "", ErrStale
	}
	s.yaml, s.version = string(yaml), s.version+"+"
	return s.version, nil
}

// overSocket makes one request to a server on a Unix socket.
func overSocket(t *testing.T, f *front, method, path, body string, ifMatch ...string) (*http.Response, []byte) {
	t.Helper()
	client := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(f.url, "http://"))
	}}
	defer client.CloseIdleConnections()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://socket"+path, strings.NewReader(body))
	r.RequestURI = ""
	r.Header["If-Match"] = ifMatch
	answer, err := client.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, _ := io.ReadAll(answer.Body)
	return answer, b
}

func TestTheDirectoryIsReadAndReplacedOverTheAdminSocket(t *testing.T) {
	s := &shelf{yaml: "pbxs: []\n", version: "7"}
	f := admin(t, "unix", t.TempDir()+"/admin.sock", Admin{Directory: s.read, SetDirectory: s.write})
	do := func(method, body string, ifMatch ...string) (*http.Response, []byte) {
		t.Helper()
		return overSocket(t, f, method, "/admin/directory", body, ifMatch...)
	}

	answer, body := do(http.MethodGet, "")
	if answer.StatusCode != http.StatusOK || string(body) != "pbxs: []\n" || answer.Header.Get("ETag") != `"7"` || answer.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%s %v %s", answer.Status, answer.Header, body)
	}
	for _, tt := range []struct {
		ifMatch []string
		status  int
	}{
		{nil, http.StatusPreconditionRequired},
		{[]string{""}, http.StatusPreconditionRequired},
		{[]string{"7"}, http.StatusUnprocessableEntity},
		{[]string{`"7" "8"`}, http.StatusUnprocessableEntity},
		{[]string{`W/"7"`}, http.StatusPreconditionFailed},
		{[]string{`""`}, http.StatusPreconditionFailed},
		{[]string{`"6"`}, http.StatusPreconditionFailed},
		{[]string{`"6", W/"7"`}, http.StatusPreconditionFailed},
		{[]string{`"6"`, `"8"`}, http.StatusPreconditionFailed},
	} {
		answer, body = do(http.MethodPut, "x: 1\n", tt.ifMatch...)
		isProblem(t, answer, body, tt.status)
	}
	if s.yaml != "pbxs: []\n" {
		t.Fatalf("the directory is now %q", s.yaml)
	}
	if answer, body = do(http.MethodPut, "x: 1\n", `"6", "7"`); answer.StatusCode != http.StatusNoContent || answer.Header.Get("ETag") != `"7+"` || s.yaml != "x: 1\n" {
		t.Errorf("%s %v %s, directory %q", answer.Status, answer.Header, body, s.yaml)
	}
	if answer, body = do(http.MethodPut, "x: 2\n", "*"); answer.StatusCode != http.StatusNoContent || s.yaml != "x: 2\n" {
		t.Errorf("%s %s", answer.Status, body)
	}
	answer, body = do(http.MethodPut, strings.Repeat("x", maxDirectory+1), "*")
	isProblem(t, answer, body, http.StatusRequestEntityTooLarge)
	s.fail = &invalidDirectory{"line 3, column 5: unknown key sevices; did you mean services?"}
	answer, body = do(http.MethodPut, "x", "*")
	if detail := isProblem(t, answer, body, http.StatusUnprocessableEntity); detail != "line 3, column 5: unknown key sevices; did you mean services?" {
		t.Error(detail)
	}
}

// invalidDirectory is an error as the daemon makes it of a file that cannot be used.
type invalidDirectory struct{ text string }

func (e *invalidDirectory) Error() string { return e.text }
func (e *invalidDirectory) Unwrap() error { return ErrInvalid }

func TestOverTCPTheAdminAddressChangesNothing(t *testing.T) {
	reloads := 0
	s := &shelf{yaml: "agents: [{mobile: +358401234567}]\n", version: "1"}
	f := admin(t, "tcp", "127.0.0.1:0", Admin{
		Reload:    func(context.Context) error { reloads++; return nil },
		Directory: s.read, SetDirectory: s.write,
	})
	for _, request := range [][2]string{{"POST", "/admin/reload"}, {"GET", "/admin/directory"}, {"PUT", "/admin/directory"}} {
		for _, header := range [][]string{nil, {"Authorization", ""}} { // a token of the API is no key to this
			answer, body := f.do(request[0], request[1], "", header...)
			isProblem(t, answer, body, http.StatusForbidden)
		}
	}
	if reloads != 0 || s.version != "1" {
		t.Errorf("%d reloads, directory of version %s", reloads, s.version)
	}
}

func TestAPageInABrowserCannotChangeAnything(t *testing.T) {
	reloads := 0
	f := admin(t, "tcp", "127.0.0.1:0", Admin{Reload: func(context.Context) error { reloads++; return nil }})
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if answer, _ := f.do(http.MethodPost, "/admin/reload", "", header...); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %s", header, answer.Status)
		}
	}
	if reloads != 0 {
		t.Errorf("%d reloads", reloads)
	}
}

func TestAFailedReloadTellsTheOperatorAndTheLog(t *testing.T) {
	f := admin(t, "unix", t.TempDir()+"/admin.sock", Admin{Reload: func(context.Context) error { return io.ErrUnexpectedEOF }})
	answer, body := overSocket(t, f, http.MethodPost, "/admin/reload", "")
	if detail := isProblem(t, answer, body, http.StatusInternalServerError); detail != "unexpected EOF" {
		t.Error(detail)
	}
	f.close()
	if !strings.Contains(f.log.String(), "unexpected EOF") {
		t.Error(f.log)
	}
}
