package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// front is a server on a real socket.
type front struct {
	t      *testing.T
	server *Server
	url    string
	log    *bytes.Buffer // of the server; read it after close
	close  func()
}

// serveOn serves with serve on a real listener until the test ends.
func serveOn(t *testing.T, network, addr string, o Options, admin bool) *front {
	t.Helper()
	if o.Tokens == nil {
		tokens, err := OpenTokens(tokensFile(t, "wallboard:"+secret))
		if err != nil {
			t.Fatal(err)
		}
		o.Tokens = tokens
	}
	f := &front{t: t, log: &bytes.Buffer{}}
	o.Logger = slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.server = New(o)
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	f.url = "http://" + l.Addr().String()
	serve := f.server.ServeAPI
	if admin {
		serve = f.server.ServeAdmin
	}
	served := make(chan error, 1)
	go func() { served <- serve(l) }()
	f.close = func() {
		f.close = func() {}
		if err := f.server.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error("shutdown:", err)
		}
		if err := <-served; err != nil {
			t.Error("serve:", err)
		}
	}
	t.Cleanup(func() { f.close() })
	return f
}

func api(t *testing.T, o Options) *front {
	t.Helper()
	return serveOn(t, "tcp", "127.0.0.1:0", o, false)
}

// do sends a request with our token, unless the headers bring another, and returns the answer read.
func (f *front) do(method, path, body string, header ...string) (*http.Response, []byte) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer, b
}

// isProblem checks that an answer is a problem document with this status and returns its detail.
func isProblem(t *testing.T, answer *http.Response, body []byte, status int) string {
	t.Helper()
	var p struct {
		Title  string
		Status int
		Detail string
	}
	if answer.StatusCode != status || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s, %s: %s; want %d", answer.Status, answer.Header.Get("Content-Type"), body, status)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" {
		t.Errorf("problem %s", body)
	}
	return p.Detail
}

func TestAddressesThatAreNoneAreProblems(t *testing.T) {
	f := api(t, Options{})
	for _, path := range []string{"/", "/v1", "/v1/", "/v2/cases", "/v1/calls", "/v1/calls/live/", "/v1/%00", "/healthz", "/metrics", "/debug/pprof/", "/admin/reload"} {
		answer, body := f.do(http.MethodGet, path, "")
		isProblem(t, answer, body, http.StatusNotFound)
	}
	answer, body := f.do(http.MethodDelete, "/v1/calls/live", "")
	isProblem(t, answer, body, http.StatusMethodNotAllowed)
	if got := answer.Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %s", got)
	}
	if answer, _ := f.do(http.MethodGet, "//v1/../v1/calls/live", ""); answer.StatusCode/100 != 3 || answer.Header.Get("Location") != "/v1/calls/live" {
		t.Errorf("%s to %s", answer.Status, answer.Header.Get("Location"))
	}
}

func TestParametersThatCannotBeUsedAreNamed(t *testing.T) {
	f := api(t, Options{})
	for query, location := range map[string]string{
		"/v1/calls/live?svc=support":                           "query.svc",
		"/v1/calls/live?limit=0":                               "query.limit",
		"/v1/calls/live?limit=1001":                            "query.limit",
		"/v1/calls/live?limit=-1":                              "query.limit",
		"/v1/calls/live?limit=99999999999999999999":            "query.limit",
		"/v1/calls/live?limit=ten":                             "query.limit",
		"/v1/calls/live?cursor=x":                              "query.cursor",
		"/v1/calls/live?cursor=%00":                            "query.cursor",
		"/v1/calls/live?cursor=MSA":                            "query.cursor",
		"/v1/calls/live?cursor=" + strings.Repeat("a", 3000):   "query.cursor",
		"/v1/blind?from=yesterday":                             "query.from",
		"/v1/events?kind=call,everything":                      "query.kind[1]",
		"/v1/events?last_event_id=" + strings.Repeat("1", 100): "query.last_event_id",
	} {
		answer, body := f.do(http.MethodGet, query, "")
		isProblem(t, answer, body, http.StatusUnprocessableEntity)
		if !strings.Contains(string(body), `"location":"`+location+`"`) {
			t.Errorf("%s: %s, want a problem at %s", query, body, location)
		}
	}
}

func TestHugeRequestsAreRefused(t *testing.T) {
	f := api(t, Options{})
	answer, _ := f.do(http.MethodGet, "/v1/calls/live", "", "X-Huge", strings.Repeat("x", 64<<10))
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of header: %s", answer.Status)
	}
	answer, _ = f.do(http.MethodGet, "/v1/calls/live?cursor="+strings.Repeat("x", 64<<10), "")
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of address: %s", answer.Status)
	}
}

func TestAnswersCarrySecurityHeaders(t *testing.T) {
	f := api(t, Options{})
	for _, path := range []string{"/v1/calls/live", "/v1/openapi.json", "/v1/docs", "/nothing"} {
		answer, _ := f.do(http.MethodGet, path, "", "Origin", "https://evil.example")
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") {
			t.Errorf("%s: Content-Security-Policy: %s", path, policy)
		}
	}
	if answer, _ := f.do(http.MethodGet, "/v1/calls/live", ""); answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control: %s", answer.Header.Get("Cache-Control"))
	}
}

func TestTheLogHoldsNoNumberAndNoToken(t *testing.T) {
	f := api(t, Options{Blind: func(context.Context) ([]Blind, error) { panic("boom") }})
	for _, path := range []string{"/v1/calls/live?agent=%2B358401234567", "/358401234567", "/v1/calls/358401234567", "/v1/blind", "/v1/calls/live?358401234567=1"} {
		f.do(http.MethodGet, path, "")
		f.do(http.MethodGet, path, "", "Authorization", "Bearer "+secret+"wrong")
		f.do("X358401234567", path, "")
	}
	f.close()
	log := f.log.String()
	if strings.Contains(log, "1234567") || strings.Contains(log, secret) {
		t.Errorf("the log tells:\n%s", log)
	}
	for _, want := range []string{
		`msg="request answered" method=GET route="GET /v1/calls/live" status_code=200 client=wallboard peer=127.0.0.1 elapsed=`,
		`level=ERROR msg="request handler crashed" route="GET /v1/blind" err="boom`,
		`method=other route="" status_code=405`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}

func TestACrashedHandlerAnswersWithAProblem(t *testing.T) {
	f := api(t, Options{Blind: func(context.Context) ([]Blind, error) { panic("boom") }})
	answer, body := f.do(http.MethodGet, "/v1/blind", "")
	if detail := isProblem(t, answer, body, http.StatusInternalServerError); strings.Contains(detail, "boom") {
		t.Error(detail)
	}
}

func TestRequestsAreObservedByRoute(t *testing.T) {
	seen := map[string]int{}
	f := api(t, Options{Observe: func(route string, status int, elapsed time.Duration) {
		if elapsed <= 0 {
			t.Errorf("%s took %v", route, elapsed)
		}
		seen[route] = status
	}})
	f.do(http.MethodGet, "/v1/calls/live", "")
	f.do(http.MethodGet, "/v1/358401234567", "")
	f.do(http.MethodGet, "/v1/docs", "", "Authorization", "")
	f.close()
	if diff := cmp.Diff(map[string]int{"GET /v1/calls/live": 200, "none": 404, "GET /v1/docs": 200}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestTheDescriptionIsOpenAndLoadsNothing(t *testing.T) {
	f := api(t, Options{Version: "1.2.3"})
	answer, body := f.do(http.MethodGet, "/v1/openapi.json", "", "Authorization", "")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(body, &doc); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "1.2.3" {
		t.Errorf("OpenAPI %s of version %s", doc.OpenAPI, doc.Info.Version)
	}
	if answer, body := f.do(http.MethodGet, "/v1/openapi.yaml", "", "Authorization", ""); answer.StatusCode != http.StatusOK || !bytes.HasPrefix(body, []byte("components:")) {
		t.Errorf("YAML: %s %.40s", answer.Status, body)
	}
	answer, body = f.do(http.MethodGet, "/v1/docs", "", "Authorization", "")
	html := string(body)
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			if !strings.Contains(html, `<code>`+strings.ToUpper(method)+" "+path) || !strings.Contains(html, `id="`+op.OperationID+`"`) {
				t.Errorf("the page lacks %s %s", method, path)
			}
		}
	}
	for _, foreign := range []string{"<script", "src=", "<link", "http://", "https://", "@import", "url("} {
		if strings.Contains(html, foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
}
