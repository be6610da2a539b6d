package queue

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Options of a Queue; zero fields take the defaults named beside them.
type Options struct {
	PerDevice int           // callbacks at a time that a device takes: 2
	LiveFirst time.Duration // a live caller who waited longer than this goes before all callbacks: 0, any does
	OfferFor  time.Duration // how long an offer stands before the callback is offered to others, where it does not say: 30 s
	AskAgain  time.Duration // for how long nobody is offered what he declined, and who lets an offer lapse anything: 2 min
}

// Request is a customer who is to be called.
type Request struct {
	Case     string        // its id, which names the request
	Customer string        // who he is: several requests of one customer are one
	Service  string        // the service whose number he is shown
	List     string        // whose agents call
	At       time.Time     // when he asked for it
	Agent    string        // the only one who calls; empty: any of the list
	Device   string        // of that agent, where he chose one
	Offer    time.Duration // how long its offers stand; 0: Options.OfferFor
}

// Agent is somebody who makes callbacks, as he is now.
type Agent struct {
	ID       string
	Lists    []string // that he is active on
	Services []string // whose live callers he answers
	Device   string   // that rings
	Free     bool     // he is on no call and offered none
	Own      bool     // he takes nothing now but what is for him alone
}

// Caller is a live caller who waits.
type Caller struct {
	Service string
	Since   time.Time
}

// Result is what became of a request that came in.
type Result uint8

// The results.
const (
	Queued Result = iota + 1
	Again         // the customer waits already, with his first request
	Missed        // the device has as many as it takes
)

// String is the result in lower case.
func (r Result) String() string {
	switch r {
	case Queued:
		return "queued"
	case Again:
		return "again"
	case Missed:
		return "missed"
	}
	return "unknown"
}

// Offer is a callback and who is to make it, now.
type Offer struct {
	Request
	Agent  string
	Device string
	Until  time.Time // when it lapses
}

// Queue is the callbacks that wait and those under way. It is owned by one goroutine.
type Queue struct {
	o       Options
	waiting []Request        // by time, then by case
	offered map[string]offer // by case
	active  map[string]int   // callbacks by device: offered and on the line
	again   map[string]int   // further requests of those who wait, by case
	passed  map[pass]time.Time
}

// pass names who is not offered a callback until some time; without a case: none at all.
type pass struct{ agent, id string }

// offer is a callback that somebody is to make or is making.
type offer struct {
	request Request
	agent   string
	device  string
	until   time.Time // while it is only offered; zero: it is being made
}

// New makes an empty queue.
func New(o Options) *Queue {
	o.PerDevice = cmp.Or(max(o.PerDevice, 0), 2)
	o.OfferFor = cmp.Or(max(o.OfferFor, 0), 30*time.Second)
	o.AskAgain = cmp.Or(max(o.AskAgain, 0), 2*time.Minute)
	return &Queue{o: o, offered: map[string]offer{}, active: map[string]int{}, again: map[string]int{}, passed: map[pass]time.Time{}}
}

// Add takes a request in. Of one customer the first is kept, and later ones are counted. A request for a device that
// has as many as it takes, waiting and under way, is missed.
func (q *Queue) Add(r Request) Result {
	if id, waits := q.of(r); waits {
		q.again[id]++
		return Again
	}
	if r.Device != "" && q.load(r.Device) >= q.o.PerDevice {
		return Missed
	}
	i, _ := slices.BinarySearchFunc(q.waiting, r, byTime)
	q.waiting = slices.Insert(q.waiting, i, r)
	return Queued
}

func byTime(a, b Request) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Case, b.Case)) }

// of is the request that a customer, or a case, has in the queue.
func (q *Queue) of(r Request) (id string, waits bool) {
	same := func(o *Request) bool {
		return o.Case == r.Case || o.Customer != "" && o.Customer == r.Customer && o.List == r.List
	}
	for i := range q.waiting {
		if same(&q.waiting[i]) {
			return q.waiting[i].Case, true
		}
	}
	for id, o := range q.offered {
		if same(&o.request) {
			return id, true
		}
	}
	return "", false
}

// load is how many callbacks a device has, waiting for it and under way.
func (q *Queue) load(device string) int {
	n := q.active[device]
	for i := range q.waiting {
		if q.waiting[i].Device == device {
			n++
		}
	}
	return n
}

// Next says which callbacks are to be offered now: of each customer's the first in time that somebody is free for. What is
// offered is under way until Begin, Decline or Done says more, or its offer lapses.
func (q *Queue) Next(now time.Time, agents []Agent, live []Caller) []Offer {
	q.Lapse(now)
	free := make([]*Agent, 0, len(agents))
	for i := range agents {
		if a := &agents[i]; a.Free && !q.offeredTo(a.ID) && !q.HeldBack(now, a, live) {
			free = append(free, a)
		}
	}
	var offers []Offer
	q.waiting = slices.DeleteFunc(q.waiting, func(r Request) bool {
		i := slices.IndexFunc(free, func(a *Agent) bool { return q.can(&r, a) && !q.passes(&r, a) })
		if i < 0 {
			return false
		}
		a := free[i]
		free = slices.Delete(free, i, i+1)
		device := cmp.Or(r.Device, a.Device)
		until := now.Add(cmp.Or(r.Offer, q.o.OfferFor))
		q.offered[r.Case] = offer{r, a.ID, device, until}
		q.active[device]++
		offers = append(offers, Offer{r, a.ID, device, until})
		return true
	})
	return offers
}

// HeldBack says whether live callers of an agent's services go first.
func (q *Queue) HeldBack(now time.Time, a *Agent, live []Caller) bool {
	return slices.ContainsFunc(live, func(c Caller) bool {
		return slices.Contains(a.Services, c.Service) && now.Sub(c.Since) > q.o.LiveFirst
	})
}

// can says whether an agent can make a callback.
func (q *Queue) can(r *Request, a *Agent) bool {
	device := cmp.Or(r.Device, a.Device)
	return (r.Agent == "" && !a.Own || r.Agent == a.ID) && slices.Contains(a.Lists, r.List) && device != "" && q.active[device] < q.o.PerDevice
}

func (q *Queue) offeredTo(agent string) bool {
	for _, o := range q.offered {
		if o.agent == agent && !o.until.IsZero() {
			return true
		}
	}
	return false
}

// passes says whether an agent does not want a callback just now. What he asked for himself he wants.
func (q *Queue) passes(r *Request, a *Agent) bool {
	if a.Own {
		return false
	}
	_, one := q.passed[pass{a.ID, r.Case}]
	_, all := q.passed[pass{a.ID, ""}]
	return one || all
}

// Lapse puts callbacks back whose offer nobody took, and says which. Who let one lapse may be away: he is offered nothing for a
// while.
func (q *Queue) Lapse(now time.Time) (lapsed []Offer) {
	maps.DeleteFunc(q.passed, func(_ pass, until time.Time) bool { return !until.After(now) })
	for id, o := range q.offered {
		if !o.until.IsZero() && !o.until.After(now) {
			lapsed = append(lapsed, Offer{o.request, o.agent, o.device, o.until})
			q.back(id, o)
			q.Rest(now, o.agent)
		}
	}
	return lapsed
}

// Rest notes that an agent is to be offered nothing for a while, and Return that he is there again.
func (q *Queue) Rest(now time.Time, agent string) { q.passed[pass{agent, ""}] = now.Add(q.o.AskAgain) }

// Return notes that an agent is there.
func (q *Queue) Return(agent string) { delete(q.passed, pass{agent, ""}) }

// back puts a callback where it stood.
func (q *Queue) back(id string, o offer) {
	q.leave(id, o)
	i, _ := slices.BinarySearchFunc(q.waiting, o.request, byTime)
	q.waiting = slices.Insert(q.waiting, i, o.request)
}

func (q *Queue) leave(id string, o offer) {
	delete(q.offered, id)
	if q.active[o.device]--; q.active[o.device] <= 0 {
		delete(q.active, o.device)
	}
}

// Begin notes that whoever was offered a callback makes it; false when it is not his any more.
func (q *Queue) Begin(id, agent string) bool {
	o, ok := q.offered[id]
	if !ok || o.agent != agent {
		return false
	}
	o.until = time.Time{}
	q.offered[id] = o
	return true
}

// Decline notes that he does not; the callback stands where it stood, for others first. One that was meant for him alone is
// over, which is what gone says: it is among the missed.
func (q *Queue) Decline(now time.Time, id, agent string) (gone bool) {
	o, ok := q.offered[id]
	if !ok || o.agent != agent {
		return false
	}
	if o.request.Agent != "" {
		q.leave(id, o)
		delete(q.again, id)
		return true
	}
	q.passed[pass{agent, id}] = now.Add(q.o.AskAgain)
	q.back(id, o)
	return false
}

// Withdraw takes an offer back that is not the agent's fault: the callback stands where it stood.
func (q *Queue) Withdraw(id string) {
	if o, ok := q.offered[id]; ok {
		q.back(id, o)
	}
}

// Done takes a callback out, wherever it is: it was made, or the customer was reached otherwise.
func (q *Queue) Done(id string) {
	if o, ok := q.offered[id]; ok {
		q.leave(id, o)
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(r Request) bool { return r.Case == id })
	delete(q.again, id)
}

// Waiting are the requests that wait, in their order.
func (q *Queue) Waiting() []Request { return slices.Clone(q.waiting) }

// Again is how often the customer of a request asked once more while he waited.
func (q *Queue) Again(id string) int { return q.again[id] }

// Hold is why a callback waits.
type Hold uint8

// The reasons.
const (
	NoHold      Hold = iota // it is offered next
	NobodyFree              // no agent of the list is free, or none wants it
	LiveCallers             // callers of the agents' services go first
)

// String is the reason in lower case.
func (h Hold) String() string {
	switch h {
	case NobodyFree:
		return "nobody_free"
	case LiveCallers:
		return "live_callers"
	case NoHold:
	}
	return "next"
}

// Held says why a callback waits that Next does not offer.
func (q *Queue) Held(now time.Time, r Request, agents []Agent, live []Caller) Hold {
	why := NobodyFree
	for i := range agents {
		a := &agents[i]
		switch {
		case !a.Free || q.offeredTo(a.ID) || !q.can(&r, a) || q.passes(&r, a):
		case q.HeldBack(now, a, live):
			why = LiveCallers
		default:
			return NoHold
		}
	}
	return why
}

// Under is how many callbacks a device has under way.
func (q *Queue) Under(device string) int { return q.active[device] }

// Wake is when Next has to be asked again though nothing happens: when an offer lapses; zero: never.
func (q *Queue) Wake() (at time.Time) {
	for _, o := range q.offered {
		if !o.until.IsZero() && (at.IsZero() || o.until.Before(at)) {
			at = o.until
		}
	}
	return at
}
