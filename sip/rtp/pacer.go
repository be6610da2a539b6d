package rtp

import (
	"sync"
	"time"
)

// pacer is the clock of all sessions of a host: one goroutine goes round a wheel of slots 2 ms apart and ticks the sessions
// of each, which puts them at their next time. Sessions start where the wheel is emptiest, so that their packets leave
// evenly.
type pacer struct {
	mu    sync.Mutex
	slots [wheel][]paced
	at    int // the slot that was ticked last
	count int
	wake  chan struct{}
	stop  chan struct{}
}

// paced is what a pacer ticks.
type paced interface {
	// tick does what is due at now and returns when it wants to be ticked again: after a multiple of wheelStep less than
	// a turn of the wheel. It returns 0 when it is over.
	tick(now time.Time) time.Duration
}

const (
	wheel     = 64
	wheelStep = 2 * time.Millisecond
	tooLate   = 100 * time.Millisecond // what a stall of the machine leaves undone beyond this is never done
)

func newPacer() *pacer {
	return &pacer{wake: make(chan struct{}, 1), stop: make(chan struct{})}
}

// add starts ticking one.
func (p *pacer) add(one paced) {
	p.mu.Lock()
	best := 1
	for i := 1; i <= int(defaultPacket/wheelStep); i++ {
		if len(p.slots[(p.at+i)%wheel]) < len(p.slots[(p.at+best)%wheel]) {
			best = i
		}
	}
	p.put(one, best)
	p.count++
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// put is called with the lock held.
func (p *pacer) put(one paced, ahead int) {
	i := (p.at + ahead) % wheel
	p.slots[i] = append(p.slots[i], one)
}

// run ticks until stopped.
func (p *pacer) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if p.idle() {
			select {
			case <-p.wake:
			case <-p.stop:
				return
			}
			continue
		}
		p.turn(timer)
		select {
		case <-p.stop:
			return
		default:
		}
	}
}

// turn goes round as long as there is somebody to tick.
func (p *pacer) turn(timer *time.Timer) {
	var due []paced
	next := time.Now()
	for !p.idle() {
		next = next.Add(wheelStep)
		now := time.Now()
		if wait := next.Sub(now); wait > 0 {
			timer.Reset(wait)
			select {
			case now = <-timer.C:
			case <-p.stop:
				return
			}
		} else if -wait > tooLate {
			next = now
		}
		due = p.step(due[:0])
		p.tick(due, now)
	}
}

// step moves on by a slot and takes out who is in it.
func (p *pacer) step(due []paced) []paced {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = (p.at + 1) % wheel
	due = append(due, p.slots[p.at]...)
	clear(p.slots[p.at])
	p.slots[p.at] = p.slots[p.at][:0]
	return due
}

func (p *pacer) tick(due []paced, now time.Time) {
	for i, one := range due {
		again := one.tick(now)
		due[i] = nil
		p.mu.Lock()
		if again == 0 {
			p.count--
		} else {
			p.put(one, min(int(again/wheelStep), wheel-1))
		}
		p.mu.Unlock()
	}
}

func (p *pacer) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count == 0
}
