package daemon

import (
	"slices"
	"sync"
	"time"

	"ringback/sip"
)

// caused is an event and the arrival of the packet that caused it, or something else to do when all
// events before it have been put in.
type caused struct {
	ev      *sip.Event
	arrival time.Time
	then    func()
	kept    *sip.Kept // holds ev
}

// eventQueue carries events from the watch to the goroutine that applies them, in order. When it is
// full the watch waits, and the feeds with it: the kernel's buffers are the next to fill, and what
// they lose is counted.
type eventQueue struct {
	limit   int  // how many events may wait
	recycle bool // an event is done with when the next are taken, so that its memory can be used again

	mu     sync.Mutex
	moved  sync.Cond
	events []caused
	closed bool
}

// maxQueued is a few seconds of events under full load.
const maxQueued = 1 << 17

func newEventQueue() *eventQueue {
	q := &eventQueue{limit: maxQueued}
	q.moved.L = &q.mu
	return q
}

// wakeAt is how many events wait at most for wake: to wake a goroutine for each would cost more than the
// event.
const wakeAt = 256

// put queues a copy of an event. It is taken at the latest after the next wake.
func (q *eventQueue) put(ev *sip.Event, arrival time.Time) {
	q.add(func(c *caused) {
		if c.kept == nil {
			c.kept = new(sip.Kept)
		}
		c.kept.Keep(ev)
		c.ev, c.arrival, c.then = &c.kept.Event, arrival, nil
	})
}

// then has f called by whoever takes, after all that is queued now.
func (q *eventQueue) then(f func()) {
	q.add(func(c *caused) { *c = caused{then: f} })
	q.wake()
}

// add queues what fill makes of a place of the queue.
func (q *eventQueue) add(fill func(*caused)) {
	q.mu.Lock()
	for len(q.events) >= q.limit && !q.closed {
		q.moved.Broadcast()
		q.moved.Wait()
	}
	n := len(q.events)
	q.events = slices.Grow(q.events, 1)[:n+1]
	fill(&q.events[n])
	wake := (n+1)%wakeAt == 0
	q.mu.Unlock()
	if wake {
		q.moved.Broadcast()
	}
}

// wake has what is queued taken. The watch calls it once for every batch of packets.
func (q *eventQueue) wake() {
	q.mu.Lock()
	queued := len(q.events) > 0
	q.mu.Unlock()
	if queued {
		q.moved.Broadcast()
	}
}

// take returns all that is queued, waiting for some; ok is false once the queue is closed and empty.
// The slice handed in is reused for what is queued next.
func (q *eventQueue) take(reuse []caused) (events []caused, ok bool) {
	if !q.recycle {
		clear(reuse)
	}
	q.mu.Lock()
	for len(q.events) == 0 && !q.closed {
		q.moved.Wait()
	}
	events, q.events = q.events, reuse[:0]
	q.mu.Unlock()
	q.moved.Broadcast()
	return events, len(events) > 0
}

// close lets take drain what is left.
func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.moved.Broadcast()
}
