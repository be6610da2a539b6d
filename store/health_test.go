package store_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"ringback/store"
)

func writeForeign(t *testing.T, dir string) {
	t.Helper()
	writeBadger(t, dir, []byte("somebody's"), []byte("data"))
}

// writeBadger puts one key into a Badger database, as another program or a later version might.
func writeBadger(t *testing.T, dir string, key, value []byte) {
	t.Helper()
	db, err := badger.OpenManaged(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	txn := db.NewTransactionAt(db.MaxVersion(), true)
	if err := txn.Set(key, value); err != nil {
		t.Fatal(err)
	}
	if err := txn.CommitAt(db.MaxVersion()+1, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// isSentence checks that an error is one an operator can act on.
func isSentence(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want one that is %q", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
		t.Errorf("%q is not one clear line", err)
	}
}

func TestALaterFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := openTry(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	writeBadger(t, dir, store.Key("$format"), binary.AppendUvarint(nil, 99))
	_, err = store.Open(store.Options{Dir: dir})
	isSentence(t, err, store.ErrNewer, dir, "99", "run the newer version")
}

func TestAStoreInUseIsRefusedWithTheProcessThatHoldsIt(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	_, err := store.Open(store.Options{Dir: dir})
	isSentence(t, err, store.ErrLocked, dir, fmt.Sprint(os.Getpid()), "admin socket")
	do(t, s, store.Command{ID: "still works", Kind: "add"})
}

func TestTooLittleFreeSpaceIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	do(t, s, store.Command{ID: "enough", Kind: "add"})

	_, err := store.Open(store.Options{Dir: t.TempDir(), Reserve: 1 << 60})
	isSentence(t, err, store.ErrFull, "MiB free", "free some space")
	files, _ := os.ReadDir(dir)
	if len(files) == 0 {
		t.Error("the other store is gone")
	}
}

// TestEveryWriteFailsOnceBeforeAndOnceAfterItReachedTheDisk gives a row of commands one by one and
// lets one of their commits fail at each stage in turn. What was acknowledged stays, what was not is
// there whole or not at all, the store says why it stopped, and once it is opened again every command
// can be given again and is applied exactly once.
func TestEveryWriteFailsOnceBeforeAndOnceAfterItReachedTheDisk(t *testing.T) {
	const commands = 6
	broken := errors.New("the disk is on fire")
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		for failing := 1; failing <= commands; failing++ { // commit 0 is that of Open
			t.Run(fmt.Sprintf("stage %d of commit %d", stage, failing), func(t *testing.T) {
				dir := t.TempDir()
				commit := 0
				s, err := openTry(store.Options{Dir: dir, Fault: func(at store.Stage) error {
					if at == store.AfterSync {
						defer func() { commit++ }()
					}
					if commit == failing && at == stage {
						return broken
					}
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				var acknowledged []string
				for i := range commands {
					id := fmt.Sprint(i)
					_, err := s.Do(t.Context(), store.Command{ID: id, Kind: "add", Once: true})
					if err == nil {
						acknowledged = append(acknowledged, id)
						continue
					}
					isSentence(t, err, store.ErrFailed, dir, "mend the disk")
					if !errors.Is(err, broken) || !errors.Is(s.Err(), broken) {
						t.Errorf("%v and %v do not tell the cause", err, s.Err())
					}
				}
				if len(acknowledged) != failing-1 {
					t.Errorf("acknowledged %v", acknowledged)
				}
				if n, ids := counted(t, s); n != len(acknowledged) || !slices.Equal(ids, acknowledged) {
					t.Errorf("a view sees %d, %v; acknowledged were %v", n, ids, acknowledged)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}

				s = open(t, store.Options{Dir: dir})
				n, ids := counted(t, s)
				if n != len(ids) || !slices.Equal(ids[:len(acknowledged)], acknowledged) || n > len(acknowledged)+1 {
					t.Errorf("after reopening %d, %v; acknowledged were %v", n, ids, acknowledged)
				}
				if wantMore := stage == store.AfterSync; (n > len(acknowledged)) != wantMore {
					t.Errorf("after reopening %d are there, acknowledged were %d", n, len(acknowledged))
				}
				for i := range commands {
					_, err := s.Do(t.Context(), store.Command{ID: fmt.Sprint(i), Kind: "add", Once: true})
					if err != nil && !errors.Is(err, store.ErrApplied) {
						t.Error(err)
					}
				}
				if n, ids := counted(t, s); n != commands || len(ids) != commands {
					t.Errorf("given again: %d, %v", n, ids)
				}
			})
		}
	}
}
