package phone

import "sync/atomic"

// Stats is what a Phone has counted since New.
type Stats struct {
	Requests   uint64            // requests sent, repetitions after a challenge included, retransmissions not
	Responses  map[string]uint64 // final responses to messages by class: "2xx", …, "6xx"
	Timeouts   uint64            // messages without a final response in time
	Failures   uint64            // messages that could not be sent
	Answered   uint64            // requests of others that were answered
	Malformed  uint64            // messages of others that could not be read
	Stray      uint64            // responses to nothing of ours
	Flooded    uint64            // datagrams and connections beyond the limits
	ReadErrors uint64            // errors of sockets that passed
}

type counters struct {
	requests, timeouts, failures                               atomic.Uint64
	answered, malformed, stray, flooded, readErrors            atomic.Uint64
	responses2, responses3, responses4, responses5, responses6 atomic.Uint64
}

func (c *counters) class(code int) *atomic.Uint64 {
	switch {
	case code < 300:
		return &c.responses2
	case code < 400:
		return &c.responses3
	case code < 500:
		return &c.responses4
	case code < 600:
		return &c.responses5
	}
	return &c.responses6
}

func (c *counters) answeredUs(code int) { c.class(code).Add(1) }

// Stats is what has been counted so far.
func (p *Phone) Stats() Stats {
	c := &p.stats
	return Stats{
		Requests: c.requests.Load(),
		Responses: map[string]uint64{
			"2xx": c.responses2.Load(),
			"3xx": c.responses3.Load(),
			"4xx": c.responses4.Load(),
			"5xx": c.responses5.Load(),
			"6xx": c.responses6.Load(),
		},
		Timeouts:   c.timeouts.Load(),
		Failures:   c.failures.Load(),
		Answered:   c.answered.Load(),
		Malformed:  c.malformed.Load(),
		Stray:      c.stray.Load(),
		Flooded:    c.flooded.Load(),
		ReadErrors: c.readErrors.Load(),
	}
}
