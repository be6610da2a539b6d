package sip

// state is a dialog's state as a watcher names it (RFC 4235 §3.7.1).
type state uint8

const (
	trying     state = iota // INVITE seen, nothing but 100 back
	proceeding              // a provisional response without a tag (erratum 1495 tells it from early)
	early                   // a provisional response with a tag
	confirmed               // 2xx, or proof of it
	terminated              // non-2xx final, CANCEL, BYE
)

// ending is how a dialog came to its end.
type ending uint8

const (
	endNone         ending = iota
	endFinal               // a non-2xx final response
	endCancel              // CANCEL
	endByeCaller           // BYE from the side that sent the INVITE
	endByeCallee           // BYE from the side that received it
	endWithCall            // the call ended around it
	endUnknownFinal        // ACK to a final response that was not seen
)

// sign is what one message shows of a dialog.
type sign uint8

const (
	signTrying       sign = iota // 100
	signAlert                    // any other provisional response
	signAnswer                   // 2xx
	signProof                    // a request that only a confirmed dialog has
	signFailure                  // any other final response
	signFailureACK               // the ACK to one
	signCancel                   // CANCEL
	signCancelAnswer             // the 2xx to one
	signBye                      // BYE
	signByeAnswer                // the final response to one
)

// input is a sign with what the message says beside it.
type input struct {
	sign       sign
	at         int64
	status     uint16
	tag        uint64 // hash of the To tag
	reason     ReasonCause
	fromCaller bool // the side that sent the INVITE sent the request
}

// step moves a hop's dialog on. Messages come late, twice and in any order, so every branch says what
// its sign means in every state.
func (h *hop) step(in *input) {
	switch in.sign {
	case signTrying:
		h.flags |= hopTried
	case signAlert: // RFC 3261 §13.2.2.1
		h.flags |= hopTried | hopReached
		if h.state < confirmed {
			h.state = max(h.state, proceeding)
			if in.tag != 0 {
				h.state, h.toTag = early, in.tag // RFC 3261 §12.1
			}
		}
		if (in.status == 180 || in.status == 183) && (h.alerted == 0 || in.at < h.alerted) {
			h.alerted = in.at
		}
	case signAnswer, signProof: // RFC 3261 §13.2.2.4, §12.2
		h.flags |= hopTried | hopReached
		h.confirm(in)
	case signFailure: // RFC 3261 §13.2.2.2, §13.2.2.3
		h.flags |= hopTried
		h.fail(in)
	case signFailureACK: // RFC 3261 §17.1.1.3
		if h.state < confirmed {
			h.state, h.end, h.down = terminated, endUnknownFinal, in.at
		}
	case signCancel, signCancelAnswer: // RFC 3261 §9
		h.cancel(in)
	case signBye, signByeAnswer: // RFC 3261 §15
		h.bye(in)
	}
}

func (h *hop) confirm(in *input) {
	switch {
	case h.state != terminated:
	case h.end == endFinal, h.end == endCancel && h.status != 0:
		return // a final response stands (RFC 3261 §17.1.1)
	case h.end == endCancel, h.end == endUnknownFinal:
		h.state, h.down, h.end = confirmed, 0, endNone // 200 and CANCEL crossed (RFC 3261 §9.1)
	}
	if in.tag != 0 && (h.up == 0 || h.flags&hopNo2xx != 0) { // of several forks' 2xx the first
		h.toTag = in.tag
	}
	assumed := h.flags&hopAssumed != 0
	h.flags &^= hopAssumed
	if in.sign == signAnswer {
		h.flags &^= hopNo2xx
	} else if h.up == 0 {
		h.flags |= hopNo2xx
	}
	if h.up == 0 || assumed || in.at < h.up {
		h.up = in.at
	}
	if h.state == terminated {
		h.up = min(h.up, h.down) // it came after the BYE that it should have preceded
		return
	}
	h.state, h.status = confirmed, 0
}

func (h *hop) fail(in *input) {
	if in.status == 401 || in.status == 407 {
		h.flags |= hopChallenged // RFC 3261 §22
	}
	if in.status != 408 || h.alerted != 0 { // a 408 without any sign of life speaks of a phone that was not reached
		h.flags |= hopReached
	}
	switch {
	case h.state == confirmed && h.flags&hopNo2xx != 0: // what proved the dialog was another one's
		h.up = 0
		h.flags &^= hopNo2xx | hopAssumed
	case h.state == confirmed:
		return
	case h.flags&hopAssumed != 0: // the BYE ended an early dialog (RFC 3261 §15)
		h.up, h.status = 0, in.status
		h.flags &^= hopNo2xx | hopAssumed
		if h.end == endByeCaller {
			h.end = endCancel
		} else {
			h.end = endFinal
		}
		return
	case h.end == endByeCaller, h.end == endByeCallee, h.end == endWithCall:
		return
	}
	if h.end != endCancel { // after a CANCEL the 487 is no end of its own (RFC 3261 §9.2)
		h.end = endFinal
	}
	if h.down == 0 || in.at < h.down && h.end == endFinal {
		h.down = in.at
	}
	if h.status == 0 {
		h.status = in.status
	}
	h.state = terminated
}

func (h *hop) cancel(in *input) {
	if in.reason.SIP == 200 || in.reason.Q850 == 26+1 {
		h.flags |= hopElsewhere // "Call completed elsewhere" (RFC 3326 §3.1), non-selected user clearing
	}
	if h.cause == 0 {
		h.cause = in.reason.Q850
	}
	if in.sign == signCancelAnswer {
		h.flags |= hopTried
	}
	switch {
	case h.state < confirmed:
		h.state, h.end, h.down = terminated, endCancel, in.at
		if in.sign == signCancelAnswer {
			h.flags |= hopNoBye
		}
	case h.end == endFinal && h.status == 487, h.end == endUnknownFinal:
		h.end, h.down = endCancel, min(h.down, in.at)
		if in.sign == signCancelAnswer {
			h.flags |= hopNoBye
		}
	default: // no effect on a call that is answered (RFC 3261 §9.1)
	}
	if in.sign == signCancel {
		h.flags &^= hopNoBye
	}
}

// together is how close two BYEs are that crossed: their order says nothing, as PBXs stamp what they
// receive and what they send by different clocks.
const together = 1e6

func (h *hop) bye(in *input) {
	if h.end == endFinal || h.end == endCancel && h.status != 0 {
		return
	}
	if h.up == 0 { // its 2xx and ACK were lost: up since the last sign of life, at the earliest
		h.up = max(h.invited, h.alerted)
		if h.end == endCancel {
			h.up = h.down // they crossed
		}
		h.flags |= hopNo2xx | hopAssumed
	}
	if h.cause == 0 {
		h.cause = in.reason.Q850
	}
	if h.sip == 0 {
		h.sip = in.reason.SIP
	}
	end := endByeCallee
	if in.fromCaller {
		end = endByeCaller
	}
	if h.byBye() {
		if in.at < h.down-together || in.fromCaller && in.at < h.down+together {
			h.end = end
		}
		h.down = min(h.down, in.at)
	} else {
		h.state, h.end, h.down = terminated, end, in.at
		if in.sign == signByeAnswer {
			h.flags |= hopNoBye
		}
	}
	if in.sign == signBye {
		h.flags &^= hopNoBye
	}
	h.up = min(h.up, h.down)
}

func (h *hop) alive() bool { return h.state != terminated }

func (h *hop) byBye() bool { return h.end == endByeCaller || h.end == endByeCallee }

// rang says whether a phone alerted here.
func (h *hop) rang() bool { return h.alerted != 0 || h.up != 0 }

// overlap is how long a hop and [up, down) were up together, up to now where an end is missing.
func (h *hop) overlap(up, down, now int64) int64 {
	if h.up == 0 || up == 0 {
		return 0
	}
	from, to := max(h.up, up), now
	if h.down != 0 {
		to = min(to, h.down)
	}
	if down != 0 {
		to = min(to, down)
	}
	return max(0, to-from)
}
