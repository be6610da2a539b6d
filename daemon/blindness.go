package daemon

import (
	"sync"
	"time"

	"ringback/metrics"
)

// blindness remembers for how long nothing was watched, and which complaint was made last, so that
// the same one is not logged every second.
type blindness struct {
	mu        sync.Mutex
	total     time.Duration
	complaint string
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

// once says whether an error is another one than before.
func (b *blindness) once(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := err.Error(); s != b.complaint {
		b.complaint = s
		return true
	}
	return false
}
