package outbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ringback/store"
	"ringback/web/webhook"
)

// recordFormat is the version of the records below.
//
// 1: the first.
const recordFormat = 1

// errRecord is the error of bytes that are no record of the outbox.
var errRecord = errors.New("outbox: not such a record")

// state is the record of an endpoint.
type state struct {
	First    uint64    `json:"first"` // no message before this one waits: a scan need not pass deleted ones
	Last     uint64    `json:"last"`  // the last one given out
	Pending  int       `json:"pending"`
	Dead     int       `json:"dead"`
	Dropped  uint64    `json:"dropped"`
	Disabled time.Time `json:"disabled,omitzero"`
	URL      string    `json:"url,omitempty"`
}

func (s *state) public() webhook.State {
	return webhook.State{Pending: s.Pending, Dead: s.Dead, Dropped: s.Dropped, Disabled: s.Disabled, URL: s.URL}
}

func readState(r store.Reader, endpoint string) (*state, error) {
	s := new(state)
	value, ok := r.Get(store.Key(table, tableState, endpoint))
	if !ok {
		return s, nil
	}
	rest, err := format(value)
	if err == nil {
		err = json.Unmarshal(rest, s)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: state of endpoint %s: %w", errRecord, endpoint, err)
	}
	return s, nil
}

func (s *state) write(tx *store.Tx, endpoint string) {
	tx.Set(store.Key(table, tableState, endpoint), encode(s, nil))
}

// head is a message but for its body, and what makes it a dead letter.
type head struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`
	Cases  []string  `json:"cases,omitempty"`
	At     time.Time `json:"at"`
	Queued time.Time `json:"queued"`
	Stale  time.Time `json:"stale,omitzero"`

	Died     time.Time      `json:"died,omitzero"`
	Reason   webhook.Reason `json:"reason,omitempty"`
	Status   int            `json:"status,omitempty"`
	Attempts int            `json:"attempts,omitempty"`
}

func encodeMessage(m *webhook.Message) []byte {
	return encode(head{ID: m.ID, Type: m.Type, Cases: m.Cases, At: m.At, Queued: m.Queued, Stale: m.Stale}, m.Body)
}

func encodeDead(d *webhook.Dead) []byte {
	m := &d.Message
	return encode(head{
		ID: m.ID, Type: m.Type, Cases: m.Cases, At: m.At, Queued: m.Queued, Stale: m.Stale,
		Died: d.Died, Reason: d.Reason, Status: d.Status, Attempts: d.Attempts,
	}, m.Body)
}

// encode writes a format, a JSON value behind its length, and a body. The latter is kept as it is: it has
// been signed.
func encode(v any, body []byte) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // strings, numbers and times always become JSON
	}
	b := make([]byte, 0, len(text)+len(body)+8)
	b = binary.AppendUvarint(b, recordFormat)
	if _, isState := v.(*state); !isState {
		b = binary.AppendUvarint(b, uint64(len(text)))
	}
	return append(append(b, text...), body...)
}

func format(b []byte) (rest []byte, err error) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n != recordFormat {
		return nil, fmt.Errorf("%w: format %d", errRecord, n)
	}
	return b[width:], nil
}

func decode(b []byte) (h head, body []byte, err error) {
	rest, err := format(b)
	if err != nil {
		return h, nil, err
	}
	n, width := binary.Uvarint(rest)
	if width <= 0 || n > uint64(len(rest)-width) {
		return h, nil, fmt.Errorf("%w: cut off", errRecord)
	}
	end := width + int(n)
	if err := json.Unmarshal(rest[width:end], &h); err != nil {
		return h, nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return h, rest[end:], nil
}

func decodeMessage(seq uint64, b []byte) (webhook.Message, error) {
	h, body, err := decode(b)
	return webhook.Message{Seq: seq, ID: h.ID, Type: h.Type, Cases: h.Cases, At: h.At, Queued: h.Queued, Stale: h.Stale, Body: body}, err
}

func decodeDead(seq uint64, b []byte) (webhook.Dead, error) {
	h, _, err := decode(b)
	if err != nil {
		return webhook.Dead{}, err
	}
	m, err := decodeMessage(seq, b)
	return webhook.Dead{Message: m, Died: h.Died, Reason: h.Reason, Status: h.Status, Attempts: h.Attempts}, err
}

func cursor(r store.Reader) (store.Position, bool, error) {
	value, ok := r.Get(store.Key(table, tableCursor))
	if !ok {
		return 0, false, nil
	}
	n, width := binary.Uvarint(value)
	if width <= 0 {
		return 0, false, fmt.Errorf("%w: cursor", errRecord)
	}
	return store.Position(n), true, nil
}

func writeCursor(tx *store.Tx, at store.Position) {
	tx.Set(store.Key(table, tableCursor), binary.AppendUvarint(nil, uint64(at)))
}
