package daemon

import (
	"time"

	"ringback/cti"
	"ringback/metrics"
	"ringback/web"
)

// allFeeds is how all feeds are.
func (d *Daemon) allFeeds() []web.Feed {
	var out []web.Feed
	for _, f := range d.feedCounts() {
		x := web.Feed{Name: f.Name, Kind: "hep", State: cti.Up.String(), Since: d.began, Events: f.Packets, Lost: f.KernelDrops, Refused: sum(f.Discarded)}
		if f.Name == "tap" {
			x.Kind = f.Name
		}
		if !f.Last.IsZero() {
			x.LastEvent = &f.Last
		}
		for _, s := range d.feeds {
			if s.name == f.Name {
				x.Peer = s.Addr().String()
			}
		}
		out = append(out, x)
	}
	for _, h := range d.toldHealth() {
		x := web.Feed{
			Name: h.Name, Kind: h.Kind, PBX: h.PBX, Peer: h.Peer, State: h.State.String(), Since: h.Since, Problem: h.Err,
			Events: h.Events, Refused: h.Refused, Lag: h.Lag.Seconds(), Gaps: h.Gaps, Reconnects: h.Reconnects, Disagreements: h.Disagreements,
		}
		if !h.LastEvent.IsZero() {
			x.LastEvent = &h.LastEvent
		}
		out = append(out, x)
	}
	return out
}

// toldHealth is the health of the feeds that PBXs tell by.
func (d *Daemon) toldHealth() []cti.Health {
	var all []cti.Health
	for _, t := range d.tellers {
		all = append(all, t.Health())
	}
	for _, h := range d.callHooks {
		all = append(all, h.Feed.Health())
	}
	d.watch.blame(all)
	return all
}

// blame counts with a PBX's first feed the disagreements that showed with the mirror's message and not with what was
// told.
func (w *watch) blame(all []cti.Health) {
	counted := map[string]uint64{}
	for i := range all {
		counted[all[i].PBX] += all[i].Disagreements
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range all {
		pbx := all[i].PBX
		n, first := counted[pbx]
		if total := w.tracker.Disagreements(pbx); first && total > n {
			all[i].Disagreements += total - n
		}
		delete(counted, pbx)
	}
}

// toldCounts is toldHealth for metrics.
func (d *Daemon) toldCounts() []metrics.ToldFeed {
	var all []metrics.ToldFeed
	for _, h := range d.toldHealth() {
		all = append(all, metrics.ToldFeed{
			Name: h.Name, Up: h.State == cti.Up, Events: h.Events, Refused: h.Refused, Last: h.LastEvent, Lag: h.Lag,
			Gaps: h.Gaps, Reconnects: h.Reconnects, Disagreements: h.Disagreements,
		})
	}
	return all
}

func sum(counts []metrics.Count) (n uint64) {
	for _, c := range counts {
		n += c.N
	}
	return n
}

// ago is how long ago a time was, in whole seconds.
func ago(t, now time.Time) string { return now.Sub(t).Truncate(time.Second).String() + " ago" }
