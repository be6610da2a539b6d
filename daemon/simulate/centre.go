package simulate

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Service is a line customers ring.
type Service struct {
	ID     string
	Name   string
	Number string // E.164 with a plus sign
	List   string // where its missed calls go
}

// Agent is a person with a phone.
type Agent struct {
	*Extension
	ID       string
	Services []*Service // that ring his phone and whose lists he works on

	engaged bool // rings, talks or dials
	looking bool // will look around by himself
}

// CentreOptions describe a contact centre.
type CentreOptions struct {
	PBX      *PBX
	Services []*Service
	Agents   []*Agent
	Seed     uint64        // of who calls when, and what becomes of it
	Pace     time.Duration // mean time between two customers
	// Number is the n-th customer's number, E.164 with a plus sign; Typed is how agents dial one.
	Number func(n int) string
	Typed  func(number string) string
	// Owed lists the customers of a list who wait to be called back. Agents who have nothing else to do
	// ask, and call the first one.
	Owed func(list string) []string
	// Tell is told what happens, in order.
	Tell func(Happening)
}

// Centre is a contact centre that plays by itself. It belongs to the goroutine that plays it.
type Centre struct {
	o         CentreOptions
	rand      *rand.Rand
	agenda    agenda
	customers []*customer
	deck      []fate
	calls     int
	waiting   []*inbound
	live      map[int]func(at time.Time) // how each live call ends when everybody goes home
	ends      []time.Time                // of the talks that ended a moment ago
	open      bool                       // customers come
	atWork    bool                       // agents call back; a while longer
}

// customer is someone with a telephone.
type customer struct {
	number   string
	engaged  bool
	unserved bool
	idle     time.Time // since when
	tries    int       // that agents made to reach him, in vain
}

// NewCentre returns a contact centre before it opens.
func NewCentre(o CentreOptions) *Centre {
	r := rand.New(rand.NewPCG(o.Seed, 1)) //nolint:gosec // a play, that a seed must be able to repeat
	return &Centre{o: o, rand: r, live: make(map[int]func(time.Time))}
}

// Play lets customers come for as long as open says, or until ctx is done, and returns when the last call is over.
// When ctx is done, everybody hangs up within some seconds.
func (c *Centre) Play(ctx context.Context, open time.Duration) {
	now := time.Now()
	c.open, c.atWork = true, true
	for _, a := range c.o.Agents {
		c.o.PBX.Register(now, a.Extension)
		c.lookSoon(now, a)
	}
	c.agenda.add(now.Add(500*time.Millisecond), c.customer)
	c.agenda.add(now.Add(open), func(at time.Time) {
		c.open = false
		c.agenda.add(at.Add(overtime), func(time.Time) { c.atWork = false })
	})
	c.agenda.run(ctx)
	c.open, c.atWork = false, false
	for i, call := range sortedKeys(c.live) {
		if i > 0 && i%mostEnds == 0 {
			time.Sleep(moment)
		}
		c.live[call](time.Now())
	}
}

// overtime is how much longer than customers come agents call back.
const overtime = 3 * time.Second

// Many talks that end within two seconds look like an outage of the carrier, which this play has not.
const (
	mostEnds = 4
	moment   = 2500 * time.Millisecond
)

// calmly puts the end of a talk off while many others end.
func (c *Centre) calmly(end func(at time.Time)) func(at time.Time) {
	return func(at time.Time) {
		c.ends = slices.DeleteFunc(c.ends, func(t time.Time) bool { return at.Sub(t) > moment })
		if len(c.ends) >= mostEnds {
			c.agenda.add(at.Add(time.Second), c.calmly(end))
			return
		}
		c.ends = append(c.ends, at)
		end(at)
	}
}

// customer has one customer ring, and the next one after him.
func (c *Centre) customer(at time.Time) {
	if !c.open {
		return
	}
	c.agenda.add(at.Add(c.within(c.o.Pace/2, c.o.Pace*3/2)), c.customer)
	c.ring(at, c.fate())
}

// someone picks who rings: now and then a customer who was not served before tries again, after a while.
func (c *Centre) someone(at time.Time, again bool) *customer {
	if again {
		for _, k := range c.customers {
			if k.unserved && !k.engaged && at.Sub(k.idle) > 4*time.Second {
				return k
			}
		}
	}
	k := &customer{number: c.o.Number(len(c.customers))}
	c.customers = append(c.customers, k)
	return k
}

// known finds a customer by number, nil for a stranger.
func (c *Centre) known(number string) *customer {
	i := slices.IndexFunc(c.customers, func(k *customer) bool { return k.number == number })
	if i < 0 {
		return nil
	}
	return c.customers[i]
}

// within is a random time of a range.
func (c *Centre) within(least, most time.Duration) time.Duration {
	return least + time.Duration(c.rand.Int64N(int64(most-least)+1))
}

// free lists the agents of a service who do nothing.
func (c *Centre) free(s *Service) []*Agent {
	var all []*Agent
	for _, a := range c.o.Agents {
		if !a.engaged && slices.Contains(a.Services, s) {
			all = append(all, a)
		}
	}
	return all
}

// atEase returns an agent to his work: a waiting customer, or after a pause someone to call back.
func (c *Centre) atEase(at time.Time, a *Agent) {
	a.engaged = false
	for _, call := range c.waiting {
		if slices.Contains(a.Services, call.service) && call.offer(at) {
			break
		}
	}
	c.lookSoon(at, a)
}

// lookSoon has an agent look around in a moment, once.
func (c *Centre) lookSoon(at time.Time, a *Agent) {
	if a.looking {
		return
	}
	a.looking = true
	c.agenda.add(at.Add(c.within(time.Second, 2*time.Second)), func(at time.Time) { c.lookAround(at, a) })
}

// lookAround has an agent who is free see whom he owes a call.
func (c *Centre) lookAround(at time.Time, a *Agent) {
	a.looking = false
	if a.engaged || !c.atWork {
		return
	}
	for _, s := range a.Services {
		for _, number := range c.o.Owed(s.List) {
			// Nobody calls back a customer who has just hung up: the list may not know yet that he was served.
			if k := c.known(number); k != nil && !k.engaged && k.tries < 2 && at.Sub(k.idle) > 3*time.Second {
				c.callBack(at, a, k, s)
				return
			}
		}
	}
	c.lookSoon(at, a)
}

// sortedKeys lists a map's keys in order, so that a seed gives the same play again.
func sortedKeys(m map[int]func(time.Time)) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
