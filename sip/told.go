package sip

// FactKind is what a PBX tells of a leg that signalling does not show.
type FactKind uint8

// The kinds of facts.
const (
	FactUnknown      FactKind = iota
	FactVoicemail             // the caller's leg reached voicemail
	FactMediaStopped          // no media came any more
	FactWithheld              // the caller hides his number
)

// Fact is one thing that a PBX tells of a leg.
type Fact struct {
	Kind   FactKind
	At     int64  // nanoseconds since the Unix epoch, by the PBX's clock
	CallID string // SIP Call-ID of the leg
}

// Tell takes a fact in. It may come before the leg's messages or after them, but not after the verdict.
// The events it causes are emitted before Tell returns.
func (t *Tracker) Tell(f Fact, emit func(*Event)) {
	t.emit = emit
	id := t.idOfText(f.CallID)
	l := t.leg(id)
	if l == nil {
		return
	}
	c := l.call
	switch f.Kind {
	case FactVoicemail:
		c.flags |= callVoicemail
		t.mark(c)
	case FactMediaStopped:
		l.hop.cause = 44 + 1
		t.mark(c)
	case FactWithheld:
		if c.dir == Inbound && (c.caller == nil || c.caller == l) && c.flags&callWithheld == 0 {
			t.hide(c)
		}
	default:
	}
}

// otherwise takes a message of a leg that another kind of feed showed first: mirrored signalling of a
// leg that was told, or the other way round. What the first feed shows stands; where it lacks the message
// that proves something, what was told does.
func (t *Tracker) otherwise(l *leg, m *Message) {
	if !m.Told {
		return
	}
	h := &l.hop
	for h.next != nil {
		h = h.next
	}
	in := input{at: m.Time, reason: m.Reason}
	switch {
	case m.Request && m.Method == INVITE && len(m.To.Tag) == 0:
		h.flags &^= hopNoInvite
		l.flags |= legBacked
		return
	case m.Request && m.Method == INVITE:
		if held, _ := Hold(m.Body); !held {
			h.held = 0
		} else if h.held == 0 {
			h.held = m.Time
		}
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

// byInviting says whether the side that sent a leg's INVITE sends a message, by where it comes from.
func (t *Tracker) byInviting(l *leg, m *Message) bool {
	return (t.at(m.Src).kind == placePBX) != (l.hop.role == roleIn)
}
