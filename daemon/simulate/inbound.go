package simulate

import (
	"fmt"
	"time"
)

// Inbound is a customer's call to a service, in the PBX's queue.
type Inbound struct {
	pbx    *PBX
	leg    *leg // the customer's
	caller string
	rung   []*Ringing
}

// Inbound starts a call from a customer's number, "" when he withholds it, to a service's. Both are
// E.164 with a plus sign. The PBX answers at once, with music.
func (p *PBX) Inbound(at time.Time, caller, service string) *Inbound {
	p.step(at)
	l := p.newLeg(p.o.Carrier, p.o.Addr)
	carrier := hostOf(p.o.Carrier.Addr())
	l.callID += "@" + carrier
	l.uri = fmt.Sprintf("sip:%s@%s", service, p.o.Addr)
	l.to = fmt.Sprintf("<sip:%s@%s;user=phone>", service, hostOf(p.o.Addr.Addr()))
	l.callerContact = fmt.Sprintf("sip:%s", p.o.Carrier)
	l.calleeContact = fmt.Sprintf("sip:%s", p.o.Addr)
	l.from = fmt.Sprintf("<sip:%s@%s;user=phone>", caller, carrier)
	identity := header{"P-Asserted-Identity", l.from}
	if caller == "" {
		l.from = `"Anonymous" <sip:anonymous@anonymous.invalid>`
		identity = header{"Privacy", "id"}
	}
	l.invite(identity)
	l.provisional("100 Trying")
	l.answer()
	return &Inbound{pbx: p, leg: l, caller: caller}
}

// CallID is that of the customer's leg.
func (c *Inbound) CallID() string { return c.leg.callID }

// Ringing is an agent's phone that a customer's call rings, or rang.
type Ringing struct {
	call *Inbound
	leg  *leg
}

// Ring has the PBX ring an agent's phone.
func (c *Inbound) Ring(at time.Time, e *Extension) *Ringing {
	p := c.pbx
	p.step(at)
	l := p.newLeg(p.o.Addr, e.Contact)
	l.uri = e.contactURI()
	l.to = "<" + e.contactURI() + ">"
	l.callerContact = fmt.Sprintf("sip:%s", p.o.Addr)
	l.calleeContact = e.contactURI()
	l.from = "<" + p.aor(c.caller) + ">"
	identity := header{"P-Asserted-Identity", l.from}
	if c.caller == "" {
		l.from = `"Anonymous" <sip:anonymous@anonymous.invalid>`
		identity = header{"Privacy", "id"}
	}
	l.invite(identity)
	l.provisional("180 Ringing")
	r := &Ringing{call: c, leg: l}
	c.rung = append(c.rung, r)
	return r
}

// elsewhere is why the other phones stop ringing when one is picked up (RFC 3326 §2).
var elsewhere = []header{{"Reason", `SIP;cause=200;text="Call completed elsewhere"`}, {"Reason", "Q.850;cause=26"}}

// Answer has the agent pick up; the other phones stop.
func (r *Ringing) Answer(at time.Time) {
	r.call.pbx.step(at)
	r.leg.answer()
	for _, other := range r.call.rung {
		if other != r {
			other.leg.end(true, elsewhere...)
		}
	}
}

// HangUp has the agent end the call; the PBX ends the customer's leg.
func (r *Ringing) HangUp(at time.Time) {
	r.call.pbx.step(at)
	r.leg.bye(false)
	r.call.leg.bye(false, header{"Reason", "Q.850;cause=16"})
}

// HangUp has the customer end the call, whether he waits or talks.
func (c *Inbound) HangUp(at time.Time) {
	c.pbx.step(at)
	c.leg.bye(true)
	c.endAgents(header{"Reason", "Q.850;cause=0"})
}

// TimeOut has the PBX send the customer away after too long a wait.
func (c *Inbound) TimeOut(at time.Time) {
	c.pbx.step(at)
	c.endAgents(header{"Reason", "Q.850;cause=0"})
	c.leg.bye(false, header{"Reason", "Q.850;cause=127"})
}

// Break has the carrier lose the call: its BYE carries a Q.850 cause that is no normal end, and the PBX
// passes that on to the agent.
func (c *Inbound) Break(at time.Time, cause int) {
	c.pbx.step(at)
	reason := header{"Reason", fmt.Sprintf("Q.850;cause=%d", cause)}
	c.leg.bye(true, reason)
	c.endAgents(reason)
}

// endAgents ends all agents' legs that are not over.
func (c *Inbound) endAgents(reason header) {
	for _, r := range c.rung {
		r.leg.end(true, reason)
	}
}
