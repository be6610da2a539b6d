package sip

import (
	"net/netip"
	"slices"
)

// binding is a contact that a phone registered (RFC 3261 §10), learnt from the registrar's 2xx.
type binding struct {
	agent      *agent
	endpoint   *endpoint
	user, host string // of the AOR
	contact    string
	addr       netip.AddrPort // where the contact says the phone is
	source     netip.AddrPort // where it registered from, when that was its own doing
	expires    int64
}

func (b *binding) aor() string { return b.user + "@" + b.host }

// phone is who is at an address; shared says several AORs are, so that the address tells nothing.
type phone struct {
	agent   *agent
	key     string // of the binding
	contact string
	shared  bool
}

// maxBindingText bounds what is kept of a contact and of an AOR, in bytes.
const maxBindingText = 512

// register learns the bindings that a registrar confirms. Only the 2xx counts: anybody can send a
// REGISTER. A PBX's own registrations at its carrier are not phones.
func (t *Tracker) register(m *Message) {
	src, dst := t.at(m.Src), t.at(m.Dst)
	if len(t.site.names) > 0 && src.kind != placePBX || dst.kind == placePBX || dst.kind == placeTrunk || src.kind == placeTrunk {
		return
	}
	m.Read()
	if len(m.To.URI.User)+len(m.To.URI.Host) > maxBindingText {
		return
	}
	t.unregister(m)
	for i := range m.Contacts[:m.NumContacts] {
		c := &m.Contacts[i]
		if expires := lifeOf(c, m); expires > 0 && len(c.URI.Raw) <= maxBindingText {
			t.bind(m, c, m.Time+int64(expires)*1e9)
		}
	}
}

// lifeOf is how long a binding lasts, in seconds (RFC 3261 §10.2.1.1).
func lifeOf(c *Contact, m *Message) int32 {
	switch {
	case c.Expires >= 0:
		return c.Expires
	case m.Expires >= 0:
		return m.Expires
	}
	return 3600
}

// unregister drops the bindings of an AOR that the registrar does not list any more: its answer
// lists all that there are (RFC 3261 §10.3).
func (t *Tracker) unregister(m *Message) {
	if m.NumContacts == MaxContacts {
		return // there may be more than were read
	}
	t.scratch = append(append(append(t.scratch[:0], m.To.URI.User...), '@'), m.To.URI.Host...)
	keys := t.aors[string(t.scratch)]
	for _, k := range slices.Clone(keys) {
		listed := false
		for i := range m.Contacts[:m.NumContacts] {
			c := &m.Contacts[i]
			listed = listed || lifeOf(c, m) > 0 && string(t.contactKey(&c.URI)) == k
		}
		if !listed {
			t.unbind(k)
		}
	}
}

// bind learns one binding.
func (t *Tracker) bind(m *Message, c *Contact, until int64) {
	k := t.contactKey(&c.URI)
	if len(k) == 0 {
		return
	}
	old, known := t.bindings[string(k)]
	if known && string(m.To.URI.User) == old.user && string(m.To.URI.Host) == old.host {
		old.expires = until
		t.bindings[string(k)] = old
		t.rebound(string(k))
		return
	}
	if !known && len(t.bindings) >= t.opt.MaxBindings && !t.purge() {
		t.stats.BindingsRefused++
		return
	}
	b := binding{user: string(m.To.URI.User), host: string(m.To.URI.Host), contact: string(c.URI.Raw), expires: until}
	if a, err := netip.ParseAddr(string(c.URI.Host)); err == nil {
		b.addr = netip.AddrPortFrom(a.Unmap(), portOf(&c.URI))
	}
	if m.NumContacts == 1 || b.addr == m.Dst {
		b.source = m.Dst // behind NAT the contact may name another address
	}
	b.agent, b.endpoint = t.registrant(b.user, b.host)
	key := string(k)
	if known {
		t.unbind(key)
	}
	t.keep(key, &b)
	t.rebound(key)
}

func portOf(u *URI) uint16 {
	if u.Port == 0 {
		return 5060 // RFC 3261 §19.1.2
	}
	return u.Port
}

// keep puts a binding on the books.
func (t *Tracker) keep(key string, b *binding) {
	t.bindings[key] = *b
	aor := b.aor()
	t.aors[aor] = append(t.aors[aor], key)
	t.know(key, b)
}

// know remembers where a binding's agent is and how he is reached: of several phones by the one that
// registered last.
func (t *Tracker) know(key string, b *binding) {
	t.locate(b.addr, b, key)
	t.locate(b.source, b, key)
	if b.agent == nil {
		return
	}
	if old, ok := t.bindings[t.reach[b.agent.id]]; !ok || old.expires <= b.expires {
		t.reach[b.agent.id] = key
	}
}

// contactOf is the contact that an agent registered last, where no message tells which of his phones
// it is.
func (t *Tracker) contactOf(a *agent) string {
	if b, ok := t.bindings[t.reach[a.id]]; ok && same(b.agent, a) {
		return b.contact
	}
	return ""
}

// unbind takes one off them.
func (t *Tracker) unbind(key string) {
	b, ok := t.bindings[key]
	if !ok {
		return
	}
	if b.agent != nil && t.reach[b.agent.id] == key {
		delete(t.reach, b.agent.id)
	}
	delete(t.bindings, key)
	aor := b.aor()
	if rest := slices.DeleteFunc(t.aors[aor], func(k string) bool { return k == key }); len(rest) > 0 {
		t.aors[aor] = rest
	} else {
		delete(t.aors, aor)
	}
	for _, at := range [...]netip.AddrPort{b.addr, b.source} {
		if p, ok := t.phones[at]; ok && (p.key == key || p.shared) {
			delete(t.phones, at)
		}
	}
	t.rebound(key)
}

func (t *Tracker) rebound(key string) {
	if t.keeping {
		t.changedBindings[key] = struct{}{}
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
	if len(t.learnt) >= t.opt.MaxBindings || name == "" || len(name) > maxBindingText {
		return nil
	}
	a := &agent{id: name, learnt: true}
	t.learnt[name] = a
	return a
}

// locate remembers who is at an address, or that it tells nothing.
func (t *Tracker) locate(at netip.AddrPort, b *binding, key string) {
	if !at.IsValid() || b.agent == nil {
		return
	}
	p, ok := t.phones[at]
	if ok && !same(p.agent, b.agent) {
		if old, live := t.bindings[p.key]; live && old.expires > t.now {
			p.shared = true
			t.phones[at] = p
			return
		}
	}
	if !ok && len(t.phones) >= 2*t.opt.MaxBindings {
		return
	}
	t.phones[at] = phone{agent: b.agent, key: key, contact: b.contact}
}

// purge drops bindings that ran out; it says whether there were any.
func (t *Tracker) purge() bool {
	if t.now < t.purged+int64(purgePause) {
		return false
	}
	t.purged = t.now
	n := len(t.bindings)
	for k, b := range t.bindings {
		if b.expires < t.now {
			t.unbind(k)
		}
	}
	return len(t.bindings) < n
}

// purgePause is how long a purge holds, so that a flood of registrations does not purge for each.
const purgePause = 10e9

// contactKey is user@host:port of a contact, in the tracker's scratch space.
func (t *Tracker) contactKey(u *URI) []byte {
	if len(u.Host) == 0 || len(u.User)+len(u.Host) > maxBindingText {
		return nil
	}
	k := append(t.contactText[:0], u.User...)
	k = lower(append(k, '@'), u.Host)
	port := portOf(u)
	k = append(k, byte(port>>8), byte(port))
	t.contactText = k
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
	if a == nil {
		return ""
	}
	if p, ok := t.phones[m.Src]; ok && !p.shared && same(p.agent, a) {
		return p.contact
	}
	return ""
}
