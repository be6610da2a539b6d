package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"ringback/directory"
)

// daytime is a Wednesday at noon in Helsinki, for questions about a call then.
const daytime = "2030-07-03T09:00:00Z"

// mayCall asks whether a number may be called for the list support, at a time.
func (w *world) mayCall(who []string, number, at string) MayCall {
	w.t.Helper()
	var m MayCall
	w.get(who, "/v1/may-call?list=support&number="+url.QueryEscape(number)+"&at="+url.QueryEscape(at), &m)
	return m
}

// rules are those that speak against a call.
func (m *MayCall) rules() string {
	words := []string{m.Verdict}
	for _, f := range m.Findings {
		words = append(words, f.Effect+" "+f.Rule)
	}
	return strings.Join(words, ", ")
}

func TestWhetherANumberMayBeCalledIsSaidWithTheReasonAndTheNextTime(t *testing.T) {
	w := whole(t)
	w.rules(directory.Calling{InQuietHours: directory.Block})
	anna := w.as("anna")
	for _, row := range []struct{ number, at, want string }{
		{"040 123 4567", daytime, "allowed"},
		{"+358 600 12345", daytime, "blocked, block premium"},
		{"112", daytime, "blocked, block short_number"},
		{"reception", daytime, "blocked, block no_number"},
		{"0401234567", "2030-07-03T19:30:00Z", "blocked, block quiet_hours"},
		{"+81312345678", daytime, "allowed"},
		{"+81312345678", "2030-07-03T13:00:00Z", "blocked, block quiet_hours"},
	} {
		m := w.mayCall(anna, row.number, row.at)
		if m.rules() != row.want {
			t.Errorf("%s at %s: %s, want %s", row.number, row.at, m.rules(), row.want)
		}
	}
	m := w.mayCall(anna, "0401234567", "2030-07-03T19:30:00Z")
	if next := time.Date(2030, 7, 4, 5, 0, 0, 0, time.UTC); m.Next == nil || !m.Next.Equal(next) || m.Findings[0].Until == nil {
		t.Errorf("next is %v, want %s", m.Next, next)
	}
	if m.Kind != "mobile" || m.Region != "FI" || m.Number != "+358401234567" || len(m.Zones) == 0 {
		t.Errorf("%+v", m)
	}
}

func TestANumberThatComesOntoTheDoNotCallListHasItsCasesSuppressed(t *testing.T) {
	w := whole(t)
	anna, sara := w.as("anna"), w.as("sara")
	id := w.centre.missed("support", matti, time.Now()).ID
	var listed ListedNumber
	if status := w.ask(anna, http.MethodPost, "/v1/cases/"+id+"/do-not-call", `{"note":"asked us"}`, &listed); status != http.StatusOK || listed.Number != matti.String() {
		t.Fatalf("%d %+v", status, listed)
	}
	var c Case
	w.get(anna, "/v1/cases/"+id, &c)
	if c.State != "closed" || c.CloseReason != "suppressed" || c.ClosedBy != "anna" {
		t.Errorf("the case is %s %s by %s", c.State, c.CloseReason, c.ClosedBy)
	}
	if m := w.mayCall(anna, matti.String(), daytime); m.rules() != "blocked, block do_not_call" || m.Next != nil {
		t.Errorf("%+v", m)
	}
	var m MayCall
	w.get(anna, "/v1/cases/"+id+"/may-call?at="+daytime, &m)
	if m.rules() != "blocked, block not_open, block do_not_call" {
		t.Error(m.rules())
	}
	var page struct{ Numbers []ListedNumber }
	w.get(sara, "/v1/numbers/do-not-call?q=040", &page)
	if len(page.Numbers) != 1 || page.Numbers[0].Note != "asked us" || page.Numbers[0].By != "person anna" {
		t.Errorf("%+v", page)
	}
	number := url.PathEscape(matti.String())
	if status := w.ask(sara, http.MethodDelete, "/v1/numbers/do-not-call/"+number, "", nil); status != http.StatusNoContent {
		t.Errorf("taking it off: %d", status)
	}
	if status := w.ask(sara, http.MethodDelete, "/v1/numbers/do-not-call/"+number, "", nil); status != http.StatusNotFound {
		t.Errorf("twice: %d", status)
	}
	if m := w.mayCall(anna, matti.String(), daytime); m.Verdict != "allowed" {
		t.Error(m.rules())
	}
}

func TestListsOfNumbersComeFromFilesAndGoIntoThem(t *testing.T) {
	w := whole(t)
	anna, sara := w.as("anna"), w.as("sara")
	id := w.centre.missed("support", matti, time.Now()).ID
	if i := w.imported(sara, "/v1/numbers/do-not-call/imports", "Phone,Note\n0501234567,from the register\n"+matti.String()+",\n"); i.State != "done" || i.Report.Made != 2 || i.Numbers != "do-not-call" {
		t.Fatalf("%+v %+v", i, i.Report)
	}
	var c Case
	w.get(anna, "/v1/cases/"+id, &c)
	if c.CloseReason != "suppressed" {
		t.Errorf("the case of an imported number is %s %s", c.State, c.CloseReason)
	}
	w.imported(sara, "/v1/numbers/blocked/imports", "+35840*\n")
	w.imported(sara, "/v1/numbers/personal/imports?agent=anna", "040 765*\n")
	if m := w.mayCall(anna, "0407654321", daytime); m.Verdict != "allowed" {
		t.Errorf("anna's own: %s", m.rules())
	}
	if m := w.mayCall(sara, "0407654321", daytime); m.rules() != "blocked, block block_list" {
		t.Errorf("sara: %s", m.rules())
	}
	answer, body := w.f.do(http.MethodGet, "/v1/exports/numbers?kind=blocked", "", sara...)
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "+35840*") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	for path, body := range map[string]string{
		"/v1/numbers/personal":              `{"number":"0401234567"}`,
		"/v1/numbers/personal?agent=nobody": `{"number":"0401234567"}`,
		"/v1/numbers/blocked?agent=anna":    `{"number":"0401234567"}`,
		"/v1/numbers/blocked":               `{"number":"hello"}`,
		"/v1/numbers/allowed":               `{"number":"*"}`,
		"/v1/numbers/do-not-call":           `{"number":"+35840*"}`,
	} {
		if status := w.ask(sara, http.MethodPost, path, body, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", path, body, status)
		}
	}
}

func TestCallsToAKindOfNumbersNeedItsPIN(t *testing.T) {
	w := whole(t)
	david := w.as("david")
	if status := w.ask(david, http.MethodPut, "/v1/pins/international", `{"pin":"4711"}`, nil); status != http.StatusNoContent {
		t.Fatal(status)
	}
	if m := w.mayCall(w.as("anna"), "+46 8 123 456 78", daytime); m.rules() != "blocked, block pin" {
		t.Error(m.rules())
	}
	var pins struct{ Classes []PINClass }
	w.get(david, "/v1/pins", &pins)
	if len(pins.Classes) != 5 || !pins.Classes[0].Set || pins.Classes[1].Set {
		t.Errorf("%+v", pins)
	}
	if status := w.ask(david, http.MethodPut, "/v1/pins/international", `{"pin":"47 1"}`, nil); status != http.StatusUnprocessableEntity {
		t.Error(status)
	}
	if status := w.ask(david, http.MethodDelete, "/v1/pins/international", "", nil); status != http.StatusNoContent {
		t.Fatal(status)
	}
	if m := w.mayCall(w.as("anna"), "+46 8 123 456 78", daytime); m.Verdict != "allowed" {
		t.Error(m.rules())
	}
}

// rules gives the list support rules of its own.
func (w *world) rules(c directory.Calling) {
	w.t.Helper()
	f := *w.directory().File()
	f.Lists = append([]directory.ListEntry(nil), f.Lists...)
	f.Lists[0].Calling = c
	d, err := directory.New(&f)
	if err != nil {
		w.t.Fatal(err)
	}
	w.dir.Store(d)
}

func TestTheRulesOfAListAreThoseOfTheDirectory(t *testing.T) {
	w := whole(t)
	w.rules(directory.Calling{Countries: []directory.Country{"SE"}, InQuietHours: directory.Warn})
	if m := w.mayCall(w.as("anna"), "0401234567", "2030-07-03T19:30:00Z"); m.rules() != "blocked, block country, warn quiet_hours" {
		t.Error(m.rules())
	}
}
