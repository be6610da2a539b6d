package sip

import (
	"time"

	"github.com/cespare/xxhash/v2"
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

	flags  hopFlags
	vias   uint8
	role   role
	state  state
	end    ending
	status uint16 // final status
	cause  uint16 // Q.850 cause of the BYE or CANCEL that ended it, plus one
	sip    uint16 // SIP cause of the same

	invited int64 // times in ns; 0 is "not seen"
	alerted int64
	up      int64
	down    int64
	held    int64  // on hold by the far side since
	agent   *agent // of roleAgent: whose phone it is; of roleIn by its flags
}

type hopFlags uint32

const (
	hopNoInvite   hopFlags = 1 << iota // its INVITE was not seen
	hopNo2xx                           // its 2xx was not seen
	hopNoBye                           // its BYE or CANCEL is known from the response only
	hopAssumed                         // up for no other reason than that a BYE ended it
	hopDatagram                        // its INVITE went over UDP, and is retransmitted until it is answered
	hopAgain                           // and was
	hopTried                           // the other end answered something
	hopReached                         // the other end answered something beyond 100
	hopChallenged                      // 401 or 407: not a failure (RFC 3261 §22)
	hopElsewhere                       // CANCEL with cause 200: picked up elsewhere
	hopDying                           // an in-dialog request was answered 408 or 481
	hopMobile                          // an agent's mobile, reached over a trunk
	hopSource                          // roleIn: agent is who sent the INVITE
	hopByAgent                         // roleIn through a proxy: agent is whose contact sent the 2xx
	hopVoicemail                       // roleEndpoint: it is voicemail
	hopGuessed                         // roleAgent: a phone that nothing is known of
	hopTold                            // roleAgent: AgentRinging or AgentAnswered was told, and not yet AgentLeft
	hopHolding                         // its hold is asked for, and not yet accepted
	hopUnholding                       // its hold is to end, which is not yet accepted
)

// leg is the dialogs of one INVITE: one Call-ID on the wire.
type leg struct {
	call    *call
	next    *leg // of the same call
	fromTag uint64
	cseq    uint32 // of the latest initial INVITE
	farCSeq uint32 // of the latest re-INVITE or UPDATE that the side that was called sent
	nhops   uint8
	flags   legFlags
	hop     hop // the first; others hang from it
	callID  string
}

type legFlags uint8

const (
	legTied   legFlags = 1 << iota // joined to its call by number and time
	legLinked                      // joined by a header or an outside link
	legTold                        // known from what a PBX tells, not from signalling
	legBacked                      // known from signalling, and its PBX tells of it too
)

// maxHops bounds the hops of a leg, which a hostile sender could otherwise add without end.
const maxHops = 64

// hash is a Call-ID's, tag's or branch's stand-in; 0 stands for none.
func hash(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return xxhash.Sum64(b) | 1
}

func hashText(s string) uint64 { return xxhash.Sum64String(s) | 1 }

// byBranch finds the hop of a Via branch.
func (l *leg) byBranch(branch uint64) *hop {
	for h := &l.hop; h != nil; h = h.next {
		if h.branch == branch {
			return h
		}
	}
	return nil
}

func (l *leg) anyUp() bool {
	for h := &l.hop; h != nil; h = h.next {
		if h.up != 0 {
			return true
		}
	}
	return false
}

// addHop adds a hop, or returns nil when the leg has too many. An earlier try, seen late, goes before
// the others.
func (t *Tracker) addHop(l *leg, earlier bool) *hop {
	if l.nhops >= maxHops {
		t.stats.LegsRefused++
		return nil
	}
	h := t.spares.hop()
	l.nhops++
	t.hops++
	if earlier {
		*h = l.hop
		l.hop = hop{next: h}
		return &l.hop
	}
	last := &l.hop
	for last.next != nil {
		last = last.next
	}
	last.next = h
	return h
}

// farTag is the tag of the dialog's UAS side, whoever sent the message.
func (l *leg) farTag(m *Message) (tag uint64, fromCaller bool) {
	if hash(m.From.Tag) == l.fromTag {
		return hash(m.To.Tag), true
	}
	return hash(m.From.Tag), false
}

// inDialog says whether a hop is part of the dialog of a far tag. Hops into a PBX that carry another
// early dialog's tag are too, as a proxy passes the tags of all its branches; and so is a leg's only
// hop when it has shown no tag.
func (l *leg) inDialog(h *hop, tag uint64) bool {
	return h.toTag == tag || h.role == roleIn && h.up == 0 && h.state != terminated ||
		h.toTag == 0 && l.hop.next == nil
}

// stamp is a time in ns as events show it.
func stamp(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
