package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ringback/store"
	"ringback/web"
)

// receipts keep what requests with an Idempotency-Key made, so that one that is sent again, also after a
// crash, is answered alike. Keys of the table: ("receipt", "by key", key) → the receipt; ("receipt",
// "by time", time, key) → nothing, to forget the old ones.
type receipts struct{ st *store.Store }

// How long receipts are kept, and how many are dropped at once.
const (
	receiptsFor    = 48 * time.Hour
	receiptsAtOnce = 1000
)

// receiptFormat is the version of the stored record. 1: the first.
const receiptFormat = 1

type receiptRecord struct {
	Format int       `json:"format"`
	Print  []byte    `json:"print"`
	Made   string    `json:"made"`
	At     time.Time `json:"at"`
}

const (
	kindReceipt       = "web.receipt"
	kindForgetReceipt = "web.receipt.forget"
)

// newReceipts registers their commands with a store that has not been used yet.
func newReceipts(st *store.Store) *receipts {
	st.Handle(kindReceipt, keepReceipt)
	st.Handle(kindForgetReceipt, forgetReceipts)
	return &receipts{st}
}

func receiptKey(key string) []byte { return store.Key("receipt", "by key", key) }

// Receipt implements web.Receipts.
func (r *receipts) Receipt(key string) (kept web.Receipt, ok bool, err error) {
	var rec receiptRecord
	err = r.st.View(func(s *store.Snapshot) error {
		b, found := s.Get(receiptKey(key))
		if ok = found; !ok {
			return nil
		}
		return json.Unmarshal(b, &rec)
	})
	if err != nil {
		return web.Receipt{}, false, fmt.Errorf("reading what a request made: %w", err)
	}
	copy(kept.Print[:], rec.Print)
	kept.Made, kept.At = rec.Made, rec.At
	return kept, ok, nil
}

type keeping struct {
	Key     string
	Receipt web.Receipt
}

// Keep implements web.Receipts.
func (r *receipts) Keep(ctx context.Context, key string, kept web.Receipt) error {
	_, err := r.st.Do(ctx, store.Command{ID: key, Kind: kindReceipt, At: kept.At.UTC(), Data: keeping{key, kept}, Urgent: true})
	return err
}

func keepReceipt(tx *store.Tx, c store.Command) (any, error) {
	k, ok := c.Data.(keeping)
	if !ok {
		return nil, fmt.Errorf("daemon: %s with data of type %T", c.Kind, c.Data)
	}
	value, err := json.Marshal(receiptRecord{receiptFormat, k.Receipt.Print[:], k.Receipt.Made, c.At})
	if err != nil {
		return nil, err
	}
	tx.Set(receiptKey(k.Key), value)
	tx.Set(store.Key("receipt", "by time", c.At, k.Key), nil)
	return nil, nil
}

// forget drops the old ones.
func (r *receipts) forget(ctx context.Context, now time.Time) error {
	for {
		res, err := r.st.Do(ctx, store.Command{ID: kindForgetReceipt, Kind: kindForgetReceipt, At: now.UTC()})
		if err != nil || !res.(bool) {
			return err
		}
	}
}

// forgetReceipts drops some of the old ones, and says whether there may be more.
func forgetReceipts(tx *store.Tx, c store.Command) (any, error) {
	old := c.At.Add(-receiptsFor)
	var gone [][]byte
	for key := range tx.Scan(store.Prefix("receipt", "by time")) {
		var at time.Time
		var name string
		if err := store.SplitKey(key, nil, nil, &at, &name); err != nil {
			return nil, err
		}
		if !at.Before(old) || len(gone) >= receiptsAtOnce {
			break
		}
		gone = append(gone, slices.Clone(key), receiptKey(name))
	}
	for _, key := range gone {
		tx.Delete(key)
	}
	return len(gone) >= receiptsAtOnce, nil
}
