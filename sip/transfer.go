package sip

import (
	"bytes"
	"time"
)

// referPatience is how long after a REFER the PBX may take to ring the next agent.
const referPatience = 10 * time.Second

// refer takes note of a transfer that an agent asks for (RFC 3515). With Replaces it joins the two
// calls the agent has (RFC 3891); without, the PBX will ring the next agent for the same customer.
func (t *Tracker) refer(l *leg, m *Message) {
	c := l.call
	if !m.Request {
		if x := c.extra; x != nil && m.StatusCode >= 300 && m.StatusCode != 401 && m.StatusCode != 407 {
			x.referred, x.target = 0, nil // refused
		}
		return
	}
	m.Read()
	if len(m.ReferReplaces) == 0 {
		x := c.more()
		x.referred, x.target = m.Time, t.site.agentOf(&m.ReferTo)
		t.handOn(c)
		return
	}
	other := t.replaced(unescape(m.ReferReplaces))
	if other == nil || other.call == c {
		return
	}
	customer, consult := c, other.call
	if customer.dir == Internal {
		customer, consult = consult, customer
	}
	if customer.dir != Internal && consult.dir == Internal {
		t.transfer(customer, consult, m.Time, legLinked)
	}
}

// handOn has a call that an agent dialled found like a customer's own: to the next agent it is whom he called
// that the PBX shows as the caller.
func (t *Tracker) handOn(c *call) {
	if c.dir != Outbound || c.to == 0 {
		return
	}
	k := keyOf(keyCaller, uint64(c.to))
	t.enlist(c, k.in(c.key.list()))
	t.adopt(c, k)
}

// handedOn says whether a call that an agent dialled goes on without his leg: he had asked for a transfer when
// that ended, or another agent came to it.
func (c *call) handedOn(own *hop) bool {
	if c.dir != Outbound || own.alive() {
		return false
	}
	if x := c.extra; x != nil && x.referred != 0 && own.down-x.referred < int64(referPatience) {
		return true
	}
	return c.any(func(h *hop) bool { return h.role == roleAgent && (h.alive() || h.down > own.down) })
}

// connected looks at a re-INVITE or UPDATE from a PBX to an agent that shows a new party (RFC 3325
// §9.1): the number of a customer who is live elsewhere means that the agent has him now.
func (t *Tracker) connected(l *leg, m *Message) {
	c := l.call
	if c.dir != Internal || c.pbx == nil {
		return
	}
	if m.Read(); len(m.PAssertedIdentity.User) == 0 || m.PrivacyID {
		return
	}
	n := c.pbx.numbering.Parse(m.PAssertedIdentity.User, m.PAssertedIdentity.PhoneContext)
	if n == 0 {
		return
	}
	for _, kind := range [...]keyKind{keyCaller, keyCallee} {
		for o := range t.causing(keyOf(kind, uint64(n))) {
			if samePBX(o.pbx, c.pbx) && (o.dir == Inbound && o.any((*hop).wasAgent) || o.flags&callFarUp != 0) {
				t.transfer(o, c, m.Time, legTied)
				return
			}
		}
	}
}

func (h *hop) toAgent() bool  { return h.role == roleAgent }
func (h *hop) wasAgent() bool { return h.role == roleAgent && h.up != 0 }

// leftAlone looks where the customer went whom an agent has just left: to the agent whom the PBX
// called for him, or, as will show when that ends, to the one he called himself.
func (t *Tracker) leftAlone(c *call, h *hop, at int64) {
	if c.dir != Inbound || c.leaving() || c.agentUp() {
		return
	}
	k := keyOf(keyInternal, hashText(h.agent.id))
	for _, in := range [...]listKind{inOrphans, inServed, inWaiting} {
		o := t.listOf(k.in(in)).first
		for i := 0; o != nil && i < maxCandidates; o, i = o.nodes[byKey].next, i+1 {
			if o.dir != Internal || !samePBX(o.pbx, c.pbx) || o.started < h.up || !o.agentUp() {
				continue
			}
			if o.caller == nil {
				t.transfer(c, o, at, legTied)
				return
			}
			o.more().customer = recentCall{c, c.number}
		}
	}
}

// inherit gives the customer whom an agent left to the agent whom he had called, when that agent's
// leg outlives the consultation: an attended transfer whose REFER nobody saw.
func (t *Tracker) inherit(c *call, at int64) {
	if c.dir != Internal || c.caller == nil || c.extra == nil || c.extra.customer.call == nil || !c.agentUp() {
		return
	}
	x := c.extra.customer
	if x.call.number != x.number || x.call.timer < 0 || x.call.leaving() || x.call.agentUp() {
		return
	}
	t.transfer(x.call, c, at, legTied)
}

// transfer hands the customer's call the agents' phones of a consultation.
func (t *Tracker) transfer(customer, consult *call, at int64, how legFlags) {
	customer.more().referred = at
	for l := consult.first; l != nil; {
		next := l.next
		if l != consult.caller && l.hop.role == roleAgent && l.hop.alive() && t.room(customer) {
			t.part(l)
			l.flags |= how
			for h := &l.hop; h != nil; h = h.next {
				if h.state == confirmed {
					h.up = max(h.up, at) // with the customer only from here on
				}
			}
			t.take(customer, l, at)
		}
		l = next
	}
	switch {
	case consult.timer < 0:
	case consult.first == nil:
		t.end(consult, at, ReasonNone)
	default:
		t.unlist(consult) // only its own end is still to come: who asked calls nobody else by it
	}
}

// take joins a leg to a call it was not in, and tells what its phone does there.
func (t *Tracker) take(c *call, l *leg, at int64) {
	t.join(c, l)
	for h := &l.hop; h != nil; h = h.next {
		t.agentCaught(c, h, at)
	}
	t.touch(c, at)
}

// replaced is the leg whose dialog a Replaces value names (RFC 3891 §6.1).
func (t *Tracker) replaced(v []byte) *leg {
	id, _, _ := bytes.Cut(v, []byte{';'})
	if l := t.leg(t.idOf(bytes.TrimSpace(id))); l != nil && l.call != nil { // an INVITE may name its own dialog
		return l
	}
	return nil
}

// unescape undoes the escapes of a URI's headers (RFC 3261 §19.1.2).
func unescape(v []byte) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) {
			out = append(out, unhex(v[i+1])<<4|unhex(v[i+2]))
			i += 2
			continue
		}
		out = append(out, v[i])
	}
	return out
}
