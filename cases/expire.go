package cases

import (
	"context"
	"fmt"
	"maps"
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
			c.expires, c.wakes = sooner(c.expires, now), sooner(c.wakes, time.Unix(0, 0)) // look again next time
			c.mu.Unlock()
			return changes, err
		}
		changes = append(changes, closed...)
	}
	retired, err := c.forget(ctx, now)
	return append(changes, retired...), err
}

// expired lists the open cases whose time is up, and notes when that of the next one will be.
func (c *Cases) expired(now time.Time) (ids []string, err error) {
	lists, first := c.timely(now)
	wakes := !first.IsZero()
	if len(lists) == 0 && !wakes {
		return nil, nil
	}
	var next time.Time // of what wakes
	err = c.st.View(func(s *store.Snapshot) error {
		for _, list := range lists {
			for key, value := range s.Scan(store.Prefix(tableOpen, list)) {
				p, err := decodePlace(value)
				if err != nil {
					return err
				}
				if p.expires.IsZero() || p.expires.After(now) {
					continue
				}
				var id string
				if err := store.SplitKey(key, nil, nil, nil, nil, nil, &id); err != nil {
					return err
				}
				ids = append(ids, id)
			}
		}
		if !wakes {
			return nil
		}
		waking := store.Prefix(tableWake)
		waking.From = store.Key(tableWake, first) // there is nothing before, but what the disk has not cleaned up
		for key := range s.Scan(waking) {
			var at time.Time
			var id string
			if err := store.SplitKey(key, nil, &at, &id); err != nil {
				return err
			}
			if at.After(now) {
				next = at
				break
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	if err != nil {
		next = first // look again next time
	}
	if wakes {
		c.mu.Lock()
		c.wakes = sooner(c.wakes, next)
		c.mu.Unlock()
	}
	return ids, err
}

// timely names the lists on which cases expire by now, and says when something happens to others first,
// if that is by now. What comes up from now on notes its time again.
func (c *Cases) timely(now time.Time) (lists []string, wakes time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.expires.IsZero() && !c.expires.After(now) {
		c.expires = time.Time{}
		for _, list := range slices.Sorted(maps.Keys(c.lists)) {
			first := c.lists[list].together.first()
			if !first.IsZero() && !first.After(now) {
				lists = append(lists, list)
			}
			c.expires = sooner(c.expires, first)
		}
	}
	if !c.wakes.IsZero() && !c.wakes.After(now) {
		wakes, c.wakes = c.wakes, time.Time{}
	}
	return lists, wakes
}

func (c *Cases) applyExpire(tx *store.Tx, cmd store.Command) (any, error) {
	ids, ok := cmd.Data.([]string)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	for _, id := range ids {
		r := l.record(id)
		if r != nil {
			l.wake(r)
		}
	}
	return l.finish()
}

// forget drops what is too old to matter.
func (c *Cases) forget(ctx context.Context, now time.Time) ([]Change, error) {
	c.mu.Lock()
	soon := now.Sub(c.forgot) < forgetsApart
	if !soon {
		c.forgot = now
	}
	c.mu.Unlock()
	if soon {
		return nil, nil
	}
	before := now.Add(-c.opt.Remember)
	if _, err := c.st.Forget(ctx, before); err != nil {
		return nil, err
	}
	for _, table := range []string{tableCall, tableEnded, tableAct} {
		for f := (forgetting{table, store.Key(table)}); f.From != nil; {
			res, err := c.st.Do(ctx, store.Command{ID: before.Format(time.RFC3339), Kind: kindForget, At: before, Data: f})
			if err != nil {
				return nil, err
			}
			f.From = res.([]byte)
		}
	}
	return c.retire(ctx, now)
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
	switch f.Table {
	case tableEnded:
		err = store.SplitKey(value, &at)
		return at, true, err
	case tableAct:
		x, err := decodeActed(value)
		if err != nil {
			return at, false, err
		}
		return x.at, true, nil
	}
	d, err := decodeDial(value)
	if err != nil {
		return at, false, err
	}
	return d.at, d.over, nil
}
