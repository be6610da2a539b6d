package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ringback/sip"
	"ringback/store"
	"ringback/web"
)

// keptImports are the imports that are over, so that whoever asks after a restart is told what they did. Keys of the
// table: ("import", when it was over, id) → the import as JSON.
type keptImports struct{ st *store.Store }

// How many imports are kept, and for how long: their reports may quote what stood in a file.
const (
	importsKept    = 200
	importsKeptFor = 30 * 24 * time.Hour
)

const (
	kindKeepImport  = "web.import"
	kindEraseImport = "web.import.erase"
)

// newKeptImports registers their commands with a store that has not been used yet.
func newKeptImports(st *store.Store) *keptImports {
	st.Handle(kindKeepImport, keepImport)
	st.Handle(kindEraseImport, eraseImports)
	return &keptImports{st}
}

// Keep implements web.KeptImports.
func (k *keptImports) Keep(ctx context.Context, i web.Import) error {
	_, err := k.st.Do(ctx, store.Command{ID: i.ID, Kind: kindKeepImport, At: i.Ended.UTC(), Data: i})
	return err
}

func keepImport(tx *store.Tx, c store.Command) (any, error) {
	i, ok := c.Data.(web.Import)
	if !ok {
		return nil, fmt.Errorf("daemon: %s with data of type %T", c.Kind, c.Data)
	}
	value, err := json.Marshal(i)
	if err != nil {
		return nil, err
	}
	n := 1
	var gone [][]byte
	for key := range tx.Scan(store.Prefix("import").Backwards()) {
		var ended time.Time
		if err := store.SplitKey(key, nil, &ended); err != nil {
			return nil, err
		}
		if n++; n > importsKept || c.At.Sub(ended) > importsKeptFor {
			gone = append(gone, slices.Clone(key))
		}
	}
	for _, key := range gone {
		tx.Delete(key)
	}
	tx.Set(store.Key("import", c.At, i.ID), value)
	return nil, nil
}

// Erase takes out what reports quote of numbers. Who erased is told by the erasure.
func (k *keptImports) Erase(ctx context.Context, erasure string, numbers []sip.Number, at time.Time) error {
	_, err := k.st.Do(ctx, store.Command{ID: erasure, Kind: kindEraseImport, At: at.UTC(), Data: numbers})
	return err
}

func eraseImports(tx *store.Tx, c store.Command) (any, error) {
	numbers, ok := c.Data.([]sip.Number)
	if !ok {
		return nil, fmt.Errorf("daemon: %s with data of type %T", c.Kind, c.Data)
	}
	type row struct{ key, value []byte }
	var changed []row
	for key, value := range tx.Scan(store.Prefix("import")) {
		var i web.Import
		if err := json.Unmarshal(value, &i); err != nil {
			return nil, fmt.Errorf("reading an import: %w", err)
		}
		if !i.Erase(numbers) {
			continue
		}
		value, err := json.Marshal(i)
		if err != nil {
			return nil, err
		}
		changed = append(changed, row{slices.Clone(key), value})
	}
	for _, r := range changed {
		tx.Set(r.key, r.value)
	}
	return nil, nil
}

// Kept implements web.KeptImports.
func (k *keptImports) Kept(now time.Time) (all []web.Import, err error) {
	err = k.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix("import")) {
			var i web.Import
			if err := json.Unmarshal(value, &i); err != nil {
				return fmt.Errorf("reading an import: %w", err)
			}
			if i.Ended != nil && now.Sub(*i.Ended) <= importsKeptFor {
				all = append(all, i)
			}
		}
		return nil
	})
	return all, err
}
