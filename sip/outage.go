package sip

import (
	"slices"
	"time"
)

// outage holds when calls of a trunk that were with an agent ended, to tell when many of them end at
// one moment.
type outage struct {
	live int     // with an agent and not over
	ends []int64 // of the last while, oldest first
}

// An outage is at least outageLeast calls, and more than half of those that were live, ending within
// outageWindow.
const (
	outageWindow = int64(2 * time.Second)
	outageLeast  = 5
)

// maxEnds bounds the ends remembered. On a trunk where more end in a moment they are no surprise one
// by one, and of an outage these many are enough to tell.
const maxEnds = 1024

func (t *Tracker) outageOf(c *call) *outage {
	k := outageKey{}
	switch {
	case c.trunk != nil:
		k.trunk = c.trunk.ID
	case c.pbx != nil:
		k.pbx = c.pbx.ID
	}
	o := t.outages[k]
	if o == nil {
		o = &outage{}
		t.outages[k] = o
	}
	return o
}

type outageKey struct{ trunk, pbx string }

// count and uncount keep the number of calls that are live and with an agent.
func (t *Tracker) count(c *call) {
	if c.flags&callCounted == 0 && c.dir == Inbound && c.service != nil {
		c.flags |= callCounted
		t.outageOf(c).live++
	}
}

func (t *Tracker) uncount(c *call, at int64) {
	if c.flags&callCounted != 0 {
		c.flags &^= callCounted
		t.outageOf(c).ended(at)
	}
}

func (o *outage) ended(at int64) {
	o.live--
	i, _ := slices.BinarySearch(o.ends, at)
	o.ends = slices.Insert(o.ends, i, at)
	// What is older than two windows, of which settle may be one, says nothing any more.
	old, _ := slices.BinarySearch(o.ends, o.ends[len(o.ends)-1]-outageKept)
	if old = max(old, len(o.ends)-maxEnds); old >= len(o.ends)/2 {
		o.ends = slices.Delete(o.ends, 0, old)
	}
}

// outageKept is how long ends are remembered.
const outageKept = int64(time.Minute)

// hit says whether the end at a moment is one of an outage.
func (o *outage) hit(at int64) bool {
	from, _ := slices.BinarySearch(o.ends, at-outageWindow)
	last, _ := slices.BinarySearch(o.ends, at+outageWindow+1)
	if around := last - from; around < outageLeast || around <= o.live {
		return false // in no window can they be more than half
	}
	for to := from; from < len(o.ends) && o.ends[from] <= at; from++ {
		for to < len(o.ends) && o.ends[to] <= o.ends[from]+outageWindow {
			to++
		}
		if n := to - from; n >= outageLeast && 2*n > o.live+len(o.ends)-from {
			return true
		}
	}
	return false
}
