package dialer

import (
	"slices"
	"time"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/maycall"
	"ringback/cases/queue"
	"ringback/directory"
)

// offerable are the agents to whom callbacks can be offered, as they are now, who waited longest for one first; mu is
// held.
func (d *Dialer) offerable(live *Live) []queue.Agent {
	if d.o.Ready == nil || len(d.pool.cases) == 0 {
		return nil
	}
	dir := d.o.Directory()
	var all []queue.Agent
	for i := range dir.File().Agents {
		id := dir.File().Agents[i].ID
		a, known := dir.Agent(id)
		if !known || d.hasOwn(id) {
			continue
		}
		devices := Choices(a)
		if len(devices) == 0 {
			continue
		}
		ready := d.o.Ready(id)
		lists := slices.DeleteFunc(slices.Clone(ready.Lists), func(list string) bool {
			l, known := dir.List(list)
			return !known || l.Policy.Offer == directory.OfferOff || l.Policy.Offer == directory.OfferApp && !ready.App
		})
		if len(lists) == 0 {
			continue
		}
		device := devices[0].ID
		if slices.ContainsFunc(devices, func(c callback.Choice) bool { return c.ID == ready.Device }) {
			device = ready.Device
		}
		all = append(all, queue.Agent{ID: id, Lists: lists, Services: servicesOf(dir, id), Device: device, Free: !live.Busy[id]})
	}
	slices.SortStableFunc(all, func(a, b queue.Agent) int { return d.pool.asked[a.ID].Compare(d.pool.asked[b.ID]) })
	return all
}

// hasOwn says whether an agent has a callback call, under way or waiting; mu is held.
func (d *Dialer) hasOwn(agent string) bool {
	for _, r := range d.runs {
		if r.call.Agent == agent && r.call.State != callback.Over {
			return true
		}
	}
	return false
}

// review looks at what stands before agents in the app: it lapses, or is taken back from who is not free any more, or whose
// callers wait. The callback stands where it stood then; mu is held.
func (d *Dialer) review(now time.Time, agents []queue.Agent, live *Live) {
	for _, o := range d.queue.Lapse(now) {
		d.withdraw(o.Case, callback.Lapsed)
	}
	for id, o := range d.pool.offers {
		i := slices.IndexFunc(agents, func(a queue.Agent) bool { return a.ID == o.Agent && !a.Own })
		if i >= 0 && agents[i].Free && slices.Contains(agents[i].Lists, o.List) && !d.queue.HeldBack(now, &agents[i], live.Waiting) {
			continue
		}
		d.withdraw(id, callback.Withdrawn)
		d.queue.Withdraw(id)
	}
}

// offer puts a callback before an agent, in the app or by ringing his device, unless the rules say anything against the
// call: whether it is made all the same is for people to decide. mu is held.
func (d *Dialer) offer(now time.Time, p *pooled, o *queue.Offer) {
	c, err := d.o.Cases.Case(p.id)
	if err != nil || c.State != cases.Open || c.Assignee != "" || d.heldInGroup(&c, o.Agent) {
		d.hold(p.id, now.Add(heldFor))
		return
	}
	a, err := d.o.MayCall.Case(&c, maycall.Question{At: now, Agent: o.Agent})
	if err != nil || len(a.Findings) > 0 {
		until := now.Add(heldFor)
		if a.Next.After(until) {
			until = a.Next
		}
		d.hold(p.id, until)
		return
	}
	d.pool.asked[o.Agent] = now
	if p.way == directory.OfferDevice {
		d.ring(p, &c, o)
		return
	}
	shown := &callback.Offering{
		Case: p.id, List: p.list, Agent: o.Agent, Device: o.Device, Number: p.number, Asked: p.asked, Since: now, Until: o.Until, Step: callback.Offered,
	}
	d.pool.offers[p.id] = shown
	d.tellOffer(shown)
}

// hold keeps a case out of the pool until a time.
func (d *Dialer) hold(id string, until time.Time) {
	d.pool.held[id] = until
	d.drop(id)
}

// heldInGroup says whether another agent has a case of the same customer that belongs together with this.
func (d *Dialer) heldInGroup(c *cases.Case, agent string) bool {
	dir := d.o.Directory()
	if dir.SharedNumber(c.Number) {
		return false
	}
	others, err := d.o.Cases.OpenByNumber(c.Number)
	return err != nil || slices.ContainsFunc(others, func(o cases.Case) bool {
		return o.ID != c.ID && o.Assignee != "" && o.Assignee != agent && dir.Grouped(c.List, o.List)
	})
}

// ring offers a callback by the agent's device: who takes the call takes the case. mu is held.
func (d *Dialer) ring(p *pooled, c *cases.Case, o *queue.Offer) {
	d.queue.Begin(p.id, o.Agent)
	r := &run{
		order: callback.Order{Case: p.id, Agent: o.Agent, Device: o.Device},
		call: callback.Call{
			ID: newID(), Case: p.id, List: p.list, Agent: o.Agent, Device: o.Device, Number: p.number, Begun: time.Now(), State: callback.Device,
		},
		offered: true, held: true,
	}
	r.service, r.call.Shown = shown(d.o.Directory(), c)
	r.begin(d.ctx)
	d.runs[p.id] = r
	d.wg.Go(func() { d.make(r) })
}

// Decline notes that an agent does not want a callback that is offered to him: the next one is asked. The error is ErrGone
// when it is not offered to him.
func (d *Dialer) Decline(id, agent string) error {
	now := time.Now()
	d.mu.Lock()
	o, ok := d.pool.offers[id]
	if !ok || o.Agent != agent {
		d.mu.Unlock()
		return callback.ErrGone
	}
	d.withdraw(id, callback.Declined)
	d.passed(now, id, agent)
	d.mu.Unlock()
	d.Step(now)
	return nil
}

// passed puts a callback back that an agent did not want. One that was for him alone he has to find by himself; mu is held.
func (d *Dialer) passed(now time.Time, id, agent string) {
	if d.queue.Decline(now, id, agent) {
		d.hold(id, now.Add(time.Hour))
	}
}

// take gives an agent what is offered to him; asked is since when the customer waits. It is not his any more when the
// offer has lapsed, or he is on a call by now. mu is held.
func (d *Dialer) take(id, agent string) (asked time.Time, still bool) {
	o, ok := d.pool.offers[id]
	if !ok || o.Agent != agent || !o.Until.After(time.Now()) || d.o.Live != nil && d.o.Live().Busy[agent] {
		return time.Time{}, false
	}
	d.withdraw(id, callback.Accepted)
	d.queue.Return(agent)
	return o.Asked, true
}

// overtake lets a call go before the offers of its customer, and those to its agent; mu is held.
func (d *Dialer) overtake(r *run) {
	if old, ok := d.runs[r.call.Case]; ok && old.held {
		old.held = false
		old.cancel(errOvertaken)
		d.queue.Done(r.call.Case)
	}
	d.drop(r.call.Case)
	for id, o := range d.pool.offers {
		if o.Agent == r.call.Agent {
			d.withdraw(id, callback.Withdrawn)
			d.queue.Withdraw(id)
		}
	}
	d.queue.Return(r.call.Agent)
}

// yields says whether another call may take the place of one: it is over, or only offered. The dialler's mu is held.
func (r *run) yields() bool { return r.call.State == callback.Over || r.offered && !r.taken }

// accept notes that the agent took what his device rang for, unless somebody else was quicker.
func (d *Dialer) accept(r *run) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !r.offered {
		return true
	}
	r.taken = r.held && r.ctx.Err() == nil
	if r.taken {
		d.queue.Return(r.call.Agent)
		delete(d.pool.cases, r.call.Case)
	}
	return r.taken
}

// settle gives back the place of a call that is over. What was offered and not taken waits on, where it stood; mu is held.
func (d *Dialer) settle(r *run, now time.Time, o callback.Outcome) {
	if !r.held || !r.offered || r.taken {
		d.release(r)
		return
	}
	r.held = false
	if _, still := d.pool.cases[r.call.Case]; !still {
		d.queue.Done(r.call.Case)
		return
	}
	if o == callback.AgentNoAnswer || o == callback.AgentFailed {
		d.queue.Rest(now, r.call.Agent)
	}
	d.passed(now, r.call.Case, r.call.Agent)
}
