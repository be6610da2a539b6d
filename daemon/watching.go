package daemon

import (
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/sip/hep"
)

// Watching is the watch alone: it scans and tracks what a feed brings and tells the events, with no
// store, cases or hints behind it. It is for measuring what watching costs.
type Watching struct{ w *watch }

// NewWatching makes a watch of what a directory describes. told is called with every event, in order,
// by one feed at a time.
func NewWatching(d *directory.Directory, o sip.Options, told func(*sip.Event)) (*Watching, error) {
	w, err := newWatch(d.Plan(), o, func(ev *sip.Event, _ time.Time) { told(ev) })
	if err != nil {
		return nil, err
	}
	return &Watching{w}, nil
}

// Handle is the feed's handler.
func (w *Watching) Handle(batch []hep.Received) { w.w.handle(batch) }

// Messages is how many were scanned without error.
func (w *Watching) Messages() uint64 { return w.w.signalling().Messages }
