package daemon

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ringback/sip"
)

// Verdicts that wait for a store which takes no writes outlive the process too: when it stops, they are a file
// beside the store, and the next one puts them in before anything else. Each is applied once, as the store knows
// which it has: a commit that failed may be on the disk all the same.

// waiting is that file.
type waiting struct {
	Version int
	Seen    time.Time // until when the daemon watched
	Events  []*sip.Event
}

const waitingVersion = 1

// errMended ends a daemon whose store stopped after a failed write, once the disk takes writes: what Badger has in
// memory then is not to be trusted, and only a new process reads back what is really there.
var errMended = errors.New("the disk takes writes again, so ringback ends, to be started anew")

// mended ends the daemon when that helps.
func (d *Daemon) mended() error {
	if !d.store.Mended() {
		return nil
	}
	return fmt.Errorf("%w: %w", errMended, d.store.Err())
}

func (d *Daemon) waitingPath() string { return filepath.Join(d.config.Load().DataDir, "waiting") }

// leave writes what the next process has to know: the live calls, and the verdicts that no store took.
func (d *Daemon) leave(now time.Time) error {
	held, lost := d.flow.left()
	if lost > 0 {
		d.log.Error("verdicts were not written, the store took none until the end", "count", lost)
	}
	refused := d.store.Err()
	if refused == nil && len(held) == 0 {
		return errors.Join(d.behind.write(d.watch, now), d.forgetWaiting())
	}
	if err := d.writeWaiting(&waiting{Version: waitingVersion, Seen: now, Events: held}); err != nil {
		d.log.Error("verdicts were not written, the store took none until the end", "count", len(held))
		return fmt.Errorf("writing %d verdicts that wait for the store: %w", len(held), err)
	}
	d.log.Warn("verdicts wait for the next start, the store takes none", "count", len(held))
	return d.behind.leave(d.watch, now)
}

func (d *Daemon) writeWaiting(x *waiting) (err error) {
	path := d.waitingPath()
	part := path + partSuffix
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(gob.NewEncoder(f).Encode(x), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// readWaiting reads what an earlier process left. A file that nobody can read is kept under another name, as it may
// be all that is known of some customers.
func (d *Daemon) readWaiting() (x waiting, err error) {
	path := d.waitingPath()
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return x, fmt.Errorf("reading the verdicts that wait for the store: %w", err)
	}
	defer f.Close()
	err = gob.NewDecoder(f).Decode(&x)
	if err == nil && x.Version != waitingVersion {
		err = fmt.Errorf("version %d, known is %d", x.Version, waitingVersion)
	}
	if err != nil {
		d.log.Error("verdicts that waited for the store cannot be read and are set aside", "path", path+".unreadable", "err", err)
		return waiting{}, os.Rename(path, path+".unreadable")
	}
	return x, nil
}

// putWaiting puts the verdicts in that waited. Those that have to wait on do so with the others.
func (d *Daemon) putWaiting(ctx context.Context) error {
	for i, ev := range d.left {
		if ev == nil || ev.Call == nil {
			continue
		}
		changes, err := d.cases.Apply(ctx, ev)
		if unwritable(err) {
			d.flow.await(d.left[i:])
			return nil
		}
		if err != nil {
			return err
		}
		d.tellCases(changes)
	}
	if n := len(d.left); n > 0 {
		d.log.Info("verdicts that waited for the store are in", "count", n)
	}
	d.left = nil
	return d.forgetWaiting()
}

func (d *Daemon) forgetWaiting() error {
	if err := os.Remove(d.waitingPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
