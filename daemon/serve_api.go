package daemon

import (
	"time"

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
