package voicemail

import (
	"encoding/json"
	"fmt"
	"time"

	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// The keys of this package.
//
//	voicemail message <id>        record: a message, also one that is being recorded
//	voicemail case    <case> <id> nothing: all of a case
const keySpace = "voicemail"

func messageKey(id string) []byte { return store.Key(keySpace, "message", id) }
func caseKey(c, id string) []byte { return store.Key(keySpace, "case", c, id) }

// recordFormat is the version of record. 1: the first.
const recordFormat = 1

// record is a message as it is stored, in JSON.
type record struct {
	Format   int        `json:"format"`
	ID       string     `json:"id"`
	List     string     `json:"list"`
	Service  string     `json:"service,omitempty"`
	Call     string     `json:"call,omitempty"`
	Number   sip.Number `json:"number,omitempty"`
	Language string     `json:"language,omitempty"`
	At       time.Time  `json:"at"`
	Case     string     `json:"case,omitempty"` // empty: it is being recorded, or was when the process ended
	Samples  int        `json:"samples,omitempty"`
	Ended    End        `json:"ended,omitempty"`
	HeardBy  string     `json:"heard_by,omitempty"`
	HeardAt  time.Time  `json:"heard_at,omitzero"`
	Seal     seal       `json:"seal"`
	Saved    *seal      `json:"saved,omitempty"` // of the file that is made of one that was cut off
}

func newRecord(id string, d Draft, s seal) *record {
	return &record{
		Format: recordFormat, ID: id, List: d.List, Service: d.Service, Call: d.Call, Number: d.Number, Language: d.Language,
		At: d.At.UTC().Round(0), Seal: s,
	}
}

func (r *record) message() Message {
	m := Message{
		ID:   r.ID,
		Case: r.Case, Samples: r.Samples, Ended: r.Ended,
		Draft: Draft{List: r.List, Service: r.Service, Call: r.Call, Number: r.Number, Language: r.Language, At: r.At},
	}
	if r.HeardBy != "" {
		m.Heard = Heard{audit.ParseWho(r.HeardBy), r.HeardAt}
	}
	return m
}

func save(tx *store.Tx, r *record) error {
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("voicemail: writing a record: %w", err)
	}
	tx.Set(messageKey(r.ID), value)
	return nil
}

func load(r store.Reader, id string) (*record, error) {
	value, ok := r.Get(messageKey(id))
	if !ok {
		return nil, ErrNotFound
	}
	return decode(value)
}

func decode(value []byte) (*record, error) {
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, fmt.Errorf("voicemail: reading a record: %w", err)
	}
	if rec.Format > recordFormat {
		return nil, fmt.Errorf("voicemail: a message was written by a newer Ringback (format %d, this one reads up to %d); run that one", rec.Format, recordFormat)
	}
	return &rec, nil
}
