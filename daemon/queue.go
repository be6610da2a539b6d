package daemon

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ringback/sip"
)

// caused is an event and the arrival of the packet that caused it, or something else to do when all
// events before it have been put in.
type caused struct {
	ev      *sip.Event
	arrival time.Time
	then    func()
	kept    *sip.Kept // holds ev, to be used for another; nil when somebody else does
}

// eventQueue carries events from the watch to whoever applies them, in order. When it is full the watch
// waits, and the feeds with it: the kernel's buffers are the next to fill, and what they lose is counted.
//
// Once it is served, events are applied by the goroutine whose packets caused them, unless another one
// is at it. A goroutine of its own would have to be woken a thousand times a second, and fetch every
// event from another processor's cache: that cost more than half as much again as applying them.
type eventQueue struct {
	limit   int  // how many events may wait
	recycle bool // an event is done with when the next are taken, so that its memory can be used again

	mu       sync.Mutex
	moved    sync.Cond
	events   []caused
	closed   bool
	pressing bool          // serve has to look
	apply    func(*caused) // nil until the queue is served

	applying sync.Mutex // held by whoever applies, and taken before mu
	spare    []caused   // his, to be queued into next
	serving  atomic.Bool
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

// then has f called after all that is queued now, on another goroutine.
func (q *eventQueue) then(f func()) {
	q.add(func(c *caused) { c.ev, c.then = nil, f })
	q.press()
}

// press has what is queued taken by another goroutine.
func (q *eventQueue) press() {
	q.mu.Lock()
	q.pressing = true
	q.mu.Unlock()
	q.moved.Broadcast()
}

// add queues what fill makes of a place of the queue.
func (q *eventQueue) add(fill func(*caused)) {
	q.mu.Lock()
	for len(q.events) >= q.limit && !q.closed {
		q.pressing = true
		q.moved.Broadcast()
		q.moved.Wait()
	}
	n := len(q.events)
	q.events = slices.Grow(q.events, 1)[:n+1]
	fill(&q.events[n])
	wake := (n+1)%wakeAt == 0 && q.apply == nil
	q.mu.Unlock()
	if wake {
		q.moved.Broadcast()
	}
}

// wake has what is queued taken, or applies it. The watch calls it once for every batch of packets.
func (q *eventQueue) wake() {
	q.mu.Lock()
	queued, served := len(q.events) > 0, q.apply != nil
	q.mu.Unlock()
	switch {
	case !queued:
	case served:
		q.drain()
	default:
		q.moved.Broadcast()
	}
}

// drain applies all that is queued, unless another goroutine is at it, which looks again before it stops.
func (q *eventQueue) drain() {
	for q.applies() {
		q.applyQueued()
		q.applying.Unlock()
		if q.empty() {
			return
		}
	}
}

// applies takes applying. It is false when another waker has it. It waits for serve, which leaves to wakers
// what came after it began, so as not to be at it for ever.
func (q *eventQueue) applies() bool {
	if q.serving.Load() {
		q.applying.Lock()
		return true
	}
	return q.applying.TryLock()
}

func (q *eventQueue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events) == 0
}

// applyQueued applies what is queued now. The caller holds applying.
func (q *eventQueue) applyQueued() {
	q.mu.Lock()
	events := q.events
	q.events = q.spare[:0]
	full := len(events) >= q.limit
	q.mu.Unlock()
	if full {
		q.moved.Broadcast()
	}
	for i := range events {
		if then := events[i].then; then != nil {
			then()
		} else {
			q.apply(&events[i])
		}
	}
	q.spare = spent(events)
}

// maxSpent is for how many events memory is kept to be used again, of either half of the queue: those of a millisecond
// under full load and more.
const maxSpent = 512

// spent makes applied events places to be filled again.
func spent(events []caused) []caused {
	for i := range events[:min(len(events), maxSpent)] {
		events[i] = caused{kept: events[i].kept}
	}
	clear(events[min(len(events), maxSpent):])
	return events
}

// serve has events applied by those who wake, and applies those itself that nobody wakes for. It returns
// when the queue is closed and all is applied.
func (q *eventQueue) serve(apply func(*caused)) {
	q.mu.Lock()
	q.apply, q.pressing = apply, true
	q.mu.Unlock()
	for closed := false; !closed || !q.empty(); {
		q.mu.Lock()
		for !q.pressing && !q.closed {
			q.moved.Wait()
		}
		q.pressing = false
		closed = q.closed
		q.mu.Unlock()
		q.serving.Store(true)
		q.applying.Lock()
		q.applyQueued()
		q.applying.Unlock()
		q.serving.Store(false)
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
