package voicemail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// The commands on messages that are there.
const (
	kindHear = "voicemail.hear"
	kindDrop = "voicemail.drop"
)

// hearing is the data of kindHear.
type hearing struct {
	audit.Act
	ID    string
	Heard bool
}

// Hear notes that a message was heard, which who heard it first stays with, or that it is to be heard again.
func (v *Voicemail) Hear(ctx context.Context, a audit.Act, id string, heard bool) (Message, error) {
	res, err := v.do(ctx, store.Command{ID: id, Kind: kindHear, At: a.At, Data: hearing{a, id, heard}})
	if err != nil {
		return Message{}, err
	}
	m := res.(Message)
	v.recount(m.Case)
	return m, nil
}

func applyHear(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(hearing)
	if !ok {
		return nil, wrongData(cmd)
	}
	rec, err := load(tx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case rec.Case == "":
		return nil, ErrNotFound
	case in.Heard == (rec.HeardBy != ""):
		return rec.message(), nil
	case in.Heard:
		rec.HeardBy, rec.HeardAt = in.By.String(), cmd.At.Round(0)
	default:
		rec.HeardBy, rec.HeardAt = "", time.Time{}
	}
	return rec.message(), save(tx, rec)
}

// dropping is the data of kindDrop. Without an Action the trail does not tell of it.
type dropping struct {
	audit.Act
	IDs    []string
	Action string
}

// dropAtOnce is how many messages one command deletes.
const dropAtOnce = 200

// drop deletes messages, first what is known of them and then their files, and says which there were.
func (v *Voicemail) drop(ctx context.Context, d dropping) (gone []Message, err error) {
	for some := range slices.Chunk(d.IDs, dropAtOnce) {
		part := d
		part.IDs = some
		res, err := v.do(ctx, store.Command{ID: some[0], Kind: kindDrop, At: d.At, Data: part})
		if err != nil {
			return gone, err
		}
		gone = append(gone, res.([]Message)...)
	}
	for i := range gone {
		m := &gone[i]
		if m.Case == "" {
			continue
		}
		v.recount(m.Case)
		err = errors.Join(err, v.erase(fileOf(m.ID)))
	}
	return gone, err
}

// erase deletes a file and counts the space that it took.
func (v *Voicemail) erase(name string) error {
	if info, err := v.root.Stat(name); err == nil {
		v.space.Add(-info.Size())
	}
	return v.remove(name)
}

func applyDrop(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(dropping)
	if !ok {
		return nil, wrongData(cmd)
	}
	var gone []Message
	for _, id := range in.IDs {
		rec, err := load(tx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		tx.Delete(messageKey(id))
		tx.Delete(caseKey(rec.Case, id))
		gone = append(gone, rec.message())
		if in.Action == "" {
			continue
		}
		if err := audit.Write(tx, in.Entry(in.Action, audit.On("message", id), "of case "+rec.Case)); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// Delete deletes a message because a person wants it; ErrNotFound when there is none.
func (v *Voicemail) Delete(ctx context.Context, a audit.Act, id string) (Message, error) {
	if _, err := v.record(id); err != nil {
		return Message{}, err
	}
	gone, err := v.drop(ctx, dropping{a, []string{id}, "message.delete"})
	if len(gone) == 0 {
		return Message{}, errors.Join(err, ErrNotFound)
	}
	return gone[0], err
}

// Erase deletes the messages of cases that are gone, and those of numbers that are not recorded just now, and says how many.
func (v *Voicemail) Erase(ctx context.Context, a audit.Act, cases []string, numbers []sip.Number) (int, error) {
	ids, err := v.find(func(r *record) bool {
		return r.Case != "" && slices.Contains(cases, r.Case) || r.Number != 0 && slices.Contains(numbers, r.Number) && !v.isRunning(r.ID)
	})
	if err != nil {
		return 0, err
	}
	gone, err := v.drop(ctx, dropping{a, ids, "message.erase"})
	for i := range gone {
		if gone[i].Case == "" { // cut off, and not looked at since
			err = errors.Join(err, v.erase(partOf(gone[i].ID)), v.erase(fileOf(gone[i].ID)))
		}
	}
	return len(gone), err
}

// Expire deletes the messages that are older than their lists keep them, and says which; keep is in days, 0 for as long as
// their case.
func (v *Voicemail) Expire(ctx context.Context, now time.Time, keep func(list string) int) ([]Message, error) {
	ids, err := v.find(func(r *record) bool {
		days := keep(r.List)
		return r.Case != "" && days > 0 && r.At.Before(now.AddDate(0, 0, -days))
	})
	if err != nil {
		return nil, err
	}
	return v.drop(ctx, dropping{audit.Act{By: audit.Who{Kind: audit.System}, At: now}, ids, "message.expire"})
}

// find lists messages, also such that are none yet.
func (v *Voicemail) find(wanted func(*record) bool) (ids []string, err error) {
	err = v.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix(keySpace, "message")) {
			rec, err := decode(value)
			if err != nil {
				return err
			}
			if wanted(rec) {
				ids = append(ids, rec.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("voicemail: looking through the messages: %w", err)
	}
	return ids, nil
}

func (v *Voicemail) isRunning(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.running[id]
}
