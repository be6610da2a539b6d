package sip

// judgement is what became of a call.
type judgement struct {
	verdict    Verdict
	reason     Reason
	confidence Confidence
	short      bool
	result     Result
	status     uint16
}

// servedWith says whether an agent's leg and the caller's were up together long enough.
func (t *Tracker) servedWith(c *call, caller, h *hop) bool {
	return h.role == roleAgent && h.overlap(caller.up, caller.down, t.now) >= int64(t.opt.ServedAfter)
}

// wasWithAgent says whether the caller was with an agent (DOMAIN.md "With an agent").
func (t *Tracker) wasWithAgent(c *call) bool {
	caller := c.callerHop()
	if caller == nil || caller.up == 0 {
		return false
	}
	with := false
	c.eachHop(func(_ *leg, h *hop) { with = with || t.servedWith(c, caller, h) })
	return with
}

// lastAgent is the agent's leg that the caller was with last, or nil.
func (t *Tracker) lastAgent(c *call, caller *hop) *hop {
	var last *hop
	c.eachHop(func(_ *leg, h *hop) {
		if t.servedWith(c, caller, h) && (last == nil || h.up >= last.up) {
			last = h
		}
	})
	return last
}

// firstAgent is the agent that the caller was with first, or nil. Where the caller's own leg was not
// seen, the first whose phone was up.
func (t *Tracker) firstAgent(c *call) *agent {
	caller := c.callerHop()
	var first *hop
	c.eachHop(func(_ *leg, h *hop) {
		with := h.role == roleAgent && h.up != 0
		if caller != nil {
			with = t.servedWith(c, caller, h)
		}
		if with && (first == nil || h.up < first.up) {
			first = h
		}
	})
	if first == nil {
		return nil
	}
	return first.agent
}

// judge gives the verdict of a call: the first row that fits decides (DOMAIN.md "Service call and
// its verdict"). why is StillLive or UnknownEnd for calls whose end was not seen, Lost for those
// whose timer ran out.
func (t *Tracker) judge(c *call, at int64, why Reason) judgement {
	j := judgement{}
	caller := c.callerHop()
	switch {
	case c.dir == Outbound:
		j = t.judgeFar(c)
	case c.dir == Inbound && c.service != nil && caller != nil && c.flags&callChallenged == 0:
		j = t.judgeService(c, caller, at, why)
	}
	if j.verdict == VerdictNone && j.reason == ReasonNone && (why == StillLive || why == UnknownEnd) {
		j.reason = why
	}
	if t.inferred(c, caller, why) {
		j.confidence = Inferred
	}
	return j
}

// inferred says whether a verdict rests on legs tied by number and time, or on a message that was
// never seen.
func (t *Tracker) inferred(c *call, caller *hop, why Reason) bool {
	if c.flags&callInferred != 0 || why == Lost || why == UnknownEnd || why == StillLive {
		return true
	}
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTied != 0 {
			return true
		}
	}
	lacking := hopNoInvite | hopNo2xx | hopNoBye
	if caller == nil || caller.flags&lacking != 0 || caller.end == endUnknownFinal {
		return true
	}
	missing := false
	c.eachHop(func(_ *leg, h *hop) {
		missing = missing || h.role == roleAgent && h.up != 0 && h.flags&(hopNoInvite|hopNo2xx) != 0
	})
	if missing {
		return true
	}
	return c.up == 0 && caller.up != 0 && len(t.unreadable) > 0 && c.flags&callWithAgent == 0
}

func (t *Tracker) judgeService(c *call, caller *hop, at int64, why Reason) judgement {
	if last := t.lastAgent(c, caller); last != nil {
		if why == StillLive || why == UnknownEnd {
			return judgement{reason: why}
		}
		return t.judgeServed(c, caller, last)
	}
	if why == UnknownEnd {
		return judgement{reason: why}
	}
	if why == StillLive {
		why = Lost
	}
	j := judgement{verdict: Missed, status: caller.status}
	if why == Lost {
		j.reason = Lost // rows 12 and 18
		return j
	}
	if caller.up != 0 {
		j.reason = t.judgeWaiting(c, caller)
	} else {
		j.reason = judgeUnanswered(c, caller)
	}
	abandoned := j.reason == AbandonedWaiting || j.reason == AbandonedRinging
	j.short = abandoned && at-c.started < int64(t.opt.ShortAfter)
	return j
}

// judgeServed is rows 1 to 7: the caller was with an agent.
func (t *Tracker) judgeServed(c *call, caller, last *hop) judgement {
	drop := func(r Reason) judgement { return judgement{verdict: Dropped, reason: r} }
	has := func(f func(*hop) bool) bool { return f(caller) || f(last) }
	switch {
	case t.outageOf(c).hit(caller.down, t.now):
		return drop(Outage)
	case has(func(h *hop) bool { return h.byBye() && h.cause == 44+1 }):
		return drop(MediaLost)
	case has(func(h *hop) bool { return h.flags&hopDying != 0 || h.byBye() && (h.sip == 408 || h.sip == 481) }):
		return drop(SessionExpired)
	case has(func(h *hop) bool { return h.byBye() && t.abnormal(h.cause) }):
		return drop(Signalling)
	case t.transferFailed(c, caller, last):
		return drop(TransferFailed)
	case caller.end == endByeCaller && c.heldFor(caller) >= int64(t.opt.HoldDrop):
		return drop(OnHold)
	}
	return judgement{verdict: Served}
}

func (h *hop) byBye() bool { return h.end == endByeCaller || h.end == endByeCallee }

// abnormal says whether a Q.850 cause (plus one) is none of a normal end: 0 unknown, 16 normal, 17
// busy, 18 and 19 no answer, 21 rejected, 26 elsewhere, 31 normal unspecified (ITU-T Q.850 §2.2.7).
func (t *Tracker) abnormal(cause uint16) bool {
	switch cause {
	case 0, 0 + 1, 16 + 1, 17 + 1, 18 + 1, 19 + 1, 21 + 1, 26 + 1, 31 + 1:
		return false
	case 127 + 1:
		return t.opt.Drop127
	}
	return true
}

// transferFailed is row 5: after the last agent another was called, came to nothing, and no agent
// was there when the caller's leg ended. A try that failed well before the agent left does not count:
// he still had the caller.
func (t *Tracker) transferFailed(c *call, caller, last *hop) bool {
	if last.down == 0 || last.down >= caller.down {
		return false
	}
	failed := false
	c.eachHop(func(_ *leg, h *hop) {
		if h.role != roleAgent || h == last || h.invited <= last.up || t.servedWith(c, caller, h) {
			return
		}
		failed = failed || h.down == 0 || h.down >= last.down-int64(t.opt.ServedAfter)
	})
	up := false
	c.eachHop(func(_ *leg, h *hop) {
		up = up || h.role == roleAgent && h.up != 0 && h.up < caller.down && (h.down == 0 || h.down >= caller.down)
	})
	return failed && !up
}

// heldFor is how long the caller had been on hold when his leg ended. A hold ends with its leg.
func (c *call) heldFor(caller *hop) int64 {
	most := int64(0)
	c.eachHop(func(_ *leg, h *hop) {
		if h.held != 0 && h.up != 0 && (h == caller || h.role == roleAgent && (h.down == 0 || h.down >= caller.down)) {
			most = max(most, caller.down-h.held)
		}
	})
	return most
}

// judgeWaiting is rows 8 to 11: the PBX had answered, but no agent.
func (t *Tracker) judgeWaiting(c *call, caller *hop) Reason {
	voicemail := false
	c.eachHop(func(_ *leg, h *hop) {
		voicemail = voicemail || h.role == roleEndpoint && h.to != nil && h.to.Kind == EndpointVoicemail && h.up != 0
	})
	phones := c.phones()
	switch {
	case voicemail:
		return Voicemail
	case caller.end == endByeCaller:
		return AbandonedWaiting
	case phones&foldReached != 0:
		return Timeout
	}
	return NoAgent
}

// judgeUnanswered is rows 13 to 17: the caller's leg was never confirmed.
func judgeUnanswered(c *call, caller *hop) Reason {
	if caller.end == endCancel || caller.status == 487 {
		return AbandonedRinging
	}
	p := c.phones()
	switch {
	case p&foldReached == 0:
		return NoAgent
	case p&(foldRangOut|foldOther) == 0 && p&foldBusy != 0:
		return Busy
	case p&(foldRangOut|foldOther) == 0 && p&foldDeclined != 0:
		return Declined
	case p&foldRangOut != 0:
		return Timeout
	}
	return Failed
}

// phones sums up how the agents' phones fared.
func (c *call) phones() fold {
	f := c.folded
	c.eachHop(func(_ *leg, h *hop) {
		if h.role == roleAgent {
			f |= foldOf(h)
		}
	})
	return f
}

// judgeFar says what became of the far end of an outbound call.
func (t *Tracker) judgeFar(c *call) judgement {
	h := c.farHop()
	if h == nil || h.up == 0 && h.alive() {
		h = c.callerHop()
	}
	j := judgement{}
	if h == nil {
		return j
	}
	j.status = h.status
	switch {
	case h.up != 0:
		j.result = Answered
	case h.status == 486 || h.status == 600:
		j.result = ResultBusy
	case h.end == endCancel || h.status == 408 || h.status == 480 || h.status == 487:
		j.result = NoAnswer
	case h.status == 404 || h.status == 410 || h.status == 484:
		j.result = WrongNumber
	case h.status/100 == 5:
		j.result = NetworkFailure
	case h.status >= 300 && h.flags&hopChallenged == 0:
		j.result = ResultRejected
	}
	return j
}
