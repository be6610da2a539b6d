package daemon

import (
	"sync"
	"time"
)

// pace holds the search index back while there is more to do than it may disturb. To index a case costs several times
// as much as to open it, and nobody searches for the calls of the last seconds of such a storm.
type pace struct {
	mu      sync.Mutex
	at      time.Time // of the last look
	scanned uint64    // messages by then
	busy    bool
	next    time.Time // while busy the index may go on then
}

const (
	// busyAt is from how many messages a second on a daemon is busy: some 1 500 calls a second.
	busyAt = 20_000
	// indexEvery is how often a busy daemon indexes changes, changesAtOnce of them at most.
	indexEvery = 10 * time.Second
)

// look counts the messages scanned so far. It is called every second.
func (p *pace) look(now time.Time, scanned uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if elapsed := now.Sub(p.at); !p.at.IsZero() && elapsed > 0 {
		busy := float64(scanned-p.scanned) > busyAt*elapsed.Seconds()
		if busy && !p.busy {
			p.next = now.Add(indexEvery)
		}
		p.busy = busy
	}
	p.at, p.scanned = now, scanned
}

// waits says whether the index has to wait now.
func (p *pace) waits(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.busy {
		return false
	}
	if now.Before(p.next) {
		return true
	}
	p.next = now.Add(indexEvery)
	return false
}
