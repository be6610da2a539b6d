package web

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutAKnownTokenNothingIsShown(t *testing.T) {
	f := api(t, Options{})
	for name, tc := range map[string]struct {
		header string
		status int
		want   string
	}{
		"none":            {"", 401, `Bearer realm="ringback"`},
		"another scheme":  {"Basic " + secret, 401, `Bearer realm="ringback"`},
		"unknown":         {"Bearer " + secret + "x", 401, `Bearer realm="ringback", error="invalid_token", error_description="The token is not known"`},
		"digest as token": {"Bearer " + digestOf(secret), 401, `Bearer realm="ringback", error="invalid_token", error_description="The token is not known"`},
		"no credentials":  {"Bearer", 400, `Bearer realm="ringback", error="invalid_request", error_description="The Authorization header does not hold a bearer token"`},
		"only blanks":     {"Bearer    ", 400, `Bearer realm="ringback", error="invalid_request", error_description="The Authorization header does not hold a bearer token"`},
		"characters":      {`Bearer "` + secret + `"`, 400, `Bearer realm="ringback", error="invalid_request", error_description="The Authorization header does not hold a bearer token"`},
		"endless":         {"Bearer " + strings.Repeat("a", 5000), 400, `Bearer realm="ringback", error="invalid_request", error_description="The Authorization header does not hold a bearer token"`},
		"two in one":      {"Bearer " + secret + ", Bearer " + secret, 400, `Bearer realm="ringback", error="invalid_request", error_description="The Authorization header does not hold a bearer token"`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/v1/calls/live", "/v1/events", "/v1/nothing", "/", "/v1/blind?from=x"} {
				answer, body := f.do(http.MethodGet, path, "", "Authorization", tc.header)
				isProblem(t, answer, body, tc.status)
				if got := answer.Header.Values("WWW-Authenticate"); !cmp.Equal(got, []string{tc.want}) {
					t.Errorf("%s: WWW-Authenticate %q, want %q", path, got, tc.want)
				}
			}
		})
	}
	answer, body := f.do(http.MethodGet, "/v1/calls/live?access_token="+secret, "", "Authorization", "")
	isProblem(t, answer, body, http.StatusUnauthorized)
	if answer, body := f.do(http.MethodGet, "/v1/calls/live", "", "Authorization", "bEARER  "+secret); answer.StatusCode != http.StatusOK {
		t.Errorf("a scheme in other case: %s %s", answer.Status, body)
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	f := api(t, Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/v1/calls/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = []string{"Bearer " + secret, "Bearer " + secret}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	isProblem(t, answer, body, http.StatusBadRequest)
}
