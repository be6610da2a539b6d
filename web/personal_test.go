package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory/audit"
	"ringback/directory/people"
)

// TestAPersonalCallbackIsShownToNobodyElse looks for anna's personal callback in every place where cases are shown, as
// each of those who might see it.
func TestAPersonalCallbackIsShownToNobodyElse(t *testing.T) {
	w := whole(t)
	var made, plain Case
	if status := w.ask(w.as("anna"), http.MethodPost, "/v1/cases", `{"list":"campaign","number":"+358401234567","name":"Secretive","personal":"anna"}`, &made); status != http.StatusCreated {
		t.Fatalf("making it: %d", status)
	}
	if status := w.ask(w.as("bertil"), http.MethodPost, "/v1/cases", `{"list":"billing","number":"+358401234567"}`, &plain); status != http.StatusCreated {
		t.Fatalf("making the other: %d", status)
	}
	if sibling := w.centre.missed("support", matti, time.Now().Add(-time.Hour)); sibling.ID == "" {
		t.Fatal("no sibling")
	}
	var indexed struct{ Hits []Hit }
	for late := time.Now().Add(10 * time.Second); len(indexed.Hits) == 0 && time.Now().Before(late); { // the index follows
		w.get(w.as("anna"), "/v1/search?q=Secretive", &indexed)
	}
	token := w.with("crm", nil, "cases:read", "cases:write", "events:read")
	one := "/v1/cases/" + made.ID
	for name, tt := range map[string]struct {
		who  []string
		sees bool
	}{
		"anna, whose it is": {w.as("anna"), true}, "bertil, a member": {w.as("bertil"), false}, "sara, who supervises": {w.as("sara"), true},
		"david, an admin": {w.as("david"), true}, "a program": {token, true},
	} {
		for _, path := range []string{
			"/v1/cases?lists=campaign", "/v1/cases?lists=campaign&show=all&grouped=true", "/v1/cases?number=%2B358401234567", "/v1/cases?assignee=anna",
			"/v1/cases?grouped=true", "/v1/cases/recent", "/v1/cases/" + plain.ID + "/siblings",
		} {
			if strings.HasSuffix(path, "recent") && strings.HasPrefix(name, "a program") {
				path += "?agent=anna"
			}
			answer, body := w.f.do(http.MethodGet, path, "", tt.who...)
			if answer.StatusCode == http.StatusNotFound && strings.HasSuffix(path, "siblings") {
				continue // of a list that he has nothing to do with
			}
			if found := strings.Contains(string(body), made.ID); answer.StatusCode != http.StatusOK || found != tt.sees {
				t.Errorf("%s, %s: %s %s", name, path, answer.Status, body)
			}
		}
		want := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[tt.sees]
		for _, path := range []string{one, one + "/history", one + "/siblings"} {
			if status := w.ask(tt.who, http.MethodGet, path, "", nil); status != want {
				t.Errorf("%s, %s: %d", name, path, status)
			}
		}
		if !tt.sees {
			for _, verb := range []string{"assign", "attempts", "accept", "comments"} {
				if status := w.ask(tt.who, http.MethodPost, one+"/"+verb, map[string]string{"comments": `{"text":"x"}`}[verb], nil); status != http.StatusNotFound {
					t.Errorf("%s, %s: %d", name, verb, status)
				}
			}
		}
		var found struct {
			Hits  []Hit
			Total int
		}
		ids := func() (all []string) {
			for _, h := range found.Hits {
				all = append(all, h.ID)
			}
			return all
		}
		w.get(tt.who, "/v1/search?q=Secretive", &found)
		if slices.Contains(ids(), made.ID) != tt.sees || found.Total != len(found.Hits) {
			t.Errorf("%s, search: %q of %d", name, ids(), found.Total)
		}
	}
}

func TestAPersonalCallbackIsToldToNobodyElse(t *testing.T) {
	w := whole(t)
	c := cases.Case{ID: "1", List: "campaign", Personal: "anna", CreatedBy: "sara"}
	for who, told := range map[string]bool{"anna": true, "bertil": false, "sara": true, "david": true, "zoe": false} {
		seen, about := sightOf(&caller{Principal: people.Principal{Kind: audit.Person, ID: who}}, w.directory()), aboutCase(&c)
		if seen.sees(&about) != told {
			t.Errorf("%s is told: %v", who, !told)
		}
	}
}
