package sip

import (
	"fmt"
	"net/netip"
	"time"
)

// Plan is what the tracker must know of the place it watches: plain data, made by package
// directory, compiled once by NewTracker or Tracker.SetPlan.
type Plan struct {
	PBXs      []PBX
	Trunks    []Trunk
	Services  []Service
	Agents    []Agent
	Endpoints []Endpoint
	// Own are Ringback's addresses: messages from or to them are our own traffic coming back in the mirror.
	Own []Host
}

// Host is where an endpoint sends from and listens: an address or network, and a port when several
// endpoints share an address. Port 0 means any.
type Host struct {
	Net  netip.Prefix
	Port uint16
}

// ParseHost reads "10.0.0.1", "10.0.0.0/24", "10.0.0.1:5060", "fd20::1" or "[fd20::1]:5060".
func ParseHost(s string) (Host, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return Host{Net: p.Masked()}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return Host{Net: netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())}, nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return Host{}, fmt.Errorf("sip: %q is no address, network or address with port", s)
	}
	a := ap.Addr().Unmap()
	return Host{Net: netip.PrefixFrom(a, a.BitLen()), Port: ap.Port()}, nil
}

// String is the form that ParseHost reads.
func (h Host) String() string {
	switch {
	case h.Port != 0:
		return netip.AddrPortFrom(h.Net.Addr(), h.Port).String()
	case h.Net.IsSingleIP():
		return h.Net.Addr().String()
	}
	return h.Net.String()
}

// PBX is a PBX or proxy whose signalling is watched.
type PBX struct {
	ID             string
	Country        string // ISO 3166-1 alpha-2: how national numbers are read
	Addresses      []Host
	Domains        []string // SIP domains of its AORs beside its addresses, lower case
	AccessPrefixes []string // outside-line prefixes agents dial, as "9"
	// ContactSeparators: what stands between extension and rest in contact users the PBX's phones
	// register, as "-0x" in 101-0x5628eb7625f0; a fallback when no REGISTER was seen.
	ContactSeparators []string
	LinkHeaders       []string // headers whose value is the Call-ID (or a shared id) of the caller's leg
}

// Trunk is a carrier connection.
type Trunk struct {
	ID        string
	PBX       string
	Country   string // when it differs from the PBX's
	Addresses []Host
	Trusted   bool // P-Asserted-Identity from here is believed (RFC 3325 §5)
}

// Service is a called line.
type Service struct {
	ID       string
	List     string   // its callback list
	Numbers  []Number // exact numbers
	Prefixes []string // E.164 digit prefixes without "+" (wildcard numbers)
	URIs     []string // user@host, lower case; "user@*" any host; "*@host" any user
}

// Agent is a person with phones.
type Agent struct {
	ID         string
	Extensions []string // users of his AORs and internal numbers, as "101"
	AORs       []string // user@host, lower case
	Addresses  []Host   // of his desk phones
	Direct     []Number // direct numbers (own numbers, not services)
	Mobiles    []Number // a leg to one of these is a leg of the agent
}

// EndpointKind is the kind of a non-agent endpoint.
type EndpointKind uint8

// Kinds of endpoints that answer but are no agents.
const (
	EndpointOther EndpointKind = iota
	EndpointVoicemail
	EndpointIVR
	EndpointAnnouncement
)

// Endpoint is something of ours that answers calls and is no agent.
type Endpoint struct {
	ID         string
	Kind       EndpointKind
	Extensions []string
	URIs       []string
	Addresses  []Host
	Numbers    []Number
}

// Options are the tracker's times and limits; zero fields take the defaults named beside them.
type Options struct {
	Settle      time.Duration // after the caller's leg ended, before the verdict falls: 2 s
	ServedAfter time.Duration // caller and agent up together for this long: 1 s
	HoldDrop    time.Duration // held at least this long when the caller hung up is a drop: 30 s
	ShortAfter  time.Duration // an abandon before this since INVITE is short: 2 s
	Lost        time.Duration // never confirmed, no final response, silent: 5 min
	MaxWait     time.Duration // confirmed, never with an agent, no end seen: 60 min
	MaxCall     time.Duration // with an agent, no end seen: 12 h
	// Drop127 makes Q.850 cause 127 (interworking) a drop; off, as PBXs write it on normal ends.
	Drop127 bool
	// MaxCalls bounds live calls; the oldest silent one is given up first: 500 000.
	MaxCalls int
	// MaxBindings bounds learnt registrations: 200 000.
	MaxBindings int
}
