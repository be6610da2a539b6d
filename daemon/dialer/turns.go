package dialer

import (
	"slices"
	"time"

	"ringback/cases/callback"
	"ringback/cases/queue"
	"ringback/directory"
)

// Step begins the calls whose turn it is, and offers callbacks to those who are free. It is called after every change here, and
// now and then, as live callers come and go.
func (d *Dialer) Step(now time.Time) {
	var live Live
	if d.o.Live != nil {
		live = d.o.Live()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return
	}
	d.fill(now)
	agents := append(d.callers(&live), d.offerable(&live)...)
	d.review(now, agents, &live)
	for _, offer := range d.queue.Next(now, agents, live.Waiting) {
		if c, ok := d.pool.cases[offer.Case]; ok {
			d.offer(now, &c, &offer)
			continue
		}
		r, ok := d.runs[offer.Case]
		if !ok || !d.queue.Begin(offer.Case, offer.Agent) {
			continue
		}
		r.call.State = callback.Device
		d.wg.Go(func() { d.make(r) })
	}
}

// callers are those who wait for callbacks of their own, as they are now; mu is held. Whoever asked at a screen does not wait
// for live callers: he decided.
func (d *Dialer) callers(live *Live) []queue.Agent {
	dir := d.o.Directory()
	var all []queue.Agent
	for _, w := range d.queue.Waiting() {
		if slices.ContainsFunc(all, func(a queue.Agent) bool { return a.ID == w.Agent }) {
			continue // his first decides
		}
		r := d.runs[w.Case]
		if r == nil || !r.held {
			continue
		}
		a := queue.Agent{ID: w.Agent, Lists: []string{w.List}, Device: w.Device, Free: !d.calls(w.Agent), Own: true}
		if r.order.Scheduled {
			a.Services = servicesOf(dir, w.Agent)
			a.Free = a.Free && !live.Busy[w.Agent]
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
