package daemon

import "ringback/sip/hep"

// Handle takes packets in as from a feed.
func (d *Daemon) Handle(batch []hep.Received) { d.watch.handle(batch) }
