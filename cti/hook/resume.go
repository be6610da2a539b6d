package hook

import (
	"strings"
	"time"

	"ringback/cti"
	"ringback/sip"
)

// longest is how long a call may last: one whose end is never told is forgotten then.
const longest = 24 * time.Hour

// Resume takes up the calls that were told before a restart and are live, so that what is told of them next goes on
// with them. It is called after SetSite and before the first event.
func (m *Model) Resume(now time.Time, calls []sip.ToldCall) {
	if m.site == nil {
		return
	}
	for i := range calls {
		x := &calls[i]
		name := m.nameOf(x)
		if name == "" || m.calls[name] != nil || len(m.calls) >= maxCalls {
			continue
		}
		c := &call{from: x.From, agents: map[string]*cti.Leg{}, since: now, outgoing: x.Outgoing}
		way, p := cti.FromCarrier, cti.Party{From: x.From, To: x.To, Withheld: x.Withheld}
		if x.Outgoing {
			way, p = cti.FromAgent, cti.Party{Endpoint: m.site.Extension(x.From), To: x.To}
		}
		c.caller = cti.ResumeLeg(m.site, m.sink, x.Legs[0], way, p)
		for _, l := range x.Legs[1:] {
			m.resumeLeg(c, name, l, x)
		}
		m.calls[name] = c
	}
}

// resumeLeg takes up a leg of a call that is not its caller's.
func (m *Model) resumeLeg(c *call, name string, l sip.ToldLeg, x *sip.ToldCall) {
	id, _ := cti.ToldID(m.site.PBX, l.CallID)
	endpoint, ok := strings.CutPrefix(id, name+"/")
	switch {
	case !ok:
	case x.Outgoing && endpoint == "out":
		c.callee = cti.ResumeLeg(m.site, m.sink, l, cti.ToCarrier, cti.Party{To: x.To})
	case !x.Outgoing:
		c.agents[endpoint] = cti.ResumeLeg(m.site, m.sink, l, cti.ToAgent, cti.Party{Endpoint: endpoint, From: x.From})
	}
}

// nameOf is what the sender calls a call: it is in the Call-ID that was made of it, of the caller's leg or another.
func (m *Model) nameOf(x *sip.ToldCall) string {
	if name, made := cti.ToldID(m.site.PBX, x.Legs[0].CallID); made {
		return name
	}
	for _, l := range x.Legs[1:] {
		id, made := cti.ToldID(m.site.PBX, l.CallID)
		if i := strings.LastIndexByte(id, '/'); made && i > 0 {
			return id[:i]
		}
	}
	return ""
}
