package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"ringback/configs"
	"ringback/directory"
	"ringback/store"
)

// Keeper holds the directory: a running daemon, or the store of one that does not run.
type Keeper interface {
	// Directory is the one in force as YAML, and its version.
	Directory(ctx context.Context) (yaml []byte, version string, err error)
	// SetDirectory puts another in force in place of the version it was made from.
	SetDirectory(ctx context.Context, yaml []byte, version string) (newVersion string, err error)
	// Close lets go of it.
	Close() error
}

// OpenKeeper finds who holds the directory: the daemon at the configured admin socket, else the store
// itself, which no other process may have open.
func OpenKeeper(ctx context.Context, c *configs.Config) (Keeper, error) {
	remote, err := Connect(ctx, c.Admin.Socket)
	if err == nil {
		return remote, nil
	}
	if !errors.Is(err, ErrNotRunning) {
		return nil, err
	}
	st, err := store.Open(store.Options{Dir: filepath.Join(c.DataDir, "store"), Reserve: int64(c.Store.DiskReserve)})
	if err != nil {
		return nil, err
	}
	return &shelf{store: st, versions: directory.NewVersions(st), dir: c.DataDir}, nil
}

// shelf is the directory in a store that this process has opened.
type shelf struct {
	store    *store.Store
	versions *directory.Versions
	dir      string // the data folder
}

// Directory reads it.
func (s *shelf) Directory(context.Context) ([]byte, string, error) {
	f, v, err := s.versions.Load()
	if err != nil {
		return nil, "", err
	}
	return directory.Format(f), strconv.FormatUint(v.Number, 10), nil
}

// SetDirectory writes it.
func (s *shelf) SetDirectory(ctx context.Context, yaml []byte, version string) (string, error) {
	f, err := directory.Parse("directory", yaml)
	if err != nil {
		return "", err
	}
	base, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%q is no version of the directory", version)
	}
	v, err := s.versions.Save(ctx, directory.Update{File: f, Base: base, By: "command line", At: time.Now(), Who: operator()})
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(v.Number, 10), nil
}

// Close closes the store. What root wrote is given to whom the data folder belongs, so that the daemon,
// which is not root, can open it.
func (s *shelf) Close() error { return errors.Join(s.store.Close(), giveBack(s.dir)) }
