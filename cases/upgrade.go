package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/store"
)

// A store of an earlier format is brought up to date when it is opened: every record is written anew,
// with its places in the indexes and in the statistics, portion by portion from the latest case to the
// first. So the first record tells whether all is done, also after an upgrade that was cut off.

// kindUpgrade is the command that does a portion of upgradeAtOnce cases, fewer in tests.
const kindUpgrade = "cases.upgrade"

var upgradeAtOnce = 500

// upgrade brings all records up to date.
func (c *Cases) upgrade() error {
	old := false
	err := c.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix(tableCase)) {
			d := reader{b: value}
			old = d.format("case") < recordFormat && d.err == nil
			return d.err
		}
		return nil
	})
	if err != nil || !old {
		return err
	}
	c.opt.Logger.Info("upgrading stored cases")
	began := time.Now()
	for from := store.Prefix(tableCase).To; from != nil; {
		res, err := c.st.Do(context.Background(), store.Command{ID: "upgrade", Kind: kindUpgrade, Data: from})
		if err != nil {
			return err
		}
		from = res.([]byte)
	}
	c.opt.Logger.Info("upgraded stored cases", "elapsed", time.Since(began))
	return nil
}

// applyUpgrade upgrades the cases before a key, and returns the key to go on before; nil when it is done.
func (c *Cases) applyUpgrade(tx *store.Tx, cmd store.Command) (any, error) {
	to, ok := cmd.Data.([]byte)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.blank(tx, cmd.At) // there may be no directory yet
	from := store.Prefix(tableCase)
	from.To = to
	var last []byte
	n := 0
	for key, value := range tx.Scan(from.Backwards()) {
		last = slices.Clone(key)
		r, err := decodeRecord(slices.Clone(value))
		if err != nil {
			return nil, err
		}
		if r.format == 1 {
			l.fromFirst(r)
		}
		if n++; n == upgradeAtOnce {
			return last, l.err
		}
	}
	return []byte(nil), l.err
}

// fromFirst writes a record of the first format anew. That format had all open cases in one index.
func (l *ledger) fromFirst(r *record) {
	if r.State == Open {
		l.tx.Delete(store.Key(tableOpen, r.List, r.Due, -int64(r.Misses), r.ID))
	}
	r.was = position{}
	l.write(r)
}
