package web

import (
	"sync"
	"time"
)

// hearings remembers for a while who heard what, so that the trail tells of it once. The zero value is ready.
type hearings struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxHearings bounds what is remembered; more of them are told more often.
const maxHearings = 10_000

// first says whether it was not told lately, and notes that it is now.
func (h *hearings) first(what string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, known := h.last[what]; known && now.Sub(at) < hearingApart {
		return false
	}
	if h.last == nil || len(h.last) >= maxHearings {
		h.last = map[string]time.Time{}
	}
	h.last[what] = now
	return true
}
