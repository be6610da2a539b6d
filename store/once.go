package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The store's own tables begin with a sign that no other package's do.
//
//	$format      the version of the format, see format.go
//	$once <id>   a command with Once was applied: its time
//
// Those of logs stand in log.go.
const (
	tableFormat = "$format"
	tableOnce   = "$once"
)

// Applied says whether a command with this id and Once was applied before.
func (tx *Tx) Applied(id string) bool {
	_, applied := tx.Get(Key(tableOnce, id))
	return applied
}

// mark notes that the command was applied.
func (tx *Tx) mark(c Command) { tx.Set(Key(tableOnce, c.ID), Key(c.At)) }

// kindForget is the command behind Forget; it looks at this many marks at a time.
const (
	kindForget   = "$forget"
	forgetAtOnce = 5000
)

type forgetting struct {
	From   []byte // the first mark to look at
	Before time.Time
}

type forgot struct {
	count int
	next  []byte // the mark to go on with, nil at the end
}

// Forget drops the marks of Once commands whose time is before the given one, and says how many. A
// command forgotten is applied again when it is given again. It looks at every mark, so it is for once
// in a while.
func (s *Store) Forget(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for f := (forgetting{Key(tableOnce), before}); f.From != nil; {
		result, err := s.Do(ctx, Command{ID: "before " + before.String(), Kind: kindForget, At: before, Data: f})
		if err != nil {
			return total, err
		}
		done := result.(forgot)
		total += done.count
		f.From = done.next
	}
	return total, nil
}

func forget(tx *Tx, c Command) (any, error) {
	f, ok := c.Data.(forgetting)
	if !ok {
		return nil, fmt.Errorf("store: %s with data of type %T", c.Kind, c.Data)
	}
	var done forgot
	seen := 0
	for key, value := range tx.Scan(Range{From: f.From, To: Prefix(tableOnce).To}) {
		if seen++; seen > forgetAtOnce {
			done.next = slices.Clone(key)
			break
		}
		var at time.Time
		if err := SplitKey(value, &at); err != nil || at.Before(f.Before) {
			tx.Delete(slices.Clone(key))
			done.count++
		}
	}
	return done, nil
}
