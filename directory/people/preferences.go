package people

import (
	"context"
	"slices"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// Preferences are what a person chose for himself. The zero value is what everybody begins with: active
// on all his lists.
type Preferences struct {
	Inactive []string // lists of his that he is not active on: no notification, not in his view
	ShowAll  bool     // all cases, rather than unassigned and his own
	Sort     string   // empty: by priority; "assigned_to_me": his own first
	Field    string   // the extra field of a row: empty for none, "channel_in", "name", "note" or "topic"
	Theme    string   // empty: as the device; "light" or "dark"
	Notify   Notify   // what he wants to be told of
	Calls    Calls    // how he is called himself, to call customers back
}

// Calls are how a person wants to be called, to be connected with customers.
type Calls struct {
	Paused   bool   // he is offered no callbacks for the time being
	Device   string // of his, that rings; empty: his first
	Language string // that he is told in whom he will be connected with; empty: as the list's
}

// preferences is how they are stored.
type preferences struct {
	Format int `json:"format"`
	Preferences
}

// Preferences are those of a person.
func (p *People) Preferences(id string) (Preferences, error) {
	var rec preferences
	err := p.st.View(func(s *store.Snapshot) error {
		_, err := read(s, preferKey(id), &rec)
		return err
	})
	return rec.Preferences, err
}

// SetPreferences keeps what a person chose. Lists that are not his are left out.
func (p *People) SetPreferences(ctx context.Context, a Act, id string, prefer Preferences) error {
	if !p.known(id) {
		return ErrUnknown
	}
	if err := prefer.Notify.Check(); err != nil {
		return err
	}
	d := p.o.Directory()
	notHis := func(list string) bool { return d.Right(id, list) == 0 }
	prefer.Notify.Muted = slices.DeleteFunc(slices.Clone(prefer.Notify.Muted), notHis)
	prefer.Inactive = slices.DeleteFunc(slices.Clone(prefer.Inactive), notHis)
	_, err := p.do(ctx, kindPrefer, a.At, preferring{a, id, prefer})
	return err
}

// Active are the lists that a person works on and is active on, in the order of the directory.
func (p *People) Active(id string) ([]string, error) {
	prefer, err := p.Preferences(id)
	return slices.DeleteFunc(slices.Clone(p.o.Directory().ListsOf(id)), func(list string) bool {
		return slices.Contains(prefer.Inactive, list)
	}), err
}

const kindPrefer = "people.prefer"

type preferring struct {
	Act
	ID     string
	Prefer Preferences
}

func applyPrefer(tx *store.Tx, c store.Command) (any, error) {
	p, ok := c.Data.(preferring)
	if !ok {
		return nil, wrongData(c)
	}
	if err := write(tx, preferKey(p.ID), &preferences{recordFormat, p.Prefer}); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, p.Entry("preferences.set", person(p.ID), ""))
}

// kindSweep is the command that drops what has ended, and sweepAtOnce how much it looks at.
const (
	kindSweep   = "people.sweep"
	sweepAtOnce = 2000
)

type sweeping struct {
	From []byte
	Idle time.Duration
}

// Sweep drops sessions and invitations that have ended, and failures that are forgiven. It is for once
// in a while.
func (p *People) Sweep(ctx context.Context, now time.Time) error {
	for from := store.Key(keySpace); from != nil; {
		res, err := p.st.Do(ctx, store.Command{ID: kindSweep, Kind: kindSweep, At: now.UTC(), Data: sweeping{from, p.o.SessionIdle}})
		if err != nil {
			return err
		}
		from = res.([]byte)
	}
	return nil
}

func applySweep(tx *store.Tx, c store.Command) (any, error) {
	w, ok := c.Data.(sweeping)
	if !ok {
		return nil, wrongData(c)
	}
	seen := 0
	for key, value := range tx.Scan(store.Range{From: w.From, To: store.Prefix(keySpace).To}) {
		if seen++; seen > sweepAtOnce {
			return slices.Clone(key), nil
		}
		if err := sweep(tx, key, value, w.Idle, c.At); err != nil {
			return nil, err
		}
	}
	return []byte(nil), nil
}

// sweep drops one record if its time is over.
func sweep(tx *store.Tx, key, value []byte, idle time.Duration, now time.Time) error {
	var table, name string
	if err := store.SplitKey(key, nil, &table, &name); err != nil {
		return err
	}
	switch table {
	case "session":
		var s session
		if err := decode(value, &s); err != nil {
			return err
		}
		a, err := readAccount(tx, s.ID)
		if err != nil {
			return err
		}
		if s.over(&a, idle, now) {
			tx.Delete(slices.Clone(key))
			tx.Delete(ofKey(s.ID, [32]byte([]byte(name))))
		}
	case "invite":
		a, err := readAccount(tx, string(value))
		if err != nil {
			return err
		}
		if string(a.Invited.Sum) != name || !now.Before(a.Invited.Until) {
			tx.Delete(slices.Clone(key))
		}
	case "failed":
		var f failures
		if err := decode(value, &f); err != nil {
			return err
		}
		l := &ofAccount
		if name == ofAddress.kind {
			l = &ofAddress
		}
		if f.left(l, now) == 0 {
			tx.Delete(slices.Clone(key))
		}
	}
	return nil
}
