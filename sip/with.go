package sip

// servedWith says whether the caller was with an agent at a hop: both were up together long enough.
// Through a proxy, whose two sides are one dialog, the caller's own hop says so when an agent's
// contact answered it.
func (t *Tracker) servedWith(caller, h *hop) bool {
	if h.role != roleAgent && (h != caller || h.flags&hopByAgent == 0) {
		return false
	}
	return h.overlap(caller.up, caller.down, t.now) >= int64(t.opt.ServedAfter)
}

// wasWithAgent says whether the caller was with an agent (DOMAIN.md "With an agent").
func (t *Tracker) wasWithAgent(c *call, caller *hop) bool {
	return caller.up != 0 && c.any(func(h *hop) bool { return t.servedWith(caller, h) })
}

// lastAgent is the hop of the agent whom the caller was with last, or nil.
func (t *Tracker) lastAgent(c *call, caller *hop) *hop {
	var last *hop
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if t.servedWith(caller, h) && (last == nil || h.up > last.up || h.up == last.up && h.role == roleAgent) {
				last = h
			}
		}
	}
	return last
}

// firstAgent is the agent whom the caller was with first, or nil. Where the caller's own leg was not
// seen, the first whose phone was up.
func (t *Tracker) firstAgent(c *call) *agent {
	caller := c.callerHop()
	var a *agent
	up := int64(0)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			with := h.role == roleAgent && h.up != 0
			if caller != nil {
				with = t.servedWith(caller, h)
			}
			if with && h.agent != nil && (a == nil || h.up < up) {
				a, up = h.agent, h.up
			}
		}
	}
	return a
}

// withFirst is the agent whose phone was up with the caller first, however short, and since when.
func (t *Tracker) withFirst(c *call) (*agent, int64) {
	caller := c.callerHop()
	var a *agent
	up := int64(0)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.up == 0 || h.agent == nil || h.role != roleAgent && (h != caller || h.flags&hopByAgent == 0) {
				continue
			}
			at := h.up
			if caller != nil {
				if caller.up == 0 || caller.down != 0 && h.up >= caller.down {
					continue
				}
				at = max(at, caller.up)
			}
			if a == nil || at < up {
				a, up = h.agent, at
			}
		}
	}
	return a, up
}

// inferred says whether a verdict rests on legs tied by number and time, or on a message that was
// never seen.
func (t *Tracker) inferred(c *call, caller *hop, j *judgement, why Reason) bool {
	if c.flags&callInferred != 0 || why != ReasonNone || caller == nil {
		return true
	}
	if caller.flags&(hopNoInvite|hopNo2xx|hopNoBye) != 0 || caller.end == endUnknownFinal {
		return true
	}
	if caller.end == endFinal && caller.status == 487 {
		return true // the CANCEL and its Reason were not seen
	}
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTied != 0 {
			return true
		}
		for h := &l.hop; h != nil; h = h.next {
			if h.role == roleAgent && (h.flags&hopGuessed != 0 || h.up != 0 && (h.alive() || h.flags&(hopNoInvite|hopNo2xx|hopNoBye) != 0)) {
				return true
			}
		}
	}
	if j.verdict != Missed && j.reason != TransferFailed {
		return false
	}
	// That nobody was there for him rests on seeing all of what the phones did.
	if c.fares(caller.down)&foldUnsure != 0 || c.pbx != nil && t.strays[c.pbx.ID] >= c.started {
		return true
	}
	return j.reason != AbandonedRinging && len(t.unreadable) > 0
}
