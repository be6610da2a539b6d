package cases

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

// Why a case cannot be done with what a person wants. All but the first two come as a [*Refusal].
var (
	ErrNotFound    = errors.New("cases: not found")
	ErrInput       = errors.New("cases: bad input")
	ErrStale       = errors.New("cases: changed in the meantime")
	ErrNotOpen     = errors.New("cases: not open")
	ErrNotClosed   = errors.New("cases: not closed")
	ErrReason      = errors.New("cases: people do not close for this reason")
	ErrNoUndo      = errors.New("cases: nothing to undo")
	ErrTooLate     = errors.New("cases: too late to undo")
	ErrOtherOpen   = errors.New("cases: another case of this customer is open on the list")
	ErrTaken       = errors.New("cases: somebody else has it")
	ErrNotYours    = errors.New("cases: not assigned to you")
	ErrNoAttempt   = errors.New("cases: no attempt to call the customer since the last status")
	ErrStatus      = errors.New("cases: no such handling status on the list")
	ErrTime        = errors.New("cases: a time in the future is needed, and taken only by statuses that ask for one")
	ErrResolution  = errors.New("cases: a resolution of the list is needed")
	ErrNote        = errors.New("cases: a note is needed")
	ErrNoNumber    = errors.New("cases: there is no number to call")
	ErrCallingNow  = errors.New("cases: the customer is calling right now")
	ErrTriedEnough = errors.New("cases: the number was tried often enough today")
	ErrNotMember   = errors.New("cases: not a member of the list")
	ErrNotGrouped  = errors.New("cases: not of the same group")
	ErrNoList      = errors.New("cases: no such list")
	ErrNone        = errors.New("cases: no case to give out")
)

// Refusal is an error that says which case it is about, and who or what stands in the way.
type Refusal struct {
	Err   error  // one of the errors of this package
	Case  string // the case's id; empty where there is none yet
	By    string // of ErrTaken and ErrNotYours: who holds it; empty for nobody
	Other string // of ErrOtherOpen: the id of that case
}

// Error says what and which case, and nobody's name.
func (r *Refusal) Error() string {
	if r.Case == "" {
		return r.Err.Error()
	}
	return r.Err.Error() + ": " + r.Case
}

// Unwrap gives the sentinel.
func (r *Refusal) Unwrap() error { return r.Err }

// FieldError says which field of a Draft, an Edit or a deed will not do, by its name in lower case.
type FieldError struct {
	Field string
	Err   error // it wraps ErrInput or another error of this package
}

// Error says what is wrong.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap gives the error.
func (e *FieldError) Unwrap() error { return e.Err }

// wrong is ErrInput of a field.
func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf("%w: "+format, append([]any{ErrInput}, args...)...)}
}

// Act is a person at work: who does something, when, and to which case.
type Act struct {
	ID      string // names the act: given again it is not done again, and Undo finds it; may be empty
	Case    string
	Agent   string    // who does it
	At      time.Time // when
	Note    string    // for the history
	Version uint64    // of the case as the person saw it: another one is ErrStale; 0: whatever it is

	By   audit.Who // for the audit trail, where it is not the agent who asks: a program that names him
	Peer string    // the address it comes from, where that is known, for the audit trail

	// Supervises says that the person may change what others hold. Whether he may is the caller's to know.
	Supervises bool
}

// Deed is what a person does to a case: [Assign], [Accept], [Comment], [Edit], [Try], [Handle],
// [Await], [Inform], [KeepOpen], [Close], [Reopen], [Undo].
type Deed interface {
	// do looks whether the rules allow it, then changes the case. What it refuses it leaves as it is.
	do(l *ledger, r *record, a *Act) error
}

// Done is what came of an act.
type Done struct {
	Case     Case      // as it is now
	Changes  []Change  // on the disk now; none when the act was done before
	Outcomes []Outcome // by case: of a batch in the order of the ids, of Handle the case and then the others
}

// Outcome is what came of an act for one of several cases.
type Outcome struct {
	ID   string
	Case Case  // as it is now, zero when there is none
	Err  error // why nothing was done; nil when it was
}

// Do does something to a case. When the act has an id and was done before, nothing changes and the case
// comes as it is now. What the rules refuse is a [*Refusal] or wraps ErrNotFound or ErrInput.
func (c *Cases) Do(ctx context.Context, a Act, d Deed) (Done, error) {
	return c.act(ctx, doing{Act: a, Deed: d, Cases: []string{a.Case}})
}

// maxBatch is how many cases one act may be done to.
const maxBatch = 500

// Batch does something to up to 500 cases, to each on its own: one that is refused changes nothing for the
// others. The act's Case and Version are not looked at.
func (c *Cases) Batch(ctx context.Context, a Act, ids []string, d Deed) (Done, error) {
	if len(ids) > maxBatch {
		return Done{}, fmt.Errorf("%w: %d cases at once, at most %d", ErrInput, len(ids), maxBatch)
	}
	a.Version = 0
	return c.act(ctx, doing{Act: a, Deed: d, Cases: ids, Batch: true})
}

// UndoAct takes an earlier act back, by its id, on all cases that it was done to: one result per case.
func (c *Cases) UndoAct(ctx context.Context, a Act, earlier string) (Done, error) {
	a.Version = 0
	return c.act(ctx, doing{Act: a, Deed: Undo{Act: earlier}, Batch: true})
}

// kindAct is the command that does what a person wants.
const kindAct = "cases.act"

// doing is its data.
type doing struct {
	Act
	Deed  Deed
	Cases []string
	Batch bool // an error of one case is an outcome
}

func (c *Cases) act(ctx context.Context, d doing) (Done, error) {
	d.At = d.At.UTC().Round(0)
	if d.Deed == nil || len(d.Note) > maxWords || len(d.ID) > maxText || len(d.Agent) > maxText {
		return Done{}, fmt.Errorf("%w: no deed, or a text that is too long", ErrInput)
	}
	numbers, err := c.numbersOf(d)
	if err != nil {
		return Done{}, err
	}
	c.expect(numbers, 1)
	defer c.expect(numbers, -1)
	return c.do(ctx, kindAct, d.ID, d.At, d)
}

// numbersOf are the numbers of which a deed may open cases.
func (c *Cases) numbersOf(d doing) ([]sip.Number, error) {
	ids := d.Cases
	switch x := d.Deed.(type) {
	case Undo:
		if ids == nil {
			var err error
			if _, ids, err = c.CasesOf(x.Act); err != nil {
				return nil, err
			}
		}
	case Handle:
		ids = append(slices.Clone(ids), x.Also...)
	case Edit:
		if x.Number != nil {
			return []sip.Number{*x.Number}, nil
		}
		return nil, nil
	case Reopen:
	default:
		return nil, nil
	}
	var numbers []sip.Number
	err := c.st.View(func(s *store.Snapshot) error {
		for _, id := range ids {
			if b, ok := s.Get(caseKey(id)); ok {
				_, n, err := whose(b)
				if err != nil {
					return err
				}
				numbers = append(numbers, n)
			}
		}
		return nil
	})
	return numbers, err
}

// do gives a person's command to the store.
func (c *Cases) do(ctx context.Context, kind, id string, at time.Time, data any) (Done, error) {
	res, err := c.st.Do(ctx, store.Command{ID: id, Kind: kind, At: at, Data: data, Urgent: true})
	changes, err := c.settle(nil, 0, res, err)
	if err != nil {
		return Done{}, err
	}
	done := Done{Changes: changes, Outcomes: res.(*result).done}
	if len(done.Outcomes) > 0 {
		done.Case = done.Outcomes[0].Case
	}
	return done, nil
}

func (c *Cases) applyAct(tx *store.Tx, cmd store.Command) (any, error) {
	d, ok := cmd.Data.(doing)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	l.doer = d.doer()
	if l.doneBefore(&d.Act) {
		l.result.done = slices.DeleteFunc(l.result.done, func(o Outcome) bool { return o.ID == "" })
		return l.outcome()
	}
	if u, ok := d.Deed.(Undo); ok && u.Act != "" && d.Cases == nil {
		earlier := l.acted(u.Act)
		if earlier == nil {
			return nil, &Refusal{Err: ErrNoUndo}
		}
		d.Cases = earlier.named()
	}
	for _, id := range d.Cases {
		if err := l.perform(id, &d); err != nil && !d.Batch {
			return nil, err
		}
	}
	return l.acting(&d.Act)
}

// perform does the deed to one case and notes what came of it.
func (l *ledger) perform(id string, d *doing) error {
	r := l.record(id)
	err := l.err
	switch {
	case err != nil:
	case r == nil:
		err = fmt.Errorf("%w: %s", ErrNotFound, id)
	case d.Version != 0 && d.Version != r.Version:
		err = &Refusal{Err: ErrStale, Case: id}
	default:
		err = l.deed(r, &d.Act, d.Deed)
	}
	l.result.done = append(l.result.done, Outcome{})
	copy(l.result.done[l.settled+1:], l.result.done[l.settled:]) // before the siblings that the deed handled
	l.result.done[l.settled] = Outcome{ID: id, Err: err}
	l.settled = len(l.result.done)
	return err
}

// deed does a deed, and keeps what takes it back.
func (l *ledger) deed(r *record, a *Act, d Deed) error {
	before, entries, version, note := r.bare(), len(l.entries), r.Version, r.LastNote
	if a.Note != "" {
		r.LastNote = a.Note
	}
	err := d.do(l, r, a)
	if r.Version == version {
		r.LastNote = note
	}
	if err != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) || errors.Is(err, ErrInput) {
			return err
		}
		return &Refusal{Err: err, Case: r.ID}
	}
	event := ChangeUnknown
	for i := entries; i < len(l.entries); i++ {
		if l.entries[i].of == r {
			l.entries[i].e.Note = a.Note
			if event == ChangeUnknown {
				event = l.entries[i].e.Event
			}
		}
	}
	if u, ok := d.(undoable); ok && u.undoable() && r.Version != version {
		r.Undo = undoing{act: a.ID, agent: a.Agent, at: l.at, event: event, before: before}
	}
	return nil
}

// undoable is a deed that can be taken back.
type undoable interface{ undoable() bool }

// acted is what is kept of an act: its cases.
type acted struct {
	at    time.Time
	agent string
	cases []string
}

// named are the cases that it was done to; the places of others are empty.
func (x *acted) named() []string {
	return slices.DeleteFunc(slices.Clone(x.cases), func(id string) bool { return id == "" })
}

func (x *acted) encode() []byte {
	w := writer{make([]byte, 0, 64)}
	w.uint(recordFormat)
	w.time(x.at)
	w.string(x.agent)
	w.strings(x.cases)
	return w.b
}

func decodeActed(b []byte) (*acted, error) {
	d := reader{b: b}
	d.format("act")
	x := &acted{at: d.time(), agent: d.string(), cases: d.strings()}
	if d.err != nil {
		return nil, fmt.Errorf("reading an act: %w", d.err)
	}
	return x, nil
}

// acted reads an earlier act, nil when there is none or it is forgotten.
func (l *ledger) acted(id string) *acted {
	b, ok := l.tx.Get(actKey(id))
	if !ok {
		return nil
	}
	x, err := decodeActed(b)
	if err != nil {
		l.fail(err)
		return nil
	}
	return x
}

// doneBefore says whether the act was done before, and then notes its cases as the outcome.
func (l *ledger) doneBefore(a *Act) bool {
	if a.ID == "" {
		return false
	}
	x := l.acted(a.ID)
	if x == nil {
		return false
	}
	for _, id := range x.cases {
		l.record(id)
		l.result.done = append(l.result.done, Outcome{ID: id})
	}
	return true
}

// acting writes everything, and that the act was done.
func (l *ledger) acting(a *Act) (any, error) {
	if a.ID != "" && l.err == nil {
		x := acted{at: l.at, agent: a.Agent}
		for i := range l.result.done {
			id := l.result.done[i].ID
			if l.result.done[i].Err != nil {
				id = "" // its place is kept
			}
			x.cases = append(x.cases, id)
		}
		if slices.ContainsFunc(x.cases, func(id string) bool { return id != "" }) {
			l.tx.Set(actKey(a.ID), x.encode())
		}
	}
	return l.outcome()
}

// outcome writes everything, and gives the cases as they are then.
func (l *ledger) outcome() (any, error) {
	l.suppress()
	for i := range l.result.done {
		o := &l.result.done[i]
		for _, r := range l.records {
			if r.ID == o.ID {
				o.Case = r.public()
			}
		}
	}
	return l.finish()
}
