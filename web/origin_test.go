package web

import (
	"net/http"
	"testing"
)

func TestPagesOfListedOriginsMayUseTokensAndNoOthers(t *testing.T) {
	w := wholeWith(t, func(o *Options) { o.Origins = []string{"https://crm.example"} })
	for origin, allowed := range map[string]bool{
		"https://crm.example": true, "https://crm.example.evil": false, "http://crm.example": false, "https://CRM.example": false, "null": false, "https://other.example": false,
	} {
		answer, _ := w.f.do(http.MethodOptions, "/v1/cases", "", "Authorization", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		got := answer.Header.Get("Access-Control-Allow-Origin")
		if allowed && (answer.StatusCode != http.StatusNoContent || got != origin || answer.Header.Get("Access-Control-Allow-Methods") == "") || !allowed && got != "" {
			t.Errorf("preflight from %s: %s, allowed %q", origin, answer.Status, got)
		}
		if answer.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("cookies of %s are allowed", origin)
		}
		answer, _ = w.f.do(http.MethodGet, "/v1/lists", "", "Origin", origin)
		if got := answer.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || answer.Header.Get("Vary") != "Origin" {
			t.Errorf("reading from %s: allowed %q, Vary %q", origin, got, answer.Header.Get("Vary"))
		}
		answer, body := w.f.do(http.MethodPost, "/v1/cases", `{"list":"support"}`, "Origin", origin, "Sec-Fetch-Site", "cross-site", "Content-Type", "application/json")
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusForbidden}[allowed]; answer.StatusCode != want {
			t.Errorf("changing from %s: %s %s", origin, answer.Status, body)
		}
	}
	// The cookie is for our own pages, whatever is listed.
	anna := append(w.as("anna"), "Origin", "https://crm.example", "Sec-Fetch-Site", "cross-site")
	if status := w.ask(anna, http.MethodPost, "/v1/cases", `{"list":"support"}`, nil); status != http.StatusForbidden {
		t.Errorf("with the cookie from another origin: %d", status)
	}
	if status := w.ask(append(w.as("anna"), "Origin", w.f.url, "Sec-Fetch-Site", "same-origin"), http.MethodPost, "/v1/cases", `{"list":"support"}`, nil); status != http.StatusCreated {
		t.Errorf("with the cookie from our own page: %d", status)
	}
}

func TestWithoutOriginsNoPageIsLetIn(t *testing.T) {
	f := api(t, Options{})
	answer, body := f.do(http.MethodOptions, "/v1/cases", "", "Authorization", "", "Origin", "https://crm.example", "Access-Control-Request-Method", "GET")
	isProblem(t, answer, body, http.StatusForbidden)
	if len(answer.Header.Values("Access-Control-Allow-Origin")) > 0 {
		t.Error("an origin is allowed")
	}
}
