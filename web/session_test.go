package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/directory"
	"ringback/directory/audit"
)

func TestTheSessionsCookieIsOutOfReachForScriptsAndOtherSites(t *testing.T) {
	w := whole(t)
	w.as("anna")
	answer, body := w.f.do(http.MethodPost, "/v1/session", `{"name":"Anna ","password":"`+password+`"}`, "Authorization", "", "Content-Type", "application/json")
	if answer.StatusCode != http.StatusOK || strings.Contains(string(body), "secret") {
		t.Fatalf("%s %s", answer.Status, body)
	}
	c := answer.Cookies()[0]
	if c.Name != "__Host-ringback" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("%+v", c)
	}
	if strings.Contains(string(body), c.Value) {
		t.Error("the session stands in the body too")
	}
	answer, _ = w.f.do(http.MethodDelete, "/v1/session", "", "Authorization", "", "Cookie", c.Name+"="+c.Value)
	if answer.StatusCode != http.StatusNoContent || answer.Cookies()[0].MaxAge >= 0 {
		t.Errorf("logging out: %s %v", answer.Status, answer.Cookies())
	}
	answer, body = w.f.do(http.MethodGet, "/v1/session", "", "Authorization", "", "Cookie", c.Name+"="+c.Value)
	isProblem(t, answer, body, http.StatusUnauthorized)
}

func TestALoginThatFailsSaysNotWhy(t *testing.T) {
	w := whole(t)
	w.as("anna")
	var said []string
	for _, body := range []string{
		`{"name":"anna","password":"wrong"}`,   // wrong password
		`{"name":"bertil","password":"wrong"}`, // was never invited
		`{"name":"nobody","password":"wrong"}`,
	} {
		answer, b := w.f.do(http.MethodPost, "/v1/session", body, "Authorization", "", "Content-Type", "application/json")
		isProblem(t, answer, b, http.StatusUnauthorized)
		if answer.Header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate") // RFC 9110 §15.5.2
		}
		said = append(said, string(b))
	}
	if said[0] != said[1] || said[0] != said[2] {
		t.Errorf("the answers differ: %q", said)
	}
	page, err := w.trail.Read(audit.Query{Action: "session", Result: audit.Refused})
	if err != nil || len(page.Entries) != 3 {
		t.Errorf("%d refusals in the trail, %v", len(page.Entries), err)
	}
}

func TestTooManyLoginsFromOneAddressHaveToWait(t *testing.T) {
	w := wholeWith(t, func(o *Options) { o.Limits.LogIn = Rate{0.1, 3} })
	status := 0
	for range 4 {
		status = w.ask([]string{"Authorization", "", "Content-Type", "application/json"}, http.MethodPost, "/v1/session", `{"name":"nobody","password":"x"}`, nil)
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the fourth try: %d", status)
	}
}

func TestWhoIsTakenOffAListIsOffItAtOnce(t *testing.T) {
	w := whole(t)
	sara := w.as("sara")
	id := w.centre.missed("support", matti, time.Now()).ID
	if status := w.ask(sara, http.MethodGet, "/v1/cases/"+id, "", nil); status != http.StatusOK {
		t.Fatal(status)
	}
	if err := w.edit(t.Context(), actOf(nobody), func(f *directory.File) error {
		l := entryIn(f, "support")
		l.Members, l.Supervisors = []string{"anna"}, []string{"cecilia"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if status := w.ask(sara, http.MethodGet, "/v1/cases/"+id, "", nil); status != http.StatusNotFound {
		t.Errorf("after she was taken off the list: %d", status)
	}
}
