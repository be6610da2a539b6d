package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/store"
)

// kindTrim is the command that drops the oldest entries, and trimAtOnce how many at a time.
const (
	kindTrim   = "audit.trim"
	trimAtOnce = 2000
)

type trimming struct {
	Before time.Time
	By     Who
}

// Trim drops the entries before a time, oldest first, and tells of it in the trail. It says how many
// there were.
func (t *Trail) Trim(ctx context.Context, by Who, before, now time.Time) (int, error) {
	total := 0
	for {
		res, err := t.st.Do(ctx, store.Command{ID: before.Format(time.RFC3339), Kind: kindTrim, At: now, Data: trimming{before, by}})
		if err != nil {
			return total, err
		}
		n := res.(int)
		if total += n; n < trimAtOnce {
			return total, nil
		}
	}
}

func trim(tx *store.Tx, c store.Command) (any, error) {
	t, ok := c.Data.(trimming)
	if !ok {
		return nil, fmt.Errorf("audit: %s with data of type %T", c.Kind, c.Data)
	}
	end, err := readHead(tx)
	if err != nil {
		return nil, err
	}
	var old [][]byte
	for key, value := range tx.Scan(store.Prefix(keySpace, "entry")) {
		e, _, err := decode(key, value)
		if err != nil {
			return nil, err
		}
		// The last entry stays: what comes next is chained to it.
		if !e.At.Before(t.Before) || e.Seq == end.Seq || len(old) == trimAtOnce {
			break
		}
		old = append(old, slices.Clone(key))
	}
	if len(old) == 0 {
		return 0, nil
	}
	for _, key := range old {
		tx.Delete(key)
	}
	return len(old), Write(tx, Entry{
		At: c.At, By: t.By, Action: "audit.trim", Object: "audit",
		Detail: fmt.Sprintf("%d entries before %s", len(old), t.Before.UTC().Format(time.RFC3339)),
	})
}
