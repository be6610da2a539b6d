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

// judge gives the verdict of a call: the first row that fits decides
// (docs/verdicts.md). why is StillLive or UnknownEnd for calls whose end was not seen, Lost for those
// whose timer ran out.
func (t *Tracker) judge(c *call, at int64, why Reason) judgement {
	j := judgement{}
	caller := c.callerHop()
	switch {
	case c.dir == Outbound:
		j = judgeFar(c)
	case c.dir == Inbound && c.service != nil && caller != nil && !caller.challenged():
		j = t.judgeService(c, caller, at, why)
	}
	if j.verdict == VerdictNone && j.reason == ReasonNone && (why == StillLive || why == UnknownEnd) {
		j.reason = why
	}
	if t.inferred(c, caller, &j, why) {
		j.confidence = Inferred
	}
	return j
}

func (t *Tracker) judgeService(c *call, caller *hop, at int64, why Reason) judgement {
	if last := t.lastAgent(c, caller); last != nil {
		if why != ReasonNone {
			return judgement{reason: why} // a timer that runs out unseen is never a drop
		}
		return t.judgeServed(c, caller, last)
	}
	switch {
	case why == UnknownEnd, caller.end == endCancel && caller.flags&hopElsewhere != 0:
		return judgement{} // given up for lack of memory; picked up elsewhere (RFC 3326 §3.1)
	case why != ReasonNone && caller.flags&hopNoInvite != 0 && !caller.asked():
		return judgement{} // a 2xx and nothing else: most likely of a re-INVITE in a call older than the watch
	case why != ReasonNone:
		return judgement{verdict: Missed, reason: Lost} // rows 12 and 18
	}
	j := judgement{verdict: Missed, status: caller.status}
	if caller.up != 0 {
		j.reason = t.judgeWaiting(c, caller)
	} else {
		j.reason = judgeUnanswered(caller, c.fares(caller.down))
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
	case t.outageOf(c).hit(caller.down):
		return drop(Outage)
	case c.flags&callSilent != 0, has(func(h *hop) bool { return h.byBye() && h.cause == 44+1 }):
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

// transferFailed is row 5: a further agent was called, and no agent was there when the caller's leg
// ended. A try that failed well before the agent left does not count: he still had the caller.
func (t *Tracker) transferFailed(c *call, caller, last *hop) bool {
	if last.down == 0 || last.down >= caller.down {
		return false
	}
	further, elsewhere := false, false
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			switch {
			case h.role == roleAgent && h.up != 0 && h.up < caller.down && (h.down == 0 || h.down >= caller.down):
				return false // with the caller to the end
			case (h.role == roleEndpoint || h.role == roleOut) && h.up > last.up:
				elsewhere = true
			case h.role == roleAgent && h != last && h.invited > last.up && !t.servedWith(caller, h):
				further = further || h.down == 0 || h.down >= last.down-int64(t.opt.ServedAfter)
			}
		}
	}
	if further || elsewhere {
		return further
	}
	// An agent was to be called, by REFER, and the PBX could not even ring his phone.
	x := c.extra
	if x == nil || x.target == nil || x.referred < last.up || last.down-x.referred > int64(referPatience) {
		return false
	}
	c.flags |= callInferred
	return true
}

// heldFor is how long the caller had been on hold when his leg ended. A hold ends with its leg.
func (c *call) heldFor(caller *hop) int64 {
	most := int64(0)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.onHold() && h.up != 0 && (h == caller || h.role == roleAgent && (h.down == 0 || h.down >= caller.down)) {
				most = max(most, caller.down-h.held)
			}
		}
	}
	return most
}

// judgeWaiting is rows 8 to 11: the PBX had answered, but no agent.
func (t *Tracker) judgeWaiting(c *call, caller *hop) Reason {
	switch {
	case c.flags&callVoicemail != 0, c.any(func(h *hop) bool { return h.flags&hopVoicemail != 0 && h.up != 0 }):
		return Voicemail
	case caller.end == endByeCaller:
		return AbandonedWaiting
	case c.fares(caller.down)&foldReached != 0:
		return Timeout
	}
	return NoAgent
}

// judgeUnanswered is rows 13 to 17: the caller's leg was never confirmed.
func judgeUnanswered(caller *hop, phones fold) Reason {
	switch {
	case caller.end == endCancel || caller.status == 487:
		return AbandonedRinging
	case phones&foldReached == 0:
		return NoAgent
	case phones&(foldRangOut|foldOther) == 0 && phones&foldBusy != 0:
		return Busy
	case phones&(foldRangOut|foldOther) == 0 && phones&foldDeclined != 0:
		return Declined
	case phones&foldRangOut != 0:
		return Timeout
	}
	return Failed
}

// judgeFar says what became of the far end of an outbound call (RFC 3261 §21). Where that was not seen,
// the PBX tells the agent what it got: in its answer to his INVITE, or, when it had called him first,
// as the reason why it hangs up.
func judgeFar(c *call) judgement {
	h := c.farHop()
	unseen := h == nil || h.up == 0 && (h.alive() || h.end == endUnknownFinal || h.challenged())
	j := judgement{}
	switch own := c.callerHop(); {
	case !unseen:
	case own != nil:
		if h != nil {
			j.confidence = Inferred
		}
		h = own
	case h != nil:
		j.confidence = Inferred
		if j.status = c.told(); j.status != 0 {
			j.result = resultOf(j.status)
			return j
		}
	}
	if h == nil {
		return j
	}
	j.status = h.status
	switch {
	case h.up != 0:
		j.result = Answered
	case h.end == endCancel && resultOf(h.status) != ResultBusy:
		j.result = NoAnswer
	case !h.challenged():
		j.result = resultOf(h.status)
	}
	return j
}

// resultOf is what a final response says of the far end; unknown when there was none.
func resultOf(status uint16) Result {
	switch {
	case status < 300:
		return ResultUnknown
	case status == 486 || status == 600:
		return ResultBusy
	case status == 408 || status == 480 || status == 487:
		return NoAnswer
	case status == 404 || status == 410 || status == 484:
		return WrongNumber
	case status/100 == 5:
		return NetworkFailure
	}
	return ResultRejected
}

// told is the status with which a PBX hung up an agent whom it had called first (RFC 3326 §2), 0 when it
// gave none.
func (c *call) told() uint16 {
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if !h.wasAgent() || h.end != endByeCaller {
				continue
			}
			switch {
			case h.sip >= 300:
				return h.sip
			case h.cause == 17+1:
				return 486 // RFC 3398 §7.2.4.1
			}
		}
	}
	return 0
}
