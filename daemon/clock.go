package daemon

import "time"

// clock follows how far a capture agent's clock is from ours, so that a PBX with a wrong clock is
// judged right. The offset is arrival less capture time, smoothed; the way from the PBX to us is in
// it, which does no harm at its size.
type clock struct {
	offset time.Duration
	known  bool
	// A step of the other clock shows as many misfits in a row over some time.
	misfits int
	since   time.Time
}

const (
	// honest is the skew up to which a capture agent's times are taken as they are: what the network
	// and the PBX's own queues take is no wrong clock.
	honest = 500 * time.Millisecond
	// misfit is how far from the smoothed offset a message must be to speak for a step.
	misfit = 2 * time.Second
	// A step is believed after this many messages and this long.
	stepMessages = 8
	stepTime     = 3 * time.Second
	// smoothing is the weight of history against one message.
	smoothing = 64
)

// at is the time of a message on our clock.
func (c *clock) at(captured, arrival time.Time) time.Time {
	d := arrival.Sub(captured)
	off := d - c.offset
	switch {
	case !c.known:
		c.offset, c.known = d, true
	case off > misfit || off < -misfit:
		if c.misfits == 0 {
			c.since = arrival
		}
		c.misfits++
		if c.misfits >= stepMessages && arrival.Sub(c.since) >= stepTime {
			c.offset, c.misfits = d, 0
		}
	default:
		c.misfits = 0
		c.offset += off / smoothing
	}
	if c.offset < honest && c.offset > -honest {
		return captured
	}
	return captured.Add(c.offset)
}

// maxClocks bounds the capture agents followed one by one; their ids come from the network.
const maxClocks = 1024

// clocks are the capture agents' clocks by id. Messages of no capture agent carry our own time.
type clocks struct {
	byAgent map[uint32]*clock
	last    uint32
	clock   *clock
}

func (k *clocks) at(agent uint32, captured, arrival time.Time) time.Time {
	if agent == 0 {
		return captured
	}
	if k.clock == nil || k.last != agent {
		c := k.byAgent[agent]
		if c == nil {
			if len(k.byAgent) >= maxClocks {
				return captured
			}
			if k.byAgent == nil {
				k.byAgent = map[uint32]*clock{}
			}
			c = &clock{}
			k.byAgent[agent] = c
		}
		k.clock, k.last = c, agent
	}
	return k.clock.at(captured, arrival)
}

// skew is how far an agent's clock is ahead of ours.
func (c *clock) skew() time.Duration { return -c.offset }
