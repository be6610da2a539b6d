package daemon

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/sip"
)

// TestAServedQueueAppliesAllInOrder has several feeds put events in and wake, beside others who only want
// something done after them. Each feed's events are applied in its order, one at a time, and none remains.
func TestAServedQueueAppliesAllInOrder(t *testing.T) {
	t.Parallel()
	const feeds, batches, batch = 4, 500, 7
	q := newEventQueue()
	q.limit = 40 // it is full all the time
	var at atomic.Int32
	last := make([]sip.Number, feeds)
	applied := 0
	served := make(chan struct{})
	go func() {
		defer close(served)
		q.serve(func(c *caused) {
			if at.Add(1) != 1 {
				t.Error("two events are applied at once")
			}
			feed := int(c.ev.Number % feeds)
			if c.ev.Number != last[feed]+feeds && last[feed] != 0 {
				t.Errorf("after %d of feed %d came %d", last[feed], feed, c.ev.Number)
			}
			last[feed] = c.ev.Number
			applied++
			at.Add(-1)
		})
	}()
	var wg sync.WaitGroup
	done := make(chan struct{}, feeds*batches)
	for feed := range feeds {
		wg.Go(func() {
			n := sip.Number(feed)
			for range batches {
				for range batch {
					n += feeds
					q.put(&sip.Event{Number: n, Call: &sip.Call{}}, time.Time{})
				}
				q.then(func() { done <- struct{}{} })
				q.wake()
			}
		})
	}
	wg.Wait()
	q.close()
	<-served
	if want := feeds * batches * batch; applied != want || len(done) != feeds*batches {
		t.Errorf("%d of %d events were applied, %d of %d things done after them", applied, want, len(done), feeds*batches)
	}
}

// TestWhatIsToBeDoneAfterEventsNeedsNobodyToWake waits for a queue that no feed touches.
func TestWhatIsToBeDoneAfterEventsNeedsNobodyToWake(t *testing.T) {
	t.Parallel()
	q := newEventQueue()
	served := make(chan struct{})
	go func() {
		defer close(served)
		q.serve(func(*caused) {})
	}()
	for range 100 {
		done := make(chan struct{})
		q.then(func() { close(done) })
		<-done
	}
	q.close()
	<-served
}
