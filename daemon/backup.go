package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ringback/configs"
	"ringback/directory/audit"
	"ringback/store"
	"ringback/web"
)

// Backup says what a backup holds.
type Backup struct {
	Made    time.Time // when it was begun
	Version string    // of the program that made it
	Entries uint64
	Size    int64 // of the file in bytes, compressed
	Running bool  // it was made of a daemon that runs
}

// WriteBackup writes a backup of the data of a configuration to w: through the admin socket of a daemon
// that runs, else by opening the store.
func WriteBackup(ctx context.Context, c *configs.Config, version string, w io.Writer) (Backup, error) {
	// What is written is read at the same time, to see that it is whole.
	pr, pw := io.Pipe()
	type read struct {
		b   store.Backup
		err error
	}
	done := make(chan read, 1)
	go func() {
		b, err := store.ReadBackup(ctx, pr, nil)
		pr.CloseWithError(err)
		done <- read{b, err}
	}()
	count := &counted{w: w}
	running, err := produce(ctx, c, version, io.MultiWriter(count, pw))
	pw.CloseWithError(errOr(err, io.EOF))
	got := <-done
	if err == nil {
		err = got.err
	}
	return Backup{got.b.Made, got.b.Version, got.b.Keys, count.n, running}, err
}

func errOr(err, other error) error {
	if err == nil {
		return other
	}
	return err
}

// produce writes a backup and says whether a running daemon made it.
func produce(ctx context.Context, c *configs.Config, version string, w io.Writer) (running bool, err error) {
	remote, err := Connect(ctx, c.Admin.Socket)
	if err == nil {
		return true, errors.Join(remote.Backup(ctx, w), remote.Close())
	}
	if !errors.Is(err, ErrNotRunning) {
		return false, err
	}
	dir := storeDir(c)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("there is nothing to back up: no ringback runs here and %s does not exist", dir)
	}
	st, err := store.Open(store.Options{Dir: dir, Reserve: int64(c.Store.DiskReserve)})
	if err != nil {
		return false, err
	}
	if err = newBehind(st, liveDir(c)).stash(time.Now()); err == nil || unwritable(err) {
		_, err = st.Backup(ctx, w, store.Backup{Made: time.Now().UTC(), Version: version})
	}
	return false, errors.Join(err, st.Close(), giveBack(c.DataDir))
}

type counted struct {
	w io.Writer
	n int64
}

// Write counts what it writes.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// SaveBackup writes a backup into a file: under another name first, to the disk, read again from
// there, and only when it is whole under its own. Nobody but the caller may read the file. A file that is there is
// replaced only if overwrite is set.
func SaveBackup(ctx context.Context, c *configs.Config, version, path string, overwrite bool) (_ Backup, err error) {
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return Backup{}, fmt.Errorf("%s is there already: name another file, or give --overwrite", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*") // mode 0600
	if err != nil {
		return Backup{}, fmt.Errorf("writing the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	b, err := WriteBackup(ctx, c, version, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return b, fmt.Errorf("writing the backup: %w", err)
	}
	if _, err := CheckBackup(ctx, f.Name()); err != nil {
		return b, fmt.Errorf("reading the backup again: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return b, fmt.Errorf("writing the backup: %w", err)
	}
	return b, syncFolder(filepath.Dir(path))
}

// CheckBackup reads a backup file to its end and says what it holds.
func CheckBackup(ctx context.Context, path string) (Backup, error) {
	f, err := os.Open(path)
	if err != nil {
		return Backup{}, fmt.Errorf("reading the backup: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Backup{}, fmt.Errorf("reading the backup: %w", err)
	}
	b, err := store.ReadBackup(ctx, f, nil)
	return Backup{Made: b.Made, Version: b.Version, Entries: b.Keys, Size: info.Size()}, err
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// storeDir is the store's folder in the data folder, liveDir that of the live calls.
func storeDir(c *configs.Config) string { return filepath.Join(c.DataDir, "store") }
func liveDir(c *configs.Config) string  { return filepath.Join(c.DataDir, "live") }

// Backup asks the daemon for a backup.
func (r *Remote) Backup(ctx context.Context, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ringback/admin/backup", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	patient := *r.client
	patient.Timeout = 0 // a backup takes as long as it takes; ctx ends it
	res, err := patient.Do(req)
	if err != nil {
		return fmt.Errorf("asking the daemon at %s: %w", r.socket, err)
	}
	defer res.Body.Close()
	if err := refusal(res); err != nil {
		return err
	}
	if _, err = io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("receiving the backup: %w", err)
	}
	return nil
}

// backup writes a backup of the running daemon's store. Live calls are behind by a second.
func (d *Daemon) backup(ctx context.Context, w io.Writer) error {
	began := time.Now()
	defer d.behind.unstash()
	if err := d.behind.stash(began); err != nil {
		d.complaints.log(d.log, "live calls are not in the backup", err)
	}
	b, err := d.store.Backup(ctx, w, store.Backup{Made: began.UTC(), Version: d.o.Version})
	if err != nil {
		return err
	}
	d.log.Info("backup made", "count", b.Keys, "elapsed", time.Since(began))
	// A store that takes no writes is a time for backups.
	if err := d.audit.Record(ctx, audit.Entry{At: time.Now(), By: web.Operator(ctx), Action: "data.backup", Object: "store"}); err != nil {
		d.complaints.log(d.log, "the audit trail cannot be written", err)
	}
	return nil
}

// What the names of folders in the data folder begin with: those that hold what a restore replaced, and
// that of a restore under way.
const (
	replacedPrefix  = "replaced-"
	restoringPrefix = ".restoring-"
)

// Restored says what a restore did.
type Restored struct {
	Backup

	Dir  string // the data folder
	Kept string // the folder with what was there before, empty if there was nothing
}

// Restore makes the data of a configuration what a backup holds. It refuses while a daemon runs, and
// where there is data, unless replace is set: what is there goes into a folder beside the new. After
// an error everything is as before.
func Restore(ctx context.Context, c *configs.Config, r io.Reader, replace bool) (_ Restored, err error) {
	switch remote, err := Connect(ctx, c.Admin.Socket); {
	case err == nil:
		return Restored{}, errors.Join(fmt.Errorf("a ringback runs here and has %s open: stop it first", c.DataDir), remote.Close())
	case !errors.Is(err, ErrNotRunning):
		return Restored{}, err
	}
	if err := store.Unlocked(storeDir(c)); err != nil {
		return Restored{}, err
	}
	there, err := contents(c.DataDir)
	if err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	if len(there) > 0 && !replace {
		return Restored{}, fmt.Errorf("%s is not empty: give --replace to put the backup in place of what is there, which is kept in a folder beside it",
			c.DataDir)
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	if err := sweep(c.DataDir); err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	fresh, err := os.MkdirTemp(c.DataDir, restoringPrefix)
	if err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	b, err := store.Restore(ctx, r, store.Options{Dir: filepath.Join(fresh, "store"), Reserve: int64(c.Store.DiskReserve)})
	if err != nil {
		return Restored{}, err
	}
	done := Restored{Backup: Backup{Made: b.Made, Version: b.Version, Entries: b.Keys}, Dir: c.DataDir}
	if len(there) > 0 {
		done.Kept = filepath.Join(c.DataDir, replacedPrefix+time.Now().UTC().Format("20060102T150405.000Z"))
		if err := os.Mkdir(done.Kept, 0o700); err != nil {
			return Restored{}, fmt.Errorf("restoring: %w", err)
		}
		if err := move(c.DataDir, done.Kept, there); err != nil {
			return Restored{}, fmt.Errorf("restoring: %w", errors.Join(err, os.Remove(done.Kept)))
		}
	}
	if err := os.Rename(filepath.Join(fresh, "store"), storeDir(c)); err != nil {
		if done.Kept != "" {
			err = errors.Join(err, move(done.Kept, c.DataDir, there), os.Remove(done.Kept))
		}
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	return done, errors.Join(syncFolder(c.DataDir), giveBack(c.DataDir))
}

// contents are the names in the data folder, but those of earlier restores.
func contents(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), replacedPrefix) && !strings.HasPrefix(f.Name(), restoringPrefix) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// sweep takes away what a restore left that was killed.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, restoringPrefix+"*"))
	for _, folder := range left {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// move puts files of one folder into another, all or none.
func move(from, to string, names []string) error {
	for i, name := range names {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			for _, moved := range names[:i] {
				err = errors.Join(err, os.Rename(filepath.Join(to, moved), filepath.Join(from, moved)))
			}
			return err
		}
	}
	return nil
}
