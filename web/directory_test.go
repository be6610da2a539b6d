package web

import (
	"net/http"
	"strings"
	"testing"

	"ringback/directory"
)

func TestAnAdminEditsTheDirectory(t *testing.T) {
	w := whole(t)
	david := w.as("david")
	answer, yaml := w.f.do(http.MethodGet, "/v1/directory?format=yaml", "", david...)
	etag := answer.Header.Get("ETag")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/yaml" || etag == "" || string(yaml) != string(directory.Format(w.directory().File())) {
		t.Fatalf("%s %s", answer.Status, yaml)
	}
	answer, asJSON := w.f.do(http.MethodGet, "/v1/directory", "", david...)
	if answer.Header.Get("Content-Type") != "application/json" || answer.Header.Get("ETag") != etag || !strings.HasPrefix(string(asJSON), "{") {
		t.Fatalf("%s %s", answer.Status, asJSON)
	}

	more := strings.Replace(string(yaml), "agents:\n", "agents:\n  - {id: olga, extensions: \"177\"}\n", 1)
	var check DirectoryCheck
	for _, text := range []string{more, strings.Replace(string(asJSON), `"agents": [`, `"agents": [{"id":"olga","extensions":["177"]},`, 1)} {
		if status := w.ask(david, http.MethodPost, "/v1/directory/check", text, &check); status != http.StatusOK || !check.Right ||
			len(check.Changes) != 1 || check.Changes[0].Op != "added" || check.Changes[0].Object != "agent olga" || check.Changes[0].Text == "" {
			t.Errorf("%d %+v", status, check)
		}
	}
	if _, there := w.directory().Agent("olga"); there {
		t.Fatal("a check changed the directory")
	}

	if status := w.ask(david, http.MethodPut, "/v1/directory", more, nil); status != http.StatusPreconditionRequired {
		t.Errorf("without If-Match: %d", status)
	}
	if status := w.ask(append(david, "If-Match", `"older"`), http.MethodPut, "/v1/directory", more, nil); status != http.StatusPreconditionFailed {
		t.Errorf("with another version: %d", status)
	}
	var edit DirectoryEdit
	if status := w.ask(append(david, "If-Match", etag), http.MethodPut, "/v1/directory", more, &edit); status != http.StatusOK || len(edit.Changes) != 1 {
		t.Errorf("%d %+v", status, edit)
	}
	if _, there := w.directory().Agent("olga"); !there {
		t.Error("the directory is not in force")
	}
	if status := w.ask(append(david, "If-Match", etag), http.MethodPut, "/v1/directory", string(yaml), nil); status != http.StatusPreconditionFailed {
		t.Errorf("with the version before: %d", status)
	}
}

func TestWhatIsWrongWithADirectoryIsSaidWhereItIs(t *testing.T) {
	w := whole(t)
	david := w.as("david")
	const text = "country: FI\nagents:\n  - {id: anna, extensions: \"101\"}\n  - {id: anna, extensions: \"102\"}\nlists:\n  - {id: x, members: [nobody]}\n"
	var check DirectoryCheck
	if status := w.ask(david, http.MethodPost, "/v1/directory/check", text, &check); status != http.StatusOK || check.Right || len(check.Problems) < 2 {
		t.Fatalf("%d %+v", status, check)
	}
	if check.Problems[0].Line != 4 || check.Problems[0].Column == 0 || check.Problems[0].Text == "" || check.Problems[len(check.Problems)-1].Line != 6 {
		t.Errorf("%+v", check.Problems)
	}
	var p Problem
	if status := w.ask(append(david, "If-Match", "*"), http.MethodPut, "/v1/directory", text, &p); status != http.StatusUnprocessableEntity || len(p.Errors) < 2 || !strings.HasPrefix(p.Errors[0].Location, "body:4:") {
		t.Errorf("%d %+v", status, p)
	}
	for _, hostile := range []string{"", "\x00", strings.Repeat("[", 10000), "a: &a [*a]", "agents: 7", "- x", strings.Repeat("x: y\n", 1000), "{\"agents\":[{\"id\":\"\xff\"}]}"} {
		if status := w.ask(david, http.MethodPost, "/v1/directory/check", hostile, &check); status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("%.20q: %d", hostile, status)
		}
	}
}

func TestOneThingOfTheDirectoryIsEdited(t *testing.T) {
	w := whole(t)
	david := w.as("david")
	answer, thing := w.f.do(http.MethodGet, "/v1/directory/agents/anna", "", david...)
	etag := answer.Header.Get("ETag")
	if answer.StatusCode != http.StatusOK || etag == "" || !strings.Contains(string(thing), `"Anna Agent"`) {
		t.Fatalf("%s %s", answer.Status, thing)
	}
	put := func(path, body string, header ...string) (int, DirectoryEdit, Problem) {
		t.Helper()
		var both struct {
			DirectoryEdit
			Problem
		}
		status := w.ask(append(append([]string{}, david...), header...), http.MethodPut, path, body, &both)
		return status, both.DirectoryEdit, both.Problem
	}
	const anna = "/v1/directory/agents/anna"
	changed := strings.Replace(string(thing), "Anna Agent", "Anna Adams", 1)
	status, edit, _ := put(anna, changed, "If-Match", etag)
	if status != http.StatusOK || len(edit.Changes) != 1 || edit.Changes[0].Field != "name" || edit.Changes[0].New != "Anna Adams" {
		t.Fatalf("%d %+v", status, edit)
	}
	if a, _ := w.directory().Agent("anna"); a.Name != "Anna Adams" {
		t.Errorf("%+v", a)
	}
	if status, _, _ := put(anna, changed, "If-Match", etag); status != http.StatusPreconditionFailed {
		t.Errorf("a version of before: %d", status)
	}
	if status, edit, _ := put(anna, changed); status != http.StatusOK || len(edit.Changes) != 0 {
		t.Errorf("what is so already: %d %+v", status, edit)
	}
	for body, location := range map[string]string{`{"naem":"x"}`: "body", `{"id":"bertil"}`: "body", `[]`: "body", `{"extensions":["102"]}`: "body"} {
		if status, _, p := put(anna, body); status != http.StatusUnprocessableEntity || len(p.Errors) == 0 || p.Errors[0].Location != location {
			t.Errorf("%s: %d %+v", body, status, p)
		}
	}
	if status, edit, _ := put("/v1/directory/agents/olga", `{"extensions":["177"]}`); status != http.StatusOK || edit.Changes[0].Op != "added" {
		t.Errorf("%d %+v", status, edit)
	}
	if status := w.ask(david, http.MethodDelete, "/v1/directory/agents/olga", "", &edit); status != http.StatusOK || edit.Changes[0].Op != "removed" {
		t.Errorf("%d %+v", status, edit)
	}
	if status := w.ask(david, http.MethodDelete, "/v1/directory/agents/olga", "", nil); status != http.StatusNotFound {
		t.Errorf("%d", status)
	}
	var p Problem
	if status := w.ask(david, http.MethodDelete, "/v1/directory/agents/bertil", "", &p); status != http.StatusUnprocessableEntity || len(p.Errors) == 0 {
		t.Errorf("an agent whom a list needs: %d %+v", status, p)
	}
	if status := w.ask(david, http.MethodGet, "/v1/directory/kings/anna", "", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
}
