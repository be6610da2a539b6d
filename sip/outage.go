package sip

import "time"

// outage counts the ends of a trunk's calls that were with an agent, to tell when many of them end
// at one moment.
type outage struct {
	live    int // with an agent and not over
	buckets [64]struct {
		tick int64
		ends int
	}
}

// The window in which ends belong together, and the grain it is counted in.
const (
	outageGrain  = int64(100 * time.Millisecond)
	outageWindow = 20 // grains: 2 s
	outageLeast  = 5
)

func (t *Tracker) outageOf(c *call) *outage {
	id := ""
	switch {
	case c.trunk != nil:
		id = c.trunk.ID
	case c.pbx != nil:
		id = "\x00" + c.pbx.ID
	}
	o := t.outages[id]
	if o == nil {
		o = &outage{}
		t.outages[id] = o
	}
	return o
}

func (o *outage) ended(at int64) {
	tick := at / outageGrain
	b := &o.buckets[tick%int64(len(o.buckets))]
	if b.tick != tick {
		b.tick, b.ends = tick, 0
	}
	b.ends++
	o.live--
}

func (o *outage) at(tick int64) int {
	if b := &o.buckets[tick%int64(len(o.buckets))]; b.tick == tick {
		return b.ends
	}
	return 0
}

// hit says whether the end at a moment is one of an outage: at least five calls, and more than half
// of those that were live, ended within one window around it.
func (o *outage) hit(at, now int64) bool {
	tick, last := at/outageGrain, now/outageGrain
	for from := tick - outageWindow + 1; from <= tick; from++ {
		ends, since := 0, 0
		for i := from; i <= min(last, from+int64(len(o.buckets))-1); i++ {
			n := o.at(i)
			since += n
			if i < from+outageWindow {
				ends += n
			}
		}
		if ends >= outageLeast && 2*ends > o.live+since {
			return true
		}
	}
	return false
}
