package sip

import "net/netip"

type identityKind uint8

const (
	idUnknown  identityKind = iota
	idAgent                 // an agent, by his phone or his AOR
	idOwn                   // a direct or mobile number of an agent
	idService               // a service's number
	idEndpoint              // voicemail, IVR, …
	idExternal              // an external number
	idWithheld              // an external caller who hides his number
)

// identity is who calls or is called.
type identity struct {
	kind     identityKind
	agent    *agent
	service  *service
	endpoint *endpoint
	number   Number
}

func (i *identity) internal() bool {
	return i.kind == idAgent || i.kind == idOwn || i.kind == idEndpoint
}

// ends are the two addresses an INVITE travels between.
type ends struct {
	src, dst     *place
	srcAt, dstAt netip.AddrPort
}

// endsOf turns a response's addresses round, as it travels back.
func (t *Tracker) endsOf(m *Message) ends {
	src, dst := m.Src, m.Dst
	if !m.Request {
		src, dst = dst, src
	}
	return ends{src: t.at(src), dst: t.at(dst), srcAt: src, dstAt: dst}
}

// numberingOf is how numbers are read that come from a place.
func (t *Tracker) numberingOf(p *place) *Numbering {
	switch {
	case p.trunk != nil:
		return p.trunk.numbering
	case p.pbx != nil:
		return p.pbx.numbering
	}
	return t.site.numbering
}

// phoneAt is the agent whose phone is at an address, by what was registered from there or by the
// directory.
func (t *Tracker) phoneAt(at netip.AddrPort, p *place) *agent {
	if p.kind == placePBX || p.kind == placeTrunk {
		return nil
	}
	if x, ok := t.phones[at]; ok && !x.shared {
		return x.agent
	}
	if p.kind == placeAgent {
		return p.agent
	}
	return nil
}

// withheldURI says whether a URI is one of those that stand for a caller who hides his number
// (RFC 3323 §4.1.1.3, and what carriers write instead).
func withheldURI(u *URI) bool {
	const invalid = "invalid" // the domain of nobody (RFC 2606 §2)
	if n := len(u.Host) - len(invalid); n == 0 || n > 0 && u.Host[n-1] == '.' {
		if equalFold(u.Host[n:], invalid) {
			return true
		}
	}
	for _, word := range [...]string{"anonymous", "unavailable", "restricted", "private", "unknown"} {
		if equalFold(u.User, word) {
			return true
		}
	}
	return false
}

// callerOf says who sends an INVITE on this hop. Of a response only From and To are the caller's; what
// else it asserts is of the side that answers.
func (t *Tracker) callerOf(m *Message, e *ends) identity {
	if a := t.phoneAt(e.srcAt, e.src); a != nil {
		if b := t.ownAgent(&m.From.URI, e); b != nil {
			a = b // several agents behind one address
		}
		return identity{kind: idAgent, agent: a}
	}
	if e.src.kind == placeEndpoint {
		return identity{kind: idEndpoint, endpoint: e.src.endpoint}
	}
	hidden := withheldURI(&m.From.URI) || m.Request && (m.PrivacyID || m.RemotePartyHidden)
	if !hidden && e.src.kind != placeTrunk {
		if a := t.ownAgent(&m.From.URI, e); a != nil {
			return identity{kind: idAgent, agent: a}
		}
	}
	if hidden {
		return identity{kind: idWithheld}
	}
	n := t.numberingOf(e.src)
	var num Number
	if m.Request && (e.src.kind == placePBX || e.src.kind == placeTrunk && e.src.trunk.Trusted) { // RFC 3325 §5
		num = n.Parse(m.PAssertedIdentity.User, m.PAssertedIdentity.PhoneContext)
		if num == 0 && len(m.RemotePartyID.User) > 0 && !m.RemotePartyHidden && len(m.PAssertedIdentity.User) == 0 {
			num = n.Parse(m.RemotePartyID.User, m.RemotePartyID.PhoneContext)
		}
	}
	if num == 0 {
		num = n.Parse(m.From.URI.User, m.From.URI.PhoneContext)
	}
	id := t.ofNumber(num)
	if from := t.site.service(n.Parse(m.From.URI.User, m.From.URI.PhoneContext)); from != nil {
		// Calls out present the service; an identity asserted beside it does not change that.
		return identity{kind: idService, service: from, number: num}
	}
	if id.kind == idUnknown {
		if x := t.site.endpointOf(&m.From.URI, 0); x != nil && e.src.kind != placeTrunk {
			return identity{kind: idEndpoint, endpoint: x}
		}
		if len(m.From.URI.User) == 0 {
			return identity{kind: idWithheld} // a host and no more names nobody
		}
	}
	return id
}

// ownAgent is the agent whose AOR or extension a From URI at one of our hosts is.
func (t *Tracker) ownAgent(u *URI, e *ends) *agent {
	if a := t.site.agentOf(u); a != nil {
		if t.site.ours(u.Host) != nil || len(t.site.names) == 0 || e.src.kind == placePBX {
			return a
		}
	}
	if a, ok := t.learnt[string(u.User)]; ok && (t.site.ours(u.Host) != nil || e.src.kind == placePBX) {
		return a
	}
	return nil
}

func (t *Tracker) ofNumber(n Number) identity {
	if n == 0 {
		return identity{}
	}
	if x := t.site.service(n); x != nil {
		return identity{kind: idService, service: x, number: n}
	}
	if a, ok := t.site.direct[n]; ok {
		return identity{kind: idOwn, agent: a, number: n}
	}
	if a, ok := t.site.mobiles[n]; ok {
		return identity{kind: idOwn, agent: a, number: n}
	}
	if x, ok := t.site.endpointNumbers[n]; ok {
		return identity{kind: idEndpoint, endpoint: x, number: n}
	}
	return identity{kind: idExternal, number: n}
}

// requestURI is where an INVITE goes; of a response only the To is left to tell.
func requestURI(m *Message) *URI {
	if m.Request {
		return &m.RequestURI
	}
	return &m.To.URI
}

// phoneOf is the agent whose phone an INVITE from a PBX goes to: by the contact he registered, by
// the directory's rule for contact users, by extension, and last by address.
func (t *Tracker) phoneOf(m *Message, e *ends) *agent {
	if e.dst.kind == placePBX || e.dst.kind == placeTrunk || e.dst.kind == placeEndpoint || e.src.kind == placeTrunk {
		return nil
	}
	u := requestURI(m)
	if b, ok := t.binding(u); ok {
		return b.agent
	}
	if a := t.site.byContactUser(u.User); a != nil {
		return a
	}
	if e.src.kind == placePBX {
		if a, ok := t.site.extensions[string(u.User)]; ok {
			return a
		}
		if a, ok := t.learnt[string(u.User)]; ok {
			return a
		}
	}
	if e.src.kind != placePBX && len(t.site.names) > 0 {
		return nil
	}
	return t.phoneAt(e.dstAt, e.dst)
}

// phoneBehind is the agent whose phone has a contact.
func (t *Tracker) phoneBehind(u *URI) *agent {
	if b, ok := t.binding(u); ok {
		return b.agent
	}
	if a := t.site.byContactUser(u.User); a != nil {
		return a
	}
	at, err := netip.ParseAddr(string(u.Host))
	if err != nil {
		return nil
	}
	e := netip.AddrPortFrom(at.Unmap(), portOf(u))
	return t.phoneAt(e, t.at(e))
}

// calleeOf says whom an INVITE calls, by its Request-URI.
func (t *Tracker) calleeOf(m *Message, e *ends) identity {
	u := requestURI(m)
	n := t.numberingOf(e.src)
	if e.src.kind == placeUnknown || e.src.kind == placeAgent {
		n = t.numberingOf(e.dst) // an agent dials as his PBX reads
	}
	if a := t.site.agentOf(u); a != nil && (t.site.ours(u.Host) != nil || e.dst.kind == placePBX) {
		return identity{kind: idAgent, agent: a}
	}
	num := n.Parse(u.User, u.PhoneContext)
	if x := t.site.endpointOf(u, num); x != nil {
		return identity{kind: idEndpoint, endpoint: x, number: num}
	}
	if e.dst.kind == placeEndpoint {
		return identity{kind: idEndpoint, endpoint: e.dst.endpoint, number: num}
	}
	id := t.ofNumber(num)
	if id.kind == idUnknown {
		if x := t.site.line(u); x != nil {
			return identity{kind: idService, service: x}
		}
	}
	return id
}

// serviceOf is the service an inbound INVITE is for: Request-URI, P-Called-Party-ID, To, Diversion,
// History-Info.
func (t *Tracker) serviceOf(m *Message, n *Numbering) *service {
	if m.Request {
		if x := t.site.called(&m.RequestURI, n); x != nil {
			return x
		}
	}
	if x := t.site.called(&m.PCalledPartyID, n); x != nil {
		return x
	}
	if x := t.site.called(&m.To.URI, n); x != nil {
		return x
	}
	return t.divertedFrom(m, n)
}

// divertedFrom is the service that a call was diverted from (RFC 5806, RFC 7044).
func (t *Tracker) divertedFrom(m *Message, n *Numbering) *service {
	for i := range m.Diversion {
		if x := t.site.called(&m.Diversion[i], n); x != nil {
			return x
		}
	}
	for i := len(m.HistoryInfo) - 1; i >= 0; i-- {
		if x := t.site.called(&m.HistoryInfo[i], n); x != nil {
			return x
		}
	}
	return nil
}

// text is a URI as people may read it, bounded.
func text(u *URI) string {
	if len(u.User) > 0 {
		return string(u.User[:min(len(u.User), 64)])
	}
	return string(u.Host[:min(len(u.Host), 64)])
}
