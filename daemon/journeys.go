package daemon

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"ringback/cases"
	"ringback/cases/journey"
	"ringback/sip"
)

// journeys gathers what became of calls, and writes it once a second, before the calls leave the live ones on the
// disk: a call whose journey a crash lost is judged again.
type journeys struct {
	to   *journey.Journeys
	keep func() string // "all", "cases" or "off"

	mu      sync.Mutex
	live    map[string]*travelling // what is known of calls on the line
	own     map[string]ownCall     // of our own on the line, by Call-ID
	pending []journey.Record
	lost    int // of those, that found no room
}

// ownCall is what only we know of a call of ours.
type ownCall struct {
	device string   // of the agent, that rang
	shown  string   // who called, as the customer was shown
	cases  []string // in which the customer asked for something
}

// travelling is what a call does not say itself.
type travelling struct {
	device string
	cases  []string
}

// The bounds of what is remembered while the store cannot write, or calls do not end.
const (
	maxTravelling = 600_000
	maxJourneys   = 100_000
	maxOwn        = 10_000
)

func newJourneys(to *journey.Journeys, keep func() string) *journeys {
	return &journeys{to: to, keep: keep, live: map[string]*travelling{}, own: map[string]ownCall{}}
}

// makes notes that a call of ours begins.
func (j *journeys) makes(callID string, c ownCall) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.own) < maxOwn {
		j.own[callID] = c
	}
}

// asked notes the case in which who calls our line asked for something.
func (j *journeys) asked(callID, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c, known := j.own[callID]
	if (known || len(j.own) < maxOwn) && !slices.Contains(c.cases, id) {
		c.cases = append(c.cases, id)
		j.own[callID] = c
	}
}

// ours says what we know of a call beyond what was seen, and forgets it; mu is held.
func (j *journeys) ours(call *sip.Call) (found ownCall) {
	if len(j.own) == 0 {
		return found
	}
	for _, id := range call.CallIDs {
		if c, ok := j.own[id]; ok {
			found = c
			delete(j.own, id)
		}
	}
	return found
}

// told is told of every event and of what it did to cases. Nothing of it is kept.
func (j *journeys) told(ev *sip.Event, changes []cases.Change) {
	keep := j.keep()
	if keep == "off" {
		return
	}
	call := ev.Call
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(changes) > 0 || ev.Kind == sip.AgentAnswered && ev.Device != "" {
		j.note(ev, changes)
	}
	if ev.Kind != sip.CallEnded {
		return
	}
	known := j.live[call.ID]
	delete(j.live, call.ID)
	if known == nil {
		known = &travelling{}
	}
	ours := j.ours(call)
	for _, id := range ours.cases {
		if !slices.Contains(known.cases, id) {
			known.cases = append(known.cases, id)
		}
	}
	if call.Direction != sip.Inbound && call.Direction != sip.Outbound || keep == "cases" && len(known.cases) == 0 {
		return
	}
	of := journey.Of(call, cmp.Or(known.device, ours.device), known.cases)
	of.CallerID = cmp.Or(ours.shown, of.CallerID)
	j.add(&of)
}

// add has a call written next time; mu is held.
func (j *journeys) add(of *journey.Call) {
	if len(j.pending) >= maxJourneys {
		j.lost++
		return
	}
	j.pending = append(j.pending, of.Record())
}

// took is told of a call that we took ourselves and that no watch saw.
func (j *journeys) took(call *sip.Call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	ours, keep := j.ours(call), j.keep()
	if keep == "off" || keep == "cases" && len(ours.cases) == 0 {
		return
	}
	of := journey.Of(call, "", ours.cases)
	j.add(&of)
}

// note remembers what an event says beyond its call.
func (j *journeys) note(ev *sip.Event, changes []cases.Change) {
	known := j.live[ev.Call.ID]
	if known == nil {
		if len(j.live) >= maxTravelling {
			return
		}
		known = &travelling{}
		j.live[ev.Call.ID] = known
	}
	if ev.Kind == sip.AgentAnswered && ev.Device != "" {
		known.device = ev.Device
	}
	for i := range changes {
		if id := changes[i].Case.ID; changes[i].Event != cases.Erased && !slices.Contains(known.cases, id) {
			known.cases = append(known.cases, id)
		}
	}
}

// flush writes what was gathered. What the store does not take waits.
func (j *journeys) flush(ctx context.Context, now time.Time) error {
	j.mu.Lock()
	some := j.pending
	j.pending = nil
	j.mu.Unlock()
	if len(some) == 0 {
		return nil
	}
	err := j.to.Put(ctx, some, now)
	if err != nil {
		j.mu.Lock()
		j.pending = append(some, j.pending...)
		j.mu.Unlock()
	}
	return err
}

// missing is how many found no room since the last time they were written.
func (j *journeys) missing() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) > 0 {
		return 0 // the store takes none yet: it is told once, when all is known
	}
	n := j.lost
	j.lost = 0
	return n
}

// flushJourneys writes the journeys of the calls that ended.
func (d *Daemon) flushJourneys(ctx context.Context, now time.Time) {
	if err := d.journeys.flush(context.WithoutCancel(ctx), now); err != nil {
		d.complaints.log(d.log, "the journeys of calls are not written", err)
	}
	if n := d.journeys.missing(); n > 0 {
		d.log.Warn("the journeys of calls are lost, the store took none for too long", "count", n)
	}
}

// trimJourneys drops what is kept of old calls.
func (d *Daemon) trimJourneys(ctx context.Context, now time.Time) error {
	days := d.config.Load().Store.JourneyDays
	if days <= 0 {
		return nil
	}
	return d.journeys.to.Trim(ctx, now.AddDate(0, 0, -days), now)
}
