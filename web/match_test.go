package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestIfMatchComparesAsTheStandardSays(t *testing.T) {
	w := whole(t)
	c := w.centre.missed("support", matti, time.Now().Add(-time.Hour))
	list, edit := "/v1/lists/support", `{"due_after":"90m"}`
	var contact Contact
	if status := w.ask(w.as("anna"), http.MethodPost, "/v1/contacts", `{"name":"Matti","numbers":["+358401234567"]}`, &contact); status != http.StatusCreated {
		t.Fatalf("a contact: %d", status)
	}
	for _, target := range []struct{ who, method, path, body, get string }{
		{"anna", "PATCH", "/v1/cases/" + c.ID, `{"name":"Matti %d"}`, "/v1/cases/" + c.ID},
		{"sara", "PATCH", list, edit, list},
		{"anna", "PUT", "/v1/contacts/" + contact.ID, `{"name":"Matti %d","numbers":["+358401234567"]}`, "/v1/contacts/" + contact.ID},
	} {
		n := 0
		for _, tt := range []struct {
			header []string // E: the present tag
			status int
		}{
			{[]string{`E`}, 200},
			{[]string{`*`}, 200},
			{[]string{`"unheard", E`}, 200},
			{[]string{`E,"unheard"`}, 200},
			{[]string{`,, E ,`}, 200},
			{[]string{`"unheard"`, `E`}, 200},
			{[]string{`"a,b", E`}, 200},
			{[]string{`W/E`}, 412},
			{[]string{`W/E, "unheard"`}, 412},
			{[]string{`"unheard", "999999"`}, 412},
			{[]string{`E"`}, 422},
			{[]string{`E E`}, 422},
			{[]string{`*, E`}, 422},
			{[]string{`unheard`}, 422},
			{[]string{`"`}, 422},
		} {
			answer, _ := w.f.do(http.MethodGet, target.get, "", w.as(target.who)...)
			tag := answer.Header.Get("ETag")
			n++
			body := strings.ReplaceAll(target.body, "%d", fmt.Sprint(n))
			r, err := http.NewRequestWithContext(t.Context(), target.method, w.f.url+target.path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			who := w.as(target.who)
			for i := 0; i < len(who); i += 2 {
				r.Header.Set(who[i], who[i+1])
			}
			for _, line := range tt.header {
				r.Header.Add("If-Match", strings.ReplaceAll(line, "E", tag))
			}
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != tt.status {
				t.Errorf("%s %s, If-Match: %q where it is %s: %s, want %d", target.method, target.get, tt.header, tag, got.Status, tt.status)
			}
		}
	}
}
