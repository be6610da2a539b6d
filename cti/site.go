package cti

import (
	"fmt"
	"net/netip"
	"strings"

	"ringback/sip"
)

// Site is one PBX with the carriers and phones around it, as far as told signalling needs addresses.
type Site struct {
	PBX     string // directory id
	at      netip.AddrPort
	carrier netip.AddrPort            // of endpoints that no trunk is given for
	trunks  map[string]netip.AddrPort // by the PBX's name for the endpoint
	agents  map[string]netip.AddrPort // by extension; the zero address where the directory has none

	names    map[string]string // extensions by what else PBXs call an agent: his id, and his numbers
	carriers []sip.Host
	services map[string]string // their first number, by id
}

// Addresses that stand for those the directory does not tell (RFC 5737 §3).
var (
	nowhere = netip.MustParseAddrPort("192.0.2.1:5060") // a carrier's
	desk    = netip.MustParseAddrPort("192.0.2.2:5060") // a phone's
)

// NewSite compiles what a plan says of a PBX. trunks names the trunk (directory id) behind each of the
// PBX's own endpoints that lead to a carrier; it may be nil where there is one carrier, or where it does
// not matter which.
func NewSite(p *sip.Plan, pbx string, trunks map[string]string) (*Site, error) {
	s := &Site{PBX: pbx, carrier: nowhere, trunks: map[string]netip.AddrPort{}, agents: map[string]netip.AddrPort{}, names: map[string]string{}, services: map[string]string{}}
	for i := range p.PBXs {
		if p.PBXs[i].ID == pbx {
			s.at = first(p.PBXs[i].Addresses)
		}
	}
	if !s.at.IsValid() {
		return nil, fmt.Errorf("cti: the directory has no pbx %q with an address", pbx)
	}
	carriers := map[string]netip.AddrPort{}
	for i := range p.Trunks {
		x := &p.Trunks[i]
		at := first(x.Addresses)
		if x.PBX != pbx && x.PBX != "" || !at.IsValid() {
			continue
		}
		s.carriers = append(s.carriers, x.Addresses...)
		if s.carrier == nowhere {
			s.carrier = at
		}
		carriers[x.ID] = at
		s.trunks[x.ID] = at // an endpoint called like the trunk
	}
	for endpoint, id := range trunks {
		at, ok := carriers[id]
		if !ok {
			return nil, fmt.Errorf("cti: endpoint %q: pbx %q has no trunk %q with an address", endpoint, pbx, id)
		}
		s.trunks[endpoint] = at
	}
	for i := range p.Agents {
		for _, x := range p.Agents[i].Extensions {
			s.agents[x] = first(p.Agents[i].Addresses)
		}
		s.name(&p.Agents[i])
	}
	for i := range p.Services {
		if x := &p.Services[i]; len(x.Numbers) > 0 {
			s.services[x.ID] = x.Numbers[0].String()
		}
	}
	return s, nil
}

// name notes what else than his extension an agent may be called.
func (s *Site) name(a *sip.Agent) {
	if len(a.Extensions) == 0 {
		return
	}
	s.names[a.ID] = a.Extensions[0]
	for _, list := range [][]sip.Number{a.Direct, a.Mobiles} {
		for _, n := range list {
			s.names[strings.TrimPrefix(n.String(), "+")] = a.Extensions[0]
		}
	}
}

// Extension is the extension of the agent that a PBX calls by one of his names: an extension, an id of the
// directory, or a number in international form, with or without a plus. It is empty where none is known.
func (s *Site) Extension(names ...string) string {
	for _, x := range names {
		if _, ok := s.agents[x]; ok {
			return x
		}
		if ext, ok := s.names[strings.TrimPrefix(x, "+")]; ok {
			return ext
		}
	}
	return ""
}

// Service is the first number of a service, by its directory id; empty where there is none.
func (s *Site) Service(id string) string { return s.services[id] }

// Carrier says whether a carrier has an address.
func (s *Site) Carrier(at netip.AddrPort) bool {
	for _, h := range s.carriers {
		if h.Net.Contains(at.Addr()) && (h.Port == 0 || h.Port == at.Port()) {
			return true
		}
	}
	return false
}

// first is an address that a list of hosts begins with; the zero one for an empty list.
func first(hosts []sip.Host) netip.AddrPort {
	if len(hosts) == 0 {
		return netip.AddrPort{}
	}
	port := hosts[0].Port
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(hosts[0].Net.Addr(), port)
}

// Agent says whether an endpoint of the PBX is a phone: an extension of the directory's, or what looks
// like one and is no trunk.
func (s *Site) Agent(endpoint string) bool {
	if _, ok := s.agents[endpoint]; ok {
		return true
	}
	if _, ok := s.trunks[endpoint]; ok {
		return false
	}
	if len(endpoint) == 0 || len(endpoint) > maxExtension {
		return false
	}
	for _, c := range []byte(endpoint) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// maxExtension is the most digits an extension has that nobody listed.
const maxExtension = 6

func (s *Site) phone(endpoint string) netip.AddrPort {
	if at := s.agents[endpoint]; at.IsValid() {
		return at
	}
	return desk
}

func (s *Site) trunk(endpoint string) netip.AddrPort {
	if at, ok := s.trunks[endpoint]; ok {
		return at
	}
	return s.carrier
}
