package dialer

import (
	"slices"
	"time"

	"ringback/cases/callback"
	"ringback/cases/queue"
	"ringback/directory"
)

// Step begins the calls whose turn it is. It is called after every change here, and now and then, as live callers come
// and go.
func (d *Dialer) Step(now time.Time) {
	var live []queue.Caller
	if d.o.Waiting != nil {
		live = d.o.Waiting()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return
	}
	for _, offer := range d.queue.Next(now, d.agents(), live) {
		r, ok := d.runs[offer.Case]
		if !ok || !d.queue.Begin(offer.Case, offer.Agent) {
			continue
		}
		r.call.State = callback.Device
		d.wg.Go(func() { d.make(r) })
	}
}

// agents are those who wait for callbacks, as they are now; mu is held. Whoever asked at a screen does not wait for live
// callers: he decided.
func (d *Dialer) agents() []queue.Agent {
	dir := d.o.Directory()
	var all []queue.Agent
	for _, w := range d.queue.Waiting() {
		if slices.ContainsFunc(all, func(a queue.Agent) bool { return a.ID == w.Agent }) {
			continue // his first decides
		}
		r := d.runs[w.Case]
		if r == nil {
			continue
		}
		a := queue.Agent{ID: w.Agent, Lists: []string{w.List}, Device: w.Device, Free: !d.calls(w.Agent)}
		if r.order.Scheduled {
			a.Services = servicesOf(dir, w.Agent)
			a.Free = a.Free && (d.o.Busy == nil || !d.o.Busy(w.Agent))
		}
		all = append(all, a)
	}
	return all
}

// calls says whether an agent has a callback call under way; mu is held.
func (d *Dialer) calls(agent string) bool {
	for _, r := range d.runs {
		if r.call.Agent == agent && r.call.State != callback.Queued && r.call.State != callback.Over {
			return true
		}
	}
	return false
}

// servicesOf are the services whose callers an agent serves.
func servicesOf(dir *directory.Directory, agent string) []string {
	var all []string
	for _, id := range dir.ListsOf(agent) {
		if l, known := dir.List(id); known {
			all = append(all, l.Services...)
		}
	}
	return all
}
