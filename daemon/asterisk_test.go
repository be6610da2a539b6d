package daemon_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ringback/configs"
)

// TestAnAsteriskWithoutAMirrorMakesCases connects a daemon that knows ARI alone to one that plays a call
// which nobody answered.
func TestAnAsteriskWithoutAMirrorMakesCases(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, "../configs/examples/asterisk-lab.yaml")
	pbx := playing(t, "asterisk/c1_abandon_in_queue")
	c.HEP.UDP = nil
	file := filepath.Join(c.DataDir, "ari.password")
	put(t, file, "hush\n")
	c.Asterisks = []configs.Asterisk{{PBX: "asterisk", ARIURL: pbx + "/ari", ARIUser: "ringback", ARIPasswordFile: file}}
	x := run(t, c)
	x.awaitCases(1)
	if o := x.opened[0]; o.Number.String() != "+358401234521" || o.Reason.String() != "abandoned_waiting" {
		t.Errorf("%+v", o)
	}
	if strings.Contains(x.log.String(), "hush") {
		t.Error("the password is in the log")
	}
}

var ariTimes = regexp.MustCompile(`"(timestamp|creationtime)": ?"[^"]*"`)

// playing is an ARI that plays a recording to whoever asks for events, as if it happened now and fast.
func playing(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open("../sip/testdata/captures/" + name + "/ari.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	mux := http.NewServeMux()
	mux.HandleFunc("/ari/events", func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		for tick := time.Tick(10 * time.Millisecond); lines.Scan(); <-tick {
			now := time.Now().Format(`"$1": "2006-01-02T15:04:05.000-0700"`)
			if err := ws.Write(r.Context(), websocket.MessageText, ariTimes.ReplaceAll(lines.Bytes(), []byte(now))); err != nil {
				return
			}
		}
		_, _, _ = ws.Read(r.Context())
	})
	none := func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "[]") }
	mux.HandleFunc("/ari/channels", none)
	mux.HandleFunc("/ari/bridges", none)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
