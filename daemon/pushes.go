package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ringback/store"
	"ringback/web/push"
)

// pushes keep what web push needs over a restart. Keys of the table "push":
//
//	("push", "keys")             → the VAPID key pair
//	("push", "cursor")           → how far the log of changes was read
//	("push", "sub", person, id)  → a subscription
//	("push", "wait", case, what) → a notice that waits to be sent, or until a case is due
//
// A case has one notice of each kind and person: what is told again takes the place of what was to be told.
type pushes struct{ st *store.Store }

// pushFormat is the version of the stored records. 1: the first.
const pushFormat = 1

const (
	kindPushKeys   = "push.keys"
	kindSubscribe  = "push.subscribe"
	kindPushCancel = "push.unsubscribe"
	kindPushQueue  = "push.queue"
	kindPushDone   = "push.done"
)

// notice is that a person is to be told of a case.
type notice struct {
	Format int       `json:"format"`
	Kind   push.Kind `json:"kind"`
	Person string    `json:"person"`
	Case   string    `json:"case"`
	At     time.Time `json:"at"`    // of what it tells of; of a reminder when the case is due
	Next   time.Time `json:"next"`  // not before
	Tries  int       `json:"tries"` // so far
}

func (n *notice) key() []byte {
	return store.Key("push", "wait", n.Case, string(n.Kind)+" "+n.Person)
}

type subscriptionRecord struct {
	Format int `json:"format"`
	push.Subscription
}

func subscriptionKey(person, id string) []byte { return store.Key("push", "sub", person, id) }

// queued is what is put in at once: notices, cases of which nothing is to be told any more, and how far
// the log was read.
type queued struct {
	Notices []notice
	Cursor  store.Position
}

// newPushes registers their commands with a store that has not been used yet.
func newPushes(st *store.Store) *pushes {
	st.Handle(kindPushKeys, func(tx *store.Tx, c store.Command) (any, error) {
		if kept, ok := tx.Get(store.Key("push", "keys")); ok {
			return nil, json.Unmarshal(kept, c.Data.(*push.Keys))
		}
		return nil, setJSON(tx, store.Key("push", "keys"), c.Data)
	})
	st.Handle(kindSubscribe, subscribe)
	st.Handle(kindPushCancel, func(tx *store.Tx, c store.Command) (any, error) {
		tx.Delete(c.Data.([]byte))
		return nil, nil
	})
	st.Handle(kindPushQueue, func(tx *store.Tx, c store.Command) (any, error) {
		q := c.Data.(queued)
		for i := range q.Notices {
			if err := setJSON(tx, q.Notices[i].key(), &q.Notices[i]); err != nil {
				return nil, err
			}
		}
		if q.Cursor != 0 {
			return nil, setJSON(tx, store.Key("push", "cursor"), q.Cursor)
		}
		return nil, nil
	})
	st.Handle(kindPushDone, func(tx *store.Tx, c store.Command) (any, error) {
		n := c.Data.(notice)
		if kept, ok := tx.Get(n.key()); ok {
			var now notice
			if err := json.Unmarshal(kept, &now); err == nil && now.At.Equal(n.At) { // else another took its place
				tx.Delete(n.key())
			}
		}
		return nil, nil
	})
	return &pushes{st}
}

func setJSON(tx *store.Tx, key []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing what push needs: %w", err)
	}
	tx.Set(key, b)
	return nil
}

// maxSubscriptions are the browsers that one person may have; then the oldest go.
const maxSubscriptions = 20

func subscribe(tx *store.Tx, c store.Command) (any, error) {
	s := c.Data.(push.Subscription)
	others, err := subscriptionsOf(tx, s.Person)
	if err != nil {
		return nil, err
	}
	for len(others) >= maxSubscriptions {
		oldest := 0
		for i := range others {
			if others[i].Created.Before(others[oldest].Created) {
				oldest = i
			}
		}
		tx.Delete(subscriptionKey(s.Person, others[oldest].ID))
		others = append(others[:oldest], others[oldest+1:]...)
	}
	// A browser is one person's: whoever logs in on it next takes it over.
	for key, value := range tx.Scan(store.Prefix("push", "sub")) {
		var r subscriptionRecord
		if err := json.Unmarshal(value, &r); err == nil && r.ID == s.ID && r.Person != s.Person {
			tx.Delete(append([]byte(nil), key...))
		}
	}
	return nil, setJSON(tx, subscriptionKey(s.Person, s.ID), &subscriptionRecord{pushFormat, s})
}

func subscriptionsOf(r store.Reader, person string) ([]push.Subscription, error) {
	var all []push.Subscription
	for _, value := range r.Scan(store.Prefix("push", "sub", person)) {
		var rec subscriptionRecord
		if err := json.Unmarshal(value, &rec); err != nil {
			return nil, fmt.Errorf("reading a subscription: %w", err)
		}
		all = append(all, rec.Subscription)
	}
	return all, nil
}

// keys are the VAPID keys, made at the first start.
func (p *pushes) keys(ctx context.Context) (push.Keys, error) {
	var keys push.Keys
	err := p.st.View(func(s *store.Snapshot) error {
		if kept, ok := s.Get(store.Key("push", "keys")); ok {
			return json.Unmarshal(kept, &keys)
		}
		return nil
	})
	if err != nil || keys.Private != "" {
		return keys, err
	}
	if keys, err = push.NewKeys(); err != nil {
		return keys, err
	}
	_, err = p.st.Do(ctx, store.Command{ID: kindPushKeys, Kind: kindPushKeys, Data: &keys})
	return keys, err
}

// of are the subscriptions of a person.
func (p *pushes) of(person string) (all []push.Subscription, err error) {
	err = p.st.View(func(s *store.Snapshot) error {
		all, err = subscriptionsOf(s, person)
		return err
	})
	return all, err
}

func (p *pushes) subscribe(ctx context.Context, s push.Subscription) error {
	_, err := p.st.Do(ctx, store.Command{ID: s.ID, Kind: kindSubscribe, At: s.Created, Data: s, Urgent: true})
	return err
}

func (p *pushes) unsubscribe(ctx context.Context, person, id string) error {
	_, err := p.st.Do(ctx, store.Command{ID: id, Kind: kindPushCancel, Data: subscriptionKey(person, id), Urgent: true})
	return err
}

// cursor is how far the log was read; 0: never.
func (p *pushes) cursor() (at store.Position, err error) {
	err = p.st.View(func(s *store.Snapshot) error {
		if kept, ok := s.Get(store.Key("push", "cursor")); ok {
			return json.Unmarshal(kept, &at)
		}
		return nil
	})
	return at, err
}

func (p *pushes) put(ctx context.Context, q queued) error {
	_, err := p.st.Do(ctx, store.Command{ID: kindPushQueue, Kind: kindPushQueue, Data: q})
	return err
}

func (p *pushes) done(ctx context.Context, n notice) error {
	_, err := p.st.Do(ctx, store.Command{ID: n.Case, Kind: kindPushDone, Data: n})
	return err
}

// waiting are the notices that wait and may be sent at a moment, at most limit of them, and when the next
// one may be; the zero time for never.
func (p *pushes) waiting(now time.Time, limit int) (ready []notice, next time.Time, err error) {
	err = p.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix("push", "wait")) {
			var n notice
			if err := json.Unmarshal(value, &n); err != nil {
				return fmt.Errorf("reading a notice: %w", err)
			}
			switch {
			case n.Format > pushFormat:
				return errNewerNotice
			case n.Next.After(now):
				if next.IsZero() || n.Next.Before(next) {
					next = n.Next
				}
			case len(ready) < limit:
				ready = append(ready, n)
			default:
				next = now
			}
		}
		return nil
	})
	return ready, next, err
}

// errNewerNotice is the error of a notice that a newer Ringback wrote.
var errNewerNotice = errors.New("a notice was written by a newer Ringback; run that one")
