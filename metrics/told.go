package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ToldFeed is the state of one way by which a PBX tells of its calls by itself.
type ToldFeed struct {
	Name          string // as "main/ari"
	Up            bool
	Events        uint64
	Refused       uint64        // events that could not be read
	Last          time.Time     // arrival of the last event, zero when none came yet
	Lag           time.Duration // from the PBX's clock to ours
	Gaps          uint64        // times something was missed
	Reconnects    uint64
	Disagreements uint64 // with a stronger feed
}

// toldSampled are the metrics of feeds that PBXs tell by.
type toldSampled struct {
	up, events, refused, last, lag, gaps, reconnects, disagreements sample
}

func newToldSampled(c *catalogue) toldSampled {
	c.group = Feeds
	return toldSampled{
		up:            c.sampledGauge("ringback_told_feed_up", "1 while a PBX tells of its calls by this feed (ARI, AMI, dialog events, call hooks).", "feed"),
		events:        c.sampledCounter("ringback_told_feed_events_total", "Events that a PBX told.", "feed"),
		refused:       c.sampledCounter("ringback_told_feed_refused_total", "Events that could not be read, or whose sender was not proved.", "feed"),
		last:          c.sampledGauge("ringback_told_feed_last_event_timestamp_seconds", "When the last event arrived; absent before the first.", "feed"),
		lag:           c.sampledGauge("ringback_told_feed_lag_seconds", "From the PBX's clock to ours, smoothed.", "feed"),
		gaps:          c.sampledCounter("ringback_told_feed_gaps_total", "Times something was missed.", "feed"),
		reconnects:    c.sampledCounter("ringback_told_feed_reconnects_total", "Times the connection was made anew.", "feed"),
		disagreements: c.sampledCounter("ringback_told_feed_disagreements_total", "Times the feed told otherwise than a stronger one, which was believed.", "feed"),
	}
}

func (x *toldSampled) all() []sample {
	return []sample{x.up, x.events, x.refused, x.last, x.lag, x.gaps, x.reconnects, x.disagreements}
}

func (x *toldSampled) collect(out chan<- prometheus.Metric, feeds func() []ToldFeed) {
	if feeds == nil {
		return
	}
	for _, f := range distinct(feeds(), func(f ToldFeed) string { return f.Name }) {
		x.up.emit(out, flag(f.Up), f.Name)
		x.events.emit(out, float64(f.Events), f.Name)
		x.refused.emit(out, float64(f.Refused), f.Name)
		x.lag.emit(out, f.Lag.Seconds(), f.Name)
		x.gaps.emit(out, float64(f.Gaps), f.Name)
		x.reconnects.emit(out, float64(f.Reconnects), f.Name)
		x.disagreements.emit(out, float64(f.Disagreements), f.Name)
		if !f.Last.IsZero() {
			x.last.emit(out, float64(f.Last.UnixNano())/1e9, f.Name)
		}
	}
}
