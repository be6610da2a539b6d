package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestTablesHaveTheListsOfWhoAsksOnly(t *testing.T) {
	w := whole(t)
	sara := w.as("sara")
	w.imported(sara, "/v1/lists/campaign/imports", "Name,Phone,Note\nMatti,+358401234567,=1+1\n")
	for path, want := range map[string]string{
		"/v1/exports/cases?lists=campaign":                           ",campaign,+358401234567,+358401234567,Matti,,'=1+1,open,import,",
		"/v1/exports/cases?lists=campaign&format=json":               `"note":"=1+1"`,
		"/v1/exports/cases?lists=campaign&format=xlsx":               "PK\x03\x04",
		"/v1/exports/history?lists=campaign":                         ",opened,import,sara,",
		"/v1/exports/statistics?lists=campaign&by=list":              "campaign,,,1,1,0,",
		"/v1/exports/contacts":                                       "ringback_id,external_id,name,company,phone,",
		"/v1/exports/cases?lists=campaign&from=2090-01-01T00:00:00Z": "case,list,number,",
	} {
		status, body := w.answer(sara, http.MethodGet, path, "")
		if status != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %q is not in %.400q", path, status, want, body)
		}
		if strings.Contains(path, "2090") && strings.Contains(string(body), "campaign") {
			t.Errorf("%s: it has cases: %q", path, body)
		}
	}
	// Whoever supervises nothing gets nothing, and other lists are not his by naming them.
	if status, body := w.answer(w.as("bertil"), http.MethodGet, "/v1/exports/cases?lists=campaign", ""); status != http.StatusForbidden {
		t.Errorf("an agent: %d %s", status, body)
	}
	for _, path := range []string{"/v1/exports/cases?format=pdf", "/v1/exports/cases?zone=Nowhere", "/v1/exports/cases?colour=red", "/v1/exports/cases?zone=Local"} {
		if status, body := w.answer(sara, http.MethodGet, path, ""); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
