//go:build !linux

package capture

import "context"

// Tap listens on a network interface; on this system it cannot.
type Tap struct{}

// OpenTap returns ErrNotSupported.
func OpenTap(TapOptions) (*Tap, error) { return nil, ErrNotSupported }

// Serve returns ErrNotSupported.
func (t *Tap) Serve(context.Context) error { return ErrNotSupported }

// Stats are empty.
func (t *Tap) Stats() Stats { return Stats{} }

// Drops is 0.
func (t *Tap) Drops() uint64 { return 0 }

// Close does nothing.
func (t *Tap) Close() error { return nil }
