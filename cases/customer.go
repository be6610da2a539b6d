package cases

import (
	"fmt"
	"slices"
	"time"
)

// customer is what is known of one number, or of one identity without a number, on all lists.
type customer struct {
	short time.Time // when his last short abandon began that is not part of a pair
	lists []onList

	// The service calls of his that were judged, the oldest first, so that none is judged twice. Of one
	// who calls often the older ones stand under keys of their own.
	judged  []judged
	spilled time.Time // when that happened last

	tried []time.Time // the attempts to reach him that count, the latest ones
}

// judged is a service call whose verdict was applied.
type judged struct {
	call string // sip.Call.ID
	at   time.Time
}

// maxTried is how many attempts to reach a customer are remembered, and triedFor for how long: it is
// their day that counts.
const (
	maxTried = 32
	triedFor = 48 * time.Hour
)

// maxJudged is how many judged calls stand in the record of a customer.
const maxJudged = 8

// onList is a customer on one list.
type onList struct {
	list string
	open []string // ids, oldest first; more than one only of shared numbers

	last    string    // the case closed last
	closed  time.Time // when, where it was automatically
	reached time.Time // and when he was called or served then
}

// on is the customer's place on a list, made when he has none.
func (c *customer) on(list string) *onList {
	i := slices.IndexFunc(c.lists, func(o onList) bool { return o.list == list })
	if i < 0 {
		i = len(c.lists)
		c.lists = append(c.lists, onList{list: list})
	}
	return &c.lists[i]
}

// open lists the ids of all his open cases.
func (c *customer) open() []string {
	var ids []string
	for i := range c.lists {
		ids = append(ids, c.lists[i].open...)
	}
	return ids
}

// try notes an attempt that counts. The cases of one number have it in common.
func (c *customer) try(at time.Time) {
	if slices.ContainsFunc(c.tried, at.Equal) {
		return
	}
	c.tried = slices.DeleteFunc(c.tried, func(t time.Time) bool { return at.Sub(t) > triedFor })
	c.tried = append(c.tried, at)
	c.tried = c.tried[max(0, len(c.tried)-maxTried):]
}

// untry takes an attempt back.
func (c *customer) untry(at time.Time) { c.tried = slices.DeleteFunc(c.tried, at.Equal) }

// triedOn counts the attempts on the day of a moment, in a time zone.
func (c *customer) triedOn(day time.Time, zone *time.Location) int {
	n := 0
	y, m, d := day.In(zone).Date()
	for _, t := range c.tried {
		if ty, tm, td := t.In(zone).Date(); ty == y && tm == m && td == d {
			n++
		}
	}
	return n
}

// empty says whether there is nothing to remember of him.
func (c *customer) empty() bool {
	return len(c.judged) == 0 && len(c.tried) == 0 && c.short.IsZero() &&
		!slices.ContainsFunc(c.lists, func(o onList) bool { return len(o.open) > 0 || o.last != "" })
}

func (c *customer) encode() []byte {
	w := writer{make([]byte, 0, 128)}
	w.uint(recordFormat)
	w.time(c.short)
	w.time(c.spilled)
	w.uint(uint64(len(c.judged)))
	for _, j := range c.judged {
		w.string(j.call)
		w.time(j.at)
	}
	w.uint(uint64(len(c.lists)))
	for i := range c.lists {
		o := &c.lists[i]
		w.string(o.list)
		w.strings(o.open)
		w.string(o.last)
		w.time(o.closed)
		w.time(o.reached)
	}
	w.uint(uint64(len(c.tried)))
	for _, t := range c.tried {
		w.time(t)
	}
	return w.b
}

func decodeCustomer(b []byte) (*customer, error) {
	d := reader{b: b}
	format := d.format("customer")
	c := &customer{short: d.time(), spilled: d.time()}
	for range d.count() {
		c.judged = append(c.judged, judged{d.string(), d.time()})
	}
	for range d.count() {
		c.lists = append(c.lists, onList{d.string(), d.strings(), d.string(), d.time(), d.time()})
	}
	if format >= 2 {
		for range d.count() {
			c.tried = append(c.tried, d.time())
		}
	}
	if d.err != nil {
		return nil, fmt.Errorf("reading a customer: %w", d.err)
	}
	return c, nil
}

// dial is an agent's call to the number of an open case.
type dial struct {
	at     time.Time
	number uint64
	agent  string
	cases  []string // open at its INVITE
	closed []string // those of them that it closed
	over   bool     // its result is known
}

func (d *dial) encode() []byte {
	w := writer{make([]byte, 0, 64)}
	w.uint(recordFormat)
	w.time(d.at)
	w.uint(d.number)
	w.string(d.agent)
	w.strings(d.cases)
	w.strings(d.closed)
	w.bool(d.over)
	return w.b
}

func decodeDial(b []byte) (*dial, error) {
	r := reader{b: b}
	r.format("call")
	d := &dial{at: r.time(), number: r.uint(), agent: r.string(), cases: r.strings(), closed: r.strings(), over: r.bool()}
	if r.err != nil {
		return nil, fmt.Errorf("reading a call: %w", r.err)
	}
	return d, nil
}
