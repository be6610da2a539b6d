package sip

import "github.com/cespare/xxhash/v2"

// state is a dialog's state as a watcher names it (RFC 4235 §3.7.1).
type state uint8

const (
	trying     state = iota // INVITE seen, nothing but 100 back
	proceeding              // a provisional response without a tag (erratum 1495 tells it from early)
	early                   // a provisional response with a tag
	confirmed               // 2xx, or proof of it
	terminated              // non-2xx final, CANCEL, BYE
)

// role is what a hop of an INVITE is for.
type role uint8

const (
	roleUnknown  role = iota
	roleIn            // into a PBX: from a carrier, or from an agent's phone
	roleAgent         // from the PBX to an agent's phone
	roleEndpoint      // from the PBX to voicemail, IVR, …
	roleOut           // from the PBX to an external number
	roleRelay         // between PBXs
)

// hop is one INVITE client transaction and the dialog it makes. A B2BUA's leg has one; a leg through
// proxies has one for each proxy passed and each branch forked; a retry after a challenge is another.
type hop struct {
	next   *hop
	branch uint64 // hash of the topmost Via branch: what a response of this hop carries
	toTag  uint64 // hash of the dialog's To tag, 0 before one was seen
	agent  *agent // of roleAgent
	to     *endpoint

	invited int64 // times in ns; 0 is "not seen"
	alerted int64
	up      int64
	down    int64
	held    int64 // on hold by the far side since

	status uint16 // final status
	cause  uint16 // Q.850 cause of the BYE or CANCEL that ended it, plus one
	sip    uint16 // SIP cause of the same
	vias   uint8
	role   role
	state  state
	end    ending
	flags  hopFlags
}

// ending is how a hop came to its end.
type ending uint8

const (
	endNone         ending = iota
	endFinal               // a non-2xx final response
	endCancel              // CANCEL
	endByeCaller           // BYE from the side that sent the INVITE
	endByeCallee           // BYE from the side that received it
	endWithCall            // the call ended around it
	endReplaced            // transferred away (RFC 3891)
	endUnknownFinal        // ACK to a final response that was not seen
)

type hopFlags uint16

const (
	hopNoInvite   hopFlags = 1 << iota // known from a response only
	hopChallenged                      // 401 or 407: not a failure (RFC 3261 §22)
	hopNo2xx                           // its 2xx was never seen
	hopNoBye                           // its BYE is known from the response only
	hopElsewhere                       // CANCEL with cause 200: picked up elsewhere
	hopReached                         // the other end answered something beyond 100
	hopDying                           // an in-dialog request was answered 408 or 481
	hopMobile                          // an agent's mobile, reached over a trunk
	hopSource                          // agent is who sent the INVITE, told by his phone's address
)

func (h *hop) alive() bool { return h.state != terminated }

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

// leg is the dialogs of one INVITE: one Call-ID on the wire.
type leg struct {
	callID  string
	call    *call
	next    *leg // of the same call
	fromTag uint64
	toNum   Number // the number its INVITE was for, where it is a number
	cseq    uint32 // of the latest initial INVITE
	nhops   uint8
	flags   legFlags
	hop     hop // the first; others hang from it
}

type legFlags uint8

const (
	legTied    legFlags = 1 << iota // joined to its call by number and time
	legLinked                       // joined by a header or an outside link
	legDialled                      // an agent's own INVITE to an external number
	legCaller                       // the caller's leg of its call
)

// maxHops bounds the hops of a leg, which a hostile sender could otherwise add without end.
const maxHops = 64

func hash(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return xxhash.Sum64(b) | 1
}

// byBranch finds the hop of a Via branch.
func (l *leg) byBranch(branch uint64) *hop {
	for h := &l.hop; h != nil; h = h.next {
		if h.branch == branch {
			return h
		}
	}
	return nil
}

// hops calls f for each hop until it returns false.
func (l *leg) hops(f func(*hop) bool) {
	for h := &l.hop; h != nil; h = h.next {
		if !f(h) {
			return
		}
	}
}

// addHop appends a hop, or returns nil when the leg has too many.
func (l *leg) addHop() *hop {
	if l.nhops >= maxHops {
		return nil
	}
	h := &hop{}
	last := &l.hop
	for last.next != nil {
		last = last.next
	}
	last.next = h
	l.nhops++
	return h
}

// alert is a provisional response beyond 100 (RFC 3261 §13.2.2.1).
func (h *hop) alert(at int64, status uint16, tag uint64) {
	h.flags |= hopReached
	if h.state >= confirmed {
		h.firstAlert(at, status)
		return
	}
	if tag != 0 {
		h.toTag = tag
		h.state = early
	} else if h.state == trying {
		h.state = proceeding
	}
	h.firstAlert(at, status)
}

func (h *hop) firstAlert(at int64, status uint16) {
	if (status == 180 || status == 183) && (h.alerted == 0 || at < h.alerted) {
		h.alerted = at
	}
}

// confirm is a 2xx, or the proof that there was one (RFC 3261 §13.2.2.4). A confirmation after a
// CANCEL takes the CANCEL's end back: the two crossed (RFC 3261 §9.1).
func (h *hop) confirm(at int64, tag uint64, seen bool) {
	h.flags |= hopReached
	if tag != 0 {
		h.toTag = tag
	}
	if seen {
		h.flags &^= hopNo2xx
	} else if h.up == 0 {
		h.flags |= hopNo2xx
	}
	switch {
	case h.state == terminated && (h.end == endByeCaller || h.end == endByeCallee || h.end == endWithCall || h.end == endReplaced):
		if h.up == 0 || at < h.up { // its 2xx came late
			h.up = min(at, h.down)
		}
		return
	case h.state == terminated && h.end == endFinal:
		return // a final response stands (RFC 3261 §17.1.1)
	}
	if h.up == 0 || at < h.up {
		h.up = at
	}
	h.state, h.down, h.end, h.status = confirmed, 0, endNone, 0
}

// fail is a non-2xx final response (RFC 3261 §13.2.2.2, §13.2.2.3).
func (h *hop) fail(at int64, status uint16) {
	if status == 401 || status == 407 {
		h.flags |= hopChallenged // RFC 3261 §22
	}
	if h.state == confirmed || h.end == endByeCaller || h.end == endByeCallee {
		return
	}
	if h.end != endCancel { // after a CANCEL the 487 is its own end (RFC 3261 §9.2)
		h.end = endFinal
	}
	if h.down == 0 {
		h.down = at
	}
	if h.status == 0 {
		h.status = status
	}
	h.state = terminated
	if status != 487 && status != 408 {
		h.flags |= hopReached
	}
}

// cancel is a CANCEL for the hop's INVITE (RFC 3261 §9).
func (h *hop) cancel(at int64, r ReasonCause) {
	if r.SIP == 200 || r.Q850 == 26+1 {
		h.flags |= hopElsewhere // RFC 3326 §2: "Call completed elsewhere"
	}
	if h.cause == 0 {
		h.cause = r.Q850
	}
	if h.state >= confirmed {
		if h.end == endFinal && h.status == 487 {
			h.end, h.down = endCancel, min(h.down, at)
		}
		return
	}
	h.state, h.end, h.down = terminated, endCancel, at
}

// bye is a BYE in the hop's dialog (RFC 3261 §15). Both sides may send one at a time; the first
// stands, but the caller's own is remembered over the PBX's of the same moment.
func (h *hop) bye(at int64, fromCaller bool, r ReasonCause) {
	if h.up == 0 && h.state != confirmed {
		if h.end == endFinal {
			return
		}
		// The 2xx and the ACK were lost: the dialog was up since its last sign of life at the earliest.
		h.up = max(h.invited, h.alerted)
		h.flags |= hopNo2xx
	}
	if h.cause == 0 {
		h.cause = r.Q850
	}
	if h.sip == 0 {
		h.sip = r.SIP
	}
	end := endByeCallee
	if fromCaller {
		end = endByeCaller
	}
	if h.down != 0 && h.state == terminated && (h.end == endByeCaller || h.end == endByeCallee) {
		if at < h.down {
			h.down, h.end = at, end
		}
		return
	}
	h.state, h.end, h.down = terminated, end, at
	h.up = min(h.up, at)
}
