package web

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"ringback/directory/audit"
	"ringback/directory/people"
)

// invitation makes one for a person and gives the path of its link.
func (w *world) invitation(id string) string {
	w.t.Helper()
	in, err := w.people.Invite(w.t.Context(), people.Act{By: audit.Who{Kind: audit.System}, At: time.Now()}, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return InvitationPath + in.Secret
}

// fill sends the form of an invitation's page.
func (w *world) fill(path, once, again string, header ...string) (*http.Response, string) {
	w.t.Helper()
	form := url.Values{"password": {once}, "again": {again}, "username": {"david"}}
	answer, body := w.f.do(http.MethodPost, path, form.Encode(), append([]string{"Authorization", "", "Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	return answer, string(body)
}

func TestThePageOfAnInvitationAsksForAPasswordAndLoadsNothing(t *testing.T) {
	w := whole(t)
	path := w.invitation("anna")
	answer, body := w.f.do(http.MethodGet, path, "", "Authorization", "")
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `<form method="post"`) || !strings.Contains(string(body), `autocomplete="new-password"`) {
		t.Fatalf("%s %s", answer.Status, body)
	}
	if from := regexp.MustCompile(`(?i)(src|href|action)=|url\(|@import|<script`).FindString(string(body)); from != "" {
		t.Errorf("the page loads something: %s", from)
	}
	h := answer.Header
	if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", policy)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the link may be kept or handed on: %v", h)
	}
}

func TestAPasswordIsChosenOnceByAnInvitation(t *testing.T) {
	w := whole(t)
	path := w.invitation("anna")
	for _, row := range []struct {
		once, again string
		status      int
		says        string
	}{
		{password, password + "x", http.StatusUnprocessableEntity, "not the same"},
		{"short", "short", http.StatusUnprocessableEntity, "at least 12 characters"},
		{"", "", http.StatusUnprocessableEntity, "at least 12 characters"},
		{strings.Repeat("x", 10_000), "", http.StatusBadRequest, "did not arrive whole"},
		{password, password, http.StatusOK, "You can log in as anna"},
		{password, password, http.StatusGone, "does not work any more"},
	} {
		answer, body := w.fill(path, row.once, row.again)
		if answer.StatusCode != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%.20q: %s %s", row.once, answer.Status, body)
		}
		if strings.Contains(body, password) {
			t.Error("the page shows the password")
		}
	}
	// It is anna's, whatever name the form brought.
	var me Me
	login := `{"name":"anna","password":"` + password + `"}`
	if answer, body := w.f.do(http.MethodPost, "/v1/session", login, "Authorization", "", "Content-Type", "application/json"); answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s %v", answer.Status, body, me)
	}
	if answer, _ := w.f.do(http.MethodPost, "/v1/session", strings.Replace(login, "anna", "david", 1), "Authorization", "", "Content-Type", "application/json"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("david logs in with anna's password: %s", answer.Status)
	}
}

func TestMadeUpInvitationsShowNoForm(t *testing.T) {
	w := whole(t)
	good := w.invitation("anna")
	for _, path := range []string{InvitationPath + "x", good + "x", good[:len(good)-1], InvitationPath + "%00", InvitationPath + "%3Cscript%3E"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			answer, body := w.f.do(method, path, "", "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")
			if answer.StatusCode != http.StatusGone || strings.Contains(string(body), "<form") || strings.Contains(string(body), "<script") {
				t.Errorf("%s %s: %s %s", method, path, answer.Status, body)
			}
		}
	}
	if answer, _ := w.f.do(http.MethodGet, InvitationPath, "", "Authorization", ""); answer.StatusCode == http.StatusOK {
		t.Errorf("without a code: %s", answer.Status)
	}
	// A page of another site may not fill the form in.
	if answer, _ := w.fill(good, password, password, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", answer.Status)
	}
}

func TestGuessingAtInvitationsIsSlowedDown(t *testing.T) {
	w := wholeWith(t, func(o *Options) { o.Limits.LogIn = Rate{0.001, 5} })
	refused := 0
	for range 10 {
		if answer, _ := w.f.do(http.MethodGet, InvitationPath+"guess", "", "Authorization", ""); answer.StatusCode == http.StatusTooManyRequests {
			refused++
			if answer.Header.Get("Retry-After") == "" {
				t.Error("nobody says when to come again")
			}
		}
	}
	if refused != 5 {
		t.Errorf("%d of 10 guesses were refused, of which 5 are free", refused)
	}
}

// named is a listener whose connections come from a named user, as the daemon's admin socket.
type named struct{ net.Listener }

func (l named) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return user{c}, nil
}

type user struct{ net.Conn }

func (user) RemoteAddr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "root"} }

func TestAnOperatorUsesTheAPIOverTheAdminSocketAndNowhereElse(t *testing.T) {
	var s *Server
	w := wholeWith(t, func(o *Options) { s = New(*o) })
	unix, err := new(net.ListenConfig).Listen(t.Context(), "unix", t.TempDir()+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 2)
	go func() { served <- s.ServeAdmin(named{unix}) }()
	go func() { served <- s.ServeAdmin(tcp) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	socket := &front{t: t, url: "http://" + unix.Addr().String()}
	if answer, body := overSocket(t, socket, http.MethodPost, "/v1/people/anna/invitation", ""); answer.StatusCode != http.StatusCreated {
		t.Errorf("over the socket: %s %s", answer.Status, body)
	}
	if answer, body := overSocket(t, socket, http.MethodGet, "/v1/lists", ""); answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "billing") {
		t.Errorf("an operator does not see all: %s %s", answer.Status, body)
	}
	if answer, _ := overSocket(t, socket, http.MethodPut, "/v1/session/password", `{"old":"x","new":"y"}`); answer.StatusCode != http.StatusForbidden {
		t.Errorf("an operator is a person: %s", answer.Status)
	}
	page, err := w.trail.Read(audit.Query{Action: "account.invite"})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].By != (audit.Who{Kind: audit.Socket, ID: "root"}) {
		t.Errorf("the trail: %+v, %v", page.Entries, err)
	}
	// The admin address takes nobody for an operator, whatever he brings.
	for _, header := range [][]string{nil, {"Authorization", "Bearer " + secret}, w.as("david")} {
		f := &front{t: t, url: "http://" + tcp.Addr().String()}
		if answer, _ := f.do(http.MethodGet, "/v1/people", "", header...); answer.StatusCode != http.StatusForbidden {
			t.Errorf("on the admin address: %s", answer.Status)
		}
	}
	// And the API takes no word for it.
	if answer, _ := w.f.do(http.MethodGet, "/v1/people", "", "Authorization", ""); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("of nobody: %s", answer.Status)
	}
}
