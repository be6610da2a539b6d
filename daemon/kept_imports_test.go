package daemon_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"ringback/web"
)

func TestAnImportIsToldOfAfterARestart(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	header := []string{"Authorization", "Bearer " + token}
	res, body := x.send(http.MethodPost, "/v1/contacts/imports?partial=true", "Name,Phone\nMatti,+358401234567\nTeppo,nothing\n", header...)
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("%s %s", res.Status, body)
	}
	path := res.Header.Get("Location")
	var done web.Import
	x.await("the import is over", func() bool {
		_, body = x.get(path)
		return json.Unmarshal([]byte(body), &done) == nil && done.Ended != nil
	})
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
