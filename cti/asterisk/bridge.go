package asterisk

import (
	"slices"
	"time"
)

// Entered takes that a channel came into a bridge: whoever called is now with whoever answered, however
// that came about.
func (m *Model) Entered(at time.Time, bridge string, ch Channel) {
	c := m.see(at, ch)
	if c == nil || c.over || bridge == "" {
		return
	}
	m.leave(c)
	c.bridge = bridge
	others := m.bridges[bridge]
	m.bridges[bridge] = append(others, c)
	for _, o := range others {
		if o.leg == nil || c.leg == nil {
			continue
		}
		cause, effect := c, o
		if !c.customer() && o.customer() || !c.incoming && o.incoming {
			cause, effect = o, c
		}
		if effect.root() != cause {
			m.link(at, cause, effect)
		}
	}
}

// Left takes that a channel left its bridge.
func (m *Model) Left(at time.Time, ch Channel) {
	if c := m.see(at, ch); c != nil {
		m.leave(c)
	}
}

func (m *Model) leave(c *channel) {
	if c.bridge == "" {
		return
	}
	rest := slices.DeleteFunc(m.bridges[c.bridge], func(o *channel) bool { return o == c })
	if m.bridges[c.bridge] = rest; len(rest) == 0 {
		delete(m.bridges, c.bridge)
	}
	c.bridge = ""
}
