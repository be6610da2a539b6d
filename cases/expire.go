package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ringback/store"
)

// The commands of Expire, and how much each of them does.
const (
	kindExpire   = "cases.expire"
	expireAtOnce = 200
	kindForget   = "cases.forget"
	forgetAtOnce = 5000
	forgetsApart = time.Hour
)

// Expire closes the cases whose time is up at now and returns the changes. It is called every few
// seconds, and looks at the cases only when the next of them expires; a replay does without. Once an
// hour of now it also forgets calls that are too old to come again.
func (c *Cases) Expire(ctx context.Context, now time.Time) ([]Change, error) {
	now = now.UTC()
	ids, err := c.expired(now)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for some := range slices.Chunk(ids, expireAtOnce) {
		res, err := c.st.Do(ctx, store.Command{ID: now.Format(time.RFC3339), Kind: kindExpire, At: now, Data: some})
		closed, err := c.settle(nil, 0, res, err)
		if err != nil {
			c.mu.Lock()
			c.expires = sooner(c.expires, now) // look again next time
			c.mu.Unlock()
			return changes, err
		}
		changes = append(changes, closed...)
	}
	return changes, c.forget(ctx, now)
}

// expired lists the open cases whose time is up, and notes when that of the next one will be.
func (c *Cases) expired(now time.Time) (ids []string, err error) {
	c.mu.Lock()
	due := !c.expires.IsZero() && !c.expires.After(now)
	if due {
		c.expires = time.Time{} // what opens from now on sets it again
	}
	c.mu.Unlock()
	if !due {
		return nil, nil
	}
	var next time.Time
	err = c.st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Prefix(tableOpen)) {
			p, err := decodePlace(value)
			if err != nil {
				return err
			}
			if p.expires.IsZero() || p.expires.After(now) {
				next = sooner(next, p.expires)
				continue
			}
			var id string
			if err := store.SplitKey(key, nil, nil, nil, nil, &id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		next = now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expires = sooner(c.expires, next)
	return ids, err
}

func (c *Cases) applyExpire(tx *store.Tx, cmd store.Command) (any, error) {
	ids, ok := cmd.Data.([]string)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	for _, id := range ids {
		r := l.record(id)
		if r == nil {
			continue
		}
		act, why := decideExpiry(r, l.at)
		l.decided(why)
		if act == closeNow {
			p := l.policy(r.List)
			l.close(r, Expired, "", time.Time{}, p)
		}
	}
	return l.finish()
}

// forget drops what is too old to matter.
func (c *Cases) forget(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	soon := now.Sub(c.forgot) < forgetsApart
	if !soon {
		c.forgot = now
	}
	c.mu.Unlock()
	if soon {
		return nil
	}
	before := now.Add(-c.opt.Remember)
	if _, err := c.st.Forget(ctx, before); err != nil {
		return err
	}
	for _, table := range []string{tableCall, tableEnded} {
		for f := (forgetting{table, store.Key(table)}); f.From != nil; {
			res, err := c.st.Do(ctx, store.Command{ID: before.Format(time.RFC3339), Kind: kindForget, At: before, Data: f})
			if err != nil {
				return err
			}
			f.From = res.([]byte)
		}
	}
	return nil
}

// forgetting is the data of the command that drops old calls: which table, and from which key on.
type forgetting struct {
	Table string
	From  []byte
}

// applyForget drops calls that are over and older than the command; it returns the key to go on with.
func (c *Cases) applyForget(tx *store.Tx, cmd store.Command) (any, error) {
	f, ok := cmd.Data.(forgetting)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	seen := 0
	for key, value := range tx.Scan(store.Range{From: f.From, To: store.Prefix(f.Table).To}) {
		if seen++; seen > forgetAtOnce {
			return slices.Clone(key), nil
		}
		at, over, err := f.read(value)
		if err != nil {
			return nil, err
		}
		if over && at.Before(cmd.At) {
			tx.Delete(slices.Clone(key))
		}
	}
	return []byte(nil), nil
}

// read gives the time of a call, and whether it is over.
func (f *forgetting) read(value []byte) (at time.Time, over bool, err error) {
	if f.Table == tableEnded {
		err = store.SplitKey(value, &at)
		return at, true, err
	}
	d, err := decodeDial(value)
	if err != nil {
		return at, false, err
	}
	return d.at, d.over, nil
}
