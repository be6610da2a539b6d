package sip

import "bytes"

// refer takes note of a transfer that an agent asks for (RFC 3515). With Replaces it joins the two
// calls the agent has (RFC 3891); without, the PBX will ring the next agent for the same customer.
func (t *Tracker) refer(l *leg, m *Message) {
	c := l.call
	if len(m.ReferReplaces) == 0 {
		c.referred = m.Time
		c.target = t.site.agentOf(&m.ReferTo)
		return
	}
	other := t.replaced(m.ReferReplaces, true)
	if other == nil || other.call == c {
		return
	}
	customer, consult := c, other.call
	if customer.dir == Internal {
		customer, consult = consult, customer
	}
	if customer.dir != Internal && consult.dir == Internal {
		customer.referred = m.Time
		t.transfer(customer, consult, m.Time, legLinked)
	}
}

// connected looks at a re-INVITE or UPDATE from a PBX to an agent that shows a new party: the number
// of a caller who is live elsewhere means the agent has him now.
func (t *Tracker) connected(l *leg, m *Message) {
	c := l.call
	if c.dir != Internal || len(m.PAssertedIdentity.User) == 0 || m.PrivacyID || c.pbx == nil {
		return
	}
	n := c.pbx.numbering.Parse(m.PAssertedIdentity.User, m.PAssertedIdentity.PhoneContext)
	x := t.callers[callerKey{keyCaller, uint64(n)}]
	if n == 0 || x == nil {
		return
	}
	for _, in := range [...]listIn{inServed, inWaiting} {
		for o, i := x.lists[in].first, 0; o != nil && i < maxCandidates; o, i = o.next, i+1 {
			if o.dir == Inbound && samePBX(o.pbx, c.pbx) && o.flags&callWithAgent != 0 {
				t.transfer(o, c, m.Time, legTied)
				return
			}
		}
	}
}

// transfer hands the customer's call the agents' phones of a consultation, which ends there.
func (t *Tracker) transfer(customer, consult *call, at int64, how legFlags) {
	var moved []*leg
	for l := consult.first; l != nil; l = l.next {
		if l != consult.caller && l.hop.role == roleAgent && l.hop.alive() {
			moved = append(moved, l)
		}
	}
	for _, l := range moved {
		t.part(consult, l)
		t.join(customer, l)
		l.flags |= how
		h := &l.hop
		if h.state == confirmed {
			h.up = max(h.up, at) // with the customer only from here on
			was := hop{}
			t.agentChanged(customer, h, &was, &Message{Time: at})
		}
	}
}

// part takes a leg out of a call.
func (t *Tracker) part(c *call, l *leg) {
	var prev *leg
	for x := c.first; x != nil; prev, x = x, x.next {
		if x != l {
			continue
		}
		if prev == nil {
			c.first = l.next
		} else {
			prev.next = l.next
		}
		if c.last == l {
			c.last = prev
		}
		l.next = nil
		c.legs--
		if l.hop.role == roleAgent && l.hop.state == confirmed {
			c.up--
		}
		return
	}
}

// replaced is the leg whose dialog a Replaces value names; inside a Refer-To it is still escaped.
func (t *Tracker) replaced(v []byte, escaped bool) *leg {
	end := len(v)
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		end = i
	}
	v = v[:end]
	if !escaped {
		return t.legs[string(bytes.TrimSpace(v))]
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) {
			c := unhex(v[i+1])<<4 | unhex(v[i+2])
			if c == ';' {
				break
			}
			out = append(out, c)
			i += 2
			continue
		}
		out = append(out, v[i])
	}
	return t.legs[string(bytes.TrimSpace(out))]
}
