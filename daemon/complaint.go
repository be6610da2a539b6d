package daemon

import (
	"errors"
	"log/slog"
	"sync"

	"ringback/store"
)

// complaints logs what does not work, each thing anew only when it fails in another way.
type complaints struct {
	mu   sync.Mutex
	last map[string]string
}

// unwritable says whether an error means that the store takes no writes for now. The store says so
// itself, once, and readiness does as long as it lasts.
func unwritable(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrFailed)
}

// log logs an error unless it was the last of its kind already, or the store has told of it.
func (c *complaints) log(log *slog.Logger, what string, err error) {
	if unwritable(err) {
		return
	}
	c.mu.Lock()
	known := c.last[what] == err.Error()
	if c.last == nil {
		c.last = map[string]string{}
	}
	c.last[what] = err.Error()
	c.mu.Unlock()
	if !known {
		log.Error("something does not work", "reason", what, "err", err)
	}
}
