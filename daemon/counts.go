package daemon

import (
	"strings"
	"time"

	"ringback/metrics"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// hepReasons are a feed's discarded packets and ended connections by reason.
func hepReasons(s *hep.Stats) (discarded, closed []metrics.Count) {
	for r := range s.Skipped {
		if r > 0 {
			discarded = append(discarded, metrics.Count{Name: hep.Reason(r).String(), N: s.Skipped[r].Load()})
		}
	}
	for r := range s.Closed {
		if r > 0 {
			closed = append(closed, metrics.Count{Name: hep.CloseReason(r).String(), N: s.Closed[r].Load()})
		}
	}
	return discarded, closed
}

// tapCounts are what the tap counted.
func tapCounts(t *capture.Tap) metrics.Feed {
	s := t.Stats()
	f := metrics.Feed{Name: "tap", Bound: true, Packets: s.Records, Bytes: s.Bytes, KernelDrops: t.Drops()}
	for r, n := range s.Skipped {
		if r > 0 {
			f.Discarded = append(f.Discarded, metrics.Count{Name: capture.Reason(r).String(), N: n})
		}
	}
	return f
}

// listCounts are the open and overdue cases of every list.
func (d *Daemon) listCounts() []metrics.List {
	var ids []string
	for _, l := range d.directory().Lists() {
		ids = append(ids, l.ID)
	}
	counters, err := d.cases.Counters(ids, "", time.Now())
	if err != nil {
		return nil // the store says so by itself
	}
	var out []metrics.List
	for _, id := range ids {
		out = append(out, metrics.List{ID: id, Open: counters[id].Open, Overdue: counters[id].Overdue})
	}
	return out
}

// phoneCounts are what our own user agent counted.
func (d *Daemon) phoneCounts() metrics.Phone {
	if d.phone == nil {
		return metrics.Phone{}
	}
	s := d.phone.Stats()
	out := metrics.Phone{
		Requests: s.Requests, Answered: s.Answered,
		Failures:  []metrics.Count{{Name: "timeout", N: s.Timeouts}, {Name: "not_sent", N: s.Failures}},
		Discarded: []metrics.Count{{Name: "malformed", N: s.Malformed}, {Name: "stray", N: s.Stray}, {Name: "flood", N: s.Flooded}},
	}
	for _, class := range [...]string{"2xx", "3xx", "4xx", "5xx", "6xx"} {
		out.Responses = append(out.Responses, metrics.Count{Name: class, N: s.Responses[class]})
	}
	return out
}

// endpointCounts are what became of our own calls.
func (d *Daemon) endpointCounts() (metrics.Endpoint, bool) {
	if d.endpoint == nil {
		return metrics.Endpoint{}, false
	}
	s := d.endpoint.Stats()
	out := metrics.Endpoint{Live: s.Live, Came: s.Invites, Refused: s.Refused, Dialled: s.Dialled, Ended: countsOf(s.Ended)}
	for _, a := range d.endpoint.Accounts() {
		out.Accounts = append(out.Accounts, metrics.Account{PBX: a.Name, Up: a.Up()})
	}
	if d.media != nil {
		m := d.media.Stats()
		out.Sessions, out.Full, out.MediaDropped = m.Sessions, m.Refused, countsOf(m.Dropped)
	}
	return out, true
}

// countsOf are counts by their names as labels.
func countsOf(by map[string]uint64) []metrics.Count {
	out := make([]metrics.Count, 0, len(by))
	for name, n := range by {
		out = append(out, metrics.Count{Name: strings.ToLower(strings.ReplaceAll(name, " ", "_")), N: n})
	}
	return out
}
