package daemon

// Alive returns once the watch has answered. While something holds the watch up, a deadlock or a disk
// that hangs, it does not return, which is what a watchdog wants to know.
func (d *Daemon) Alive() { d.watch.live(1) }
