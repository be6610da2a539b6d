package daemon

import (
	"errors"
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
	held []caused // verdicts and dialled calls that wait for a store that can write
	lost int      // of these, that found no room
}

// maxHeld bounds the events that wait for the store: hours of a full disk in a busy centre.
const maxHeld = 20_000

// told is an event and all that came of it.
type told struct {
	ev      *sip.Event
	arrival time.Time // of the packet that caused the event
	changes []cases.Change
	hints   []assist.Hint
	late    bool  // the event was told before, when the store could not write
	err     error // why the cases could not take the event
}

// apply puts an event in. The case is written before anybody is told of it. Nothing is kept of an event that concerns
// no case, so that its memory can be used again; else c gives it up.
//
// While the store cannot write, watching goes on and hints are given, and what makes or changes cases
// waits, in its order, for release.
func (f *flow) apply(c *caused) {
	if f.queues(c) {
		f.took(c, false, nil, nil)
		return
	}
	f.put(c, false)
}

// put gives an event to the cases.
func (f *flow) put(c *caused, late bool) {
	x, concerns := f.cases.Note(c.ev)
	if !concerns {
		f.took(c, late, nil, nil)
		return
	}
	c.kept = nil
	f.commit(*c, x, late)
}

func (f *flow) commit(c caused, x cases.Noted, late bool) {
	f.cases.Commit(x, func(changes []cases.Change, err error) {
		if err != nil && f.hold(&c, err) {
			err = nil
		}
		f.took(&c, late, changes, err)
	})
}

// took goes on with an event that the cases have taken, or that waits for them.
func (f *flow) took(c *caused, late bool, changes []cases.Change, err error) {
	t := told{ev: c.ev, arrival: c.arrival, changes: changes, late: late, err: err}
	if late && len(changes) == 0 && err == nil {
		return
	}
	var found []cases.Case
	if !late {
		var ferr error
		found, ferr = f.related(c.ev)
		t.err = errors.Join(err, ferr)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !late {
		t.hints = f.assist.Handle(c.ev, found)
	}
	for i := range changes {
		t.hints = append(t.hints, f.assist.Changed(changes[i])...)
	}
	f.tell(t)
}

// decides says whether an event may make or change a case for good; others only show who is on the
// line.
func decides(ev *sip.Event) bool { return ev.Kind == sip.CallEnded || ev.Kind == sip.AgentDialled }

// queues puts an event behind those that wait, if any do.
func (f *flow) queues(c *caused) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.held) == 0 {
		return false
	}
	if decides(c.ev) {
		f.wait(c)
	}
	return true
}

// hold keeps an event that the store could not write but may yet.
func (f *flow) hold(c *caused, err error) bool {
	if !unwritable(err) {
		return false
	}
	if decides(c.ev) {
		f.mu.Lock()
		f.wait(c)
		f.mu.Unlock()
	}
	return true
}

func (f *flow) wait(c *caused) {
	if len(f.held) >= maxHeld {
		f.lost++
		return
	}
	c.kept = nil
	f.held = append(f.held, *c)
}

// waiting counts the events that wait for the store.
func (f *flow) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.held)
}

// left are the events that wait, and how many were lost.
func (f *flow) left() (held []*sip.Event, lost int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.held {
		held = append(held, f.held[i].ev)
	}
	return held, f.lost
}

// await has events wait that waited before.
func (f *flow) await(left []*sip.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ev := range left {
		f.wait(&caused{ev: ev, arrival: ev.At})
	}
}

// release puts the events in that waited; those that still cannot be written wait again.
func (f *flow) release() {
	f.mu.Lock()
	held := f.held
	f.held = nil
	f.mu.Unlock()
	for i := range held {
		f.put(&held[i], true)
	}
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
