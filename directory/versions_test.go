package directory

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
	"ringback/store"
)

var morning = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// openVersions gives the versions in a store in Options.Dir, or in memory when that is empty.
func openVersions(t *testing.T, o store.Options) (*Versions, *store.Store) {
	t.Helper()
	o.InMemory = o.Dir == ""
	st, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return NewVersions(st), st
}

func agents(n int) *File {
	f := &File{Country: "FI"}
	for i := range n {
		f.Agents = append(f.Agents, Agent{ID: fmt.Sprint(i), Extensions: []string{fmt.Sprint(i)}})
	}
	return f
}

func TestNewStoreHasAnEmptyDirectory(t *testing.T) {
	v, _ := openVersions(t, store.Options{})
	f, version, err := v.Load()
	if err != nil || version != (Version{}) || len(Diff(new(File), f)) > 0 {
		t.Errorf("Load = %v, %v, %v", f, version, err)
	}
	if all, err := v.History(); err != nil || len(all) > 0 {
		t.Errorf("History = %v, %v", all, err)
	}
}

func TestDirectoryOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	v, st := openVersions(t, store.Options{Dir: dir})
	want := parse(t, after)
	saved, err := v.Save(t.Context(), Update{File: want, By: "anna", At: morning})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	v, _ = openVersions(t, store.Options{Dir: dir})
	got, version, err := v.Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(sip.Host{})); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	if version != saved || version.Number != 1 || version.By != "anna" || !version.At.Equal(morning) {
		t.Errorf("version %+v, saved as %+v", version, saved)
	}
}

func TestSecondOfTwoOperatorsIsToldThatHisBaseIsStale(t *testing.T) {
	v, _ := openVersions(t, store.Options{})
	if _, err := v.Save(t.Context(), Update{File: agents(1), By: "anna", At: morning}); err != nil {
		t.Fatal(err)
	}
	_, err := v.Save(t.Context(), Update{File: agents(2), Base: 0, By: "bertil", At: morning.Add(time.Minute)})
	const want = "directory: changed in the meantime: version 1 came on 2026-11-20T08:00:00Z from anna, and this change was made to version 0; load the directory again and repeat it"
	if !errors.Is(err, ErrStale) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if f, version, err := v.Load(); err != nil || len(f.Agents) != 1 || version.Number != 1 {
		t.Errorf("in force: %d agents, %+v, %v", len(f.Agents), version, err)
	}
	_, err = v.Save(t.Context(), Update{File: agents(2), Base: 7})
	if !errors.Is(err, ErrStale) {
		t.Errorf("a base that never was: %v", err)
	}
}

func TestOneOfManyAtOnceWins(t *testing.T) {
	v, _ := openVersions(t, store.Options{Dir: t.TempDir()})
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range cap(errs) {
		wg.Go(func() {
			_, err := v.Save(t.Context(), Update{File: agents(i + 1), By: fmt.Sprint(i), At: morning})
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	won := 0
	for err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrStale) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 won", won)
	}
}

func TestFileThatChangesNothingMakesNoVersion(t *testing.T) {
	v, _ := openVersions(t, store.Options{})
	first, err := v.Save(t.Context(), Update{File: agents(3), By: "anna", At: morning})
	if err != nil {
		t.Fatal(err)
	}
	second, err := v.Save(t.Context(), Update{File: agents(3), Base: 1, By: "bertil", At: morning.Add(time.Hour)})
	if err != nil || second != first {
		t.Errorf("got %+v, %v, want %+v", second, err, first)
	}
}

func TestWrongFileIsRefusedAndChangesNothing(t *testing.T) {
	v, _ := openVersions(t, store.Options{})
	f := agents(2)
	f.Agents[1].ID = f.Agents[0].ID
	_, err := v.Save(t.Context(), Update{File: f})
	if _, ok := errors.AsType[*InvalidError](err); !ok {
		t.Errorf("Save = %v, want an InvalidError", err)
	}
	if _, version, err := v.Load(); err != nil || version.Number != 0 {
		t.Errorf("in force: %+v, %v", version, err)
	}
}

func TestLastVersionsAreKept(t *testing.T) {
	v, _ := openVersions(t, store.Options{})
	const n = keptVersions + 5
	for i := range n {
		if _, err := v.Save(t.Context(), Update{File: agents(i + 1), Base: uint64(i), By: "anna", At: morning.Add(time.Duration(i) * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := v.History()
	if err != nil || len(all) != keptVersions || all[0].Number != n || all[keptVersions-1].Number != 6 {
		t.Fatalf("History has %d versions, %v, %v", len(all), all, err)
	}
	if all[0].Changes != 1 {
		t.Errorf("the last version has %d changes, want 1", all[0].Changes)
	}
	f, version, err := v.At(6)
	if err != nil || len(f.Agents) != 6 || version != all[keptVersions-1] {
		t.Errorf("At(6): %d agents, %+v, %v", len(f.Agents), version, err)
	}
	if _, _, err := v.At(5); !errors.Is(err, ErrNoVersion) {
		t.Errorf("At(5): %v, want ErrNoVersion", err)
	}
}

func TestWriteThatFailsLeavesTheOldDirectory(t *testing.T) {
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		dir := t.TempDir()
		broken := false
		v, st := openVersions(t, store.Options{Dir: dir, Fault: func(s store.Stage) error {
			if broken && s == stage {
				return errors.New("the disk is gone")
			}
			return nil
		}})
		if _, err := v.Save(t.Context(), Update{File: agents(1), At: morning}); err != nil {
			t.Fatal(err)
		}
		broken = true
		if _, err := v.Save(t.Context(), Update{File: agents(2), Base: 1, At: morning}); err == nil {
			t.Error("a failed write was acknowledged")
		}
		_ = st.Close() // it failed, and says so
		v, _ = openVersions(t, store.Options{Dir: dir})
		f, version, err := v.Load()
		if err != nil || len(f.Agents) != int(version.Number) || version.Number > 1 && stage == store.BeforeWrite {
			t.Errorf("after a fault at stage %d: %d agents in version %d, %v", stage, len(f.Agents), version.Number, err)
		}
	}
}

// Each file of testdata/stored holds the records of a version as some release wrote them, key and
// value in hexadecimal. A change of the format adds a file and changes none.
func TestVersionsOfEveryReleaseAreRead(t *testing.T) {
	if *update {
		writeStored(t, "testdata/stored/format1.txt")
	}
	paths, err := filepath.Glob("testdata/stored/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range paths {
		v, st := openVersions(t, store.Options{})
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		st.Handle("test.records", func(tx *store.Tx, _ store.Command) (any, error) {
			for line := range strings.Lines(string(b)) {
				var key, value []byte
				if _, err := fmt.Sscanf(line, "%x %x", &key, &value); err != nil {
					return nil, err
				}
				tx.Set(key, value)
			}
			return nil, nil
		})
		if _, err := st.Do(t.Context(), store.Command{Kind: "test.records"}); err != nil {
			t.Fatal(err)
		}
		f, version, err := v.Load()
		if err != nil || len(Diff(f, parse(t, after))) > 0 || version.Number != 1 || version.By != "anna" || !version.At.Equal(morning) {
			t.Errorf("%s: %+v, %v", path, version, err)
		}
	}
}

func writeStored(t *testing.T, path string) {
	t.Helper()
	v, st := openVersions(t, store.Options{})
	if _, err := v.Save(t.Context(), Update{File: parse(t, after), By: "anna", At: morning}); err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	err := st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Prefix(keySpace)) {
			fmt.Fprintln(&lines, hex.EncodeToString(key), hex.EncodeToString(value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecordOfALaterReleaseIsRefused(t *testing.T) {
	v, st := openVersions(t, store.Options{})
	st.Handle("test.record", func(tx *store.Tx, _ store.Command) (any, error) {
		tx.Set(currentKey(), []byte(`{"format":2,"number":9}`))
		return nil, nil
	})
	if _, err := st.Do(t.Context(), store.Command{Kind: "test.record"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Load(); err == nil || !strings.Contains(err.Error(), "newer Ringback") {
		t.Errorf("Load: %v", err)
	}
}
