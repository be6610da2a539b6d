package demo

import (
	"fmt"
	"slices"
	"time"

	"ringback/web"
)

// summary is what a demo came to.
type summary struct {
	calls, served, missed, dropped, short, withheld int // customers' calls
	dialled, reached                                int // agents' calls back

	opened, added, reopened, attempted int // cases
	closed                             map[string]int
	open                               int

	hintsDue, hintsShown int
	caseTimes, hintTimes []time.Duration

	faults []string
}

// maxFaults are told; more of them say nothing new.
const maxFaults = 20

// broken notes what should not have been.
func (r *summary) broken(format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
	}
}

// count counts a case's event.
func (r *summary) count(e *web.CaseEvent) {
	switch e.Event {
	case "opened":
		r.opened++
	case "miss_added":
		r.added++
	case "reopened":
		r.reopened++
	case "attempted":
		r.attempted++
	case "closed":
		if r.closed == nil {
			r.closed = make(map[string]int)
		}
		r.closed[e.Reason]++
	}
}

// percentile is the value below which a share of the times lies; times are sorted by it.
func percentile(times []time.Duration, share float64) time.Duration {
	slices.Sort(times)
	return times[min(int(float64(len(times))*share), len(times)-1)]
}

// spread writes the middle and the slow end of some times.
func spread(times []time.Duration) string {
	if len(times) == 0 {
		return "none"
	}
	ms := func(share float64) float64 { return float64(percentile(times, share).Microseconds()) / 1000 }
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms", ms(0.5), ms(0.95))
}
