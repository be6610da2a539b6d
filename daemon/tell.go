package daemon

import (
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/sip"
)

// told is told of every event and what came of it, after the cases are on the disk, in order.
func (d *Daemon) told(t told) {
	if t.err != nil {
		d.complaints.log(d.log, "an event could not be applied to the cases", t.err)
	}
	if !t.late {
		d.metrics.Call(t.ev)
		d.web.Events().Call(t.ev)
	}
	d.journeys.told(t.ev, t.changes)
	d.tellCases(t.changes)
	d.tellHints(t.hints, t.arrival)
	if !t.late && t.ev.Kind == sip.CallEnded && t.ev.Call.Direction == sip.Inbound {
		d.metrics.Decided(time.Since(t.arrival))
	}
	if d.o.Observe != nil {
		d.o.Observe(t.ev, t.changes, t.hints)
	}
}

// tellCases counts and publishes what became of cases.
func (d *Daemon) tellCases(changes []cases.Change) {
	for i := range changes {
		d.metrics.Case(changes[i])
		d.web.Events().Case(changes[i])
		d.offerAnew(&changes[i])
	}
}

// tellHints counts, publishes and sends hints.
func (d *Daemon) tellHints(hints []assist.Hint, arrival time.Time) {
	for i := range hints {
		d.metrics.Hint(hints[i])
		d.web.Events().Hint(hints[i])
		d.hookHint(&hints[i])
		d.tellPushHint(&hints[i])
		if d.delivery != nil {
			d.latency.hint(&hints[i], arrival)
			d.delivery.Deliver(hints[i])
		}
	}
}

// lastNote is what a person last wrote on a case.
func (d *Daemon) lastNote(id string) string {
	note := ""
	for e, err := range d.cases.History(id) {
		if err != nil {
			return note
		}
		if e.Note != "" {
			note = e.Note
		}
	}
	return note
}

// outcome is told how a hint fares on its way to a phone.
func (d *Daemon) outcome(o assist.Outcome) {
	d.metrics.Outcome(o)
	d.latency.outcome(&o, d.metrics.HintSent)
	if d.o.Outcome != nil {
		d.o.Outcome(o)
	}
}
