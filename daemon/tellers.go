package daemon

import (
	"context"
	"time"

	"ringback/sip"
)

// openTellers opens the ways by which PBXs tell of their calls by themselves.
func (d *Daemon) openTellers(ctx context.Context) error {
	for _, open := range []func(context.Context) error{d.openAsterisks, d.openDialogEvents, d.openCallHooks} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	d.resumeTellers(time.Now())
	return nil
}

// resumeTellers gives the calls that were told before a restart, and are live, back to who told of them.
func (d *Daemon) resumeTellers(now time.Time) {
	for _, p := range d.dialogPBXs {
		p.mu.Lock()
		p.model.Resume(now, d.watch.toldCalls(p.config.PBX))
		p.mu.Unlock()
	}
	for _, h := range d.callHooks {
		h.Resume(now, d.watch.toldCalls(h.config.PBX))
		if bad := d.behind.restoreSent(h.config.ID, h.Memory()); bad > 0 {
			d.log.Warn("some of what a call hook sent could not be read", "feeds", h.Feed.Health().Name, "count", bad)
		}
	}
}

// toldCalls are the live calls of a PBX that were told and not seen.
func (w *watch) toldCalls(pbx string) []sip.ToldCall {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tracker.ToldCalls(pbx)
}

// placeTellers tells all of them what the directory in force says of their PBXs.
func (d *Daemon) placeTellers() {
	d.placeAsterisks()
	d.placeDialogEvents()
	d.placeCallHooks()
}
