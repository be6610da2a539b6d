package web

import (
	"net/http"
	"testing"
	"time"

	"ringback/directory/people"
)

func TestAProgramWorksOnlyForWhoWorksOnTheList(t *testing.T) {
	w := whole(t)
	crm := w.with("crm", nil, people.CasesRead, people.CasesWrite)
	id := w.centre.missed("support", matti, time.Now()).ID
	for _, agent := range []string{"bertil", "nobody", "eva"} {
		for path, body := range map[string]string{
			"/v1/cases/" + id + "/assign":   `{"agent":"` + agent + `"}`,
			"/v1/cases/" + id + "/attempts": `{"agent":"` + agent + `"}`,
			"/v1/cases":                     `{"agent":"` + agent + `","list":"support"}`,
		} {
			if status := w.ask(crm, http.MethodPost, path, body, nil); status != http.StatusUnprocessableEntity {
				t.Errorf("%s for %s: %d", path, agent, status)
			}
		}
		if status := w.ask(crm, http.MethodPost, "/v1/cases/next", `{"agent":"`+agent+`","lists":["support"]}`, nil); status != http.StatusNotFound {
			t.Errorf("next for %s: %d", agent, status)
		}
		var done BatchResult
		if status := w.ask(crm, http.MethodPost, "/v1/cases/batch", `{"agent":"`+agent+`","act":"assign","cases":["`+id+`"]}`, &done); status != http.StatusOK || done.Results[0].Done {
			t.Errorf("batch for %s: %d %+v", agent, status, done)
		}
	}
	if status := w.ask(crm, http.MethodPost, "/v1/cases/"+id+"/assign", `{"agent":"anna"}`, nil); status != http.StatusOK {
		t.Errorf("for a member: %d", status)
	}
}
