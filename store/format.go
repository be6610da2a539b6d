package store

import (
	"context"
	"encoding/binary"
	"fmt"
)

// format is the version of what this package itself lays out on the disk: the encoding of keys and
// its own tables. Packages that use the store put versions into their records.
//
// 1: the first.
const format = 1

const kindFormat = "$format"

// checkFormat refuses a store of a later format, and notes ours in a new one.
func (s *Store) checkFormat() error {
	stored, empty := uint64(0), true
	err := s.View(func(snap *Snapshot) error {
		if v, ok := snap.Get(Key(tableFormat)); ok {
			stored, _ = binary.Uvarint(v)
		}
		for range snap.Scan(Range{}) {
			empty = false
			break
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case stored == 0 && !empty:
		return fmt.Errorf("store: %s holds the data of another program: choose another folder", s.opt.Dir)
	case stored > format:
		return fmt.Errorf("%w: %s has format %d and this one reads up to %d: run the newer version, or restore a backup",
			ErrNewer, s.opt.Dir, stored, format)
	case stored == format:
		return nil
	}
	_, err = s.Do(context.Background(), Command{ID: kindFormat, Kind: kindFormat})
	return err
}

func writeFormat(tx *Tx, _ Command) (any, error) {
	tx.Set(Key(tableFormat), binary.AppendUvarint(nil, format))
	return nil, nil
}
