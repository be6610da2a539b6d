package daemon

import (
	"sync"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/sip"
)

// flow is what every event runs through, live and in a replay alike: cases, then assist, then
// whoever is to be told. One goroutine puts events in; what becomes of the events of one customer is
// told in their order, one event at a time.
type flow struct {
	cases  *cases.Cases
	assist *assist.Assist

	mu   sync.Mutex // commits of several customers may be done at once
	tell func(told)
}

// told is an event and all that came of it.
type told struct {
	ev      *sip.Event
	arrival time.Time // of the packet that caused the event
	changes []cases.Change
	hints   []assist.Hint
	err     error // why the cases could not take the event
}

// apply puts an event in. The case is written before anybody is told of it.
func (f *flow) apply(c caused) {
	f.cases.Submit(c.ev, func(changes []cases.Change, err error) {
		t := told{ev: c.ev, arrival: c.arrival, changes: changes, err: err}
		found, ferr := f.related(c.ev)
		if err == nil {
			t.err = ferr
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		t.hints = f.assist.Handle(c.ev, found)
		for i := range changes {
			t.hints = append(t.hints, f.assist.Changed(changes[i])...)
		}
		f.tell(t)
	})
}

// related are the cases that an agent's leg with an external party may match: open ones of its
// number, and those this call closed.
func (f *flow) related(ev *sip.Event) ([]cases.Case, error) {
	switch ev.Kind {
	case sip.AgentDialled, sip.AgentRinging, sip.AgentAnswered:
	default:
		return nil, nil
	}
	if ev.Number == 0 {
		return nil, nil
	}
	found, err := f.cases.OpenByNumber(ev.Number)
	if err != nil || ev.Call.Direction != sip.Outbound {
		return found, err
	}
	closed, err := f.cases.ClosedBy(ev.Call.ID)
	return append(found, closed...), err
}
