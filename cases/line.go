package cases

import (
	"time"

	"ringback/sip"
)

// onLine is a service call on the line, among those of its caller.
type onLine struct {
	alive
	of         *interest
	under      []underway
	prev, next *onLine // of the same caller; next also of those to be used again
}

// online notes a service call on the line. It returns what is known of its caller, and who that was until
// now where that changed.
func (c *Cases) online(call *sip.Call, at time.Time) (i *interest, was sip.Number) {
	if a, known := c.live.Of(call.ID, call.Slot); known {
		if a.caller == call.Caller {
			return a.of, 0
		}
		was = a.caller
		c.drop(c.offline(call))
	}
	i = c.of(call.Caller)
	a := c.spareLine
	if a == nil {
		a = new(onLine)
	}
	c.spareLine = a.next
	*a = onLine{alive: alive{call.ID, call.List, startOf(call, at), call.Caller}, of: i, prev: i.last}
	if i.last == nil {
		i.live = a
	} else {
		i.last.next = a
	}
	i.last = a
	c.live.Set(call.ID, call.Slot, a)
	return i, was
}

// offline forgets a call that was on the line. It returns what is known of its caller then, nobody when
// the call was not known; the caller of offline drops it when there is nothing more to do with it.
func (c *Cases) offline(call *sip.Call) *interest {
	a, known := c.live.Of(call.ID, call.Slot)
	if !known {
		return nobody
	}
	c.live.Delete(call.ID, call.Slot)
	i := a.of
	if a.prev == nil {
		i.live = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		i.last = a.prev
	} else {
		a.next.prev = a.prev
	}
	*a = onLine{next: c.spareLine}
	c.spareLine = a
	return i
}

// isCalled says whether an agent calls a number that had an open case, and nobody answered him yet.
func (c *Cases) isCalled(n sip.Number) bool {
	for _, called := range c.waiting {
		if called == n {
			return true
		}
	}
	return false
}

// alive lists the service calls of a number that are on the line.
func (i *interest) alive() []alive {
	var all []alive
	for a := i.live; a != nil; a = a.next {
		all = append(all, a.alive)
	}
	return all
}
