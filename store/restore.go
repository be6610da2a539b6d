package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"
)

// ErrNotEmpty is returned where a store would be restored over something else.
var ErrNotEmpty = errors.New("store: the folder is not empty")

// Restore makes a store in Options.Dir, which must be empty or not there, of the backup that r yields.
// Then it reads the store back and compares it with the backup. After an error the folder is left as it
// was found.
func Restore(ctx context.Context, r io.Reader, o Options) (_ Backup, err error) {
	o = o.withDefaults()
	files, err := os.ReadDir(o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Backup{}, fmt.Errorf("store: restoring: %w", err)
	}
	if len(files) > 0 {
		return Backup{}, fmt.Errorf("%w: %s", ErrNotEmpty, o.Dir)
	}
	there := err == nil
	defer func() {
		if err != nil {
			err = errors.Join(err, empty(o.Dir, there))
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return Backup{}, refused(o.Dir, err)
	}
	b, err := fill(ctx, r, &o)
	if err != nil {
		return b, err
	}
	if err := syncAll(o.Dir); err != nil {
		return b, fmt.Errorf("store: restoring: %w", err)
	}
	return b, compare(ctx, b, o)
}

// empty takes away what a restore made, and the folder too if it was not there.
func empty(dir string, there bool) error {
	if !there {
		return os.RemoveAll(dir)
	}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, f.Name())))
	}
	return err
}

// restoreAtOnce is how many bytes are handed to Badger at a time.
const restoreAtOnce = 1 << 20

// fill writes the entries of a backup, which are in order, as Badger's tables without a detour over its
// tables in memory.
func fill(ctx context.Context, r io.Reader, o *Options) (b Backup, err error) {
	db, err := badger.OpenManaged(tuned(o))
	if err != nil {
		return b, refused(o.Dir, err)
	}
	defer func() {
		if cerr := db.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("store: restoring: %w", oneLine(cerr)))
		}
	}()
	w := db.NewStreamWriter()
	if err := w.Prepare(); err != nil {
		w.Cancel()
		return b, fmt.Errorf("store: restoring: %w", oneLine(err))
	}
	buffer := z.NewBuffer(2*restoreAtOnce, "restore")
	defer func() { err = errors.Join(err, buffer.Release()) }()
	flush := func() error {
		if err := checkRoom(o.Dir, o.Reserve); err != nil {
			return err
		}
		err := w.Write(buffer)
		buffer.Reset()
		return err
	}
	b, err = ReadBackup(ctx, r, func(key, value []byte) error {
		badger.KVToBuffer(&pb.KV{Key: key, Value: value, Version: 1}, buffer)
		if buffer.LenNoPadding() < restoreAtOnce {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		w.Cancel()
		return b, err
	}
	if err := w.Flush(); err != nil {
		return b, fmt.Errorf("store: restoring: %w", oneLine(err))
	}
	return b, nil
}

// syncAll makes all files of a folder, and their names, durable.
func syncAll(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	paths := []string{dir}
	for _, f := range files {
		paths = append(paths, filepath.Join(dir, f.Name()))
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// compare opens what was restored and makes the same backup of it: the sum of that one is the sum of
// the entries as Badger gives them back.
func compare(ctx context.Context, want Backup, o Options) error {
	s, err := Open(o)
	if err != nil {
		return err
	}
	got, err := s.Backup(ctx, io.Discard, want)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("store: restoring: %s does not give back what was written to it, %d entries of %d: mend the disk and try again",
			o.Dir, got.Keys, want.Keys)
	}
	return nil
}
