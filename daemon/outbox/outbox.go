// Package outbox keeps the messages of webhooks in the store until they are delivered: it is the
// webhook.Outbox of the daemon. What has to be told is taken from the store's log of changes and put here
// together with how far the log was read, in one command, so that nothing is lost and nothing is put in
// twice, whenever the process dies.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/store"
	"ringback/web/webhook"
)

// Keys of the outbox in the store:
//
//	"webhook", "cursor"                   → how far the log of changes was read, a uvarint
//	"webhook", "state", endpoint          → state
//	"webhook", "wait", endpoint, seq      → message
//	"webhook", "dead", endpoint, seq      → dead letter
//	"webhook", "case", id, endpoint, seq  → nothing: a message or dead letter tells of the case
const (
	table       = "webhook"
	tableCursor = "cursor"
	tableState  = "state"
	tableWait   = "wait"
	tableDead   = "dead"
	tableCase   = "case"
)

// The kinds of commands.
const (
	kindQueue     = "webhook.queue"
	kindDelivered = "webhook.delivered"
	kindBury      = "webhook.bury"
	kindResend    = "webhook.resend"
	kindDisable   = "webhook.disable"
	kindExpire    = "webhook.expire"
)

// Options say how much is kept.
type Options struct {
	MaxPending int // messages that wait for one endpoint; then the oldest become dead letters: 100 000
	MaxDead    int // dead letters of one endpoint; then the oldest are dropped: 100 000

	// Scrub gives the body of a message without anything personal, for a case that was erased.
	Scrub func(m webhook.Message) []byte
}

// Outbox keeps messages in a store.
type Outbox struct {
	o  Options
	st *store.Store
}

var _ webhook.Outbox = (*Outbox)(nil)

// New registers the outbox's commands with a store, before the first of them is given.
func New(st *store.Store, o Options) *Outbox {
	if o.MaxPending <= 0 {
		o.MaxPending = 100_000
	}
	if o.MaxDead <= 0 {
		o.MaxDead = 100_000
	}
	b := &Outbox{o: o, st: st}
	st.Handle(kindQueue, b.queue)
	st.Handle(kindDelivered, b.delivered)
	st.Handle(kindBury, b.bury)
	st.Handle(kindResend, b.resend)
	st.Handle(kindDisable, b.disable)
	st.Handle(kindExpire, b.expire)
	return b
}

// Item is a message for an endpoint.
type Item struct {
	Endpoint string
	Message  webhook.Message
}

// Batch is what is put in at once.
type Batch struct {
	Items  []Item
	Cursor store.Position // how far the log was read; 0: as before
	Erased []string       // cases of whose messages nothing personal may stay, those of Items excepted
}

// Put puts messages in, each behind those its endpoint has.
func (b *Outbox) Put(ctx context.Context, batch Batch) error {
	_, err := b.st.Do(ctx, store.Command{ID: "webhook messages", Kind: kindQueue, Data: batch})
	return err
}

// Cursor is how far the log was read; not ok: never.
func (b *Outbox) Cursor() (at store.Position, ok bool, err error) {
	err = b.st.View(func(r *store.Snapshot) error {
		at, ok, err = cursor(r)
		return err
	})
	return at, ok, err
}

func (b *Outbox) queue(tx *store.Tx, c store.Command) (any, error) {
	batch, err := dataOf[Batch](c)
	if err != nil {
		return nil, err
	}
	for _, id := range batch.Erased {
		if err := b.scrub(tx, id); err != nil {
			return nil, err
		}
	}
	states := map[string]*state{}
	for _, it := range batch.Items {
		s := states[it.Endpoint]
		if s == nil {
			if s, err = readState(tx, it.Endpoint); err != nil {
				return nil, err
			}
			states[it.Endpoint] = s
		}
		if err := b.makeRoom(tx, it.Endpoint, s, it.Message.Queued); err != nil {
			return nil, err
		}
		b.append(tx, it.Endpoint, s, it.Message)
	}
	for endpoint, s := range states {
		s.write(tx, endpoint)
	}
	if batch.Cursor != 0 {
		writeCursor(tx, batch.Cursor)
	}
	return nil, nil
}

// append puts a message behind the others.
func (b *Outbox) append(tx *store.Tx, endpoint string, s *state, m webhook.Message) {
	s.Last++
	m.Seq = s.Last
	tx.Set(store.Key(table, tableWait, endpoint, m.Seq), encodeMessage(&m))
	mention(tx, endpoint, &m)
	s.Pending++
}

// mention notes which cases a message tells of.
func mention(tx *store.Tx, endpoint string, m *webhook.Message) {
	for _, id := range m.Cases {
		tx.Set(store.Key(table, tableCase, id, endpoint, m.Seq), nil)
	}
}

func forget(tx *store.Tx, endpoint string, m *webhook.Message) {
	for _, id := range m.Cases {
		tx.Delete(store.Key(table, tableCase, id, endpoint, m.Seq))
	}
}

// makeRoom buries the oldest message where too many wait.
func (b *Outbox) makeRoom(tx *store.Tx, endpoint string, s *state, now time.Time) error {
	if s.Pending < b.o.MaxPending {
		return nil
	}
	waiting, err := pending(tx, endpoint, s.First, 1)
	if err != nil || len(waiting) == 0 {
		return err
	}
	return b.buryOne(tx, endpoint, s, webhook.Dead{Message: waiting[0], Died: now, Reason: webhook.Overflow})
}

// take removes a message that waits; not ok: it is no longer there.
func take(tx *store.Tx, endpoint string, s *state, seq uint64) (m webhook.Message, ok bool, err error) {
	key := store.Key(table, tableWait, endpoint, seq)
	value, ok := tx.Get(key)
	if !ok {
		return m, false, nil
	}
	if m, err = decodeMessage(seq, value); err != nil {
		return m, false, err
	}
	tx.Delete(key)
	s.Pending--
	// They are sent in order, so none before this one waits any more.
	s.First = max(s.First, seq+1)
	return m, true, nil
}

// Pending gives the first messages that wait for an endpoint.
func (b *Outbox) Pending(endpoint string, limit int) (all []webhook.Message, err error) {
	err = b.st.View(func(r *store.Snapshot) error {
		s, err := readState(r, endpoint)
		if err == nil {
			all, err = pending(r, endpoint, s.First, limit)
		}
		return err
	})
	return all, err
}

func pending(r store.Reader, endpoint string, first uint64, limit int) (all []webhook.Message, err error) {
	from := store.Key(table, tableWait, endpoint, first)
	for key, value := range r.Scan(store.Range{From: from, To: store.Prefix(table, tableWait, endpoint).To}) {
		if len(all) == limit {
			break
		}
		m, err := readMessage(key, value)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

type delivery struct {
	Endpoint string
	Seq      uint64
}

// Delivered takes a message out.
func (b *Outbox) Delivered(ctx context.Context, endpoint string, seq uint64) error {
	_, err := b.st.Do(ctx, store.Command{ID: endpoint, Kind: kindDelivered, Data: delivery{endpoint, seq}})
	return err
}

func (b *Outbox) delivered(tx *store.Tx, c store.Command) (any, error) {
	d, err := dataOf[delivery](c)
	if err != nil {
		return nil, err
	}
	s, err := readState(tx, d.Endpoint)
	if err != nil {
		return nil, err
	}
	m, ok, err := take(tx, d.Endpoint, s, d.Seq)
	if err != nil || !ok {
		return nil, err
	}
	forget(tx, d.Endpoint, &m)
	s.write(tx, d.Endpoint)
	return nil, nil
}

type disabling struct {
	Endpoint, URL string
	At            time.Time
}

// Disable notes that an endpoint wants no more messages; a zero time takes that back.
func (b *Outbox) Disable(ctx context.Context, endpoint, url string, at time.Time) error {
	_, err := b.st.Do(ctx, store.Command{ID: endpoint, Kind: kindDisable, Data: disabling{endpoint, url, at}})
	return err
}

func (b *Outbox) disable(tx *store.Tx, c store.Command) (any, error) {
	d, err := dataOf[disabling](c)
	if err != nil {
		return nil, err
	}
	s, err := readState(tx, d.Endpoint)
	if err != nil {
		return nil, err
	}
	s.Disabled, s.URL = d.At, d.URL
	s.write(tx, d.Endpoint)
	return nil, nil
}

// State gives what is known of an endpoint.
func (b *Outbox) State(endpoint string) (out webhook.State, err error) {
	err = b.st.View(func(r *store.Snapshot) error {
		s, err := readState(r, endpoint)
		if err == nil {
			out = s.public()
		}
		return err
	})
	return out, err
}

// Endpoints are all endpoints that there is a state of.
func (b *Outbox) Endpoints() (all []string, err error) {
	err = b.st.View(func(r *store.Snapshot) error {
		for key := range r.Scan(store.Prefix(table, tableState)) {
			var id string
			if err := store.SplitKey(key, nil, nil, &id); err != nil {
				return err
			}
			all = append(all, id)
		}
		return nil
	})
	return all, err
}

// scrub takes everything personal out of what is kept of a case.
func (b *Outbox) scrub(tx *store.Tx, id string) error {
	type place struct {
		endpoint string
		seq      uint64
	}
	var places []place
	for key := range tx.Scan(store.Prefix(table, tableCase, id)) {
		var p place
		if err := store.SplitKey(key, nil, nil, nil, &p.endpoint, &p.seq); err != nil {
			return err
		}
		places = append(places, p)
	}
	for _, p := range places {
		key := store.Key(table, tableWait, p.endpoint, p.seq)
		if value, ok := tx.Get(key); ok {
			m, err := decodeMessage(p.seq, value)
			if err != nil {
				return err
			}
			m.Body = b.o.Scrub(m)
			tx.Set(key, encodeMessage(&m))
			continue
		}
		key = store.Key(table, tableDead, p.endpoint, p.seq)
		if value, ok := tx.Get(key); ok {
			d, err := decodeDead(p.seq, value)
			if err != nil {
				return err
			}
			d.Body = b.o.Scrub(d.Message)
			tx.Set(key, encodeDead(&d))
		}
	}
	return nil
}

// errData is the error of a command whose data is not its kind's.
var errData = errors.New("outbox: not the command's data")

func dataOf[T any](c store.Command) (T, error) {
	data, ok := c.Data.(T)
	if !ok {
		return data, fmt.Errorf("%w: %s with %T", errData, c.Kind, c.Data)
	}
	return data, nil
}

// readMessage reads a message and its place from its key.
func readMessage(key, value []byte) (webhook.Message, error) {
	var seq uint64
	if err := store.SplitKey(key, nil, nil, nil, &seq); err != nil {
		return webhook.Message{}, err
	}
	return decodeMessage(seq, slices.Clone(value))
}
