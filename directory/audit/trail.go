package audit

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ringback/store"
)

// The keys of this package.
//
//	audit entry <n>   the n-th entry: a record
//	audit head        the number and the check sum of the last one: a head
const keySpace = "audit"

func entryKey(seq uint64) []byte { return store.Key(keySpace, "entry", seq) }
func headKey() []byte            { return store.Key(keySpace, "head") }

// Errors of reading the trail.
var (
	// ErrBroken is returned by Verify for a trail that was tampered with.
	ErrBroken = errors.New("audit: the trail was changed")
	// ErrCursor is returned for a cursor that no page gave.
	ErrCursor = errors.New("audit: not a cursor of the trail")
)

// recordFormat is the version of record. 1: the first.
const recordFormat = 1

// record is an Entry as it is stored, in JSON, under its number.
type record struct {
	Format int       `json:"format"`
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	ID     string    `json:"id,omitempty"`
	Action string    `json:"action"`
	Object string    `json:"object,omitempty"`
	Result Result    `json:"result,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Peer   string    `json:"peer,omitempty"`
	Before []byte    `json:"before,omitempty"` // SHA-256 of the record before, none for the first
}

// head is the end of the trail.
type head struct {
	Seq uint64 `json:"seq"`
	Sum []byte `json:"sum"` // SHA-256 of the last record
}

// Write adds an entry to the end of the trail in the transaction of what it tells of. An entry without
// a time or an action is a mistake in the program, and fails the command.
func Write(tx *store.Tx, e Entry) error {
	if e.At.IsZero() || e.Action == "" || e.By.Kind == "" {
		return fmt.Errorf("audit: an entry without time, action or actor: %q", e.Action)
	}
	last, err := readHead(tx)
	if err != nil {
		return err
	}
	e = e.clipped()
	value, err := json.Marshal(record{
		Format: recordFormat, At: e.At.UTC(), Kind: e.By.Kind, ID: e.By.ID, Action: e.Action, Object: e.Object,
		Result: e.Result, Reason: e.Reason, Detail: e.Detail, Peer: e.Peer, Before: last.Sum,
	})
	if err != nil {
		return fmt.Errorf("audit: writing an entry: %w", err)
	}
	sum := sha256.Sum256(value)
	next, err := json.Marshal(head{last.Seq + 1, sum[:]})
	if err != nil {
		return fmt.Errorf("audit: writing the end of the trail: %w", err)
	}
	tx.Set(entryKey(last.Seq+1), value)
	tx.Set(headKey(), next)
	return nil
}

func readHead(r store.Reader) (head, error) {
	value, ok := r.Get(headKey())
	if !ok {
		return head{}, nil
	}
	var h head
	if err := json.Unmarshal(value, &h); err != nil {
		return head{}, fmt.Errorf("audit: reading the end of the trail: %w", err)
	}
	return h, nil
}

func decode(key, value []byte) (Entry, []byte, error) {
	var seq uint64
	if err := store.SplitKey(key, nil, nil, &seq); err != nil {
		return Entry{}, nil, fmt.Errorf("audit: reading the number of an entry: %w", err)
	}
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return Entry{}, nil, fmt.Errorf("audit: reading entry %d: %w", seq, err)
	}
	if r.Format > recordFormat {
		return Entry{}, nil, fmt.Errorf("audit: entry %d was written by a newer Ringback (format %d, this one reads up to %d); run that one", seq, r.Format, recordFormat)
	}
	return Entry{
		Seq: seq, At: r.At, By: Who{r.Kind, r.ID}, Action: r.Action, Object: r.Object,
		Result: r.Result, Reason: r.Reason, Detail: r.Detail, Peer: r.Peer,
	}, r.Before, nil
}
