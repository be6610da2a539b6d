package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/web"
)

// ledger holds what the play owes against what Ringback says. Its methods may be called from any
// goroutine.
type ledger struct {
	set    *stage
	screen *screen

	mu      sync.Mutex
	changed chan struct{}        // somebody may look whether all is settled
	should  map[debt]bool        // cases that must be open when all is told
	byHand  map[debt]bool        // cases that visitors of the app made or worked on, of which the play knows nothing
	said    []debt               // cases that Ringback says are open, oldest first
	expect  map[string]time.Time // Call-IDs of calls that must make a case, and when their verdict falls
	dialled map[string][]debt    // what each call out closed, by its Call-ID
	alerts  []alert              // phones that must show a hint
	hints   []hint               // what phones showed that nobody waits for yet
	result  summary
}

// debt is a callback owed to a customer by a list.
type debt struct{ list, number string }

// alert is a phone that rings for, or dials, a customer with an open case.
type alert struct {
	agent, number string
	at            time.Time
}

// hint is what a phone showed.
type hint struct {
	agent string
	simulate.Shown
}

func newLedger(set *stage, screen *screen) *ledger {
	return &ledger{
		set: set, screen: screen, changed: make(chan struct{}, 1),
		should: make(map[debt]bool), expect: make(map[string]time.Time), dialled: make(map[string][]debt),
	}
}

// touch lets wait look again.
func (l *ledger) touch() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// played takes in what the simulation did.
func (l *ledger) played(h simulate.Happening) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.touch()
	l.screen.played(h)
	r := &l.result
	switch h.Kind {
	case simulate.Rang:
		r.calls++
	case simulate.Alerted:
		l.alert(h)
	case simulate.Dialled:
		r.dialled++
		l.alert(h)
		for d := range l.should {
			if d.number == h.Customer {
				l.dialled[h.CallID] = append(l.dialled[h.CallID], d)
				delete(l.should, d)
			}
		}
	case simulate.Reached:
		r.reached++
	case simulate.NotReached:
		for _, d := range l.dialled[h.CallID] {
			l.should[d] = true
		}
	default:
	}
	switch {
	case h.Verdict == sip.Served:
		r.served++
		for d := range l.should {
			if d.number == h.Customer {
				delete(l.should, d)
			}
		}
	case h.Verdict == sip.VerdictNone:
	case h.Short:
		r.short++
	case h.Customer == "":
		r.withheld++
	default:
		if h.Verdict == sip.Dropped {
			r.dropped++
		} else {
			r.missed++
		}
		l.should[debt{h.Service.List, h.Customer}] = true
		l.expect[h.CallID] = h.At.Add(settle)
	}
}

// alert expects a hint when the customer has an open case that the agent may see.
func (l *ledger) alert(h simulate.Happening) {
	visible := slices.ContainsFunc(l.said, func(d debt) bool {
		return d.number == h.Customer && slices.Contains(h.Agent.Services, l.set.service(d.list))
	})
	if !visible {
		return
	}
	l.result.hintsDue++
	l.alerts = append(l.alerts, alert{agent: h.Agent.ID, number: h.Customer, at: h.At})
	l.match()
}

// shown takes in what a phone shows.
func (l *ledger) shown(a *simulate.Agent, s simulate.Shown) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.touch()
	l.screen.hint(a, s)
	l.result.hintsShown++
	l.hints = append(l.hints, hint{agent: a.ID, Shown: s})
	l.match()
}

// match brings hints and the phones that wait for them together.
func (l *ledger) match() {
	l.alerts = slices.DeleteFunc(l.alerts, func(a alert) bool {
		i := slices.IndexFunc(l.hints, func(h hint) bool {
			return h.agent == a.agent && strings.Contains(h.Text, a.number) && !h.At.Before(a.at)
		})
		if i < 0 {
			return false
		}
		l.result.hintTimes = append(l.result.hintTimes, l.hints[i].At.Sub(a.at))
		l.hints = slices.Delete(l.hints, i, i+1)
		return true
	})
}

// event takes in what the daemon's event stream says.
func (l *ledger) event(kind string, data []byte) {
	if kind != "case" {
		return
	}
	now := time.Now()
	var e web.CaseEvent
	err := json.Unmarshal(data, &e)
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.touch()
	if err != nil {
		l.result.broken("an event could not be read: %v", err)
		return
	}
	l.screen.caseEvent(l.set, &e)
	d := debt{e.List, e.Number}
	if e.Agent != "" && e.Call == "" {
		if l.byHand == nil {
			l.byHand = map[debt]bool{}
		}
		l.byHand[d] = true
	}
	if l.byHand[d] {
		return
	}
	switch e.Event {
	case "opened", "miss_added", "reopened":
		l.proves(&e, now)
		if !slices.Contains(l.said, d) {
			l.said = append(l.said, d)
		} else if e.Event == "opened" {
			l.result.broken("%s has a second open case on %s", e.Number, e.List)
		}
	case "closed":
		l.said = slices.DeleteFunc(l.said, func(x debt) bool { return x == d })
	}
	l.result.count(&e)
}

// proves finds the call that a case's event is about.
func (l *ledger) proves(e *web.CaseEvent, now time.Time) {
	for _, id := range e.CallIDs {
		if verdict, ok := l.expect[id]; ok {
			delete(l.expect, id)
			l.result.caseTimes = append(l.result.caseTimes, now.Sub(verdict))
			return
		}
		if _, ok := l.dialled[id]; ok && e.Event == "reopened" {
			return
		}
	}
	l.result.broken("a case of %s %s for no call that was missed", e.Number, e.Event)
}

// owed lists whom a list owes a call, as Ringback says.
func (l *ledger) owed(list string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var numbers []string
	for _, d := range l.said {
		if d.list == list {
			numbers = append(numbers, d.number)
		}
	}
	return numbers
}

// wait returns when Ringback has said all that it should, at the deadline, or when the stream ended.
func (l *ledger) wait(deadline time.Time, ended <-chan struct{}) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for !l.settled() {
		select {
		case <-l.changed:
		case <-timer.C:
			return
		case <-ended:
			return
		}
	}
}

// settled reports whether nothing is owed.
func (l *ledger) settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.expect) == 0 && len(l.alerts) == 0 && len(l.difference(l.said)) == 0
}

// difference says, in words, where open cases are not those that should be open.
func (l *ledger) difference(open []debt) []string {
	var all []string
	for d := range l.should {
		if !slices.Contains(open, d) && !l.byHand[d] {
			all = append(all, fmt.Sprintf("%s is owed a call by %s, and no case says so", d.number, d.list))
		}
	}
	for _, d := range open {
		if !l.should[d] && !l.byHand[d] {
			all = append(all, fmt.Sprintf("%s has an open case on %s, and is owed nothing", d.number, d.list))
		}
	}
	slices.Sort(all)
	return all
}

// close compares the open cases of the API with the play, prints the summary and returns ErrBroken when
// anything was not as it should be.
func (l *ledger) close(cases []web.Case) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.result
	var open []debt
	for _, c := range cases {
		d := debt{c.List, c.Number}
		if slices.Contains(open, d) {
			r.broken("%s has two open cases on %s", c.Number, c.List)
		}
		open = append(open, d)
	}
	for _, text := range l.difference(open) {
		r.broken("%s", text)
	}
	for id := range l.expect {
		r.broken("no case was made for the call %s", id)
	}
	for _, a := range l.alerts {
		r.broken("%s's phone showed no hint for %s", a.agent, a.number)
	}
	for _, h := range l.hints {
		r.broken("%s's phone showed a hint for nothing: %s", h.agent, h.Text)
	}
	r.open = len(open)
	l.screen.summary(r)
	if len(r.faults) > 0 {
		return ErrBroken
	}
	return nil
}
