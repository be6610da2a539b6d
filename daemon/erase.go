package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/cases"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/directory/contacts"
	"ringback/directory/people"
	"ringback/sip"
	"ringback/store"
	"ringback/web"
)

// What is erased of a person lies in several rooms, each with transactions of its own. So the store
// remembers what is being erased, and an erasure that was interrupted is finished at the next start.
//
//	"erasure", id → erasure
const (
	kindErasing = "erasure.begin"
	kindErased  = "erasure.end"
)

// erasures are those under way.
type erasures struct{ st *store.Store }

// erasure is one of them: the record, and the data of its commands.
type erasure struct {
	ID      string       `json:"id"`
	Numbers []sip.Number `json:"numbers"`
	By      audit.Who    `json:"by"`
	Peer    string       `json:"peer,omitempty"`
	At      time.Time    `json:"at"`
	Contact string       `json:"contact,omitempty"` // to be erased too

	cases []string
}

func newErasures(st *store.Store) *erasures {
	st.Handle(kindErasing, func(tx *store.Tx, c store.Command) (any, error) {
		e := c.Data.(erasure)
		value, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("writing an erasure: %w", err)
		}
		tx.Set(store.Key("erasure", e.ID), value)
		return nil, nil
	})
	st.Handle(kindErased, func(tx *store.Tx, c store.Command) (any, error) {
		e := c.Data.(erasure)
		tx.Delete(store.Key("erasure", e.ID))
		entry := audit.Entry{At: c.At, By: e.By, Peer: e.Peer, Action: "data.erase", Object: audit.On("erasure", e.ID)}
		if e.Contact != "" {
			entry.Detail = "contact " + e.Contact + "; "
		}
		for portion := range slices.Chunk(append([]string{fmt.Sprintf("%d cases", len(e.cases))}, e.cases...), 100) {
			entry.Detail += strings.Join(portion, " ")
			if err := audit.Write(tx, entry); err != nil {
				return nil, err
			}
			entry.Detail = ""
		}
		return nil, nil
	})
	return &erasures{st}
}

func (x *erasures) do(ctx context.Context, kind string, e *erasure, at time.Time) error {
	_, err := x.st.Do(ctx, store.Command{ID: e.ID, Kind: kind, At: at.UTC(), Data: *e, Urgent: true})
	return err
}

// left are those that were interrupted.
func (x *erasures) left() ([]erasure, error) {
	var all []erasure
	err := x.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix("erasure")) {
			var e erasure
			if err := json.Unmarshal(value, &e); err != nil {
				return fmt.Errorf("reading an erasure: %w", err)
			}
			all = append(all, e)
		}
		return nil
	})
	return all, err
}

// erase erases what is kept of whoever has a number: his cases with their histories, open and closed, and
// his contact. A contact stands for a person, so all of its numbers are his, unless only is set. What
// follows the cases, the search index and the messages of webhooks, erases them by the changes it is told of.
func (d *Daemon) erase(ctx context.Context, by people.Act, n sip.Number, o web.EraseOptions) (web.Erased, error) {
	e := erasure{ID: by.At.UTC().Format("20060102T150405.000000000Z"), Numbers: []sip.Number{n}, By: by.By, Peer: by.Peer, At: by.At.UTC()}
	if !o.OnlyNumber {
		known, err := d.contacts.ByNumber(n)
		switch {
		case err == nil:
			e.Numbers, e.Contact = known.Numbers, known.ID
		case !errors.Is(err, contacts.ErrNotFound):
			return web.Erased{}, err
		}
	}
	if o.DryRun {
		if err := d.findErased(&e); err != nil {
			return web.Erased{}, err
		}
		return e.told(), nil
	}
	if err := d.erasures.do(ctx, kindErasing, &e, by.At); err != nil {
		return web.Erased{}, err
	}
	if err := d.finish(ctx, &e); err != nil {
		return web.Erased{}, err
	}
	return e.told(), nil
}

// finish erases what an erasure is about, and says so in the trail.
func (d *Daemon) finish(ctx context.Context, e *erasure) error {
	act := contacts.Act{Act: audit.Act{By: e.By, Peer: e.Peer, At: e.At}}
	for _, n := range e.Numbers {
		d.assist.Erase(n)
		changes, err := d.cases.Erase(ctx, cases.Act{Agent: e.By.ID, By: e.By, Peer: e.Peer, At: e.At}, n)
		d.tellCases(changes)
		for i := range changes {
			e.cases = append(e.cases, changes[i].Case.ID)
		}
		if err != nil {
			return err
		}
	}
	if err := d.schedule.Erase(ctx, e.cases, e.At); err != nil {
		return err
	}
	if _, err := d.voicemail.Erase(ctx, act.Act, e.cases, e.Numbers); err != nil {
		return err
	}
	d.flushJourneys(ctx, e.At)
	for _, n := range e.Numbers {
		if _, err := d.journeys.to.Erase(ctx, n, e.At); err != nil {
			return err
		}
		if _, err := d.calling.Erase(ctx, calling.Act{By: e.By, Peer: e.Peer, At: e.At}, n); err != nil {
			return err
		}
	}
	if err := d.imports.Erase(ctx, e.ID, e.Numbers, e.At); err != nil {
		return err
	}
	if e.Contact != "" {
		if _, _, err := d.contacts.Erase(ctx, act, e.Numbers[0]); err != nil {
			return err
		}
	}
	return d.erasures.do(ctx, kindErased, e, e.At)
}

// finishErasures goes on with those that were interrupted.
func (d *Daemon) finishErasures(ctx context.Context) error {
	left, err := d.erasures.left()
	if err != nil {
		return err
	}
	for i := range left {
		if err := d.finish(ctx, &left[i]); err != nil {
			return fmt.Errorf("finishing an erasure that was interrupted: %w", err)
		}
		d.log.Info("an erasure that was interrupted is finished", "count", len(left[i].cases))
	}
	return nil
}

// findErased finds what would be erased.
func (d *Daemon) findErased(e *erasure) error {
	for c, err := range d.cases.All("") {
		if err != nil {
			return err
		}
		if c.Number != 0 && slices.Contains(e.Numbers, c.Number) {
			e.cases = append(e.cases, c.ID)
		}
	}
	return nil
}

func (e *erasure) told() web.Erased {
	return web.Erased{Numbers: e.Numbers, Contact: e.Contact, Cases: e.cases}
}
