package simulate

import (
	"slices"
	"time"

	"ringback/sip"
)

// fate is what a customer's call is meant to come to. Without a free agent it comes to less.
type fate uint8

const (
	toBeServed fate = iota
	toBeAbandoned
	toBeSentAway
	toBeCutOff
	toBeShort
	toBeAnonymous // and abandoned
)

// firstDeck shows everything within the first minute; what follows is shuffled.
var firstDeck = []fate{
	toBeAbandoned, toBeServed, toBeCutOff, toBeServed, toBeAbandoned, toBeSentAway, toBeServed, toBeShort, toBeServed, toBeAnonymous,
}

// fate deals the next one.
func (c *Centre) fate() fate {
	if len(c.deck) == 0 {
		c.deck = slices.Clone(firstDeck)
		if len(c.customers) > 0 {
			c.rand.Shuffle(len(c.deck), func(i, j int) { c.deck[i], c.deck[j] = c.deck[j], c.deck[i] })
		}
	}
	f := c.deck[0]
	c.deck = c.deck[1:]
	return f
}

// inbound is a customer's call being played.
type inbound struct {
	c        *Centre
	n        int
	call     *Inbound
	customer *customer
	shown    string // his number, "" when withheld
	service  *Service
	fate     fate
	began    time.Time
	since    time.Time // talking
	rung     []*Agent
	ringing  map[*Agent]*Ringing
	agent    *Agent // talking
	over     bool
}

// ring has a customer ring a service.
func (c *Centre) ring(at time.Time, f fate) {
	again := f == toBeServed || f == toBeAbandoned && c.rand.IntN(3) == 0
	s := &inbound{c: c, n: c.next(), fate: f, began: at, ringing: make(map[*Agent]*Ringing)}
	s.customer = c.someone(at, again)
	s.customer.engaged = true
	s.service = c.o.Services[c.rand.IntN(len(c.o.Services))]
	if f != toBeAnonymous {
		s.shown = s.customer.number
	}
	s.call = c.o.PBX.Inbound(at, s.shown, s.service.Number)
	c.live[s.n] = s.hangUp
	c.tell(s.happening(at, Rang))
	if f == toBeShort {
		c.agenda.add(at.Add(c.within(500*time.Millisecond, 1200*time.Millisecond)), s.hangUp)
		return
	}
	c.waiting = append(c.waiting, s)
	s.offer(at)
	switch f {
	case toBeSentAway:
		c.agenda.add(at.Add(6*time.Second), s.sentAway)
	case toBeAbandoned, toBeAnonymous:
		c.agenda.add(at.Add(c.within(2500*time.Millisecond, 5*time.Second)), s.tired)
	default: // who is to be served may find no agent free, and does not wait for ever
		c.agenda.add(at.Add(c.within(4*time.Second, 7*time.Second)), s.tired)
	}
}

// offer rings up to two free agents and reports whether there was one.
func (s *inbound) offer(at time.Time) bool {
	if len(s.ringing) > 0 || s.agent != nil || s.over {
		return false
	}
	free := s.c.free(s.service)
	if len(free) > 2 {
		s.c.rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		free = free[:2]
	}
	for _, a := range free {
		a.engaged = true
		s.ringing[a] = s.call.Ring(at, a.Extension)
		if !slices.Contains(s.rung, a) {
			s.rung = append(s.rung, a)
		}
		h := s.happening(at, Alerted)
		h.Agent = a
		s.c.tell(h)
	}
	if len(free) > 0 && (s.fate == toBeServed || s.fate == toBeCutOff) {
		s.c.agenda.add(at.Add(s.c.within(800*time.Millisecond, 2200*time.Millisecond)), func(at time.Time) { s.pickUp(at, free[0]) })
	}
	return len(free) > 0
}

// pickUp has an agent answer.
func (s *inbound) pickUp(at time.Time, a *Agent) {
	if s.over || s.agent != nil {
		return
	}
	s.agent, s.since = a, at
	s.ringing[a].Answer(at)
	s.leaveQueue()
	for other := range s.others(a) {
		s.c.atEase(at, other)
	}
	s.c.tell(s.happening(at, PickedUp))
	if s.fate == toBeCutOff {
		s.c.agenda.add(at.Add(s.c.within(2500*time.Millisecond, 5*time.Second)), s.c.calmly(s.cutOff))
		return
	}
	end := s.hangUp
	if s.c.rand.IntN(2) == 0 {
		end = s.released
	}
	s.c.agenda.add(at.Add(s.c.within(3*time.Second, 7*time.Second)), s.c.calmly(end))
}

// others are the agents whose phones rang with a's and stopped, in the order in which they rang.
func (s *inbound) others(a *Agent) func(func(*Agent) bool) {
	return func(yield func(*Agent) bool) {
		for _, other := range s.rung {
			if _, rings := s.ringing[other]; rings && other != a && !yield(other) {
				return
			}
		}
	}
}

// tired has a customer who still waits hang up.
func (s *inbound) tired(at time.Time) {
	if s.agent == nil {
		s.hangUp(at)
	}
}

// hangUp has the customer end his call.
func (s *inbound) hangUp(at time.Time) {
	if s.over {
		return
	}
	s.call.HangUp(at)
	h := s.happening(at, HungUp)
	switch {
	case s.agent != nil && at.Sub(s.since) >= time.Second:
		h.Verdict = sip.Served
	default:
		h.Verdict, h.Reason, h.Short = sip.Missed, sip.AbandonedWaiting, at.Sub(s.began) < 2*time.Second
	}
	s.end(at, h)
}

// released has the agent end it.
func (s *inbound) released(at time.Time) {
	if s.over {
		return
	}
	s.ringing[s.agent].HangUp(at)
	h := s.happening(at, Released)
	h.Verdict = sip.Served
	s.end(at, h)
}

// sentAway has the PBX end a wait that took too long.
func (s *inbound) sentAway(at time.Time) {
	if s.over {
		return
	}
	s.call.TimeOut(at)
	h := s.happening(at, SentAway)
	h.Verdict, h.Reason = sip.Missed, sip.Timeout
	if len(s.rung) == 0 {
		h.Reason = sip.NoAgent
	}
	s.end(at, h)
}

// cutOff has the carrier lose the call: network out of order (Q.850 cause 38).
func (s *inbound) cutOff(at time.Time) {
	if s.over {
		return
	}
	s.call.Break(at, 38)
	h := s.happening(at, CutOff)
	h.Verdict, h.Reason = sip.Dropped, sip.Signalling
	s.end(at, h)
}

// end settles what a call leaves behind.
func (s *inbound) end(at time.Time, h Happening) {
	s.over = true
	s.leaveQueue()
	delete(s.c.live, s.n)
	s.customer.engaged, s.customer.idle = false, at
	s.customer.unserved = h.Verdict != sip.Served && !h.Short && s.shown != ""
	if h.Verdict == sip.Served {
		s.customer.tries = 0
	}
	s.c.tell(h)
	if s.agent != nil {
		s.c.atEase(at, s.agent)
		return
	}
	for a := range s.others(nil) {
		s.c.atEase(at, a)
	}
}

// leaveQueue takes the customer out of the queue.
func (s *inbound) leaveQueue() {
	s.c.waiting = slices.DeleteFunc(s.c.waiting, func(w *inbound) bool { return w == s })
}

// happening is what can be told of the call by now.
func (s *inbound) happening(at time.Time, k Kind) Happening {
	h := Happening{
		At: at, Kind: k, Call: s.n, CallID: s.call.CallID(), Customer: s.shown, Service: s.service,
		Agent: s.agent, Rung: slices.Clone(s.rung), Waited: at.Sub(s.began),
	}
	if s.agent != nil {
		h.Waited, h.Talked = s.since.Sub(s.began), at.Sub(s.since)
	}
	return h
}

// callBack has an agent dial a customer.
func (c *Centre) callBack(at time.Time, a *Agent, k *customer, s *Service) {
	a.engaged, k.engaged = true, true
	n := c.next()
	call := c.o.PBX.Outbound(at, a.Extension, c.o.Typed(k.number), k.number, s.Number)
	began, since, over := at, time.Time{}, false
	tell := func(at time.Time, kind Kind) {
		h := Happening{
			At: at, Kind: kind, Call: n, CallID: call.CallID(), Customer: k.number, Service: s, Agent: a,
			Rung: []*Agent{a}, Outbound: true, Waited: at.Sub(began),
		}
		if !since.IsZero() {
			h.Waited, h.Talked = since.Sub(began), at.Sub(since)
		}
		c.tell(h)
	}
	end := func(at time.Time, kind Kind) {
		over = true
		delete(c.live, n)
		k.engaged, k.idle = false, at
		if kind == NotReached {
			k.tries++
		} else {
			k.unserved, k.tries = false, 0
		}
		tell(at, kind)
		c.atEase(at, a)
	}
	hangUp := func(at time.Time) {
		switch {
		case over:
		case since.IsZero():
			call.GiveUp(at)
			end(at, NotReached)
		default:
			byAgent := c.rand.IntN(2) == 0
			call.HangUp(at, byAgent)
			end(at, map[bool]Kind{true: Released, false: HungUp}[byAgent])
		}
	}
	c.live[n] = hangUp
	tell(at, Dialled)
	c.agenda.add(at.Add(400*time.Millisecond), func(at time.Time) {
		if !over {
			call.Ring(at)
		}
	})
	switch outcome := c.rand.IntN(10); {
	case outcome < 7:
		c.agenda.add(at.Add(c.within(1500*time.Millisecond, 3*time.Second)), func(at time.Time) {
			if over {
				return
			}
			call.Answer(at)
			since = at
			tell(at, Reached)
			c.agenda.add(at.Add(c.within(2500*time.Millisecond, 5*time.Second)), hangUp)
		})
	case outcome < 8:
		c.agenda.add(at.Add(c.within(600*time.Millisecond, time.Second)), func(at time.Time) {
			if !over {
				call.Refuse(at, "486 Busy Here")
				end(at, NotReached)
			}
		})
	default:
		c.agenda.add(at.Add(c.within(3*time.Second, 5*time.Second)), hangUp)
	}
}

// next counts a call.
func (c *Centre) next() int {
	c.calls++
	return c.calls
}

// tell passes on what happened.
func (c *Centre) tell(h Happening) {
	if c.o.Tell != nil {
		c.o.Tell(h)
	}
}
