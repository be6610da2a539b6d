package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatIsWrongWithARequestIsSaidWithItsPlace(t *testing.T) {
	w := whole(t)
	c := w.centre.missed("support", matti, time.Now().Add(-time.Hour))
	one := "/v1/cases/" + c.ID
	if status := w.ask(w.as("anna"), http.MethodPost, one+"/attempts", "", nil); status != http.StatusOK {
		t.Fatalf("an attempt: %d", status)
	}
	for _, tt := range []struct {
		who, method, path, body string
		code, location          string
	}{
		// Members that do not exist, at every depth and in another case, say the same for everybody.
		{"anna", "POST", "/v1/cases", `{"list":"support","nubmer":"+358401234599"}`, "", "body.nubmer"},
		{"anna", "POST", "/v1/cases", `{"list":"support","Number":"+358401234599"}`, "", "body.Number"},
		{"anna", "PATCH", one, `{"naem":"Matti"}`, "", "body.naem"},
		{"anna", "POST", one + "/assign", `{"two":"anna"}`, "", "body.two"},
		{"anna", "POST", one + "/close", `{"reason":"successful","Reason":"expired"}`, "", "body.Reason"},
		{"anna", "POST", one + "/undo", `{"akt":"x"}`, "", "body.akt"},
		{"anna", "PUT", "/v1/session/preferences", `{"inactive":[],"show_all":true,"sort":"priority","field":"none","theme":"device","colour":"red"}`, "", "body.colour"},
		{"sara", "PATCH", "/v1/lists/support", `{"handling":[{"id":"x","name":"X","terminal":true,"colour":"red"}]}`, "", "body.handling[0].colour"},
		{"david", "POST", "/v1/tokens", `{"name":"x","scopes":["cases:read"],"list":["support"]}`, "", "body.list"},
		// What the rules refuse.
		{"david", "POST", "/v1/tokens", `{"name":"x","scopes":["cases:read"],"expires":"2020-01-01T00:00:00Z"}`, "", "body.expires"},
		{"david", "POST", "/v1/tokens", `{"name":"x","scopes":["cases:raed"]}`, "", "body.scopes"},
		{"david", "POST", "/v1/tokens", `{"name":"a b","scopes":["cases:read"]}`, "", "body.name"},
		{"david", "POST", "/v1/tokens", `{"name":"x","scopes":["cases:read"],"lists":["nowhere"]}`, "", "body.lists"},
		{"anna", "POST", one + "/assign", `{"to":"bertil"}`, "not_member", "body.to"},
		{"anna", "POST", "/v1/cases", `{"list":"support","personal":"bertil"}`, "not_member", "body.personal"},
		{"anna", "POST", "/v1/cases", `{"list":"support","due":"2300-01-01T00:00:00Z"}`, "", "body.due"},
		{"anna", "POST", "/v1/cases", `{"list":"support","due":"2099-01-02T00:00:00Z","expires":"2099-01-01T00:00:00Z"}`, "", "body.expires"},
		{"anna", "POST", "/v1/cases", `{"list":"nowhere"}`, "", "body.list"},
		{"anna", "POST", one + "/call-later", `{"until":"2020-01-01T00:00:00Z"}`, "time", "body.until"},
		{"anna", "POST", one + "/call-later", `{"until":"2300-01-01T00:00:00Z"}`, "", "body.until"},
		{"anna", "POST", one + "/handling", `{"status":"unheard"}`, "status", "body.status"},
		{"anna", "POST", one + "/handling", `{"status":"call_later"}`, "time", "body.until"},
		{"anna", "POST", one + "/close", `{"reason":"successful","resolution":"unheard"}`, "resolution", "body.resolution"},
		{"anna", "POST", "/v1/contacts", `{"numbers":["+358401234567"]}`, "", "body.name"},
		{"anna", "GET", "/v1/cases?cursor=abc", "", "cursor", "query.cursor"},
		{"anna", "GET", "/v1/cases?show=none", "", "", "query.show"},
		{"david", "GET", "/v1/audit?cursor=abc", "", "cursor", "query.cursor"},
	} {
		var p Problem
		status := w.ask(w.as(tt.who), tt.method, tt.path, tt.body, &p)
		if status != http.StatusUnprocessableEntity || p.Code != tt.code || len(p.Errors) != 1 || p.Errors[0].Location != tt.location || p.Errors[0].Message == "" {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, status, encode(p))
		}
	}
	token := w.with("crm", nil, "cases:write", "cases:read")
	var p Problem
	if status := w.ask(token, http.MethodPost, one+"/assign", `{"agent":"bertil"}`, &p); status != http.StatusUnprocessableEntity || p.Code != "not_member" || len(p.Errors) != 1 || p.Errors[0].Location != "body.agent" {
		t.Errorf("for an agent who is no member: %d %s", status, encode(p))
	}
	// Of a member that comes twice the last one counts.
	var made Case
	if status := w.ask(token, http.MethodPost, "/v1/cases", `{"list":"billing","list":"support","name":"a"}`, &made); status != http.StatusCreated || made.List != "support" {
		t.Errorf("a member that comes twice: %d %+v", status, made)
	}
}

// TestRequestsAreDescribedAsClosedAndAnswersAsOpen reads our own description: programs generated from it
// must not break when answers get further members.
func TestRequestsAreDescribedAsClosedAndAnswersAsOpen(t *testing.T) {
	w := whole(t)
	type media struct {
		Content map[string]struct{ Schema json.RawMessage }
	}
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody media
			Responses   map[string]media
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	w.get(w.as("anna"), "/v1/openapi.json", &doc)
	objects := 0
	var walk func(where string, raw json.RawMessage, open bool, seen []string)
	walk = func(where string, raw json.RawMessage, open bool, seen []string) {
		var s struct {
			Ref                  string `json:"$ref"`
			Properties           map[string]json.RawMessage
			Items                json.RawMessage
			AdditionalProperties any
		}
		if len(raw) == 0 || slices.Contains(seen, string(raw)) {
			return
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		if s.Ref != "" {
			walk(where, doc.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]], open, append(seen, string(raw)))
			return
		}
		if len(s.Properties) > 0 {
			objects++
			if s.AdditionalProperties != open {
				t.Errorf("%s: additionalProperties is %v", where, s.AdditionalProperties)
			}
		}
		for name, member := range s.Properties {
			walk(where+"."+name, member, open, seen)
		}
		walk(where+"[]", s.Items, open, seen)
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			for _, m := range op.RequestBody.Content {
				walk(fmt.Sprint(method, " ", path), m.Schema, false, nil)
			}
			for status, answer := range op.Responses {
				for _, m := range answer.Content {
					walk(fmt.Sprint(method, " ", path, " ", status), m.Schema, true, nil)
				}
			}
		}
	}
	if objects < 100 {
		t.Errorf("only %d objects were looked at", objects)
	}
}
