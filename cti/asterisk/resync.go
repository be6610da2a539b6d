package asterisk

import (
	"time"

	"ringback/cti"
	"ringback/sip"
)

// Bridge is which channels are together.
type Bridge struct {
	ID       string
	Channels []string // ids
}

// Resync takes all channels and bridges there are, as read after events may have been missed. Channels
// that are gone ended unseen, those that are new began so. What was told of calls that were live meanwhile
// is doubtful, and says so.
func (m *Model) Resync(at time.Time, channels []Channel, bridges []Bridge) {
	now := make(map[string]bool, len(channels))
	for i := range channels {
		now[channels[i].ID] = true
	}
	for _, id := range m.ids() {
		if c := m.channels[id]; c != nil && !now[id] {
			m.lost(at, c)
		}
	}
	var begun []*channel
	for i := range channels {
		x := &channels[i]
		if m.channels[x.ID] == nil && x.ID != "" && !isNoCall(x.Name) {
			begun = append(begun, m.begin(at, *x))
		}
	}
	m.together(bridges, begun)
	for i := range channels {
		m.see(at, channels[i])
	}
	for _, id := range m.order {
		if c := m.channels[id]; c != nil {
			m.doubt(at, c) // another one of its call may have come and gone
		}
	}
	for i := range bridges {
		for _, id := range bridges[i].Channels {
			if c := m.channels[id]; c != nil && c.bridge != bridges[i].ID {
				m.Entered(at, bridges[i].ID, c.Channel)
			}
		}
	}
}

// ids are those of all channels, the oldest first.
func (m *Model) ids() []string { return append([]string(nil), m.order...) }

// lost ends a channel that is no more and whose end was not seen.
func (m *Model) lost(at time.Time, c *channel) {
	if c.leg != nil {
		m.doubt(at, c)
		c.leg.End(at, cti.Ending{By: c.near(), Cause: -1})
	}
	m.forget(c)
}

func (m *Model) doubt(at time.Time, c *channel) {
	if c.leg != nil {
		m.fact(at, c, sip.Fact{Kind: sip.FactDoubt})
	}
}

// together guesses which of the channels that began unseen dials which: those that are bridged, or show
// the number of one that called.
func (m *Model) together(bridges []Bridge, begun []*channel) {
	for i := range bridges {
		var caller *channel
		for _, id := range bridges[i].Channels {
			if c := m.channels[id]; c != nil && c.incoming {
				caller = c
			}
		}
		for _, id := range bridges[i].Channels {
			if c := m.channels[id]; c != nil && caller != nil && !c.incoming && c.by == nil {
				c.by = caller
			}
		}
	}
	for _, c := range begun {
		if c.incoming || c.by != nil {
			continue
		}
		for _, id := range m.order {
			if o := m.channels[id]; o != nil && o != c && o.incoming && o.Caller != "" && o.Caller == c.Line {
				c.by = o
				break
			}
		}
	}
}
