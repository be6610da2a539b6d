package web

import (
	"net/http"
	"testing"
)

func TestAPersonSeesHisSessionsAndEndsThem(t *testing.T) {
	w := whole(t)
	here, other := w.as("anna"), w.as("bertil")
	login := func() []string {
		t.Helper()
		answer, body := w.f.do(http.MethodPost, "/v1/session", `{"name":"anna","password":"`+password+`"}`,
			"Authorization", "", "Content-Type", "application/json", "User-Agent", "phone")
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", answer.Status, body)
		}
		return []string{"Authorization", "", "Cookie", cookieName + "=" + answer.Cookies()[0].Value}
	}
	phone := login()
	var list struct{ Sessions []OpenSession }
	w.get(here, "/v1/sessions", &list)
	lost := ""
	for _, s := range list.Sessions {
		if s.Device == "phone" && !s.Current {
			lost = s.ID
		}
	}
	if len(list.Sessions) != 2 || lost == "" {
		t.Fatalf("%+v", list)
	}
	if got := w.ask(other, http.MethodDelete, "/v1/sessions/"+lost, "", nil); got != http.StatusNotFound {
		t.Errorf("another's session: %d", got)
	}
	if got := w.ask(here, http.MethodDelete, "/v1/sessions/"+lost, "", nil); got != http.StatusNoContent {
		t.Fatalf("ending it: %d", got)
	}
	if got := w.ask(phone, http.MethodGet, "/v1/session", "", nil); got != http.StatusUnauthorized {
		t.Errorf("the session that was ended: %d", got)
	}
	if got := w.ask(here, http.MethodGet, "/v1/session", "", nil); got != http.StatusOK {
		t.Errorf("the other one: %d", got)
	}
	phone = login()
	if got := w.ask(here, http.MethodDelete, "/v1/sessions", "", nil); got != http.StatusNoContent {
		t.Fatalf("ending all: %d", got)
	}
	for name, who := range map[string][]string{"here": here, "phone": phone} {
		if got := w.ask(who, http.MethodGet, "/v1/session", "", nil); got != http.StatusUnauthorized {
			t.Errorf("%s after logging out everywhere: %d", name, got)
		}
	}
	if got := w.ask(other, http.MethodGet, "/v1/session", "", nil); got != http.StatusOK {
		t.Errorf("somebody else's: %d", got)
	}
}
