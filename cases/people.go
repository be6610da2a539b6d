package cases

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ringback/store"
)

// Why a case cannot be done with what a person wants.
var (
	ErrNotFound  = errors.New("cases: not found")
	ErrStale     = errors.New("cases: changed in the meantime")
	ErrNotOpen   = errors.New("cases: not open")
	ErrNotClosed = errors.New("cases: not closed")
	ErrReason    = errors.New("cases: people do not close for this reason")
	ErrNoUndo    = errors.New("cases: was not closed automatically, nothing to undo")
	ErrTooLate   = errors.New("cases: too late to undo")
	ErrOtherOpen = errors.New("cases: another case of this customer is open on the list")
)

// Act is something a person does to a case.
type Act struct {
	ID      string // names the act: given again it is not done again; may be empty
	Case    string
	Agent   string    // who does it
	At      time.Time // when
	Note    string
	Version uint64 // of the case as the person saw it: another one is ErrStale; 0: whatever it is
}

// Undo takes an automatic close back, within the time the list gives for that (Case.UndoUntil).
func (c *Cases) Undo(ctx context.Context, a Act) ([]Change, error) {
	return c.act(ctx, deed{Act: a, What: undo})
}

// CloseByHand closes an open case as Successful, Unsuccessful or Suppressed.
func (c *Cases) CloseByHand(ctx context.Context, a Act, why CloseReason) ([]Change, error) {
	if why != Successful && why != Unsuccessful && why != Suppressed {
		return nil, fmt.Errorf("%w: %s", ErrReason, why)
	}
	return c.act(ctx, deed{Act: a, What: closeByHand, Why: why})
}

// ReopenByHand reopens a closed case, whyever it was closed.
func (c *Cases) ReopenByHand(ctx context.Context, a Act) ([]Change, error) {
	return c.act(ctx, deed{Act: a, What: reopenByHand})
}

// SetKeepOpen marks an open case as one that is never closed automatically, or takes the mark away.
func (c *Cases) SetKeepOpen(ctx context.Context, a Act, keep bool) ([]Change, error) {
	return c.act(ctx, deed{Act: a, What: keepOpen, Keep: keep})
}

// kindAct is the command that does what a person wants.
const kindAct = "cases.act"

// deed is its data.
type deed struct {
	Act
	What what
	Why  CloseReason
	Keep bool
}

type what uint8

const (
	undo what = iota + 1
	closeByHand
	reopenByHand
	keepOpen
)

func (c *Cases) act(ctx context.Context, d deed) ([]Change, error) {
	cmd := store.Command{ID: "act/" + d.ID, Kind: kindAct, At: d.At.UTC(), Data: d, Once: d.ID != "", Urgent: true}
	res, err := c.st.Do(ctx, cmd)
	return c.settle(nil, 0, res, err)
}

func (c *Cases) applyAct(tx *store.Tx, cmd store.Command) (any, error) {
	d, ok := cmd.Data.(deed)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	r := l.record(d.Case)
	switch {
	case l.err != nil:
		return nil, l.err
	case r == nil:
		return nil, fmt.Errorf("%w: %s", ErrNotFound, d.Case)
	case d.Version != 0 && d.Version != r.Version:
		return nil, fmt.Errorf("%w: %s", ErrStale, d.Case)
	}
	if err := l.do(r, &d); err != nil {
		return nil, fmt.Errorf("%w: %s", err, d.Case)
	}
	return l.finish()
}

func (l *ledger) do(r *record, d *deed) error {
	switch d.What {
	case undo:
		act, why := decideUndo(r, l.at, l.otherOpen(r))
		l.decided(why)
		if act == doNothing {
			return refusals[why]
		}
		r.UndoneCall = r.ClosedCall
		l.reopen(r, Undone, d.Agent)
	case reopenByHand:
		if r.State != Closed {
			return ErrNotClosed
		}
		if l.otherOpen(r) {
			return ErrOtherOpen
		}
		l.reopen(r, ByHand, d.Agent)
	case closeByHand:
		if r.State != Open {
			return ErrNotOpen
		}
		p := l.policy(r.List)
		l.close(r, d.Why, d.Agent, l.at, p)
	case keepOpen:
		if r.State != Open {
			return ErrNotOpen
		}
		if r.KeepOpen == d.Keep {
			return nil
		}
		r.KeepOpen = d.Keep
		reason := "keep_open"
		if !d.Keep {
			reason = "not_keep_open"
		}
		l.change(r, Entry{Event: Edited, Reason: reason, Agent: d.Agent})
	}
	l.noted(d.Note)
	return nil
}

// noted puts a person's words into the history.
func (l *ledger) noted(note string) {
	for i := range l.entries {
		l.entries[i].e.Note = note
	}
}

// refusals are what people are told when the undo rule says no.
var refusals = map[Why]error{
	whyNotAutomatic: ErrNoUndo,
	whyUndoTooLate:  ErrTooLate,
	whyOtherOpen:    ErrOtherOpen,
}
