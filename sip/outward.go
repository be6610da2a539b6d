package sip

import "time"

// asksFor is the call of an agent who dialled a number: one that has no leg out yet, and else the
// latest whose legs out all failed.
func (t *Tracker) asksFor(n Number, m *Message, s *sight) (c, again *call) {
	if n == 0 {
		return nil, nil
	}
	for _, in := range [...]listKind{inWaiting, inServed} {
		for c, i := t.listOf(keyOf(keyCallee, uint64(n)).in(in)).first, 0; c != nil && i < maxCandidates; c, i = c.nodes[byKey].next, i+1 {
			if !samePBX(c.pbx, s.src.pbx) || c.done(m.Time) {
				continue
			}
			h := c.farHop()
			if h == nil {
				return c, again
			}
			if !h.alive() && h.up == 0 {
				again = c
			}
		}
	}
	return nil, again
}

// presented is the call of a phone that the PBX rang first, to connect it with a number then, or of
// an agent who dialled what the PBX turned into that number.
func (t *Tracker) presented(n Number, m *Message, s *sight) *call {
	if n != 0 {
		orphans := t.listOf(keyOf(keyCaller, uint64(n)).in(inOrphans))
		for c, i := orphans.first, 0; c != nil && i < maxCandidates; c, i = c.nodes[byKey].next, i+1 {
			if c.caller == nil && c.agentUp() && samePBX(c.pbx, s.src.pbx) {
				c.flags |= callPresented // it showed the agent whom it would call for him
				return c
			}
		}
	}
	return t.recent.find(func(c *call) bool {
		if !samePBX(c.pbx, s.src.pbx) || c.farHop() != nil || c.done(m.Time) {
			return false
		}
		switch c.dir {
		case Internal: // to something that is no number, or from a phone the PBX rang first
			return c.agentUp() || c.flags&callPresented == 0 && m.Time-c.started < int64(dialPatience)
		case Outbound: // to a number that the PBX writes in another way
			return c.caller != nil && c.to.Maybe(n) && m.Time-c.started < int64(dialPatience)
		default:
			return false
		}
	})
}

// dialPatience is how long after an agent's INVITE the PBX may send its own.
const dialPatience = 10 * time.Second

// forwarded is the inbound call that a leg to an external number continues: it shows the caller, or
// the service that it was diverted from (RFC 5806, RFC 7044).
func (t *Tracker) forwarded(m *Message, s *sight) *call {
	switch s.from.kind {
	case idOwn, idAgent:
		return nil
	case idService:
		if via := t.divertedFrom(m, t.numberingOf(s.src)); via != nil {
			return t.queued(via, nil, m, s)
		}
		return nil
	default:
		return t.upstream(keyFrom(&s.from, m), nil, m, s)
	}
}
