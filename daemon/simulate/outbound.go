package simulate

import (
	"fmt"
	"time"
)

// Outbound is an agent's call to a customer.
type Outbound struct {
	pbx   *PBX
	agent *leg // the agent's own
	trunk *leg // towards the carrier, with the service as its caller
}

// Outbound has an agent dial: what he typed on his own leg, E.164 on the trunk's, where the service's
// number is presented.
func (p *PBX) Outbound(at time.Time, e *Extension, dialled, number, service string) *Outbound {
	p.step(at)
	a := p.newLeg(e.Contact, p.o.Addr)
	a.uri = p.aor(dialled)
	a.to = "<" + p.aor(dialled) + ">"
	a.from = fmt.Sprintf("%q <%s>", e.Name, p.aor(e.User))
	a.callerContact = e.contactURI()
	a.calleeContact = fmt.Sprintf("sip:%s", p.o.Addr)
	nonce := p.id(8)
	a.invite()
	a.refuse("401 Unauthorized", header{"WWW-Authenticate", fmt.Sprintf(`Digest realm="pbx",nonce=%q,algorithm=MD5,qop="auth"`, nonce)})
	a.over = false
	a.seq++
	a.toTag = p.id(8) // the challenge's dialog came to nothing
	a.invite(p.authorization(e, nonce))
	a.provisional("100 Trying")

	t := p.newLeg(p.o.Addr, p.o.Carrier)
	t.uri = fmt.Sprintf("sip:%s@%s", number, p.o.Carrier)
	t.to = fmt.Sprintf("<sip:%s@%s>", number, hostOf(p.o.Carrier.Addr()))
	t.from = "<" + p.aor(service) + ">"
	t.callerContact = fmt.Sprintf("sip:%s", p.o.Addr)
	t.calleeContact = fmt.Sprintf("sip:%s", p.o.Carrier)
	t.invite(header{"P-Asserted-Identity", t.from})
	t.provisional("100 Trying")
	return &Outbound{pbx: p, agent: a, trunk: t}
}

// CallID is that of the agent's leg.
func (c *Outbound) CallID() string { return c.agent.callID }

// Ring has the customer's phone ring.
func (c *Outbound) Ring(at time.Time) {
	c.pbx.step(at)
	c.trunk.provisional("180 Ringing")
	c.agent.provisional("180 Ringing")
}

// Answer has the customer pick up.
func (c *Outbound) Answer(at time.Time) {
	c.pbx.step(at)
	c.trunk.answer()
	c.agent.answer()
}

// Refuse has the far end refuse, as with "486 Busy Here".
func (c *Outbound) Refuse(at time.Time, status string) {
	c.pbx.step(at)
	c.trunk.refuse(status)
	c.agent.refuse(status)
}

// GiveUp has the agent hang up before anybody answers.
func (c *Outbound) GiveUp(at time.Time) {
	c.pbx.step(at)
	c.agent.cancel()
	c.trunk.cancel()
}

// HangUp ends an answered call, by the agent or by the customer.
func (c *Outbound) HangUp(at time.Time, byAgent bool) {
	c.pbx.step(at)
	if byAgent {
		c.agent.bye(true)
		c.trunk.bye(true)
		return
	}
	c.trunk.bye(false)
	c.agent.bye(false)
}
