package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"ringback/sip"
)

// testPlan is the contact centre that ladders and simulations play in: a B2BUA PBX with its carrier
// and phones 101 to 105, and a forking proxy with its own carrier and phones 151 and 152.
const testPlan = `
pbx pbx FI 10.20.0.10 198.51.100.10 access=9 separator=-0x link=X-Service-Call-ID link=Session-ID
pbx kam FI 10.20.0.20 198.51.100.20
trunk carrier pbx 198.51.100.50 trusted
trunk carrier2 pbx 198.51.100.51
trunk kcarrier kam 198.51.100.60 trusted
service hotline +35893100100
service support +35893100200
service mobile +35893100600
agent 101 101 10.20.0.101 direct=+35893100101
agent 102 102 10.20.0.102 direct=+35893100102
agent 103 103 10.20.0.103 direct=+35893100103
agent 104 104 10.20.0.104
agent 105 105 10.20.0.105
agent 151 151 10.20.0.151
agent 152 152 10.20.0.152
agent mia - - mobile=+358509998877
endpoint box voicemail 10.20.0.30 900
endpoint menu ivr 10.20.0.31
own 10.20.0.9
`

// ladderHosts are the names of a ladder's hosts; the phones' are their last octets. The PBXs have a
// side towards their carriers and one towards their phones.
var ladderHosts = map[string]string{
	"carrier": "198.51.100.50", "carrier2": "198.51.100.51", "kcarrier": "198.51.100.60",
	"box": "10.20.0.30", "menu": "10.20.0.31", "us": "10.20.0.9",
	"stranger": "10.20.0.77", "stranger2": "10.20.0.78", "internet": "203.0.113.9",
}

// hostOf is the address of a host as it speaks to a peer.
func hostOf(name, peer string) netip.AddrPort {
	a := ladderHosts[name]
	inside := !strings.Contains(peer, "carrier") && peer != "pbx" && peer != "kam" && peer != "internet"
	switch {
	case name == "pbx" && inside:
		a = "10.20.0.10"
	case name == "pbx":
		a = "198.51.100.10"
	case name == "kam" && inside:
		a = "10.20.0.20"
	case name == "kam":
		a = "198.51.100.20"
	case a == "" && isExtension(name):
		a = "10.20.0." + name
	case a == "":
		at, _ := netip.ParseAddrPort(name)
		return at
	}
	return netip.AddrPortFrom(netip.MustParseAddr(a), 5060)
}

func isExtension(name string) bool { return len(name) == 3 && name[0] == '1' }

// contactOf is the contact that a phone has registered, as the PBX writes it.
func contactOf(name string, at netip.AddrPort) string {
	switch {
	case !isExtension(name):
		return "sip:" + at.String()
	case strings.HasPrefix(name, "15"): // the proxy's
		return "sip:" + name + "@" + at.String()
	}
	return "sip:" + name + "-0x55@" + at.String()
}

// ladderPlan is testPlan with lines added; a line "none" takes all before it away.
func ladderPlan(t *testing.T, added string) *sip.Plan {
	t.Helper()
	p := &sip.Plan{}
	for line := range strings.Lines(testPlan + added) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == "none":
			p = &sip.Plan{}
		default:
			planLine(t, p, words)
		}
	}
	return p
}

func planLine(t *testing.T, p *sip.Plan, words []string) {
	t.Helper()
	kind, id := words[0], words[1]
	var addrs []sip.Host
	var numbers, direct, mobile []sip.Number
	var rest []string
	o := map[string][]string{}
	for _, w := range words[2:] {
		k, v, isOption := strings.Cut(w, "=")
		host, err := sip.ParseHost(w)
		n, numErr := sip.ParseNumber(w)
		switch {
		case isOption:
			o[k] = append(o[k], v)
		case err == nil && strings.ContainsAny(w, ".:"):
			addrs = append(addrs, host)
		case numErr == nil:
			numbers = append(numbers, n)
		case w != "-":
			rest = append(rest, w)
		}
	}
	for _, v := range o["direct"] {
		direct = append(direct, mustNumber(t, v))
	}
	for _, v := range o["mobile"] {
		mobile = append(mobile, mustNumber(t, v))
	}
	switch kind {
	case "pbx":
		p.PBXs = append(p.PBXs, sip.PBX{ID: id, Country: rest[0], Addresses: addrs, Domains: o["domain"], AccessPrefixes: o["access"], ContactSeparators: o["separator"], LinkHeaders: o["link"]})
	case "trunk":
		p.Trunks = append(p.Trunks, sip.Trunk{ID: id, PBX: rest[0], Addresses: addrs, Trusted: len(rest) > 1})
	case "service":
		p.Services = append(p.Services, sip.Service{ID: id, List: "list-" + id, Numbers: numbers, Prefixes: o["prefix"], URIs: o["uri"]})
	case "agent":
		p.Agents = append(p.Agents, sip.Agent{ID: id, Extensions: rest, AORs: o["aor"], Addresses: addrs, Direct: direct, Mobiles: mobile})
	case "endpoint":
		kinds := map[string]sip.EndpointKind{"voicemail": sip.EndpointVoicemail, "ivr": sip.EndpointIVR, "other": sip.EndpointOther}
		p.Endpoints = append(p.Endpoints, sip.Endpoint{ID: id, Kind: kinds[rest[0]], Extensions: rest[1:], Addresses: addrs, Numbers: numbers})
	case "own":
		h, err := sip.ParseHost(id)
		if err != nil {
			t.Fatal(err)
		}
		p.Own = append(p.Own, h)
	default:
		t.Fatalf("plan line %q", words)
	}
}

func mustNumber(t *testing.T, s string) sip.Number {
	t.Helper()
	n, err := sip.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
