package daemon_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/daemon"
	"ringback/directory"
	"ringback/store"
)

// The store of a daemon of the first version, which watched calls and nothing more: 26 open cases, two
// that agents closed, two versions of the directory, and calls on the line when it stopped. Beside it is
// what its API said of the cases. Neither is ever written again.
const (
	watchAlone      = "testdata/watch-alone.tar.gz"
	watchAloneCases = "testdata/watch-alone.json"
)

// unpack makes a data folder of a stored store.
func unpack(t *testing.T, file, dataDir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dataDir, "store")
	if err := os.MkdirAll(root, 0o700); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(root, filepath.Base(h.Name)), string(b))
	}
}

func TestTheStoreOfTheFirstVersionIsReadAndGoneOnWith(t *testing.T) {
	c := settings(t)
	unpack(t, watchAlone, c.DataDir)
	x := run(t, c)

	b, err := os.ReadFile(watchAloneCases)
	if err != nil {
		t.Fatal(err)
	}
	var before []map[string]any
	if err := json.Unmarshal(b, &before); err != nil {
		t.Fatal(err)
	}
	// What never changes of a case. Whether one is open still depends on the day.
	for _, was := range before {
		status, body := x.get("/v1/cases/" + was["id"].(string))
		var is map[string]any
		if err := json.Unmarshal([]byte(body), &is); status != 200 || err != nil {
			t.Fatalf("case %s: %d %v\n%s", was["id"], status, err, body)
		}
		if one, ok := is["case"].(map[string]any); ok {
			is = one
		}
		members := []string{"id", "list", "number", "caller", "service", "verdict", "reason", "confidence", "missed_count", "wait", "call_ids", "opened", "missed", "due", "expires"}
		if was["state"] == "closed" {
			members = append(members, "state", "closed", "close_reason", "closed_by", "version")
		} else if is["state"] != "open" && is["close_reason"] != "expired" {
			t.Errorf("case %s was open and is %v: %v", was["id"], is["state"], is["close_reason"])
		}
		for _, m := range members {
			if diff := cmp.Diff(was[m], is[m]); diff != "" {
				t.Errorf("case %s: %s (-before +now)\n%s", was["id"], m, diff)
			}
		}
	}
	if n := len(before); n < 28 {
		t.Fatalf("only %d cases were compared", n)
	}

	if log := x.log.String(); strings.Contains(log, "could not be read") {
		t.Errorf("live calls were lost:\n%s", log)
	}

	// Its lists go on: what an agent does now is done.
	if status, body := x.post("/v1/cases/"+before[len(before)-1]["id"].(string)+"/reopen", `{"agent":"10000"}`); status != 200 || !strings.Contains(body, `"state":"open"`) {
		t.Errorf("reopening gave %d %s", status, body)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	again := run(t, c)
	if status, body := again.get("/v1/cases/" + before[len(before)-1]["id"].(string)); status != 200 || !strings.Contains(body, `"state":"open"`) {
		t.Errorf("after a restart: %d %s", status, body)
	}
}

func TestTheDirectoryVersionsOfTheFirstVersionAreRead(t *testing.T) {
	c := settings(t)
	unpack(t, watchAlone, c.DataDir)
	s, err := store.Open(store.Options{Dir: filepath.Join(c.DataDir, "store")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	versions := directory.NewVersions(s)
	list, err := versions.History()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d versions, %v", len(list), err)
	}
	for number, members := range map[uint64]int{1: 2, 2: 3} {
		f, v, err := versions.At(number)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := directory.New(f); err != nil || v.Number != number || len(f.Agents) != 20 || len(f.Lists) != 1 || len(f.Lists[0].Members) != members || len(d.Plan().Services) != 1 {
			t.Errorf("version %d: %+v, %v", v.Number, f.Lists, err)
		}
	}
}

// TestABackupOfTheFirstVersionsDataIsRestored goes the way of an operator who changes machines.
func TestABackupOfTheFirstVersionsDataIsRestored(t *testing.T) {
	c := settings(t)
	unpack(t, watchAlone, c.DataDir)
	file := filepath.Join(t.TempDir(), "backup")
	made, err := daemon.SaveBackup(t.Context(), c, "test", file, false)
	if err != nil {
		t.Fatal(err)
	}
	other := settings(t)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Remove(other.Web.TokensFile); err != nil { // it would be data that is there
		t.Fatal(err)
	}
	done, err := daemon.Restore(t.Context(), other, f, false)
	if err != nil || done.Entries != made.Entries {
		t.Fatalf("restored %d of %d entries, %v", done.Entries, made.Entries, err)
	}
	put(t, other.Web.TokensFile, "test:"+token+"\n")
	x := run(t, other)
	if status, body := x.get("/v1/cases/1NG0D9W-B0H5CW"); status != 200 || !strings.Contains(body, "asked not to be called") {
		t.Errorf("%d %s", status, body)
	}
}
