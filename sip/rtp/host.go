package rtp

import "context"

// Host owns the ports and the clock of its sessions. It is safe for concurrent use.
type Host struct{}

// New returns a Host; it opens no socket yet, sessions do.
func New(o Options) (*Host, error) { return nil, ErrClosed }

// Session returns a new session, which has no ports until its first Offer or Answer. The caller closes it. The
// error is a Refusal with 503 that wraps ErrTooMany, or ErrClosed.
func (h *Host) Session(o SessionOptions) (*Session, error) { return nil, ErrClosed }

// Stats tells how the host stands.
func (h *Host) Stats() HostStats { return HostStats{} }

// Close closes every session and returns when all goroutines of the host have ended.
func (h *Host) Close(ctx context.Context) error { return nil }
