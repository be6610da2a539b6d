package metrics

import "github.com/prometheus/client_golang/prometheus"

// Endpoint is what our SIP endpoint, which takes and makes calls, counted since the process started, and holds now.
type Endpoint struct {
	Accounts []Account
	Live     int     // calls now
	Came     uint64  // INVITEs, retransmissions not counted
	Refused  uint64  // of these, by the endpoint itself
	Dialled  uint64  // calls of ours
	Ended    []Count // by why, as "hung_up"

	Sessions     int     // of media, open now
	Full         uint64  // sessions refused for want of ports
	MediaDropped []Count // packets not used, by reason
}

// Account is how our place at a PBX stands.
type Account struct {
	PBX string
	Up  bool // registered or, where it does not register, reachable
}

// endpointSampled are the metrics of our own calls.
type endpointSampled struct {
	up, live, came, refused, dialled, ended, sessions, full, dropped sample
}

func newEndpointSampled(c *catalogue) endpointSampled {
	c.group = OwnCalls
	return endpointSampled{
		up:       c.sampledGauge("ringback_account_up", "1 while Ringback is registered at a PBX or, where it does not register, the PBX answers.", "pbx"),
		live:     c.sampledGauge("ringback_own_calls", "Calls of our own on the line: to the callback line, and callback calls."),
		came:     c.sampledCounter("ringback_own_calls_received_total", "Calls to us; retransmissions do not count."),
		refused:  c.sampledCounter("ringback_own_calls_refused_total", "Calls to us that were refused at once: limits, extensions we do not know, loops."),
		dialled:  c.sampledCounter("ringback_own_calls_dialled_total", "Calls we made."),
		ended:    c.sampledCounter("ringback_own_calls_ended_total", "Calls of our own that ended, by why.", "reason"),
		sessions: c.sampledGauge("ringback_media_sessions", "Calls of our own with sound."),
		full:     c.sampledCounter("ringback_media_refused_total", "Calls refused for want of media ports."),
		dropped:  c.sampledCounter("ringback_media_dropped_packets_total", "RTP and RTCP packets that were not used, by reason.", "reason"),
	}
}

func (e *endpointSampled) all() []sample {
	return []sample{e.up, e.live, e.came, e.refused, e.dialled, e.ended, e.sessions, e.full, e.dropped}
}

func (e *endpointSampled) collect(out chan<- prometheus.Metric, endpoint func() (Endpoint, bool)) {
	if endpoint == nil {
		return
	}
	now, there := endpoint()
	if !there {
		return
	}
	for _, a := range distinct(now.Accounts, func(a Account) string { return a.PBX }) {
		e.up.emit(out, flag(a.Up), a.PBX)
	}
	e.live.emit(out, float64(now.Live))
	e.came.emit(out, float64(now.Came))
	e.refused.emit(out, float64(now.Refused))
	e.dialled.emit(out, float64(now.Dialled))
	e.ended.emitCounts(out, now.Ended)
	e.sessions.emit(out, float64(now.Sessions))
	e.full.emit(out, float64(now.Full))
	e.dropped.emitCounts(out, now.MediaDropped)
}
