package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// The keys of this package.
//
//	schedule plan  <id>               record: a plan
//	schedule due   <at> <id>          nothing: those that wait, by when they are due
//	schedule open  <id>               nothing: those that are due and not finished
//	schedule agent <agent> <at> <id>  nothing: all of an agent
//	schedule case  <case> <id>        nothing: all for a case
//	schedule ended <ended> <id>       nothing: those that no longer wait
const keySpace = "schedule"

func planKey(id string) []byte                { return store.Key(keySpace, "plan", id) }
func dueKey(p *Plan) []byte                   { return store.Key(keySpace, "due", p.At, p.ID) }
func openKey(id string) []byte                { return store.Key(keySpace, "open", id) }
func agentKey(p *Plan) []byte                 { return store.Key(keySpace, "agent", p.Agent, p.At, p.ID) }
func caseKey(p *Plan) []byte                  { return store.Key(keySpace, "case", p.Case, p.ID) }
func endedKey(at time.Time, id string) []byte { return store.Key(keySpace, "ended", at, id) }

// Schedule keeps plans in a store. Its methods may be called from any goroutine.
type Schedule struct{ st *store.Store }

// The commands of this package.
const (
	kindPut    = "schedule.put"
	kindCancel = "schedule.cancel"
	kindFire   = "schedule.fire"
	kindFinish = "schedule.finish"
	kindDrop   = "schedule.drop"
)

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store) *Schedule {
	st.Handle(kindPut, applyPut)
	st.Handle(kindCancel, applyCancel)
	st.Handle(kindFire, applyFire)
	st.Handle(kindFinish, applyFinish)
	st.Handle(kindDrop, applyDrop)
	return &Schedule{st}
}

// Act is who does something, from where and when.
type Act struct {
	ID string // names the act: given again it is not done again; may be empty
	audit.Act
}

func (a *Act) entry(action string, p *Plan) audit.Entry {
	return a.Entry(action, audit.On("case", p.Case), fmt.Sprintf("%s %s for %s", p.Mode, p.At.UTC().Format(time.RFC3339), p.Agent))
}

// putting is the data of kindPut.
type putting struct {
	Act
	ID string
	Draft
}

// Put schedules a call. Another one that waits for the same case is cancelled by it. The error is ErrPast, or wraps
// ErrInput.
func (s *Schedule) Put(ctx context.Context, a Act, d Draft) (Plan, error) {
	if err := d.check(a.At); err != nil {
		return Plan{}, err
	}
	d.At = d.At.UTC().Round(0)
	p := putting{Act: a, ID: a.NewID(a.ID), Draft: d}
	res, err := s.do(ctx, store.Command{ID: "schedule/" + p.ID, Kind: kindPut, At: a.At, Data: p, Once: a.ID != ""})
	if errors.Is(err, store.ErrApplied) {
		return s.Plan(p.ID)
	}
	if err != nil {
		return Plan{}, err
	}
	return res.(Plan), nil
}

func (s *Schedule) do(ctx context.Context, c store.Command) (any, error) {
	c.At, c.Urgent = c.At.UTC(), true
	return s.st.Do(ctx, c)
}

func applyPut(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(putting)
	if !ok {
		return nil, wrongData(cmd)
	}
	for _, old := range plansOf(tx, store.Prefix(keySpace, "case", in.Case)) {
		if old.State == Waiting {
			if err := end(tx, old, Cancelled, cmd.At); err != nil {
				return nil, err
			}
		}
	}
	p := Plan{ID: in.ID, Draft: in.Draft, Created: cmd.At.Round(0), By: in.By, State: Waiting}
	if err := save(tx, &p); err != nil {
		return nil, err
	}
	tx.Set(dueKey(&p), nil)
	tx.Set(agentKey(&p), nil)
	tx.Set(caseKey(&p), nil)
	return p, audit.Write(tx, in.entry("call.schedule", &p))
}

// end takes a plan from those that wait.
func end(tx *store.Tx, p *Plan, to State, at time.Time) error {
	tx.Delete(dueKey(p))
	p.State, p.Ended = to, at.UTC().Round(0)
	tx.Set(endedKey(p.Ended, p.ID), nil)
	return save(tx, p)
}

// canceling is the data of kindCancel.
type canceling struct {
	Act
	ID string
}

// Cancel takes a plan back; ErrNotFound, or ErrNotWaiting when it is due or cancelled already.
func (s *Schedule) Cancel(ctx context.Context, a Act, id string) (Plan, error) {
	res, err := s.do(ctx, store.Command{ID: id, Kind: kindCancel, At: a.At, Data: canceling{a, id}})
	if err != nil {
		return Plan{}, err
	}
	return res.(Plan), nil
}

func applyCancel(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(canceling)
	if !ok {
		return nil, wrongData(cmd)
	}
	p, err := load(tx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, ErrNotFound
	case p.State != Waiting:
		return nil, ErrNotWaiting
	}
	if err := end(tx, p, Cancelled, cmd.At); err != nil {
		return nil, err
	}
	return *p, audit.Write(tx, in.entry("call.unschedule", p))
}

// fireAtOnce is how many plans become due in one command.
const fireAtOnce = 200

// Fire hands out the plans that are due at a time, each of them once; who takes one finishes it. It looks at one key
// when none is due.
func (s *Schedule) Fire(ctx context.Context, now time.Time) ([]Plan, error) {
	now = now.UTC()
	var due []string
	err := s.st.View(func(r *store.Snapshot) error {
		for key := range r.Scan(dueBy(now)) {
			var id string
			if err := store.SplitKey(key, nil, nil, nil, &id); err != nil {
				return err
			}
			if due = append(due, id); len(due) == fireAtOnce {
				break
			}
		}
		return nil
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	res, err := s.do(ctx, store.Command{ID: kindFire, Kind: kindFire, At: now, Data: due})
	if err != nil {
		return nil, err
	}
	return res.([]Plan), nil
}

// dueBy are the keys of those that are due by a time.
func dueBy(now time.Time) store.Range {
	r := store.Prefix(keySpace, "due")
	r.To = store.Key(keySpace, "due", now.Add(1))
	return r
}

func applyFire(tx *store.Tx, cmd store.Command) (any, error) {
	ids, ok := cmd.Data.([]string)
	if !ok {
		return nil, wrongData(cmd)
	}
	var fired []Plan
	for _, id := range ids {
		p, err := load(tx, id)
		if err != nil {
			return nil, err
		}
		if p == nil || p.State != Waiting || p.At.After(cmd.At) {
			continue // cancelled, or handed out, meanwhile
		}
		if err := end(tx, p, Due, cmd.At); err != nil {
			return nil, err
		}
		tx.Set(openKey(id), nil)
		fired = append(fired, *p)
	}
	return fired, nil
}

// finishing is the data of kindFinish.
type finishing struct {
	ID      string
	Outcome Outcome
	Reason  string
}

// Finish notes what came of a plan that was handed out.
func (s *Schedule) Finish(ctx context.Context, id string, o Outcome, reason string, now time.Time) error {
	_, err := s.do(ctx, store.Command{ID: id, Kind: kindFinish, At: now, Data: finishing{id, o, reason}})
	return err
}

func applyFinish(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(finishing)
	if !ok {
		return nil, wrongData(cmd)
	}
	p, err := load(tx, in.ID)
	if err != nil || p == nil || p.Outcome != NoOutcome {
		return nil, err
	}
	p.Outcome, p.Reason = in.Outcome, in.Reason
	tx.Delete(openKey(p.ID))
	return nil, save(tx, p)
}

// Unfinished are the plans that were handed out and not finished: at a start, those in the midst of which the process ended.
func (s *Schedule) Unfinished() (all []Plan, err error) {
	err = s.st.View(func(r *store.Snapshot) error {
		for key := range r.Scan(store.Prefix(keySpace, "open")) {
			var id string
			if err := store.SplitKey(key, nil, nil, &id); err != nil {
				return err
			}
			p, err := load(r, id)
			if err != nil {
				return err
			}
			if p != nil {
				all = append(all, *p)
			}
		}
		return nil
	})
	return all, err
}

// Plan is the plan with an id; ErrNotFound when there is none.
func (s *Schedule) Plan(id string) (out Plan, err error) {
	err = s.st.View(func(r *store.Snapshot) error {
		p, err := load(r, id)
		switch {
		case err != nil:
			return err
		case p == nil:
			return ErrNotFound
		}
		out = *p
		return nil
	})
	return out, err
}

// maxShown is how many plans are read at once.
const maxShown = 1000

// OfAgent are the plans of an agent that are due from a time on, before another, by time: of a thousand the first.
func (s *Schedule) OfAgent(agent string, from, to time.Time) (all []Plan, err error) {
	r := store.Prefix(keySpace, "agent", agent)
	r.From = store.Key(keySpace, "agent", agent, from)
	if !to.IsZero() {
		r.To = store.Key(keySpace, "agent", agent, to)
	}
	return s.of(r)
}

// OfCase are the plans for a case, in no order.
func (s *Schedule) OfCase(id string) ([]Plan, error) { return s.of(store.Prefix(keySpace, "case", id)) }

func (s *Schedule) of(r store.Range) (all []Plan, err error) {
	err = s.st.View(func(v *store.Snapshot) error {
		for key := range v.Scan(r) {
			p, err := load(v, idIn(key))
			if err != nil {
				return err
			}
			if p != nil {
				all = append(all, *p)
			}
			if len(all) == maxShown {
				break
			}
		}
		return nil
	})
	return all, err
}

// idIn is the id that a key of an index ends with.
func idIn(key []byte) string {
	var table, id string
	if store.SplitKey(key, nil, &table) != nil {
		return ""
	}
	parts := []any{nil, nil, nil, &id}
	if table == "agent" {
		parts = []any{nil, nil, nil, nil, &id}
	}
	if store.SplitKey(key, parts...) != nil {
		return ""
	}
	return id
}

// plansOf are the plans in a range of an index, as a command sees them.
func plansOf(tx *store.Tx, r store.Range) []*Plan {
	var ids []string
	for key := range tx.Scan(r) {
		ids = append(ids, idIn(key))
	}
	var all []*Plan
	for _, id := range ids {
		if p, err := load(tx, id); err == nil && p != nil {
			all = append(all, p)
		}
	}
	return all
}

// dropping is the data of kindDrop.
type dropping struct {
	Cases  []string  // all plans for these
	Before time.Time // and those that ended before
}

// Erase deletes all plans for cases that are gone.
func (s *Schedule) Erase(ctx context.Context, cases []string, now time.Time) error {
	for some := range slices.Chunk(cases, fireAtOnce) {
		if _, err := s.do(ctx, store.Command{ID: kindDrop, Kind: kindDrop, At: now, Data: dropping{Cases: some}}); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes the plans that ended before a time. It is for once in a while.
func (s *Schedule) Sweep(ctx context.Context, before, now time.Time) error {
	for {
		res, err := s.do(ctx, store.Command{ID: kindDrop, Kind: kindDrop, At: now, Data: dropping{Before: before}})
		if err != nil || res.(int) < fireAtOnce {
			return err
		}
	}
}

func applyDrop(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(dropping)
	if !ok {
		return nil, wrongData(cmd)
	}
	var gone []*Plan
	for _, id := range in.Cases {
		gone = append(gone, plansOf(tx, store.Prefix(keySpace, "case", id))...)
	}
	if !in.Before.IsZero() {
		r := store.Prefix(keySpace, "ended")
		r.To = store.Key(keySpace, "ended", in.Before)
		n := 0
		for key := range tx.Scan(r) {
			if p, err := load(tx, idIn(key)); err == nil && p != nil {
				gone = append(gone, p)
			}
			if n++; n == fireAtOnce {
				break
			}
		}
	}
	for _, p := range gone {
		for _, key := range [][]byte{planKey(p.ID), dueKey(p), openKey(p.ID), agentKey(p), caseKey(p), endedKey(p.Ended, p.ID)} {
			tx.Delete(key)
		}
	}
	return len(gone), nil
}

func wrongData(cmd store.Command) error {
	return fmt.Errorf("schedule: %s with data of type %T", cmd.Kind, cmd.Data)
}

// recordFormat is the version of record. 1: the first.
const recordFormat = 1

// record is a Plan as it is stored, in JSON.
type record struct {
	Format int    `json:"format"`
	By     string `json:"by"`
	Plan   stored `json:"plan"`
}

// stored is a Plan but for who made it.
type stored struct {
	ID      string    `json:"id"`
	Draft   Draft     `json:"draft"`
	Created time.Time `json:"created"`
	State   State     `json:"state"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome Outcome   `json:"outcome,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

func save(tx *store.Tx, p *Plan) error {
	value, err := json.Marshal(record{recordFormat, p.By.String(), stored{p.ID, p.Draft, p.Created, p.State, p.Ended, p.Outcome, p.Reason}})
	if err != nil {
		return fmt.Errorf("schedule: writing a plan: %w", err)
	}
	tx.Set(planKey(p.ID), value)
	return nil
}

func load(r store.Reader, id string) (*Plan, error) {
	value, ok := r.Get(planKey(id))
	if !ok {
		return nil, nil
	}
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, fmt.Errorf("schedule: reading a plan: %w", err)
	}
	if rec.Format > recordFormat {
		return nil, fmt.Errorf("schedule: a plan was written by a newer Ringback (format %d, this one reads up to %d); run that one", rec.Format, recordFormat)
	}
	p := &rec.Plan
	return &Plan{p.ID, p.Draft, p.Created, audit.ParseWho(rec.By), p.State, p.Ended, p.Outcome, p.Reason}, nil
}
