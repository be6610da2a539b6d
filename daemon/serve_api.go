package daemon

import (
	"slices"
	"time"

	"ringback/cases"
	"ringback/configs"
	"ringback/sip"
	"ringback/web"
)

// limitsOf are how many requests the API takes from one caller.
func limitsOf(c *configs.Web) web.Limits {
	return web.Limits{Caller: web.Rate{PerSecond: float64(c.RequestsPerSecond), Burst: 4 * c.RequestsPerSecond}}
}

// recentNumbers are those of an agent's recent external calls, the latest first.
func (d *Daemon) recentNumbers(agent string, now time.Time) []sip.Number {
	var numbers []sip.Number
	for _, call := range d.assist.Recent(agent, now) {
		if call.Number != 0 {
			numbers = append(numbers, call.Number)
		}
	}
	return numbers
}

// dismissHint takes hints of a call away from an agent: all, or that which tells of a case.
func (d *Daemon) dismissHint(agent, call, about string, now time.Time) bool {
	had := false
	for _, h := range d.assist.Live(agent) {
		if h.CallID != call || about != "" && !slices.ContainsFunc(h.Cases, func(c cases.Case) bool { return c.ID == about }) {
			continue
		}
		had = true
		d.tellHints(d.assist.Dismiss(h.Key, now), now)
	}
	return had
}
