package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ringback/web"
	"ringback/web/client"
)

// serve answers requests in turn with what is given, the last for good, and says what came.
func serve(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *[]*http.Request) {
	t.Helper()
	var came []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came = append(came, r)
		answers[min(len(came), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, client.Options{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	return c, &came
}

func problem(status int, code string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status":%d,"title":%q,"detail":"because","code":%q,"by":"bertil"}`, status, http.StatusText(status), code)
	}
}

func fine(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestWhatFailsForNowIsSentAgainWithTheSameKey(t *testing.T) {
	c, came := serve(t, cut, problem(503, ""), problem(429, "", "Retry-After", "1"), fine(`{"id":"c1"}`))
	made, err := c.Create(t.Context(), web.NewCase{List: "support"})
	if err != nil || made.ID != "c1" {
		t.Fatalf("%+v, %v", made, err)
	}
	for _, r := range *came {
		if key := r.Header.Get("Idempotency-Key"); key == "" || key != (*came)[0].Header.Get("Idempotency-Key") {
			t.Errorf("sent with the key %q", key)
		}
	}
	if len(*came) != 4 {
		t.Errorf("sent %d times", len(*came))
	}
}

func TestAnErrorIsWhatItsStatusAndCodeSay(t *testing.T) {
	for _, tc := range []struct {
		status int
		code   string
		is     []error
		not    []error
	}{
		{401, "", []error{client.ErrUnauthorized}, []error{client.ErrForbidden}},
		{403, "", []error{client.ErrForbidden}, nil},
		{404, "none", []error{client.ErrNotFound, client.ErrNone}, nil},
		{409, "taken", []error{client.ErrConflict, client.ErrTaken}, []error{client.ErrOtherOpen}},
		{412, "", []error{client.ErrStale}, []error{client.ErrConflict}},
		{422, "", []error{client.ErrInvalid}, nil},
		{500, "", []error{client.ErrServer}, []error{client.ErrUnavailable}},
		{418, "", nil, []error{client.ErrServer, client.ErrInvalid, client.ErrNotFound}},
	} {
		c, came := serve(t, problem(tc.status, tc.code))
		_, err := c.Case(t.Context(), "x")
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Status != tc.status || e.By != "bertil" || !strings.Contains(err.Error(), "because") {
			t.Errorf("%d: %v", tc.status, err)
		}
		for _, want := range tc.is {
			if !errors.Is(err, want) {
				t.Errorf("%d %s is not %v", tc.status, tc.code, want)
			}
		}
		for _, other := range tc.not {
			if errors.Is(err, other) {
				t.Errorf("%d %s is %v", tc.status, tc.code, other)
			}
		}
		if len(*came) != 1 {
			t.Errorf("%d: sent %d times", tc.status, len(*came))
		}
	}
}

func TestNoLoginIsTriedTwice(t *testing.T) {
	c, came := serve(t, problem(429, "", "Retry-After", "1"))
	if _, err := c.LogIn(t.Context(), "anna", "wrong"); !errors.Is(err, client.ErrTooMany) {
		t.Error(err)
	}
	if len(*came) != 1 {
		t.Errorf("sent %d times", len(*came))
	}
}

func TestPagesAreReadAsTheyAreNeeded(t *testing.T) {
	c, came := serve(t, fine(`{"cases":[{"id":"1"},{"id":"2"}],"next":"a"}`), fine(`{"cases":[],"next":"b"}`), fine(`{"cases":[{"id":"3"}]}`))
	var ids []string
	for row, err := range c.Cases(t.Context(), client.Filter{Lists: []string{"a", "b"}}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	if got := strings.Join(ids, " "); got != "1 2 3" {
		t.Error(got)
	}
	var asked []string
	for _, r := range *came {
		asked = append(asked, r.URL.RawQuery)
	}
	if got := strings.Join(asked, " "); got != "lists=a%2Cb cursor=a&lists=a%2Cb cursor=b&lists=a%2Cb" {
		t.Error(got)
	}
	*came = nil
	for range c.Cases(t.Context(), client.Filter{}) {
		break
	}
	if len(*came) != 1 {
		t.Errorf("%d pages were read for one case", len(*came))
	}
}

func TestTheSessionIsSentBackAndGoesWithLoggingOut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			http.SetCookie(w, &http.Cookie{Name: "__Host-ringback", Value: "s1", Path: "/", Secure: true})
		case http.MethodDelete:
			http.SetCookie(w, &http.Cookie{Name: "__Host-ringback", Path: "/", Secure: true, MaxAge: -1})
			w.WriteHeader(http.StatusNoContent)
			return
		}
		cookie, _ := r.Cookie("__Host-ringback")
		if cookie == nil {
			cookie = new(http.Cookie)
		}
		fmt.Fprintf(w, `{"id":%q}`, cookie.Value)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"", "s1", ""} {
		if me, err := c.Me(t.Context()); err != nil || me.ID != want {
			t.Errorf("%+v, %v, want %q", me, err, want)
		}
		if want == "" {
			_, err = c.LogIn(t.Context(), "anna", "x")
		} else {
			err = c.LogOut(t.Context())
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	for _, address := range []string{"", "ringback", "ftp://x", "http://", "::"} {
		if _, err := client.New(address, client.Options{}); err == nil {
			t.Errorf("%q is an address", address)
		}
	}
}
