package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWhatIsWrongWithACaseIsSaidInASentence(t *testing.T) {
	w := whole(t)
	var wrong Problem
	status := w.ask(w.as("anna"), http.MethodPost, "/v1/cases", `{"list":"support","due":"2099-07-01T12:00:00Z","expires":"2099-06-01T12:00:00Z"}`, &wrong)
	if want := "It would expire before it is due."; status != http.StatusUnprocessableEntity || wrong.Detail != want {
		t.Errorf("%d %q, want %q", status, wrong.Detail, want)
	}
}

func TestABodyThatCannotBeReadIsTheSendersFault(t *testing.T) {
	w := whole(t)
	anna := w.as("anna")
	big := `{"x":"` + strings.Repeat("x", maxBody) + `"}`
	for _, route := range []string{"POST /v1/session", "POST /v1/session/invitation", "PUT /v1/session/password", "PUT /v1/session/preferences", "POST /v1/cases"} {
		method, path, _ := strings.Cut(route, " ")
		if status := w.ask(anna, method, path, big, nil); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s with too much: %d", route, status)
		}
		if status := cutOff(t, w.f.url, route); status != http.StatusBadRequest && status != http.StatusUnauthorized {
			t.Errorf("%s cut off: %d", route, status)
		}
	}
}

// cutOff sends half of the body that its head promises, and returns the status of the answer.
func cutOff(t *testing.T, url, route string) int {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: ringback\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{\"name\":", route)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
