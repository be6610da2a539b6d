package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// What keeps a store from being opened or written. Errors that wrap these are one sentence with what,
// where, and how to mend it.
var (
	ErrLocked   = errors.New("store: in use by another process")
	ErrReadOnly = errors.New("store: not writable")
	ErrFull     = errors.New("store: disk full")
	ErrNewer    = errors.New("store: written by a newer version")
	ErrFailed   = errors.New("store: stopped after a failed write")
)

// Err says why writes are refused now, nil when they are not. Reads go on, of what was acknowledged,
// as far as Badger still can.
//
// ErrFull: less than Options.Reserve is free. That is looked at before every commit, so nothing is half
// written and what merges tables in the background keeps room to finish. Writing resumes by itself
// when there is space again. Whoever takes the whole reserve too while tables are merged ends the
// process, as Badger maps its files into memory; what was acknowledged is safe even then.
//
// ErrReadOnly: the file system became read-only. Resumes by itself too.
//
// ErrFailed: a write or sync went wrong. The command was not acknowledged, but it may be on the disk
// or half on the disk, and after a failed sync the kernel may have dropped the very pages that a second
// sync would claim to have written (what PostgreSQL learnt in 2018). So the store stops writing for
// good: it is closed and opened again, which reads the log, keeps the transactions that are whole and
// writes them anew. A command given again then with the same Once id is applied exactly once. It is another
// process that opens it: nothing that Badger has in memory after a failure is to be written any more. Mended
// says when.
func (s *Store) Err() error {
	s.health.Lock()
	defer s.health.Unlock()
	switch {
	case s.failed:
		return s.err
	case s.disk == nil:
		return nil
	}
	return checkRoom(s.opt.Dir, s.opt.Reserve)
}

// refusal checks before a commit whether writes can be taken now.
func (s *Store) refusal() error {
	s.health.Lock()
	defer s.health.Unlock()
	if s.failed {
		return s.err
	}
	err := checkRoom(s.opt.Dir, s.opt.Reserve)
	switch {
	case err != nil && s.err == nil:
		s.opt.Logger.Error("store refuses writes", "err", err)
	case err == nil && s.err != nil:
		s.opt.Logger.Info("store takes writes again")
	}
	s.err = err
	return err
}

// stop refuses all writes from now on.
func (s *Store) stop(cause error) error {
	s.health.Lock()
	defer s.health.Unlock()
	s.failed = true
	s.err = fmt.Errorf("%w to %s: %w: mend the disk and restart; all that was acknowledged is safe",
		ErrFailed, s.opt.Dir, oneLine(cause))
	s.opt.Logger.Error("store stopped", "err", s.err)
	return s.err
}

// refused turns the error of an operation on dir into the sentence an operator can act on. Badger
// does not wrap what the system said, so its text has to be looked at.
func refused(dir string, err error) error {
	is := func(errnos ...syscall.Errno) bool {
		for _, errno := range errnos {
			if errors.Is(err, errno) || strings.Contains(err.Error(), errno.Error()) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.Contains(err.Error(), "Cannot acquire directory lock"):
		return fmt.Errorf("%w: %s is open in process %s: stop that one, or go through its admin socket",
			ErrLocked, dir, holder(dir))
	case is(syscall.EROFS):
		return fmt.Errorf("%w: %s is on a read-only file system: mount it writable, or choose another folder",
			ErrReadOnly, dir)
	case is(syscall.EACCES, syscall.EPERM):
		return fmt.Errorf("%w: no permission to write in %s: give the folder and all in it to the user the daemon runs as",
			ErrReadOnly, dir)
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return fmt.Errorf("%w: no space left for %s: free some and start again", ErrFull, dir)
	}
	return fmt.Errorf("store: opening %s: %w", dir, oneLine(err))
}

// Mended says whether the disk takes writes again after one failed for good (ErrFailed), so that it is worth
// closing the store and opening it again. It tries with a file as long as Badger's next log, in the
// folder of the store.
func (s *Store) Mended() bool {
	s.health.Lock()
	failed := s.failed
	s.health.Unlock()
	return failed && checkRoom(s.opt.Dir, s.opt.Reserve) == nil && tryDisk(s.opt.Dir, 2*s.opt.MemTable) == nil
}

func tryDisk(dir string, size int64) (err error) {
	f, err := os.CreateTemp(dir, "try-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := f.Truncate(size); err != nil {
		return err
	}
	if _, err := f.Write(make([]byte, 64<<10)); err != nil {
		return err
	}
	return f.Sync()
}

func oneLine(err error) error {
	if !strings.Contains(err.Error(), "\n") {
		return err
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
