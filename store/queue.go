package store

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// item is a command that waits, and whom to tell.
type item struct {
	Command
	done func(result any, err error)
}

// queue holds the commands that wait for the committer, in order and bounded.
type queue struct {
	limit  int           // commands; put waits beyond it
	window time.Duration // between the starts of two groups

	mu      sync.Mutex
	room    sync.Cond // signalled when the committer took a group, and on close
	waiting []item
	spare   []item // the buffer of the group before, to be used again
	urgent  bool
	closed  bool
	busy    bool      // a group is being committed
	last    int       // its size, or that of the group before
	started time.Time // when it was taken

	wake  chan struct{} // tells the committer that one of the above changed
	timer *time.Timer   // of the committer
}

func newQueue(limit int, window time.Duration) *queue {
	q := &queue{limit: limit, window: window, wake: make(chan struct{}, 1), timer: time.NewTimer(0)}
	q.room.L = &q.mu
	return q
}

// put adds a command, waiting for room.
func (q *queue) put(ctx context.Context, it item) error {
	q.mu.Lock()
	if len(q.waiting) >= q.limit {
		stop := context.AfterFunc(ctx, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.room.Broadcast()
		})
		defer stop()
	}
	for len(q.waiting) >= q.limit && !q.closed && ctx.Err() == nil {
		q.room.Wait()
	}
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		q.mu.Unlock()
		return err
	}
	q.waiting = append(q.waiting, it)
	wake := len(q.waiting) == 1 || len(q.waiting) == q.limit || it.Urgent && !q.urgent
	q.urgent = q.urgent || it.Urgent
	q.mu.Unlock()
	if wake {
		q.rouse()
	}
	return nil
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// close lets the committer take what waits and nothing more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.room.Broadcast()
	q.mu.Unlock()
	q.rouse()
}

// take waits for the next group: everything that queued up. Groups begin no closer to each other than
// the window, unless something is urgent, the queue is full or closed. It returns nil once the queue
// is closed and empty. The group is valid until the next take; release says that it is done.
func (q *queue) take() []item {
	q.gather()
	for {
		q.mu.Lock()
		n := len(q.waiting)
		wait := time.Until(q.started.Add(q.window))
		if n > 0 && !q.busy && (wait <= 0 || q.urgent || q.closed || n >= q.limit) {
			group := q.waiting
			q.waiting, q.spare = q.spare[:0], group
			q.urgent = false
			q.begin(n)
			q.room.Broadcast()
			q.mu.Unlock()
			return group
		}
		closed, busy := q.closed, q.busy
		q.mu.Unlock()
		switch {
		case busy || n == 0 && !closed:
			<-q.wake
		case n == 0:
			return nil
		default:
			q.timer.Reset(wait)
			select {
			case <-q.wake:
			case <-q.timer.C:
			}
		}
	}
}

func (q *queue) begin(n int) { q.busy, q.last, q.started = true, n, time.Now() }

// release says that the group being committed is done.
func (q *queue) release() {
	q.mu.Lock()
	q.busy = false
	wake := len(q.waiting) > 0 || q.closed
	q.mu.Unlock()
	if wake {
		q.rouse()
	}
}

// lead lets a lone writer commit its command itself, which saves waking the committer. Where writers
// come together this is refused, so that they share.
func (q *queue) lead() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy || q.closed || len(q.waiting) > 0 || q.last > 1 || time.Since(q.started) < q.window {
		return false
	}
	q.begin(1)
	return true
}

// gather lets those who were just told their result come back with their next command, so that
// writers who take turns with the committer share its next sync instead of every other one.
func (q *queue) gather() {
	for range 4 {
		q.mu.Lock()
		enough := q.last <= 1 || len(q.waiting) >= q.last
		q.mu.Unlock()
		if enough {
			return
		}
		runtime.Gosched()
	}
}
