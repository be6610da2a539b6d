package cases

import (
	"strings"
	"time"

	"ringback/directory"
)

// Close closes an open case. Whoever closes has it himself, or nobody has, or he supervises.
type Close struct {
	Reason     CloseReason // Successful, Unsuccessful or Suppressed
	Resolution string      // of the list's; empty for none, where the list allows that
}

func (Close) undoable() bool { return true }

func (d Close) do(l *ledger, r *record, a *Act) error {
	p := l.policy(r.List)
	if err := decideClose(r, a, d.Reason, d.Resolution, p); err != nil {
		return err
	}
	r.Resolution = d.Resolution
	if d.Reason == Successful {
		r.saidReached()
	}
	l.close(r, d.Reason, a.Agent, l.at, p)
	return nil
}

// decideClose says why a person may not close a case; nil when he may.
func decideClose(r *record, a *Act, why CloseReason, resolution string, p *directory.Policy) error {
	switch {
	case why != Successful && why != Unsuccessful && why != Suppressed:
		return ErrReason
	case r.State != Open:
		return ErrNotOpen
	case heldByOther(r, a):
		return takenBy(r)
	}
	return decideResolution(resolution, a.Note, p)
}

// decideResolution says what a close by hand lacks.
func decideResolution(resolution, note string, p *directory.Policy) error {
	if _, known := p.Resolution(resolution); !known && (resolution != "" || p.ResolutionRequired) {
		return ErrResolution
	}
	if strings.TrimSpace(note) == "" && p.NoteRequired {
		return ErrNote
	}
	return nil
}

// Reopen opens a closed case again, whyever it was closed. Nobody has it then.
type Reopen struct{}

func (Reopen) undoable() bool { return true }

func (Reopen) do(l *ledger, r *record, a *Act) error {
	if err := l.mayReopen(r); err != nil {
		return err
	}
	r.release()
	if r.Said { // he was not, it seems
		r.Contacted, r.Said = time.Time{}, false
	}
	l.reopen(r, ByHand, a.Agent)
	return nil
}

// mayReopen says why a case cannot be open again.
func (l *ledger) mayReopen(r *record) error {
	if r.State != Closed {
		return ErrNotClosed
	}
	if other := l.other(r); other != "" {
		return &Refusal{Err: ErrOtherOpen, Case: r.ID, Other: other}
	}
	return nil
}

// KeepOpen marks an open case as one that is never closed automatically, or takes the mark away.
type KeepOpen struct{ Keep bool }

func (KeepOpen) undoable() bool { return true }

func (d KeepOpen) do(l *ledger, r *record, a *Act) error {
	switch {
	case r.State != Open:
		return ErrNotOpen
	case r.KeepOpen == d.Keep:
		return nil
	}
	r.KeepOpen = d.Keep
	reason := "keep_open"
	if !d.Keep {
		reason = "not_keep_open"
	}
	l.change(r, Entry{Event: Edited, Reason: reason, Agent: a.Agent})
	return nil
}

// Await notes that more is asked, of the customer or of a colleague, before the case can go on. It is not
// given out meanwhile. The customer may see the question.
type Await struct{ Question string }

func (Await) undoable() bool { return true }

func (d Await) do(l *ledger, r *record, a *Act) error {
	switch {
	case len(d.Question) > maxWords:
		return wrong("question", "more than %d bytes", maxWords)
	case r.State != Open:
		return ErrNotOpen
	case heldByOther(r, a):
		return takenBy(r)
	}
	r.Awaiting, r.Question = l.at, d.Question
	r.Claim = time.Time{}
	l.change(r, Entry{Event: Awaited, Reason: "", Agent: a.Agent, Fields: []FieldChange{{Name: "question", New: d.Question}}, Visible: true})
	return nil
}

// Inform notes that what was asked is there. A call of the customer does that too.
type Inform struct{}

func (Inform) undoable() bool { return true }

func (Inform) do(l *ledger, r *record, a *Act) error {
	switch {
	case r.State != Open:
		return ErrNotOpen
	case r.Awaiting.IsZero():
		return nil
	}
	l.informed(r, a.Agent)
	return nil
}

func (l *ledger) informed(r *record, agent string) {
	r.Awaiting, r.Question = time.Time{}, ""
	l.change(r, Entry{Event: Informed, Agent: agent})
}
