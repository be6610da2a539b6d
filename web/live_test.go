package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

func TestLiveCallsComeOldestFirstByPage(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 5, time.UTC)
	var calls []*sip.Call
	for n, id := range []string{"e", "d", "c", "b", "a"} {
		calls = append(calls, &sip.Call{
			ID: id, Direction: sip.Inbound, Service: "support", List: "support", CallerID: "anonymous", Agent: "10" + id,
			Started: start.Add(time.Duration(-n/2) * time.Second), CallIDs: []string{id + "@pbx"},
		})
	}
	calls[4].Service = "sales"
	f := api(t, Options{LiveCalls: func() []*sip.Call { return calls }})

	read := func(query string) (ids []string, next string, total int) {
		t.Helper()
		answer, body := f.do(http.MethodGet, "/v1/calls/live"+query, "")
		var page struct {
			Calls []Call
			Next  string
			Total int
		}
		if err := json.Unmarshal(body, &page); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", answer.Status, body)
		}
		for _, c := range page.Calls {
			ids = append(ids, c.ID)
		}
		return ids, page.Next, page.Total
	}

	var all []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		ids, next, total := read("?limit=2&cursor=" + cursor)
		if total != 5 || pages > 2 {
			t.Fatalf("page %d of %d calls", pages, total)
		}
		all, cursor = append(all, ids...), next
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, all); diff != "" {
		t.Error(diff)
	}
	if ids, next, total := read("?service=support&agent=10b"); !cmp.Equal(ids, []string{"b"}) || next != "" || total != 1 {
		t.Errorf("%v, next %q, total %d", ids, next, total)
	}
	if ids, _, _ := read("?list=none"); ids != nil {
		t.Errorf("%v", ids)
	}
}

func TestBlindIntervalsComeNewestFirst(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	end := day(3)
	intervals := []Blind{{From: day(2), To: &end, Reason: "the daemon did not run"}, {From: day(5), Reason: "no feed"}}
	f := api(t, Options{Blind: func(context.Context) ([]Blind, error) { return intervals, nil }})
	for query, want := range map[string]string{
		"":                           `{"blind":[{"from":"2026-03-05T00:00:00Z","reason":"no feed"},{"from":"2026-03-02T00:00:00Z","to":"2026-03-03T00:00:00Z","reason":"the daemon did not run"}],"more":false}`,
		"?limit=1":                   `{"blind":[{"from":"2026-03-05T00:00:00Z","reason":"no feed"}],"more":true}`,
		"?to=2026-03-05T00:00:00Z":   `{"blind":[{"from":"2026-03-02T00:00:00Z","to":"2026-03-03T00:00:00Z","reason":"the daemon did not run"}],"more":false}`,
		"?from=2026-03-03T00:00:00Z": `{"blind":[{"from":"2026-03-05T00:00:00Z","reason":"no feed"}],"more":false}`,
	} {
		if answer, body := f.do(http.MethodGet, "/v1/blind"+query, ""); strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %s %s, want %s", query, answer.Status, body, want)
		}
	}
}
