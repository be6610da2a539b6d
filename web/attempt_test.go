package web

import (
	"net/http"
	"testing"
	"time"

	"ringback/directory"
	"ringback/directory/people"
)

func TestAnAttemptOfAProgramIsAskedAbout(t *testing.T) {
	w := whole(t)
	crm := w.with("crm", nil, people.CasesRead, people.CasesWrite)
	id := w.centre.missed("support", matti, time.Now()).ID
	attempts := "/v1/cases/" + id + "/attempts"

	w.rules(directory.Calling{Countries: []directory.Country{"SE"}})
	var p Problem
	if status := w.ask(crm, http.MethodPost, attempts, `{"agent":"anna"}`, &p); status != http.StatusConflict || p.Code != "country" || p.MayCall == nil || p.MayCall.Verdict != "blocked" {
		t.Errorf("blocked: %d %+v", status, p)
	}
	w.rules(directory.Calling{Countries: []directory.Country{"SE"}, OtherCountries: directory.Warn})
	var noted AttemptNoted
	named := append(crm, "Idempotency-Key", "once")
	if status := w.ask(named, http.MethodPost, attempts, `{"agent":"anna"}`, &noted); status != http.StatusOK || noted.Attempts != 1 || noted.MayCall == nil || noted.MayCall.rules() != "warned, warn country" {
		t.Errorf("warned: %d %+v", status, noted)
	}
	w.rules(directory.Calling{Countries: []directory.Country{"SE"}})
	if status := w.ask(named, http.MethodPost, attempts, `{"agent":"anna"}`, &noted); status != http.StatusOK || noted.Attempts != 1 {
		t.Errorf("sent again: %d %+v", status, noted)
	}
	if status := w.ask(crm, http.MethodPost, attempts, `{"agent":"anna","made":true}`, &noted); status != http.StatusOK || noted.Attempts != 2 {
		t.Errorf("made already: %d %+v", status, noted)
	}
}
