package daemon

import "ringback/sip/hep"

// Handle takes packets in as from a feed.
func (d *Daemon) Handle(batch []hep.Received) { d.watch.handle(batch) }

// Trusting is the TLS of a client to a listener of ours.
var Trusting = trusting
