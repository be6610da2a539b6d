package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
)

var backupOf = store.Backup{Made: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Version: "1.2.3"}

// backup makes a backup of a store.
func backup(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(t.Context(), &b, backupOf); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// restored is a store made of a backup.
func restored(t *testing.T, b []byte) *store.Store {
	t.Helper()
	o := store.Options{Dir: filepath.Join(t.TempDir(), "restored"), MemTable: 1 << 20}
	if _, err := store.Restore(t.Context(), bytes.NewReader(b), o); err != nil {
		t.Fatal(err)
	}
	return open(t, o)
}

// everything is all keys and values.
func everything(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := s.View(func(snap *store.Snapshot) error {
		for k, v := range snap.Scan(store.Range{}) {
			all[string(k)] = string(v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestARestoredStoreHoldsWhatTheOtherHeld(t *testing.T) {
	for _, n := range []int{0, 1, 3000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := open(t, store.Options{Dir: t.TempDir(), MemTable: 1 << 20})
			s.Handle("append", runAppending)
			for i := range n {
				do(t, s, store.Command{ID: ids(i), Kind: "add", Once: true, At: time.Unix(int64(i), 0)})
				if i%100 == 0 {
					do(t, s, store.Command{ID: ids(i), Kind: "fill", Data: 1 + i*10})
					do(t, s, store.Command{Kind: "append", Data: appending{entries: []string{"a " + ids(i)}}})
				}
			}
			b := backup(t, s)
			copied := restored(t, b)
			if diff := cmp.Diff(everything(t, s), everything(t, copied)); diff != "" {
				t.Errorf("what is stored (-original +restored)\n%s", diff)
			}
			copied.Handle("append", runAppending)
			if n > 0 {
				if _, err := copied.Do(t.Context(), store.Command{ID: ids(0), Kind: "add", Once: true}); !errors.Is(err, store.ErrApplied) {
					t.Errorf("a command of before gave %v", err)
				}
			}
			_, end := logOf(t, copied, "a", 0)
			do(t, copied, store.Command{ID: "later", Kind: "add"})
			do(t, copied, store.Command{Kind: "append", Data: appending{entries: []string{"a later"}}})
			if got, _ := logOf(t, copied, "a", end); !slices.Equal(got, []string{"later"}) {
				t.Errorf("the log goes on with %q", got)
			}
			if again := backup(t, s); !bytes.Equal(b, again) {
				t.Error("a second backup of the same differs")
			}
		})
	}
}

// TestABackupIsOfOneMoment makes backups while commands are applied that each write two keys alike.
func TestABackupIsOfOneMoment(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir(), MemTable: 1 << 20})
	s.Handle("pair", func(tx *store.Tx, c store.Command) (any, error) {
		tx.Set(store.Key("a", c.ID), fmt.Append(nil, c.Data))
		tx.Set(store.Key("z", c.ID), fmt.Append(nil, c.Data))
		return nil, nil
	})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Do(t.Context(), store.Command{Kind: "pair", ID: ids(rand.IntN(500)), Data: i}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		all := everything(t, restored(t, backup(t, s)))
		for id := range 500 {
			a, z := all[string(store.Key("a", ids(id)))], all[string(store.Key("z", ids(id)))]
			if a != z {
				t.Fatalf("half a command: %q and %q", a, z)
			}
		}
	}
	close(stop)
	wg.Wait()
}

func TestADamagedBackupIsRefused(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	for i := range 50 {
		do(t, s, store.Command{ID: ids(i), Kind: "add", Once: true})
	}
	whole := backup(t, s)
	refuse := func(what string, b []byte) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "restored")
		_, err := store.Restore(t.Context(), bytes.NewReader(b), store.Options{Dir: dir, MemTable: 1 << 20})
		if !errors.Is(err, store.ErrBackup) {
			t.Errorf("%s: got %v", what, err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: the folder is still there", what)
		}
	}
	refuse("nothing", nil)
	refuse("something else", []byte("PK\x03\x04"))
	for n := 0; n < len(whole); n += 1 + len(whole)/20 {
		refuse(fmt.Sprintf("cut off after %d bytes", n), whole[:n])
	}
	refuse("with more behind", append(slices.Clone(whole), 'x'))
	for i := range whole {
		b := slices.Clone(whole)
		b[i] ^= 1 << rand.IntN(8)
		if got, err := store.ReadBackup(t.Context(), bytes.NewReader(b), nil); err == nil && got.Keys != 0 {
			was, _ := store.ReadBackup(t.Context(), bytes.NewReader(whole), nil)
			if got != was {
				t.Errorf("byte %d changed and the backup passed as another", i)
			}
		}
	}
}

func TestABackupOfALaterFormatIsRefused(t *testing.T) {
	b := zstdOf(t, append([]byte("ringback backup\n"), 2, 0))
	if _, err := store.ReadBackup(t.Context(), bytes.NewReader(b), nil); !errors.Is(err, store.ErrNewer) {
		t.Errorf("got %v", err)
	}
}

func TestARestoreSparesWhatIsThere(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	b := backup(t, s)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), bytes.NewReader(b), store.Options{Dir: dir}); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "mine")); err != nil {
		t.Error(err)
	}
}

func TestABackupThatCannotBeWrittenSaysSo(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	for i := range 2000 {
		s.Submit(store.Command{ID: ids(i), Kind: "add", Once: true}, func(any, error) {})
	}
	do(t, s, store.Command{ID: "last", Kind: "add"})
	size := len(backup(t, s))
	for n := 0; n < size; n += size / 5 {
		if _, err := s.Backup(t.Context(), &fullDisk{n}, backupOf); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

var errFull = errors.New("full")

// fullDisk takes so many bytes.
type fullDisk struct{ room int }

func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func FuzzReadBackup(f *testing.F) {
	s, err := openTry(store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		if _, err := s.Do(f.Context(), store.Command{ID: ids(i), Kind: "add"}); err != nil {
			f.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := s.Backup(f.Context(), &b, backupOf); err != nil {
		f.Fatal(err)
	}
	f.Add(unzstd(f, b.Bytes()))
	f.Fuzz(func(t *testing.T, plain []byte) {
		_, err := store.ReadBackup(t.Context(), bytes.NewReader(zstdOf(t, plain)), nil)
		if err != nil && !errors.Is(err, store.ErrBackup) && !errors.Is(err, store.ErrNewer) {
			t.Errorf("got %v", err)
		}
	})
}
