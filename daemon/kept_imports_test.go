package daemon_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"ringback/web"
)

// imported imports a table of contacts, and gives its address and what the API says of it when it is over.
func (x *centre) imported(table string) (path, body string, i web.Import) {
	x.t.Helper()
	res, body := x.send(http.MethodPost, "/v1/contacts/imports?partial=true", table, asJSON[:2]...)
	if res.StatusCode != http.StatusAccepted {
		x.t.Fatalf("%s %s", res.Status, body)
	}
	path = res.Header.Get("Location")
	x.await("the import is over", func() bool {
		_, body = x.get(path)
		return json.Unmarshal([]byte(body), &i) == nil && i.Ended != nil
	})
	return path, body, i
}

func TestAnImportIsToldOfAfterARestart(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	path, body, done := x.imported("Name,Phone\nMatti,+358401234567\nTeppo,nothing\n")
	if done.State != "done" || done.Report.Made != 1 || len(done.Report.Problems) != 1 {
		t.Fatalf("%s", body)
	}
	for range 2 {
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		x = run(t, c)
		if status, again := x.get(path); status != http.StatusOK || again != body {
			t.Errorf("after a restart: %d %s, want %s", status, again, body)
		}
	}
}

func TestAnErasureReachesWhatReportsOfImportsQuote(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	// Neither is a number in this way: one has a letter, one a digit too many.
	path, body, i := x.imported("Name,Phone\nMatti,040 123 4567 x\nMatti,+358 40 123 4567 8901234\nTeppo,050 765 4321 x\n")
	if len(i.Report.Problems) != 3 || !strings.Contains(body, "040 123 4567") {
		t.Fatalf("%s", body)
	}
	if _, err := x.remote().Erase(t.Context(), "+358401234567", web.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		i = web.Import{}
		if _, body = x.get(path); json.Unmarshal([]byte(body), &i) != nil || strings.Contains(body, "123 4567") || !strings.Contains(body, "050 765 4321") || len(i.Report.Problems) != 3 || i.Report.Problems[1].Row != 3 {
			t.Errorf("%s: %s", when, body)
		}
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		if when == "at once" {
			x = run(t, c)
		}
	}
	readAll(t, c, func(key, value []byte) {
		if strings.Contains(string(value), "123 4567") {
			t.Errorf("left in the store: %q %q", key, value)
		}
	})
}
