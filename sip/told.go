package sip

import "time"

// FactKind is what a PBX tells of a leg that signalling does not show.
type FactKind uint8

// The kinds of facts.
const (
	FactUnknown      FactKind = iota
	FactVoicemail             // the caller reached voicemail
	FactMediaStopped          // no media came any more
	FactWithheld              // the caller hides his number
	FactDoubt                 // part of the call was missed
	FactNote                  // for the evidence: What
)

// Fact is one thing that a PBX tells of a leg.
type Fact struct {
	Kind   FactKind
	At     int64  // nanoseconds since the Unix epoch, by the PBX's clock
	CallID string // SIP Call-ID of the leg
	What   string // of FactNote

	// Where the PBX does not tell Call-IDs, a caller's leg is found by these.
	PBX    string // directory id
	Caller string // his number as the PBX writes it
	Began  int64  // nanoseconds since the Unix epoch
}

// Tell takes a fact in: after the first message of its leg, and before the verdict. The events it causes
// are emitted before Tell returns.
func (t *Tracker) Tell(f *Fact, emit func(*Event)) {
	t.emit = emit
	c, l := t.callOf(f)
	if c == nil {
		return
	}
	switch f.Kind {
	case FactVoicemail:
		if c.agentSeen() {
			t.disagree(c, Evidence{At: stamp(f.At), CallID: f.CallID, What: "told to be in voicemail"})
		}
		c.flags |= callVoicemail
	case FactMediaStopped:
		c.flags |= callSilent
	case FactWithheld:
		if c.dir == Inbound && (c.caller == nil || c.caller == l || l == nil) && c.flags&callWithheld == 0 {
			t.hide(c)
		}
	case FactDoubt:
		if l != nil && l.flags&legTold != 0 {
			c.flags |= callInferred
		}
	case FactNote:
		c.note(Evidence{At: stamp(f.At), CallID: f.CallID, What: f.What, Cause: -1})
	default:
	}
	t.mark(c)
}

// maxNotes bounds what PBXs may add to the evidence of one call.
const maxNotes = 16

// note adds to what the PBX told for a call's evidence.
func (c *call) note(e Evidence) {
	if x := c.more(); len(x.notes) < maxNotes {
		x.notes = append(x.notes, e)
	}
}

// callOf is the call that a fact is of, and its leg where that is known by its Call-ID; nil where there is none.
func (t *Tracker) callOf(f *Fact) (found *call, by *leg) {
	if l := t.leg(t.idOfText(f.CallID)); l != nil {
		return l.call, l
	}
	at := t.site.pbxIDs[f.PBX]
	if at == nil || f.Caller == "" {
		return nil, nil
	}
	n := at.numbering.Parse([]byte(f.Caller), nil)
	if n == 0 {
		return nil, nil
	}
	k := keyOf(keyCaller, uint64(n))
	for _, in := range [...]listKind{inWaiting, inServed} {
		c := t.listOf(k.in(in)).first
		for i := 0; c != nil && i < maxCandidates; c, i = c.nodes[byKey].next, i+1 {
			if !samePBX(c.pbx, at) || c.started < f.Began-sameBegin || c.started > f.Began+sameBegin {
				continue
			}
			if found != nil {
				return nil, nil // nobody knows of which
			}
			found = c
		}
	}
	return found, nil
}

// sameBegin is how far the beginning of a call may be from what its PBX tells of it.
const sameBegin = int64(time.Second)

// twice says whether a leg that a PBX tells of, without its Call-ID, would be there twice, as the PBX's
// signalling is mirrored.
func (t *Tracker) twice(m *Message, s *sight) bool {
	at := s.src.pbx
	if at == nil {
		at = s.dst.pbx
	}
	switch {
	case at == nil:
		return false
	case !m.Told:
		at.mirrored = m.Time
		from, to := s.src, s.dst
		if !m.Request {
			from, to = to, from // what is seen of a response is the way of its request
		}
		if from.kind == placePBX && from.pbx != nil {
			from.pbx.sent = m.Time
		}
		if to.kind == placePBX && to.pbx != nil {
			to.pbx.received = m.Time
		}
		return false
	}
	return m.Made && at.mirrored != 0 && m.Time-at.mirrored < mirrorPatience
}

// mirrorPatience is how long after the last leg in the mirror a PBX counts as mirrored.
const mirrorPatience = int64(30 * time.Minute)

// Mirrored says when the latest leg began whose signalling was seen of a PBX; the zero time where none was.
func (t *Tracker) Mirrored(pbx string) time.Time {
	if x := t.site.pbxIDs[pbx]; x != nil {
		return stamp(x.mirrored)
	}
	return time.Time{}
}

// Sighted says when the latest leg began whose signalling was seen, of those that a PBX began and of those that
// it was called on; zero times where none was.
func (t *Tracker) Sighted(pbx string) (sent, received time.Time) {
	x := t.site.pbxIDs[pbx]
	if x == nil {
		return time.Time{}, time.Time{}
	}
	return stamp(x.sent), stamp(x.received)
}

// otherwise takes a message of a leg that another kind of feed showed first: mirrored signalling of a
// leg that was told, or the other way round. What the first feed shows stands; where it lacks the message
// that proves something, what was told does.
func (t *Tracker) otherwise(l *leg, m *Message) {
	if !m.Told {
		return
	}
	h := l.toldHop()
	if what := t.contradicts(h, m); what != "" {
		t.disagree(l.call, Evidence{At: stamp(m.Time), CallID: l.callID, What: what, Status: m.StatusCode})
	}
	in := input{at: m.Time, reason: m.Reason}
	switch {
	case m.Request && m.Method == INVITE && len(m.To.Tag) == 0:
		h.flags &^= hopNoInvite
		l.flags |= legBacked
		return
	case m.Request && m.Method == INVITE:
		held, _ := Hold(m.Body)
		h.hold(held, m.Time)
		h.holdAnswered(true) // what a PBX tells has happened
		return
	case !m.Request && m.CSeqMethod == INVITE && m.StatusCode/100 == 2 && (h.state < confirmed || h.flags&hopNo2xx != 0):
		in.sign = signAnswer
	case m.Request && m.Method == BYE && (h.state == confirmed || h.flags&hopNoBye != 0):
		in.sign, in.fromCaller = signBye, t.byInviting(l, m)
	default:
		return
	}
	was := *h
	h.step(&in)
	t.changed(l, h, &was, m)
}

// contradicts says in a phrase what a told message has otherwise than the signalling of its leg; empty where
// the two can both be true.
func (t *Tracker) contradicts(h *hop, m *Message) string {
	switch {
	case m.Request && m.Method == INVITE && len(m.To.Tag) == 0 && h.role == roleAgent && h.agent != nil && h.flags&hopGuessed == 0:
		if s := t.look(m); s.phone != nil && !s.guessed && s.phone != h.agent {
			return "told to be of agent " + s.phone.id
		}
	case m.Request || m.CSeqMethod != INVITE:
	case m.StatusCode/100 == 2 && h.up == 0 && (h.end == endFinal || h.end == endCancel):
		return "told to be answered"
	case m.StatusCode >= 300 && m.StatusCode != 401 && m.StatusCode != 407 && h.up != 0:
		return "told to be unanswered"
	}
	return ""
}

// disagree counts that one way of knowing a call tells otherwise than another, and keeps as evidence what was not
// believed, or what was for once believed instead.
func (t *Tracker) disagree(c *call, e Evidence) {
	t.stats.Disagreements++
	if c.pbx != nil {
		if at := t.site.pbxIDs[c.pbx.ID]; at != nil {
			at.disagreed++
		}
	}
	e.Cause = -1
	c.note(e)
	t.mark(c)
}

// Disagreements counts how often what is known of a PBX's calls contradicted itself: what it told its signalling,
// or one of its links another.
func (t *Tracker) Disagreements(pbx string) uint64 {
	if x := t.site.pbxIDs[pbx]; x != nil {
		return x.disagreed
	}
	return 0
}

// agentSeen says whether an agent is on a call by its own signalling, not by what was told.
func (c *call) agentSeen() bool {
	for l := c.first; l != nil; l = l.next {
		if l.flags&legTold != 0 {
			continue
		}
		for h := &l.hop; h != nil; h = h.next {
			if h.state == confirmed && h.role == roleAgent {
				return true
			}
		}
	}
	return false
}

// otherCall is what the evidence says of a leg that two links put into two calls.
const otherCall = "told to be of another call"

// disputed says whether a link puts a leg into another call than one did before. Once the leg was answered it may
// as well have been transferred.
func disputed(a, b *leg) bool {
	if a.call == b.call || b.flags&legLinked == 0 || b.call.caller == nil || b.call.caller == b || a.call.caller == nil {
		return false
	}
	for h := &b.hop; h != nil; h = h.next {
		if h.up != 0 {
			return false
		}
	}
	return true
}

// toldHop is the hop of a leg that its PBX tells of: the last try of one that comes in, else the last.
func (l *leg) toldHop() *hop {
	last := &l.hop
	for h := &l.hop; h != nil; h = h.next {
		if h.role == l.hop.role {
			last = h
		}
	}
	return last
}

// byInviting says whether the side that sent a leg's INVITE sends a message, by where it comes from.
func (t *Tracker) byInviting(l *leg, m *Message) bool {
	return (t.at(m.Src).kind == placePBX) != (l.hop.role == roleIn)
}
