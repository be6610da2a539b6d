package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/sip"
)

const (
	matti  sip.Number = 358401234567
	teppo  sip.Number = 358401234568
	almost sip.Number = 46401234567 // the same last nine digits as matti's
)

func TestCasesComeInTheOrderTheyShouldBeCalled(t *testing.T) {
	c := newCentre(t)
	now := time.Now()
	var want []string
	for n := range 25 {
		want = append(want, c.missed("support", matti+sip.Number(n), now.Add(time.Duration(n)*time.Minute)).ID)
	}
	c.missed("billing", matti, now)
	f := api(t, c.options(Options{}))

	var got []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		ids, next := f.page("?list=support&limit=10&cursor=" + cursor)
		if len(ids) > 10 || pages > 2 {
			t.Fatalf("page %d of %d cases", pages, len(ids))
		}
		got, cursor = append(got, ids...), next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if ids, _ := f.page("?list=support&state=closed"); ids != nil {
		t.Errorf("closed: %v", ids)
	}
	c.dialled("anna", matti, now.Add(time.Hour))
	c.dialled("anna", matti+1, now.Add(2*time.Hour))
	if ids, _ := f.page("?list=support&state=closed"); !slices.Equal(ids, []string{want[1], want[0]}) {
		t.Errorf("closed: %v, want the latest first of %v", ids, want[:2])
	}
	if ids, _ := f.page("?list=nowhere"); ids != nil {
		t.Errorf("a list that does not exist has %v", ids)
	}
}

func TestCasesAreFoundByNumber(t *testing.T) {
	c := newCentre(t)
	now := time.Now()
	support, billing, other := c.missed("support", matti, now), c.missed("billing", matti, now), c.missed("support", almost, now)
	c.missed("support", teppo, now)
	f := api(t, c.options(Options{}))
	for _, query := range []string{"%2B358401234567", "+358401234567", "358401234567", "%20358401234567", "0401234567", "040%20123-4567", "00358401234567", "%2B358%20(0)40%20123%204567"} {
		ids, _ := f.page("?number=" + query)
		slices.Sort(ids)
		want := []string{support.ID, billing.ID}
		slices.Sort(want)
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Error(query, diff)
		}
	}
	var found struct{ Cases, Maybe []Case }
	f.get("/v1/cases?list=support&number=%2B358401234567", &found)
	if len(found.Cases) != 1 || found.Cases[0].ID != support.ID || len(found.Maybe) != 1 || found.Maybe[0].ID != other.ID {
		t.Errorf("on support: %+v", found)
	}
	for _, query := range []string{"number=abc", "number=%2B", "number=%2B0401234567", "number=%2B3584012345678901234", "number=%2B358401234567&cursor=x", "show=mine", "sort=assigned_to_me", "reached_by_me=true", "reason=hunger", "list=support&state=lost", "list=support&cursor=%20", "list=support&limit=501"} {
		answer, body := f.do(http.MethodGet, "/v1/cases?"+query, "")
		isProblem(t, answer, body, http.StatusUnprocessableEntity)
	}
}

func TestACursorOfAnotherListIsRefused(t *testing.T) {
	c := newCentre(t)
	for n := range 3 {
		c.missed("support", matti+sip.Number(n), time.Now())
		c.missed("billing", matti+sip.Number(n), time.Now())
	}
	f := api(t, c.options(Options{}))
	_, next := f.page("?list=support&limit=1")
	for _, query := range []string{"list=billing&cursor=" + next, "list=support&state=closed&cursor=" + next, "list=support&cursor=" + url.QueryEscape("Ûÿ")} {
		answer, body := f.do(http.MethodGet, "/v1/cases?"+query, "")
		isProblem(t, answer, body, http.StatusUnprocessableEntity)
	}
}

func TestACaseIsShownWithItsHistoryAndProofs(t *testing.T) {
	c := newCentre(t)
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	first := c.missed("support", matti, at)
	c.missed("support", matti, at.Add(10*time.Minute))
	c.dialled("anna", matti, at.Add(20*time.Minute))
	f := api(t, c.options(Options{}))

	var got CaseWithHistory
	f.get("/v1/cases/"+first.ID, &got)
	if got.Number != "+358401234567" || got.State != "closed" || got.CloseReason != "agent_called" || got.ClosedBy != "anna" ||
		got.MissedCount != 2 || got.UndoUntil == nil || !slices.Equal(got.Proof, []string{"dialled-3@pbx"}) {
		t.Errorf("the case: %+v", got.Case)
	}
	var story []string
	for _, e := range got.History {
		story = append(story, fmt.Sprintln(e.At.Sub(at), e.Event, e.Reason, e.Agent, e.Proof.CallIDs))
	}
	if diff := cmp.Diff([]string{
		"0s opened abandoned_waiting  [missed-1@pbx]\n",
		"10m0s miss_added abandoned_waiting  [missed-2@pbx]\n",
		"20m0s closed agent_called anna [dialled-3@pbx]\n",
	}, story); diff != "" {
		t.Error(diff)
	}
	cause := 16
	if diff := cmp.Diff([]Evidence{{At: at.Add(-2 * time.Second), CallID: "missed-1@pbx", What: "caller BYE", Cause: &cause}}, got.History[0].Proof.Evidence); diff != "" {
		t.Error("evidence of the first miss:", diff)
	}
	answer, body := f.do(http.MethodGet, "/v1/cases/none", "")
	isProblem(t, answer, body, http.StatusNotFound)
}

func TestALongHistoryShowsItsLatestEntries(t *testing.T) {
	c := newCentre(t)
	at := time.Now()
	id := c.missed("support", matti, at).ID
	for n := range 9 {
		c.missed("support", matti, at.Add(time.Duration(n+1)*time.Second))
	}
	f := api(t, c.options(Options{}))
	for limit, want := range map[int]string{0: "[] 10", 1: "[10] 9", 3: "[8 9 10] 7", 9: "[2 3 4 5 6 7 8 9 10] 1", 10: "[1 2 3 4 5 6 7 8 9 10] 0", 11: "[1 2 3 4 5 6 7 8 9 10] 0"} {
		var got CaseWithHistory
		f.get(fmt.Sprintf("/v1/cases/%s?history=%d", id, limit), &got)
		var calls []string
		for _, e := range got.History {
			calls = append(calls, strings.TrimSuffix(strings.TrimPrefix(e.Proof.Call, "missed-"), "@pbx"))
		}
		if s := fmt.Sprint(calls, " ", got.Earlier); s != want {
			t.Errorf("the latest %d: %s, want %s", limit, s, want)
		}
	}
}

func TestACaseThatHasNotChangedIsNotSentAgain(t *testing.T) {
	c := newCentre(t)
	id := c.missed("support", matti, time.Now()).ID
	f := api(t, c.options(Options{}))
	answer, _ := f.do(http.MethodGet, "/v1/cases/"+id, "")
	etag := answer.Header.Get("ETag")
	for _, header := range []string{etag, "W/" + etag, `"0", ` + etag, "*"} {
		answer, body := f.do(http.MethodGet, "/v1/cases/"+id, "", "If-None-Match", header)
		if answer.StatusCode != http.StatusNotModified || len(body) > 0 || answer.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match: %s: %s %v %s", header, answer.Status, answer.Header, body)
		}
	}
	c.missed("support", matti, time.Now())
	answer, _ = f.do(http.MethodGet, "/v1/cases/"+id, "", "If-None-Match", etag)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("ETag") == etag {
		t.Errorf("after a change: %s, ETag %s", answer.Status, answer.Header.Get("ETag"))
	}
}

// act does something to a case and reads the case of the answer, whatever its status.
func (f *front) act(path, body string, header ...string) (*http.Response, []byte, Case) {
	f.t.Helper()
	answer, b := f.do(http.MethodPost, "/v1/cases/"+path, body, append([]string{"Content-Type", "application/json"}, header...)...)
	var c Case
	if answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal(b, &c); err != nil {
			f.t.Fatal(err)
		}
	}
	return answer, b, c
}

func TestPeopleCloseReopenUndoAndKeepOpen(t *testing.T) {
	c := newCentre(t)
	id := c.missed("support", matti, time.Now()).ID
	var changed []cases.Change
	f := api(t, c.options(Options{Changed: func(ch cases.Change) { changed = append(changed, ch) }}))
	started := f.server.Events().last()

	steps := []struct {
		path, body string
		want       string // state, reason, by, keep
	}{
		{"keep-open", `{"keep":true,"agent":"anna"}`, "open   true"},
		{"keep-open", `{"keep":false}`, "open   false"},
		{"close", `{"reason":"successful","agent":"anna","note":"spoke to him"}`, "closed successful anna false"},
		{"reopen", ``, "open   false"},
		{"close", `{"reason":"unsuccessful"}`, "closed unsuccessful wallboard false"},
		{"reopen", `{}`, "open   false"},
	}
	for n, step := range steps {
		answer, body, got := f.act(id+"/"+step.path, step.body)
		if s := fmt.Sprint(got.State, " ", got.CloseReason, " ", got.ClosedBy, " ", got.KeepOpen); s != step.want {
			t.Fatalf("step %d: %s %s, want %s", n, answer.Status, body, step.want)
		}
		if want := fmt.Sprintf("%q", fmt.Sprint(got.Version)); answer.Header.Get("ETag") != want {
			t.Errorf("step %d: ETag %s, want %s", n, answer.Header.Get("ETag"), want)
		}
	}
	c.dialled("anna", matti, time.Now())
	if answer, body, got := f.act(id+"/undo", `{"agent":"bertil"}`); got.State != "open" {
		t.Fatalf("undo: %s %s", answer.Status, body)
	}
	var story []string
	for _, ch := range changed {
		story = append(story, fmt.Sprint(ch.Event, " ", ch.Reason, " ", ch.Agent))
	}
	if diff := cmp.Diff([]string{
		"edited keep_open anna", "edited not_keep_open wallboard",
		"closed successful anna", "reopened by_hand wallboard", "closed unsuccessful wallboard", "reopened by_hand wallboard",
		"reopened undone bertil",
	}, story); diff != "" {
		t.Error(diff)
	}
	if got := f.server.Events().last() - started; got != 7 {
		t.Errorf("%d events were published", got)
	}
	var shown CaseWithHistory
	f.get("/v1/cases/"+id, &shown)
	if !slices.ContainsFunc(shown.History, func(e Entry) bool { return e.Note == "spoke to him" && e.Agent == "anna" }) {
		t.Error("the note is not in the history")
	}
}

func TestWhatCannotBeDoneToACaseIsSaid(t *testing.T) {
	c := newCentre(t)
	id := c.missed("support", matti, time.Now()).ID
	f := api(t, c.options(Options{}))
	for _, tc := range []struct {
		path, body string
		status     int
		detail     string
	}{
		{id + "/undo", "{}", 409, "nothing to undo"},
		{id + "/reopen", "{}", 409, "not closed"},
		{"none/close", `{"reason":"successful"}`, 404, "no such case"},
		{id + "/close", "{}", 422, "validation failed"},
		{id + "/close", "", 400, "body"},
		{id + "/close", `{"reason":"expired"}`, 422, "validation failed"},
		{id + "/close", `{"reason":"successful","note":"` + strings.Repeat("x", 2001) + `"}`, 422, "validation failed"},
		{id + "/close", `{"reason":"successful"`, 400, ""},
		{id + "/close", `{"reason":"successful","note":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
		{id + "/keep-open", `{"keep":"perhaps"}`, 422, "validation failed"},
	} {
		answer, body, _ := f.act(tc.path, tc.body)
		if detail := isProblem(t, answer, body, tc.status); !strings.Contains(detail, tc.detail) {
			t.Errorf("%s %.60s: %s, want %s", tc.path, tc.body, detail, tc.detail)
		}
	}
	if answer, body := f.do(http.MethodPost, "/v1/cases/"+id+"/close", `reason: successful`, "Content-Type", "application/yaml"); answer.StatusCode != http.StatusUnsupportedMediaType && answer.StatusCode != http.StatusBadRequest {
		t.Errorf("YAML: %s %s", answer.Status, body)
	}
	if answer, body := f.do(http.MethodPost, "/v1/cases/"+id+"/close", `{"reason":"successful"}`, "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another origin: %s %s", answer.Status, body)
	}
	if got, err := c.cases.Case(id); err != nil || got.State != cases.Open {
		t.Errorf("the case is %s, %v", got.State, err)
	}
}

func TestAStaleVersionIsNeverOverwritten(t *testing.T) {
	c := newCentre(t)
	id := c.missed("support", matti, time.Now()).ID
	f := api(t, c.options(Options{}))
	answer, _ := f.do(http.MethodGet, "/v1/cases/"+id, "")
	seen := answer.Header.Get("ETag")
	c.missed("support", matti, time.Now())

	for header, status := range map[string]int{seen: 412, `"0"`: 412, `"x"`: 412, `"99999999999999999999"`: 412, "W/" + seen: 412, "1": 422} {
		answer, body, _ := f.act(id+"/close", `{"reason":"successful"}`, "If-Match", header)
		isProblem(t, answer, body, status)
	}
	answer, _ = f.do(http.MethodGet, "/v1/cases/"+id, "")
	if answer, body, got := f.act(id+"/close", `{"reason":"successful"}`, "If-Match", answer.Header.Get("ETag")); got.State != "closed" {
		t.Errorf("%s %s", answer.Status, body)
	}
	if answer, body, got := f.act(id+"/reopen", "", "If-Match", "*"); got.State != "open" {
		t.Errorf("%s %s", answer.Status, body)
	}
}

func TestARequestSentAgainDoesNothingMore(t *testing.T) {
	c := newCentre(t)
	id := c.missed("support", matti, time.Now()).ID
	f := api(t, c.options(Options{}))
	_, _, first := f.act(id+"/close", `{"reason":"successful"}`, "Idempotency-Key", "k1")
	events := f.server.Events().last()
	answer, body, again := f.act(id+"/close", `{"reason":"successful"}`, "Idempotency-Key", "k1")
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("%s %s: %s", answer.Status, body, diff)
	}
	if f.server.Events().last() != events {
		t.Error("it was told again")
	}
	answer, body, _ = f.act(id+"/close", `{"reason":"successful"}`, "Idempotency-Key", "k2")
	isProblem(t, answer, body, http.StatusConflict)
}

func TestListsCountWhatIsOpenOverdueAndDueSoon(t *testing.T) {
	c := newCentre(t)
	now := time.Now()
	for n, age := range []time.Duration{2 * time.Hour, 61 * time.Minute, 30 * time.Minute, 0} {
		c.missed("support", matti+sip.Number(n), now.Add(-age))
	}
	c.missed("support", matti+10, now.Add(10*time.Minute)) // due after more than an hour
	f := api(t, c.options(Options{}))
	var got struct{ Lists []List }
	f.get("/v1/lists", &got)
	want := []List{
		{ID: "support", Name: "Support", Kind: "callback", Right: "supervise", Vocabulary: "standard", Members: []string{"anna", "bertil"}, Services: []string{"hotline"}, OpenNow: true, Open: 5, Overdue: 2, DueSoon: 2, Unassigned: 5},
		{ID: "billing", Name: "Billing", Kind: "callback", Right: "supervise", Vocabulary: "standard", Members: []string{"anna"}, Services: []string{"invoices"}, OpenNow: true},
	}
	if diff := cmp.Diff(want, got.Lists); diff != "" {
		t.Error(diff)
	}
}
