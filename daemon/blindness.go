package daemon

import (
	"sync"
	"time"

	"ringback/metrics"
)

// blindness remembers for how long nothing was watched.
type blindness struct {
	mu    sync.Mutex
	total time.Duration
}

func (b *blindness) load(from *behind) error {
	intervals, err := from.intervals()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total = 0
	for _, in := range intervals {
		b.total += in.To.Sub(in.From)
	}
	return nil
}

func (b *blindness) sum() metrics.Blind {
	b.mu.Lock()
	defer b.mu.Unlock()
	return metrics.Blind{Total: b.total}
}
