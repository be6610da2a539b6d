package daemon_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/web"
)

// finds waits until a search finds a case, or does not any more.
func (x *centre) finds(text, id string, found bool) {
	x.t.Helper()
	x.await("a search for "+text, func() bool {
		status, body := x.get("/v1/search?q=" + url.QueryEscape(text))
		return status == http.StatusOK && strings.Contains(body, id) == found
	})
}

func TestACaseIsFoundSoonAndAfterARestartAndNotWhenErased(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	number, id := x.opened[0].Number.String(), x.opened[0].ID
	x.finds(number[len(number)-5:], id, true)
	x.finds("0"+number[4:6]+" "+number[6:9]+"…", id, true)

	if res, body := x.send(http.MethodPost, "/v1/cases/"+id+"/comments", `{"text":"Soitti lämpöpumpusta"}`, asJSON...); res.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s", res.Status, body)
	}
	x.finds("LAMPOPUMP", id, true)
	if res, body := x.send(http.MethodPost, "/v1/contacts", `{"name":"Maija Meikäläinen","numbers":["`+number+`"]}`, asJSON...); res.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s", res.Status, body)
	}
	x.finds("meikalainen maija", id, true)
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	y := run(t, c)
	y.finds("lämpöpumpusta", id, true)
	if strings.Contains(y.log.String(), "index is being made") {
		t.Error("a restart made the index anew")
	}
	if err := y.stop(); err != nil {
		t.Fatal(err)
	}

	if err := os.RemoveAll(filepath.Join(c.DataDir, "search")); err != nil {
		t.Fatal(err)
	}
	z := run(t, c)
	z.finds("lämpöpumpusta", id, true)
	if !strings.Contains(z.log.String(), "the search index is being made") {
		t.Error("the log does not say that the index was made")
	}
	if _, err := z.remote().Erase(t.Context(), number, web.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	z.finds("lämpöpumpusta", id, false)
	z.finds(number, id, false)
}
