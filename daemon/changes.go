package daemon

import (
	"context"
	"sync"
	"time"

	"ringback/cases"
	"ringback/store"
)

// changes wakes those who follow the store's log of changes of cases, and trims it to what all of them
// have read.
type changes struct {
	mu        sync.Mutex
	followers []*follower
}

// follower is one who reads the log.
type follower struct {
	name  string
	wake  chan struct{} // something may have been appended
	where func() (store.Position, error)
}

// follow registers a follower before the daemon runs. where says how far he has read for good: what is
// before it may be trimmed.
func (c *changes) follow(name string, where func() (store.Position, error)) *follower {
	f := &follower{name: name, wake: make(chan struct{}, 1), where: where}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followers = append(c.followers, f)
	return f
}

// told wakes the followers. It is called after every commit, whatever that wrote.
func (c *changes) told() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.followers {
		f.rouse()
	}
}

// rouse lets a follower look again.
func (f *follower) rouse() {
	select {
	case f.wake <- struct{}{}:
	default: // he will look anyway
	}
}

// The bounds of the log.
const (
	trimEvery = time.Minute
	maxBehind = 1_000_000 // records that are kept for a follower who does not read
)

// trim drops what all followers have read, and what even the slowest cannot expect to be kept.
func (d *Daemon) trim(ctx context.Context, _ time.Time) error {
	var first, end store.Position
	err := d.store.View(func(r *store.Snapshot) error {
		first, end = store.StartOfLog(r, cases.Log), store.EndOfLog(r, cases.Log)
		return nil
	})
	if err != nil {
		return err
	}
	before := end
	d.changes.mu.Lock()
	followers := d.changes.followers
	d.changes.mu.Unlock()
	for _, f := range followers {
		at, err := f.where()
		if err != nil {
			d.complaints.log(d.log, "the log of changes is not trimmed", err)
			return nil
		}
		before = min(before, at)
	}
	if kept := store.RecordsBefore(end, maxBehind); before < kept {
		d.log.WarnContext(ctx, "the log of changes is trimmed before all have read it", "count", maxBehind)
		before = kept
	}
	if before <= first {
		return nil
	}
	if err := d.store.TrimLog(ctx, cases.Log, before); err != nil && ctx.Err() == nil {
		d.complaints.log(d.log, "the log of changes is not trimmed", err)
	}
	return nil
}
