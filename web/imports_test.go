package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// imported sends a file and waits until it was read.
func (w *world) imported(who []string, path, file string) Import {
	w.t.Helper()
	var i Import
	if status := w.ask(who, http.MethodPost, path, file, &i); status != http.StatusAccepted {
		w.t.Fatalf("%s: %d", path, status)
	}
	for deadline := time.Now().Add(10 * time.Second); i.Ended == nil; {
		if time.Now().After(deadline) {
			w.t.Fatalf("the import hangs: %+v", i)
		}
		w.get(who, "/v1/imports/"+i.ID, &i)
	}
	return i
}

func TestAFileOfCustomersBecomesCases(t *testing.T) {
	w := whole(t)
	sara := w.as("sara")
	const file = "Name,Phone,Customer id\nMatti,+358401234567,1\nTeppo,+358401234568,2\n"
	i := w.imported(sara, "/v1/lists/campaign/imports", file)
	if i.State != "done" || i.Report == nil || i.Report.Made != 2 || !i.Report.Written {
		t.Fatalf("%+v %+v", i, i.Report)
	}
	var page struct{ Cases []Case }
	w.get(w.as("bertil"), "/v1/cases?lists=campaign", &page)
	if len(page.Cases) != 2 || page.Cases[0].Channel != "import" {
		t.Errorf("%+v", page.Cases)
	}
	if again := w.imported(sara, "/v1/lists/campaign/imports", file); again.Report.Made != 0 || again.Report.There != 2 {
		t.Errorf("again: %+v", again.Report)
	}
	var all struct{ Imports []Import }
	w.get(sara, "/v1/lists/campaign/imports", &all)
	if len(all.Imports) != 2 {
		t.Errorf("%d imports", len(all.Imports))
	}
	var mapping struct{ Columns []Mapping }
	w.get(sara, "/v1/lists/campaign/mapping", &mapping)
	if len(mapping.Columns) != 3 {
		t.Errorf("%+v", mapping)
	}
}

func TestAFileWithABadRowChangesNothing(t *testing.T) {
	w := whole(t)
	sara := w.as("sara")
	const file = "Name,Phone\nMatti,+358401234567\nTeppo,nonsense\n"
	i := w.imported(sara, "/v1/lists/campaign/imports", file)
	if i.State != "refused" || i.Report.Bad != 1 || len(i.Report.Problems) != 1 || i.Report.Problems[0].Row != 3 || i.Report.Problems[0].Column != "Phone" {
		t.Fatalf("%+v %+v", i, i.Report)
	}
	if i = w.imported(sara, "/v1/lists/campaign/imports?partial=true", file); i.State != "done" || i.Report.Made != 1 {
		t.Errorf("partial: %+v", i.Report)
	}
	if i = w.imported(sara, "/v1/lists/campaign/imports", "\x00\x01\x02"); i.State != "failed" || i.Failure == "" {
		t.Errorf("no table: %+v", i)
	}
}

func TestOnlyImportsTakeBigBodies(t *testing.T) {
	w := whole(t)
	sara := w.as("sara")
	var file strings.Builder
	file.WriteString("Phone,Note\n")
	for n := range 3000 {
		file.WriteString((matti + 1).String() + "," + strings.Repeat("x", 100) + string(rune('a'+n%26)) + "\n")
	}
	if i := w.imported(sara, "/v1/lists/campaign/imports?dry_run=true", file.String()); i.Report == nil || i.Report.Rows != 3000 || i.Report.Written {
		t.Errorf("%+v %+v", i, i.Report)
	}
	if status := w.ask(sara, http.MethodPost, "/v1/cases", `{"list":"support","note":"`+strings.Repeat("x", maxBody)+`"}`, nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a big case: %d", status)
	}
	if status := w.ask(sara, http.MethodPost, "/v1/lists/campaign/imports", "", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d", status)
	}
}

func TestContactsComeFromFilesToo(t *testing.T) {
	w := whole(t)
	david := w.as("david")
	i := w.imported(david, "/v1/contacts/imports", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Matti Meikäläinen\r\nTEL:+358401234567\r\nEND:VCARD\r\n")
	if i.State != "done" || i.Report.Made != 1 {
		t.Fatalf("%+v %+v", i, i.Report)
	}
	var page struct{ Contacts []Contact }
	w.get(w.as("anna"), "/v1/contacts?q=matti", &page)
	if len(page.Contacts) != 1 || page.Contacts[0].Numbers[0] != matti.String() {
		t.Errorf("%+v", page)
	}
	if status := w.ask(w.as("sara"), http.MethodGet, "/v1/imports/"+i.ID, "", nil); status != http.StatusNotFound {
		t.Errorf("somebody else's import: %d", status)
	}
}
