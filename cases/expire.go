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
	kindExpire    = "cases.expire"
	expireAtOnce  = 200
	kindForget    = "cases.forget"
	forgetAtOnce  = 5000
	forgetsApart  = time.Hour
	expireCommand = "expire/"
)

// Expire closes the cases whose time is up at now and returns the changes. It is called every few
// seconds; a replay does without. Once an hour of now it also forgets events and calls that are too old
// to come again.
func (c *Cases) Expire(ctx context.Context, now time.Time) ([]Change, error) {
	now = now.UTC()
	var changes []Change
	for more := true; more; {
		res, err := c.st.Do(ctx, store.Command{ID: expireCommand + now.String(), Kind: kindExpire, At: now})
		if err != nil {
			return changes, err
		}
		e := res.(expired)
		more = e.more
		closed, err := c.settle(nil, 0, e.result, nil)
		if err != nil {
			return changes, err
		}
		changes = append(changes, closed...)
	}
	return changes, c.forget(ctx, now)
}

type expired struct {
	result any
	more   bool
}

func (c *Cases) applyExpire(tx *store.Tx, cmd store.Command) (any, error) {
	l := &ledger{tx: tx, dir: c.dir(), at: cmd.At}
	var ids []string
	due := store.Range{From: store.Key(tableExpires), To: store.Key(tableExpires, cmd.At.Add(1))}
	for key := range tx.Scan(due) {
		var id string
		if err := store.SplitKey(key, nil, nil, &id); err != nil {
			return nil, err
		}
		if ids = append(ids, id); len(ids) == expireAtOnce {
			break
		}
	}
	for _, id := range ids {
		r := l.record(id)
		if r == nil {
			l.fail(fmt.Errorf("%w: %s is in the index of expiry alone", ErrRecord, id))
			continue
		}
		act, why := decideExpiry(r, l.at)
		l.decided(why)
		if act == closeNow {
			p, _ := l.policy(r.List)
			l.close(r, Expired, "", time.Time{}, p)
		}
	}
	res, err := l.finish()
	return expired{res, len(ids) == expireAtOnce}, err
}

// forget drops what is too old to matter.
func (c *Cases) forget(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	soon := now.Sub(c.forgotIn) < forgetsApart
	if !soon {
		c.forgotIn = now
	}
	c.mu.Unlock()
	if soon {
		return nil
	}
	before := now.Add(-c.opt.Remember)
	if _, err := c.st.Forget(ctx, before); err != nil {
		return err
	}
	for from := store.Key(tableCall); from != nil; {
		res, err := c.st.Do(ctx, store.Command{ID: "forget/" + before.String(), Kind: kindForget, At: before, Data: from})
		if err != nil {
			return err
		}
		from = res.([]byte)
	}
	return nil
}

// applyForget drops agents' calls that are over and began before the command's time; it returns the key
// to go on with.
func (c *Cases) applyForget(tx *store.Tx, cmd store.Command) (any, error) {
	from, ok := cmd.Data.([]byte)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	seen := 0
	for key, value := range tx.Scan(store.Range{From: from, To: store.Prefix(tableCall).To}) {
		if seen++; seen > forgetAtOnce {
			return slices.Clone(key), nil
		}
		d, err := decodeDial(value)
		if err != nil {
			return nil, err
		}
		if d.over && d.at.Before(cmd.At) {
			tx.Delete(slices.Clone(key))
		}
	}
	return []byte(nil), nil
}
