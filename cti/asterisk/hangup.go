package asterisk

import (
	"time"

	"ringback/cti"
)

// Hangup is what a PBX tells of a channel's end.
type Hangup struct {
	Cause  int  // Q.850, -1 where none was told
	Status int  // SIP; ARI's tech_cause; 0 where none was told
	Soft   bool // Asterisk itself wants it
}

// HangupRequested takes that a channel is asked to end, by its far side or by Asterisk.
func (m *Model) HangupRequested(at time.Time, ch Channel, h Hangup) {
	c := m.see(at, ch)
	if c == nil || c.leg == nil || h.Soft || c.over {
		return
	}
	side := c.far()
	if c.State == Other || c.leg.Up() && (h.Status == 408 || h.Status == 481) {
		side = c.near() // turned away with busy or congestion; given up as no answer came (RFC 4028 §10)
	}
	c.leg.End(at, cti.Ending{By: side, Cause: h.Cause, Status: h.Status})
}

// Destroyed takes that a channel is no more.
func (m *Model) Destroyed(at time.Time, ch Channel, h Hangup) {
	if m.channels[ch.ID] == nil {
		return // it began and ended unseen
	}
	c := m.see(at, ch)
	if c.leg != nil {
		c.leg.End(at, cti.Ending{By: c.near(), Cause: h.Cause, Status: h.Status})
	}
	m.forget(c)
}

// far is the side of a channel's leg that is not Asterisk.
func (c *channel) far() cti.Side {
	if c.incoming {
		return cti.Inviting
	}
	return cti.Invited
}

// near is Asterisk's side of it.
func (c *channel) near() cti.Side {
	if c.incoming {
		return cti.Invited
	}
	return cti.Inviting
}
