package web

import (
	"net/http"
	"testing"
)

func TestNumbersAreTakenAsPeopleWriteThem(t *testing.T) {
	w := whole(t)
	anna := w.as("anna")
	for _, text := range []string{"040 555 0199", "+358 (0)40 555 0199", "00358405550199", "358405550199", "+358405550199"} {
		var made Case
		if status := w.ask(anna, http.MethodPost, "/v1/cases", `{"list":"support","number":"`+text+`"}`, &made); status != http.StatusCreated || made.Number != "+358405550199" {
			t.Fatalf("%s: %d %q", text, status, made.Number)
		}
		if status := w.ask(anna, http.MethodPatch, "/v1/cases/"+made.ID, `{"number":"09 310 0999"}`, &made); status != http.StatusOK || made.Number != "+35893100999" {
			t.Errorf("edited: %d %q", status, made.Number)
		}
		w.ask(anna, http.MethodPost, "/v1/cases/"+made.ID+"/close", `{"reason":"unsuccessful"}`, nil)
	}
	var one Contact
	if status := w.ask(anna, http.MethodPost, "/v1/contacts", `{"name":"Pekka","numbers":["040 555 0199"]}`, &one); status != http.StatusCreated || one.Numbers[0] != "+358405550199" {
		t.Errorf("contact: %d %v", status, one.Numbers)
	}
	for _, q := range []string{"040555", "040%20555", "%2B35840", "0035840", "35840555"} {
		var found struct{ Contacts []Contact }
		if w.get(anna, "/v1/contacts?q="+q, &found); len(found.Contacts) != 1 {
			t.Errorf("%s: %+v", q, found.Contacts)
		}
	}
	for _, text := range []string{"abc", "+", "040x5550199", "+0405550199", "12", "+358405550199+1"} {
		if status := w.ask(anna, http.MethodPost, "/v1/cases", `{"list":"support","number":"`+text+`"}`, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", text, status)
		}
	}
}
