package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// segmentFiles are the segments of the journal of live calls, each a file in a folder beside the store. In the store
// they were most of what was written, and of what its tables were merged for, though few are needed for more than some
// seconds and none is ever looked up by a key.
type segmentFiles struct {
	dir string
	// fault is asked before each step on the disk; an error it returns counts as the disk's. Nil: nobody is.
	fault func() error
}

const (
	segmentSuffix = ".live"
	partSuffix    = ".part" // of a file that is being written
)

func (f *segmentFiles) path(seq uint64) string {
	return filepath.Join(f.dir, fmt.Sprintf("%016x", seq)+segmentSuffix)
}

// list lists the segments there are, the oldest first. What a crash left half written is removed.
func (f *segmentFiles) list() ([]uint64, error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the live calls: %w", err)
	}
	var all []uint64
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), partSuffix) {
			_ = os.Remove(filepath.Join(f.dir, e.Name())) // it is in nobody's way
			continue
		}
		name, ours := strings.CutSuffix(e.Name(), segmentSuffix)
		if seq, err := strconv.ParseUint(name, 16, 64); ours && err == nil {
			all = append(all, seq)
		}
	}
	slices.Sort(all)
	return all, nil
}

func (f *segmentFiles) read(seq uint64) ([]byte, error) { return os.ReadFile(f.path(seq)) }

// write writes a segment and waits until it is on the disk, whole under its name or not at all.
func (f *segmentFiles) write(s *segment) (err error) {
	if err := f.step(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("writing the live calls: %w", err)
	}
	part := f.path(s.seq) + partSuffix
	if err := writeSynced(part, s.bytes); err != nil {
		return errors.Join(fmt.Errorf("writing the live calls: %w", err), os.Remove(part))
	}
	if err := f.step(); err != nil {
		return err
	}
	if err := os.Rename(part, f.path(s.seq)); err != nil {
		return fmt.Errorf("writing the live calls: %w", err)
	}
	return syncFolder(f.dir)
}

func writeSynced(path string, b []byte) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// remove removes segments, the oldest first: a record that is over must not come back because what says so is gone.
func (f *segmentFiles) remove(seqs []uint64) error {
	for _, seq := range seqs {
		if err := f.step(); err != nil {
			return err
		}
		if err := os.Remove(f.path(seq)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing live calls of before: %w", err)
		}
		if err := syncFolder(f.dir); err != nil {
			return err
		}
	}
	return nil
}

func (f *segmentFiles) step() error {
	if f.fault == nil {
		return nil
	}
	return f.fault()
}
