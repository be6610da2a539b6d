//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Unlocked returns an error that wraps ErrLocked while a process has the store in dir open, however
// damaged the store may be. A folder that is not there is not locked.
func Unlocked(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return refused(dir, err)
	}
	defer f.Close() // and with it the lock
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("%w: %s is open in process %s: stop that one", ErrLocked, dir, holder(dir))
	}
	return nil
}
