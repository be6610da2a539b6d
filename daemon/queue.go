package daemon

import (
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
}

// eventQueue carries events from the watch to the goroutine that applies them, in order. When it is
// full the watch waits, and the feeds with it: the kernel's buffers are the next to fill, and what
// they lose is counted.
type eventQueue struct {
	mu     sync.Mutex
	moved  sync.Cond
	events []caused
	closed bool
}

// maxQueued is a few seconds of events under full load.
const maxQueued = 1 << 17

func newEventQueue() *eventQueue {
	q := &eventQueue{}
	q.moved.L = &q.mu
	return q
}

// wakeAt is how many events wait at most for wake: to wake a goroutine for each would cost more than the
// event.
const wakeAt = 256

// put queues a copy of an event. It is taken at the latest after the next wake.
func (q *eventQueue) put(ev *sip.Event, arrival time.Time) {
	q.add(caused{ev: ev.Clone(), arrival: arrival})
}

// then has f called by whoever takes, after all that is queued now.
func (q *eventQueue) then(f func()) {
	q.add(caused{then: f})
	q.wake()
}

func (q *eventQueue) add(c caused) {
	q.mu.Lock()
	for len(q.events) >= maxQueued && !q.closed {
		q.moved.Broadcast()
		q.moved.Wait()
	}
	q.events = append(q.events, c)
	wake := len(q.events)%wakeAt == 0
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
	clear(reuse)
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
