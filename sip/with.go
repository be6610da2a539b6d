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

// wasWithAgent says whether the caller was with an agent (docs/verdicts.md).
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

// lacking says whether a message that a hop's end needs was not seen.
func (h *hop) lacking() bool {
	switch {
	case h == nil:
		return false
	case h.flags&(hopNoInvite|hopNo2xx|hopNoBye) != 0, h.end == endUnknownFinal:
		return true
	case h.end == endFinal:
		return h.status == 487 // whose CANCEL may have had a Reason
	case h.end == endCancel:
		return h.status == 0 // a 2xx may have crossed it
	}
	return false
}

// inferred says whether a verdict rests on legs tied by number and time, or on a message that was
// never seen.
func (t *Tracker) inferred(c *call, caller *hop, j *judgement, why Reason) bool {
	if c.flags&callInferred != 0 || why != ReasonNone || caller == nil {
		return true
	}
	if caller.lacking() || c.dir == Outbound && c.farHop().lacking() {
		return true
	}
	if j.reason == Outage && caller.down < t.blind+int64(t.opt.MaxWait) {
		return true // more calls may have been live than were known
	}
	if caller.end == endFinal && caller.status/100 == 3 {
		return true // where he was sent he was not seen to come
	}
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTied != 0 {
			return true
		}
		for h := &l.hop; h != nil; h = h.next {
			if h.role != roleAgent {
				continue
			}
			if h.flags&hopGuessed != 0 || h.up != 0 && h.flags&(hopNoInvite|hopNo2xx|hopNoBye) != 0 || h.openEnded(caller.down) {
				return true // an agent whose end was not seen may have had the caller, and been the first
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
