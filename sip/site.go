package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// site is a Plan compiled for lookups that allocate nothing. It is immutable; live calls keep the
// entries of the site they began under.
type site struct {
	hosts     map[netip.AddrPort]*place // port 0: any port
	nets      []netPlace                // networks, longest prefix first
	names     map[string]*pbx           // host texts of the PBXs: addresses and domains, lower case
	services  map[Number]*service
	wildcards []servicePrefix
	lines     map[string]*service // service URIs: "user@host", "user@", "@host"

	extensions map[string]*agent
	aors       map[string]*agent
	mobiles    map[Number]*agent
	direct     map[Number]*agent

	endpointUsers   map[string]*endpoint // extensions and "user@host"
	endpointNumbers map[Number]*endpoint

	agents      map[string]*agent // by id, as all below
	serviceIDs  map[string]*service
	pbxIDs      map[string]*pbx
	trunkIDs    map[string]*trunk
	endpointIDs map[string]*endpoint

	separators []string
	numbering  *Numbering // the first PBX's, for senders of no known place
}

type pbx struct {
	PBX
	numbering *Numbering
	mirrored  int64 // when the latest leg began whose signalling was seen
	sent      int64 // of those it sent the INVITE of
	received  int64
	disagreed uint64 // times that what is known of its calls contradicted itself
}

type trunk struct {
	Trunk
	pbx       *pbx
	numbering *Numbering
}

type service struct{ Service }

type agent struct {
	id string
	// learnt agents registered a phone that the directory does not list.
	learnt bool
}

type endpoint struct{ Endpoint }

type servicePrefix struct {
	digits  string
	service *service
}

type placeKind uint8

const (
	placeUnknown placeKind = iota
	placePBX
	placeTrunk
	placeAgent
	placeEndpoint
	placeOwn
)

// place is who lives at an address.
type place struct {
	kind     placeKind
	pbx      *pbx
	trunk    *trunk
	agent    *agent
	endpoint *endpoint
}

type netPlace struct {
	host  Host
	place *place
}

var nowhere place

// newSite compiles a plan. It refuses what the tracker could not tell apart.
func newSite(p *Plan) (*site, error) {
	s := &site{
		hosts: map[netip.AddrPort]*place{}, names: map[string]*pbx{},
		services: map[Number]*service{}, lines: map[string]*service{},
		extensions: map[string]*agent{}, aors: map[string]*agent{},
		mobiles: map[Number]*agent{}, direct: map[Number]*agent{},
		endpointUsers: map[string]*endpoint{}, endpointNumbers: map[Number]*endpoint{},
		agents: map[string]*agent{}, serviceIDs: map[string]*service{}, pbxIDs: map[string]*pbx{},
		trunkIDs: map[string]*trunk{}, endpointIDs: map[string]*endpoint{},
	}
	for _, c := range p.PBXs {
		n, err := NewNumbering(c.Country, c.AccessPrefixes)
		if err != nil {
			return nil, fmt.Errorf("sip: pbx %q: %w", c.ID, err)
		}
		x := &pbx{PBX: c, numbering: n}
		s.pbxIDs[c.ID] = x
		if s.numbering == nil {
			s.numbering = n
		}
		for _, h := range c.Addresses {
			if h.Net.IsSingleIP() {
				s.names[h.Net.Addr().String()] = x
			}
		}
		for _, d := range c.Domains {
			s.names[strings.ToLower(d)] = x
		}
		s.settle(c.Addresses, &place{kind: placePBX, pbx: x})
		for _, sep := range c.ContactSeparators {
			if sep != "" && !slices.Contains(s.separators, sep) {
				s.separators = append(s.separators, sep)
			}
		}
	}
	if s.numbering == nil {
		s.numbering = internationalOnly()
	}
	for _, c := range p.Trunks {
		x := &trunk{Trunk: c, pbx: s.pbxIDs[c.PBX]}
		country := c.Country
		if country == "" && x.pbx != nil {
			country = x.pbx.Country
		}
		n, err := NewNumbering(country, nil)
		if err != nil {
			return nil, fmt.Errorf("sip: trunk %q: %w", c.ID, err)
		}
		x.numbering = n
		s.trunkIDs[c.ID] = x
		s.settle(c.Addresses, &place{kind: placeTrunk, trunk: x, pbx: x.pbx})
	}
	for _, c := range p.Services {
		x := &service{c}
		s.serviceIDs[c.ID] = x
		for _, n := range c.Numbers {
			s.services[n] = x
		}
		for _, d := range c.Prefixes {
			s.wildcards = append(s.wildcards, servicePrefix{d, x})
		}
		for _, u := range c.URIs {
			user, host, _ := strings.Cut(strings.ToLower(u), "@")
			s.lines[strings.TrimPrefix(user, "*")+"@"+strings.TrimPrefix(host, "*")] = x
		}
	}
	slices.SortStableFunc(s.wildcards, func(a, b servicePrefix) int { return len(b.digits) - len(a.digits) })
	for _, c := range p.Agents {
		x := &agent{id: c.ID}
		s.agents[c.ID] = x
		for _, e := range c.Extensions {
			s.extensions[e] = x
		}
		for _, u := range c.AORs {
			s.aors[strings.ToLower(u)] = x
		}
		for _, n := range c.Mobiles {
			s.mobiles[n] = x
		}
		for _, n := range c.Direct {
			s.direct[n] = x
		}
		s.settle(c.Addresses, &place{kind: placeAgent, agent: x})
	}
	for _, c := range p.Endpoints {
		x := &endpoint{c}
		s.endpointIDs[c.ID] = x
		for _, e := range c.Extensions {
			s.endpointUsers[e] = x
		}
		for _, u := range c.URIs {
			s.endpointUsers[strings.ToLower(u)] = x
		}
		for _, n := range c.Numbers {
			s.endpointNumbers[n] = x
		}
		s.settle(c.Addresses, &place{kind: placeEndpoint, endpoint: x})
	}
	s.settle(p.Own, &place{kind: placeOwn})
	slices.SortStableFunc(s.nets, func(a, b netPlace) int { return b.host.Net.Bits() - a.host.Net.Bits() })
	return s, nil
}

// settle puts a place at its hosts. The first to claim an address keeps it: PBX before trunk before
// agent before endpoint, so that a phone behind the PBX's own address is told by its contact.
func (s *site) settle(hosts []Host, p *place) {
	for _, h := range hosts {
		if !h.Net.IsSingleIP() {
			s.nets = append(s.nets, netPlace{h, p})
			continue
		}
		k := netip.AddrPortFrom(h.Net.Addr(), h.Port)
		if _, taken := s.hosts[k]; !taken || p.kind == placeOwn {
			s.hosts[k] = p
		}
	}
}

// at is who lives at an address; never nil.
func (s *site) at(a netip.AddrPort) *place {
	if p, ok := s.hosts[a]; ok {
		return p
	}
	if p, ok := s.hosts[netip.AddrPortFrom(a.Addr(), 0)]; ok {
		return p
	}
	for i := range s.nets {
		if n := &s.nets[i]; n.host.Net.Contains(a.Addr()) && (n.host.Port == 0 || n.host.Port == a.Port()) {
			return n.place
		}
	}
	return &nowhere
}

// ours says whether a URI's host is a PBX, and which.
func (s *site) ours(host []byte) *pbx {
	if x, ok := s.names[string(host)]; ok {
		return x
	}
	var buf [64]byte
	if len(host) > len(buf) {
		return nil
	}
	return s.names[string(lower(buf[:0], host))]
}

// service is the service of a number, exact before wildcard.
func (s *site) service(n Number) *service {
	if n == 0 {
		return nil
	}
	if x, ok := s.services[n]; ok {
		return x
	}
	if len(s.wildcards) == 0 {
		return nil
	}
	var buf [20]byte
	digits := n.appendDigits(buf[:0])
	for i := range s.wildcards {
		if w := &s.wildcards[i]; len(digits) >= len(w.digits) && string(digits[:len(w.digits)]) == w.digits {
			return w.service
		}
	}
	return nil
}

// line is the service of a URI: user@host, then user at any host, then any user at host.
func (s *site) line(u *URI) *service {
	if len(s.lines) == 0 || len(u.User)+len(u.Host) > 200 {
		return nil
	}
	var buf [256]byte
	k := lower(buf[:0], u.User)
	user := len(k)
	k = lower(append(k, '@'), u.Host)
	if x, ok := s.lines[string(k)]; ok {
		return x
	}
	if x, ok := s.lines[string(k[:user+1])]; ok && user > 0 {
		return x
	}
	return s.lines[string(k[user:])]
}

// called is the service that a URI names, by number or by line.
func (s *site) called(u *URI, n *Numbering) *service {
	if len(u.Raw) == 0 {
		return nil
	}
	if x := s.service(n.Parse(u.User, u.PhoneContext)); x != nil {
		return x
	}
	return s.line(u)
}

// agentOf is the agent whose AOR or extension a URI at one of our hosts is.
func (s *site) agentOf(u *URI) *agent {
	if len(u.User) == 0 {
		return nil
	}
	if len(s.aors) > 0 && len(u.User)+len(u.Host) < 200 {
		var buf [256]byte
		k := lower(append(lower(buf[:0], u.User), '@'), u.Host)
		if x, ok := s.aors[string(k)]; ok {
			return x
		}
	}
	return s.extensions[string(u.User)]
}

// byContactUser is the agent whose extension begins a contact user, as in 101-0x5628eb7625f0.
func (s *site) byContactUser(user []byte) *agent {
	for _, sep := range s.separators {
		if i := bytes.Index(user, []byte(sep)); i > 0 {
			if x, ok := s.extensions[string(user[:i])]; ok {
				return x
			}
		}
	}
	return nil
}

// endpointOf is the non-agent endpoint a URI names.
func (s *site) endpointOf(u *URI, n Number) *endpoint {
	if x, ok := s.endpointNumbers[n]; ok && n != 0 {
		return x
	}
	if x, ok := s.endpointUsers[string(u.User)]; ok {
		return x
	}
	if len(s.endpointUsers) == 0 || len(u.User)+len(u.Host) > 200 {
		return nil
	}
	var buf [256]byte
	return s.endpointUsers[string(lower(append(lower(buf[:0], u.User), '@'), u.Host))]
}

func lower(dst, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// internationalOnly reads only numbers written with a plus sign: for senders of no known country.
func internationalOnly() *Numbering {
	return &Numbering{country: phonenumbers.UNKNOWN_REGION, fresh: make(map[string]Number)}
}
