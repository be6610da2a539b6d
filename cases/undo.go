package cases

import "ringback/directory"

// Undo takes back what happened to a case last: an automatic close, by whoever wants that; or an act of
// the same person (or of anybody, for who supervises). It can for the list's undo_within, and only
// while nothing else happened to the case. A comment, an attempt and a case made by hand stay.
type Undo struct {
	Act string // the id of the act that is to be taken back; empty: whatever happened last
}

func (d Undo) do(l *ledger, r *record, a *Act) error {
	if r.Undo.before == nil && d.Act == "" {
		return l.undoClose(r, a)
	}
	if err := decideUndoAct(r, a, d.Act, l.policy(r.List)); err != nil {
		return err
	}
	before, err := decodeRecord(r.Undo.before)
	if err != nil {
		return err
	}
	if before.State == Open && r.State != Open || before.State == Open && before.Number != r.Number {
		if other := l.other(before); other != "" {
			return &Refusal{Err: ErrOtherOpen, Case: r.ID, Other: other}
		}
	}
	l.restore(r, before, a)
	return nil
}

// undoClose takes an automatic close back.
func (l *ledger) undoClose(r *record, a *Act) error {
	act, why := decideUndo(r, l.at, l.otherOpen(r))
	l.decided(why)
	if act == doNothing {
		if why == whyOtherOpen {
			return &Refusal{Err: ErrOtherOpen, Case: r.ID, Other: l.other(r)}
		}
		return refusals[why]
	}
	r.UndoneCall = r.ClosedCall
	l.reopen(r, Undone, a.Agent)
	return nil
}

// refusals are what people are told when the undo rule says no.
var refusals = map[Why]error{
	whyNotAutomatic: ErrNoUndo,
	whyUndoTooLate:  ErrTooLate,
}

// decideUndoAct says why an act cannot be taken back; nil when it can.
func decideUndoAct(r *record, a *Act, earlier string, p *directory.Policy) error {
	u := &r.Undo
	switch {
	case u.before == nil || earlier != "" && u.act != earlier:
		return ErrNoUndo
	case u.agent != a.Agent && !a.Supervises:
		return &Refusal{Err: ErrNotYours, Case: r.ID, By: u.agent}
	case a.At.Sub(u.at) > p.UndoWithin:
		return ErrTooLate
	}
	return nil
}

// restore makes a case what it was, and keeps what cannot be taken back: its history, and who is on the
// line.
func (l *ledger) restore(r, before *record, a *Act) {
	undone := r.Undo.event
	wasOpen, was := r.State == Open, r.Number
	if wasOpen {
		l.left(r)
	}
	l.restoreTry(r, before)
	before.Version, before.Entries, before.Recent = r.Version, r.Entries, r.Recent
	before.was, before.changed, before.format = r.was, r.changed, r.format
	before.Calling = nil
	if before.State == Open && before.Number == r.Number {
		before.Calling = r.Calling
	}
	*r = *before
	switch r.State {
	case Open:
		if !wasOpen || r.Number != was {
			r.Since = l.at
		}
		l.opened(r)
	default:
		l.closed(r)
	}
	e := Entry{Event: Undid, Reason: undone.String(), Agent: a.Agent}
	switch {
	case wasOpen && r.State == Closed:
		e.Event, e.Reason = CaseClosed, r.CloseReason.String()
	case !wasOpen && r.State == Open:
		e.Event, e.Reason = Reopened, Undone
	}
	l.change(r, e)
}

// restoreTry takes back whether the latest attempt counts for the number.
func (l *ledger) restoreTry(r, before *record) {
	if before.Try.at.Equal(r.Try.at) && before.Try.counted != r.Try.counted {
		h := l.customerOf(r)
		h.changed = true
		if before.Try.counted {
			h.try(before.Try.at)
		} else {
			h.untry(r.Try.at)
		}
	}
}

// other is another open case of the customer on the list, of a number that is not shared; else empty.
func (l *ledger) other(r *record) string {
	h := l.customerOf(r)
	if h.shared {
		return ""
	}
	for _, id := range h.on(r.List).open {
		if id != r.ID {
			return id
		}
	}
	return ""
}
