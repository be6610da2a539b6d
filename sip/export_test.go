package sip

import (
	"fmt"
	"strings"
)

// Books says what the tracker has on its books beside live calls, when nothing should be; empty when
// nothing is.
func (t *Tracker) Books() string {
	var s strings.Builder
	note := func(what string, n int) {
		if n != 0 {
			fmt.Fprintf(&s, "%d %s; ", n, what)
		}
	}
	note("calls", len(t.timers))
	note("legs", t.legs.len()-t.endings.len())
	note("hops", t.hops)
	note("lists", t.lists.len())
	note("slots", int(t.slots.made)-len(t.slots.free))
	note("traits", len(t.withheld))
	for id, q := range t.queues {
		if q.first != nil || q.last != nil {
			s.WriteString("somebody waits for " + id + "; ")
		}
	}
	for k, o := range t.outages {
		note("calls with an agent on "+k.trunk+k.pbx, o.live)
	}
	return s.String()
}
