package daemon

import (
	"sync"
	"time"

	"ringback/assist"
)

// latency measures hints from the packet that raised them to the first MESSAGE that went out.
type latency struct {
	mu    sync.Mutex
	since map[assist.Key]time.Time
}

// maxTimed bounds the hints whose way is timed at one time.
const maxTimed = 10_000

// hint starts the clock of a hint on its way, and stops it when there is nothing to send any more.
func (l *latency) hint(h *assist.Hint, arrival time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.Event == assist.Withdrawn {
		delete(l.since, h.Key)
		return
	}
	if _, timed := l.since[h.Key]; timed || len(l.since) >= maxTimed {
		return
	}
	if l.since == nil {
		l.since = map[assist.Key]time.Time{}
	}
	l.since[h.Key] = arrival
}

// outcome tells how long it took once the first message of a hint is out.
func (l *latency) outcome(o *assist.Outcome, observe func(time.Duration)) {
	if o.State != assist.Sent && !o.Final {
		return
	}
	l.mu.Lock()
	since, timed := l.since[o.Hint.Key]
	delete(l.since, o.Hint.Key)
	l.mu.Unlock()
	if timed && o.State == assist.Sent {
		observe(time.Since(since))
	}
}
