package sip

import "net/netip"

// binding is a contact that a phone registered (RFC 3261 §10), learnt from the registrar's 2xx.
type binding struct {
	agent      *agent
	endpoint   *endpoint
	user, host string // of the AOR
	contact    string
	addr       netip.AddrPort // where the contact says the phone is
	source     netip.AddrPort // where it registered from
	expires    int64
}

// phone is who is at an address; shared says several AORs are, so that the address tells nothing.
type phone struct {
	agent   *agent
	contact string
	shared  bool
}

// register learns the bindings that a registrar confirms. Only the 2xx counts: anybody can send a
// REGISTER. A PBX's own registrations at its carrier are not phones.
func (t *Tracker) register(m *Message) {
	src, dst := t.site.at(m.Src), t.site.at(m.Dst)
	if len(t.site.names) > 0 && src.kind != placePBX || dst.kind == placePBX || dst.kind == placeTrunk || src.kind == placeTrunk {
		return
	}
	for i := range m.Contacts[:m.NumContacts] {
		c := &m.Contacts[i]
		expires := c.Expires
		if expires < 0 {
			expires = m.Expires
		}
		if expires < 0 {
			expires = 3600
		}
		k := t.contactKey(&c.URI)
		if len(k) == 0 {
			continue
		}
		old, known := t.bindings[string(k)]
		if expires == 0 {
			if known {
				delete(t.bindings, string(k))
				t.rebound(k)
			}
			continue
		}
		until := m.Time + int64(expires)*1e9
		if known && old.source == m.Dst && string(m.To.URI.User) == old.user {
			old.expires = until
			t.bindings[string(k)] = old
			t.rebound(k)
			continue
		}
		if !known && len(t.bindings) >= t.opt.MaxBindings && !t.purge() {
			t.stats.BindingsRefused++
			continue
		}
		b := binding{
			user: string(m.To.URI.User), host: string(m.To.URI.Host), contact: string(c.URI.Raw),
			source: m.Dst, expires: until,
		}
		if a, err := netip.ParseAddr(string(c.URI.Host)); err == nil {
			port := c.URI.Port
			if port == 0 {
				port = 5060 // RFC 3261 §19.1.2
			}
			b.addr = netip.AddrPortFrom(a.Unmap(), port)
		}
		b.agent, b.endpoint = t.registrant(b.user, b.host)
		t.bindings[string(k)] = b
		t.rebound(k)
		t.locate(b.addr, b)
		t.locate(b.source, b)
	}
}

func (t *Tracker) rebound(key []byte) {
	if t.keeping {
		t.changedBindings[string(key)] = struct{}{}
	}
}

// registrant is whose AOR user@host is: the directory's agent or endpoint, else an agent of his own
// name, as a phone that registers and is listed as nothing else is somebody's.
func (t *Tracker) registrant(user, host string) (*agent, *endpoint) {
	u := URI{User: []byte(user), Host: []byte(host)}
	if a := t.site.agentOf(&u); a != nil {
		return a, nil
	}
	if x := t.site.endpointOf(&u, 0); x != nil {
		return nil, x
	}
	return t.learn(user), nil
}

// learn is the agent of a phone that the directory does not list; nil when there are too many.
func (t *Tracker) learn(name string) *agent {
	if a, ok := t.learnt[name]; ok {
		return a
	}
	if len(t.learnt) >= t.opt.MaxBindings || name == "" {
		return nil
	}
	a := &agent{id: name, learnt: true}
	t.learnt[name] = a
	return a
}

// locate remembers who is at an address, or that it tells nothing.
func (t *Tracker) locate(at netip.AddrPort, b binding) {
	if !at.IsValid() || b.agent == nil {
		return
	}
	p, ok := t.phones[at]
	switch {
	case ok && p.agent != nil && p.agent.id != b.agent.id:
		p.shared = true
	case !ok && len(t.phones) >= 2*t.opt.MaxBindings:
		return
	default:
		p.agent, p.contact = b.agent, b.contact
	}
	t.phones[at] = p
}

// purge drops bindings that ran out; it says whether there were any.
func (t *Tracker) purge() bool {
	n := len(t.bindings)
	for k, b := range t.bindings {
		if b.expires < t.now {
			delete(t.bindings, k)
			t.rebound([]byte(k))
		}
	}
	if len(t.bindings) == n {
		return false
	}
	clear(t.phones)
	for _, b := range t.bindings {
		t.locate(b.addr, b)
		t.locate(b.source, b)
	}
	return true
}

// contactKey is user@host:port of a contact, in the tracker's scratch space.
func (t *Tracker) contactKey(u *URI) []byte {
	if len(u.Host) == 0 || len(u.User)+len(u.Host) > 512 {
		return nil
	}
	k := append(t.scratch[:0], u.User...)
	k = lower(append(k, '@'), u.Host)
	port := u.Port
	if port == 0 {
		port = 5060
	}
	k = append(k, byte(port>>8), byte(port))
	t.scratch = k
	return k
}

// binding is the registration whose contact a URI is.
func (t *Tracker) binding(u *URI) (binding, bool) {
	if len(t.bindings) == 0 {
		return binding{}, false
	}
	b, ok := t.bindings[string(t.contactKey(u))]
	return b, ok && b.agent != nil
}

// device is the contact of the agent's phone that a message is from, as far as it registered.
func (t *Tracker) device(a *agent, m *Message) string {
	if m == nil {
		return ""
	}
	if p, ok := t.phones[m.Src]; ok && !p.shared && p.agent != nil && p.agent.id == a.id {
		return p.contact
	}
	return ""
}
