package cases

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

var update = flag.Bool("update", false, "write the store of this version into testdata")

// stores are the stores that releases wrote, each with the day of events it was written from. A new
// format adds a row; none is ever written again.
var stores = []struct {
	file   string
	seed   uint64
	format int
}{
	{"format-1.tar.gz", 11, 1}, // of calls alone
	{"format-2.tar.gz", 12, 2}, // of people at work too
}

// dayOf is the day that a store was written from.
func dayOf(format int, seed uint64) []something {
	if format > 1 {
		return atWork(seed, calm(seed, 60))
	}
	var all []something
	for _, ev := range calm(seed, 60) {
		all = append(all, something{at: ev.At, ev: ev})
	}
	return all
}

// known leaves out what a format does not know and an upgrade can only guess.
func known(format int, all map[string]any) map[string]any {
	for key, x := range all {
		if c, ok := x.(Case); ok && format < 2 {
			c.Attempt, c.Contacted = nil, time.Time{}
			all[key] = c
		}
	}
	return all
}

// TestStoresOfAllVersionsAreRead opens a store written by every version there was, finds in it what
// that version knew, and goes on with it.
func TestStoresOfAllVersionsAreRead(t *testing.T) {
	for i, old := range stores {
		t.Run(old.file, func(t *testing.T) {
			path := filepath.Join("testdata", old.file)
			all := dayOf(old.format, old.seed)
			if *update && i == len(stores)-1 {
				writeStore(t, path, all)
			}
			dir := t.TempDir()
			unpack(t, path, dir)
			s := newSim(t, store.Options{Dir: dir})
			s.check()
			today := store.Options{Dir: t.TempDir()}
			fresh := newSim(t, today)
			for _, x := range all {
				fresh.play(x)
			}
			s.ids = slices.Clone(fresh.ids)
			if err := errors.Join(fresh.st.Close(), fresh.open(today)); err != nil {
				t.Fatal(err)
			}
			same(t, "cases", known(old.format, fresh.cases()), known(old.format, s.cases()))
			for _, x := range dayOf(old.format, old.seed+1) {
				same(t, "changes", fresh.play(x), s.play(x))
			}
			s.check()
			if err := errors.Join(s.st.Close(), fresh.st.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAnUpgradeThatIsCutOffGoesOn fails one commit of the upgrade after the other, before and after it
// reached the disk; opened again, the store is as if nothing had happened.
func TestAnUpgradeThatIsCutOffGoesOn(t *testing.T) {
	was := upgradeAtOnce
	upgradeAtOnce = 2
	defer func() { upgradeAtOnce = was }()
	path := filepath.Join("testdata", stores[0].file)
	whole := t.TempDir()
	unpack(t, path, whole)
	s := newSim(t, store.Options{Dir: whole})
	want := s.dump()
	if err := s.st.Close(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	failures := 0
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		for failing := 0; ; failing++ {
			dir := t.TempDir()
			unpack(t, path, dir)
			commit := 0
			s := &sim{t: t, dir: simDirectory(t)}
			err := s.open(store.Options{Dir: dir, Fault: func(at store.Stage) error {
				fails := commit == failing && at == stage
				if at == store.AfterSync {
					commit++
				}
				if fails {
					return broken
				}
				return nil
			}})
			if err == nil {
				err = s.st.Close()
				if commit > failing || err != nil {
					t.Fatalf("stage %d of commit %d: %v", stage, failing, err)
				}
				break
			}
			failures++
			if !errors.Is(err, broken) {
				t.Fatalf("stage %d of commit %d: %v", stage, failing, err)
			}
			if s.st != nil {
				if err := s.st.Close(); err != nil {
					t.Fatal(err)
				}
			}
			again := newSim(t, store.Options{Dir: dir})
			again.check()
			same(t, "stored", want, again.dump())
			if err := again.st.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if failures < 8 {
		t.Errorf("only %d commits failed", failures)
	}
}

// cases reads all cases with their histories.
func (s *sim) cases() map[string]any {
	s.t.Helper()
	all := map[string]any{}
	err := s.st.View(func(snap *store.Snapshot) error {
		for key := range snap.Scan(store.Prefix(tableCase)) {
			var id string
			if err := store.SplitKey(key, nil, &id); err != nil {
				return err
			}
			c, err := s.c.Case(id)
			if err != nil {
				return err
			}
			all[id] = c
			for e, err := range s.c.History(id) {
				if err != nil {
					return err
				}
				all[id+" "+e.At.String()+" "+e.Event.String()] = e
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func writeStore(t *testing.T, path string, all []something) {
	t.Helper()
	dir := t.TempDir()
	s := newSim(t, store.Options{Dir: dir, MemTable: 1 << 20})
	for _, x := range all {
		s.play(x)
	}
	if err := s.st.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := errors.Join(w.AddFS(os.DirFS(dir)), w.Close(), z.Close(), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, path, dir string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
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
		if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, h.Name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzRecords reads any bytes as each of the records: they are refused, or written back they read the
// same.
func FuzzRecords(f *testing.F) {
	s := newSim(f, store.Options{})
	for _, x := range dayAtWork(3, 40) {
		s.play(x)
	}
	err := s.st.View(func(snap *store.Snapshot) error {
		for _, value := range snap.Scan(store.Range{}) {
			f.Add(bytes.Clone(value))
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		refused := func(err error) bool {
			if err != nil && !errors.Is(err, ErrRecord) {
				t.Errorf("got %v, want one that is %v", err, ErrRecord)
			}
			return err != nil
		}
		if r, err := decodeRecord(b); !refused(err) {
			again, err := decodeRecord(r.encode())
			if err != nil || !cmp.Equal(r.public(), again.public()) || !cmp.Equal(r.Recent, again.Recent) {
				t.Errorf("%+v came back as %+v, %v", r, again, err)
			}
		}
		if c, err := decodeCustomer(b); !refused(err) {
			if again, err := decodeCustomer(c.encode()); err != nil || !bytes.Equal(c.encode(), again.encode()) {
				t.Errorf("%+v came back as %+v, %v", c, again, err)
			}
		}
		if d, err := decodeDial(b); !refused(err) {
			if again, err := decodeDial(d.encode()); err != nil || !bytes.Equal(d.encode(), again.encode()) {
				t.Errorf("%+v came back as %+v, %v", d, again, err)
			}
		}
		if x, err := decodeActed(b); !refused(err) {
			if again, err := decodeActed(x.encode()); err != nil || !bytes.Equal(x.encode(), again.encode()) {
				t.Errorf("%+v came back as %+v, %v", x, again, err)
			}
		}
		if x, err := decodeFigures(b); !refused(err) {
			if again, err := decodeFigures(x.encode()); err != nil || !bytes.Equal(x.encode(), again.encode()) {
				t.Errorf("%+v came back as %+v, %v", x, again, err)
			}
		}
		if _, err := DecodeLogged(b); !refused(err) && len(b) == 0 {
			t.Error("nothing is a logged change")
		}
		if e, err := decodeEntry(b); !refused(err) && e.Call != nil && len(e.Call.Evidence) > len(b) {
			t.Errorf("%d facts in %d bytes", len(e.Call.Evidence), len(b))
		}
		if p, err := decodePlace(b); !refused(err) {
			if again, err := decodePlace(p.encode()); err != nil || again != p {
				t.Errorf("%+v came back as %+v, %v", p, again, err)
			}
		}
	})
}
