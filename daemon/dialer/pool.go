package dialer

import (
	"slices"
	"time"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/queue"
	"ringback/directory"
	"ringback/sip"
)

// pool is the callbacks that are offered to whoever is free: cases of lists that say so, open, nobody's, and to be called
// now. The store has them; the pool is what was read of it, so that a start finds all of them again. It is guarded by the
// dialler's mu.
type pool struct {
	cases   map[string]pooled             // in the queue, by id
	offers  map[string]*callback.Offering // those before agents in the app, by case
	held    map[string]time.Time          // not to be looked at before, by case: a rule spoke against a call
	asked   map[string]time.Time          // when an agent was offered something last: whose turn it is
	read    time.Time                     // when all lists were read last
	offered []string                      // lists read then
}

// pooled is a case in the pool.
type pooled struct {
	id     string
	list   string
	number sip.Number
	asked  time.Time
	way    directory.OfferWay
}

func newPool() pool {
	return pool{cases: map[string]pooled{}, offers: map[string]*callback.Offering{}, held: map[string]time.Time{}, asked: map[string]time.Time{}}
}

const (
	poolPerList = 200              // of a list so many, those due first, wait at once
	poolAgain   = 15 * time.Second // how often all is read: times pass by which a case may be called again
	heldFor     = time.Minute      // a case is looked at again where a rule does not say when
)

// Changed notes that a case of a list has changed. It does not block.
func (d *Dialer) Changed(list string) {
	if l, known := d.o.Directory().List(list); known && l.Policy.Offer != directory.OfferOff {
		d.changed.Store(list, true)
	}
}

// fill brings the pool to what the store has, of the lists of which something changed, and of all of them now and then;
// mu is held.
func (d *Dialer) fill(now time.Time) {
	if d.o.Ready == nil {
		return
	}
	all := now.Sub(d.pool.read) >= poolAgain
	var lists []string
	for _, l := range d.o.Directory().Lists() {
		if l.Policy.Offer == directory.OfferOff {
			continue
		}
		lists = append(lists, l.ID)
		if _, changed := d.changed.LoadAndDelete(l.ID); changed || all {
			d.fillOf(now, l)
		}
	}
	for _, list := range d.pool.offered {
		if !slices.Contains(lists, list) {
			d.keep(list, nil)
		}
	}
	d.pool.offered = lists
	if all {
		d.pool.read = now
		for id, until := range d.pool.held {
			if !until.After(now) {
				delete(d.pool.held, id)
			}
		}
	}
}

// fillOf does so for one list.
func (d *Dialer) fillOf(now time.Time, l *directory.List) {
	q := cases.Query{Lists: []string{l.ID}, State: cases.Open, Unassigned: true, Limit: poolPerList}
	if l.Policy.OfferCases == directory.OfferRequests {
		q.Filter.Channels = []cases.Channel{cases.ChannelRequest}
	}
	page, err := d.o.Cases.List(q)
	if err != nil {
		d.o.Logger.Warn("callbacks that are to be offered cannot be read", "err", err)
		return
	}
	there := map[string]bool{}
	for i := range page.Cases {
		c := &page.Cases[i]
		if !d.offers(c, now) {
			continue
		}
		there[c.ID] = true
		if _, known := d.pool.cases[c.ID]; !known && !d.busyWith(c.Number) && d.queue.Add(requestOf(c, l)) == queue.Queued {
			d.pool.cases[c.ID] = pooled{c.ID, l.ID, c.Number, c.Opened, l.Policy.Offer}
		}
	}
	d.keep(l.ID, there)
}

// offers says whether a case can be offered, as far as it says so itself.
func (d *Dialer) offers(c *cases.Case, now time.Time) bool {
	return c.Number != 0 && !c.CallingNow && c.Awaiting.IsZero() && !c.NotBefore.After(now) && !d.pool.held[c.ID].After(now)
}

// busyWith says whether a customer is being called, or waits with another case.
func (d *Dialer) busyWith(n sip.Number) bool {
	for _, p := range d.pool.cases {
		if p.number == n {
			return true
		}
	}
	for _, r := range d.runs {
		if r.call.Number == n && r.call.State != callback.Over {
			return true
		}
	}
	return false
}

// requestOf is a case as it waits. One that is meant for an agent waits for him.
func requestOf(c *cases.Case, l *directory.List) queue.Request {
	return queue.Request{Case: c.ID, Customer: c.Number.String(), Service: c.Service, List: c.List, At: c.Opened, Agent: c.Personal, Offer: l.Policy.OfferFor}
}

// keep takes out of the pool what a list no longer has.
func (d *Dialer) keep(list string, there map[string]bool) {
	for id, p := range d.pool.cases {
		if p.list == list && !there[id] {
			d.drop(id)
		}
	}
}

// drop takes a case out of the pool; what was offered is not any more. A telephone that rings for it goes on: who takes the
// call is told that it is over.
func (d *Dialer) drop(id string) {
	d.withdraw(id, callback.Withdrawn)
	delete(d.pool.cases, id)
	if r, ok := d.runs[id]; ok && r.held {
		return
	}
	d.queue.Done(id)
}

// withdraw tells an agent that something is not offered to him any more.
func (d *Dialer) withdraw(id string, s callback.Step) {
	o, ok := d.pool.offers[id]
	if !ok {
		return
	}
	delete(d.pool.offers, id)
	o.Step = s
	d.tellOffer(o)
}

func (d *Dialer) tellOffer(o *callback.Offering) {
	d.o.Logger.Info("an offer of a callback has changed", "case_id", o.Case, "agent", o.Agent, "state", string(o.Step))
	if d.o.Offered != nil {
		d.o.Offered(*o)
	}
}

// Offers are the callbacks before an agent in the app; of all agents when it is empty.
func (d *Dialer) Offers(agent string) []callback.Offering {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []callback.Offering{}
	for _, o := range d.pool.offers {
		if agent == "" || o.Agent == agent {
			all = append(all, *o)
		}
	}
	slices.SortFunc(all, func(a, b callback.Offering) int { return a.Asked.Compare(b.Asked) })
	return all
}

// Waiting are the callbacks of lists that wait for somebody to be free, in their order, with the reason.
func (d *Dialer) Waiting(now time.Time, lists []string) []callback.Waiting {
	var live Live
	if d.o.Live != nil {
		live = d.o.Live()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	agents := d.offerable(&live)
	all := []callback.Waiting{}
	for _, r := range d.queue.Waiting() {
		if p, ok := d.pool.cases[r.Case]; ok && slices.Contains(lists, r.List) {
			all = append(all, callback.Waiting{
				Case: r.Case, List: r.List, Agent: r.Agent, Number: p.number, Asked: p.asked, Held: d.queue.Held(now, r, agents, live.Waiting),
			})
		}
	}
	return all
}
