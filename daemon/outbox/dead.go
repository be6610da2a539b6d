package outbox

import (
	"context"
	"slices"
	"time"

	"ringback/store"
	"ringback/web/webhook"
)

type burial struct {
	Endpoint string
	Dead     []webhook.Dead
}

// Bury makes messages dead letters; those that no longer wait are left out.
func (b *Outbox) Bury(ctx context.Context, endpoint string, dead []webhook.Dead) error {
	_, err := b.st.Do(ctx, store.Command{ID: endpoint, Kind: kindBury, Data: burial{endpoint, dead}})
	return err
}

func (b *Outbox) bury(tx *store.Tx, c store.Command) (any, error) {
	data, err := dataOf[burial](c)
	if err != nil {
		return nil, err
	}
	s, err := readState(tx, data.Endpoint)
	if err != nil {
		return nil, err
	}
	for _, d := range data.Dead {
		if err := b.buryOne(tx, data.Endpoint, s, d); err != nil {
			return nil, err
		}
	}
	s.write(tx, data.Endpoint)
	return nil, nil
}

func (b *Outbox) buryOne(tx *store.Tx, endpoint string, s *state, d webhook.Dead) error {
	m, ok, err := take(tx, endpoint, s, d.Seq)
	if err != nil || !ok {
		return err
	}
	d.Message = m // as it is now: something may have been erased from it since
	tx.Set(store.Key(table, tableDead, endpoint, d.Seq), encodeDead(&d))
	s.Dead++
	if s.Dead <= b.o.MaxDead {
		return nil
	}
	oldest, err := dead(tx, endpoint, 0, 1)
	if err != nil || len(oldest) == 0 {
		return err
	}
	dropDead(tx, endpoint, s, &oldest[0])
	return nil
}

// dropDead forgets a dead letter.
func dropDead(tx *store.Tx, endpoint string, s *state, d *webhook.Dead) {
	tx.Delete(store.Key(table, tableDead, endpoint, d.Seq))
	forget(tx, endpoint, &d.Message)
	s.Dead--
	s.Dropped++
}

// Dead gives dead letters of an endpoint after a place, the oldest first.
func (b *Outbox) Dead(endpoint string, after uint64, limit int) (all []webhook.Dead, err error) {
	err = b.st.View(func(r *store.Snapshot) error {
		all, err = dead(r, endpoint, after, limit)
		return err
	})
	return all, err
}

func dead(r store.Reader, endpoint string, after uint64, limit int) (all []webhook.Dead, err error) {
	from := store.Key(table, tableDead, endpoint, after+1)
	for key, value := range r.Scan(store.Range{From: from, To: store.Prefix(table, tableDead, endpoint).To}) {
		if len(all) == limit {
			break
		}
		var seq uint64
		if err := store.SplitKey(key, nil, nil, nil, &seq); err != nil {
			return nil, err
		}
		d, err := decodeDead(seq, slices.Clone(value))
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// deadAtOnce is how many dead letters one command looks at.
const deadAtOnce = 1000

type resending struct {
	Endpoint string
	IDs      []string // empty: all
	After    uint64
	Upto     uint64 // the last one there was when it began: what dies again meanwhile stays
	Now      time.Time
}

type resent struct {
	count int
	next  uint64 // the place to go on after
	more  bool
}

// Resend puts dead letters behind what waits.
func (b *Outbox) Resend(ctx context.Context, endpoint string, ids []string, now time.Time) (int, error) {
	r := resending{Endpoint: endpoint, IDs: ids, Now: now}
	err := b.st.View(func(snap *store.Snapshot) error {
		s, err := readState(snap, endpoint)
		r.Upto = s.Last
		return err
	})
	total := 0
	for more := true; more && err == nil; {
		var result any
		if result, err = b.st.Do(ctx, store.Command{ID: endpoint, Kind: kindResend, At: now, Data: r}); err == nil {
			done := result.(resent)
			total += done.count
			r.After, more = done.next, done.more
		}
	}
	return total, err
}

func (b *Outbox) resend(tx *store.Tx, c store.Command) (any, error) {
	r, err := dataOf[resending](c)
	if err != nil {
		return nil, err
	}
	s, err := readState(tx, r.Endpoint)
	if err != nil {
		return nil, err
	}
	letters, err := dead(tx, r.Endpoint, r.After, deadAtOnce)
	if err != nil {
		return nil, err
	}
	done := resent{next: r.After}
	for i := range letters {
		d := &letters[i]
		if d.Seq > r.Upto {
			break
		}
		done.next, done.more = d.Seq, len(letters) == deadAtOnce
		if len(r.IDs) > 0 && !slices.Contains(r.IDs, d.ID) {
			continue
		}
		tx.Delete(store.Key(table, tableDead, r.Endpoint, d.Seq))
		forget(tx, r.Endpoint, &d.Message)
		s.Dead--
		m := d.Message
		m.Queued, m.Stale = r.Now, time.Time{} // whoever sends it again wants it
		if err := b.makeRoom(tx, r.Endpoint, s, r.Now); err != nil {
			return nil, err
		}
		b.append(tx, r.Endpoint, s, m)
		done.count++
	}
	if done.count > 0 {
		s.write(tx, r.Endpoint)
	}
	return done, nil
}

type expiring struct {
	Endpoint string
	After    uint64
	Before   time.Time
}

// Expire drops dead letters that died before a time, and messages queued before it that nobody fetched.
func (b *Outbox) Expire(ctx context.Context, before time.Time) error {
	endpoints, err := b.Endpoints()
	if err != nil {
		return err
	}
	for _, endpoint := range endpoints {
		e := expiring{Endpoint: endpoint, Before: before}
		for more := true; more; {
			result, err := b.st.Do(ctx, store.Command{ID: endpoint, Kind: kindExpire, At: before, Data: e})
			if err != nil {
				return err
			}
			done := result.(resent)
			e.After, more = done.next, done.more
		}
	}
	return nil
}

func (b *Outbox) expire(tx *store.Tx, c store.Command) (any, error) {
	e, err := dataOf[expiring](c)
	if err != nil {
		return nil, err
	}
	s, err := readState(tx, e.Endpoint)
	if err != nil {
		return nil, err
	}
	letters, err := dead(tx, e.Endpoint, e.After, deadAtOnce)
	if err != nil {
		return nil, err
	}
	done := resent{next: e.After}
	for i := range letters {
		done.next, done.more = letters[i].Seq, len(letters) == deadAtOnce
		if letters[i].Died.Before(e.Before) {
			dropDead(tx, e.Endpoint, s, &letters[i])
			done.count++
		}
	}
	waiting, err := pending(tx, e.Endpoint, s.First, deadAtOnce)
	if err != nil {
		return nil, err
	}
	for i := range waiting {
		if !waiting[i].Queued.Before(e.Before) {
			break
		}
		if m, ok, err := take(tx, e.Endpoint, s, waiting[i].Seq); err != nil {
			return nil, err
		} else if ok {
			forget(tx, e.Endpoint, &m)
			s.Dropped++
			done.count++
			done.more = done.more || i == deadAtOnce-1
		}
	}
	if done.count > 0 {
		s.write(tx, e.Endpoint)
	}
	return done, nil
}
