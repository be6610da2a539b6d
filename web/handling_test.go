package web

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestAStatusForTheGroupHasOneResultPerCase(t *testing.T) {
	w := whole(t)
	own := w.centre.missed("support", matti, time.Now().Add(-time.Hour)).ID
	hidden := w.centre.missed("billing", matti, time.Now().Add(-time.Hour)).ID
	stranger := w.centre.missed("support", teppo, time.Now().Add(-time.Hour)).ID
	var campaign Case
	if status := w.ask(w.as("bertil"), http.MethodPost, "/v1/cases", `{"list":"campaign","number":"+358401234567","personal":"bertil"}`, &campaign); status != http.StatusCreated {
		t.Fatalf("a case of bertil's: %d", status)
	}
	anna := w.as("anna")
	if status := w.ask(anna, http.MethodPost, "/v1/cases/"+own+"/attempts", "", nil); status != http.StatusOK {
		t.Fatalf("an attempt: %d", status)
	}
	also := []string{campaign.ID, hidden, own, stranger, campaign.ID, "1NGE7R4-8XK2QJ"}
	body := string(encode(map[string]any{"status": "closed_successfully", "resolution": "solved", "also": also}))
	for _, again := range []bool{false, true} {
		var got Handled
		if status := w.ask(append(anna, "Idempotency-Key", "group"), http.MethodPost, "/v1/cases/"+own+"/handling", body, &got); status != http.StatusOK || got.State != "closed" {
			t.Fatalf("again %v: %d %s", again, status, encode(got))
		}
		want := []string{campaign.ID, hidden, own, stranger, "1NGE7R4-8XK2QJ"}
		ids := []string{}
		for _, o := range got.Also {
			ids = append(ids, o.ID)
			if done := o.ID == own; o.Done != done || (o.Problem == nil) != done {
				t.Errorf("again %v: %s", again, encode(o))
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("again %v: results for %q, want %q", again, ids, want)
		}
		if !again && (got.Also[0].Problem.Status != http.StatusNotFound || got.Also[1].Problem.Status != http.StatusNotFound || got.Also[3].Problem.Code != "not_grouped") {
			t.Errorf("%s", encode(got.Also))
		}
	}
	// What was refused is as it was.
	for id, who := range map[string]string{campaign.ID: "bertil", hidden: "bertil", stranger: "anna"} {
		var c Case
		w.get(w.as(who), "/v1/cases/"+id, &c)
		if c.State != "open" || c.Handling != "" || c.Version != 1 {
			t.Errorf("%s", encode(c))
		}
	}
}
