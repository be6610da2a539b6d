package daemon

import (
	"net/netip"
	"time"

	"ringback/metrics"
	"ringback/sip/hep"
)

// clock follows how far a capture agent's clock is from ours, so that a PBX with a wrong clock is
// judged right. The offset is arrival less capture time, smoothed; the way from the PBX to us is in
// it, which does no harm at its size.
type clock struct {
	offset time.Duration
	known  bool
	wrong  bool      // the offset is no longer taken for the way to us
	last   time.Time // the latest time given to a message
	// A step of the other clock shows as many misfits in a row over some time.
	misfits int
	since   time.Time
}

const (
	// honest is the skew up to which a capture agent's times are taken as they are: what the network
	// and the PBX's own queues take is no wrong clock.
	honest = 500 * time.Millisecond
	// misfit is how far from the smoothed offset a message must be to speak for a step.
	misfit = time.Second
	// A step is believed after this many messages and this long.
	stepMessages = 8
	stepTime     = 3 * time.Second
	// smoothing is the weight of history against one message.
	smoothing = 64
)

// at is the time of a message on our clock.
func (c *clock) at(captured, arrival time.Time) time.Time {
	c.follow(arrival.Sub(captured), arrival)
	at := captured
	if c.wrong {
		at = captured.Add(c.offset)
	}
	// A message may be late, as all that a stalled connection brings at last is. But nothing arrives
	// before it was sent, nor does an agent go back in time: then its clock has just been stepped.
	if at.Sub(arrival) > misfit || c.last.Sub(at) > misfit {
		at = arrival
	}
	if at.After(c.last) {
		c.last = at
	}
	return at
}

// follow learns from one message's offset.
func (c *clock) follow(d time.Duration, arrival time.Time) {
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
	// Twice as far to leave as to come, so that a clock on the brink does not flutter.
	switch size := c.offset.Abs(); {
	case size >= honest:
		c.wrong = true
	case size < honest/2:
		c.wrong = false
	}
}

// maxClocks bounds the capture agents followed one by one; their ids come from the network.
const maxClocks = 1024

// agent is a capture agent: many call themselves by the same id, or by none, so it is where they
// send from too.
type agent struct {
	from netip.Addr
	id   uint32
}

// clocks are the capture agents' clocks. What we captured ourselves carries our own time.
type clocks struct {
	byAgent map[agent]*clock
	last    agent
	clock   *clock
}

func (k *clocks) at(p *hep.Received) time.Time {
	if !p.From.IsValid() {
		return p.Time
	}
	a := agent{p.From.Addr(), p.Agent}
	if k.clock == nil || k.last != a {
		c := k.byAgent[a]
		if c == nil {
			if len(k.byAgent) >= maxClocks {
				return unfollowed(p)
			}
			if k.byAgent == nil {
				k.byAgent = map[agent]*clock{}
			}
			c = &clock{}
			k.byAgent[a] = c
		}
		k.clock, k.last = c, a
	}
	return k.clock.at(p.Time, p.Arrival)
}

// unfollowed is the time of a message whose agent's clock is not followed.
func unfollowed(p *hep.Received) time.Time {
	if p.Arrival.Sub(p.Time).Abs() > misfit {
		return p.Arrival
	}
	return p.Time
}

// skews are how far the agents' clocks are ahead of ours; of several of one id, the worst.
func (k *clocks) skews() []metrics.Skew {
	worst := map[uint32]time.Duration{}
	for a, c := range k.byAgent {
		if w, ok := worst[a.id]; !ok || c.offset.Abs() > w.Abs() {
			worst[a.id] = -c.offset
		}
	}
	var out []metrics.Skew
	for id, skew := range worst {
		out = append(out, metrics.Skew{CaptureAgent: id, Offset: skew})
	}
	return out
}
