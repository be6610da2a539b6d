package web

import (
	"net/http"
	"testing"
)

func TestWhatIsWrongWithACaseIsSaidInASentence(t *testing.T) {
	w := whole(t)
	var wrong Problem
	status := w.ask(w.as("anna"), http.MethodPost, "/v1/cases", `{"list":"support","due":"2099-07-01T12:00:00Z","expires":"2099-06-01T12:00:00Z"}`, &wrong)
	if want := "It would expire before it is due."; status != http.StatusUnprocessableEntity || wrong.Detail != want {
		t.Errorf("%d %q, want %q", status, wrong.Detail, want)
	}
}
