package assist

import (
	"net/netip"
	"slices"
	"strings"

	"ringback/directory"
	"ringback/sip/phone"
)

// Route is the way of a hint to a softphone.
type Route struct {
	Phone *phone.Phone // our user agent that speaks to the hint's PBX
	To    string       // the URI that the message is for
}

// RouteVia is the way that a hint takes with a user agent: straight to the phone that rings, where the
// phone may be reached and its contact is known, else through the PBX to the agent's
// address-of-record. It says no when he has no address, as on a mobile.
func RouteVia(p *phone.Phone, d *directory.Directory, h *Hint) (Route, bool) {
	if p.Proxy() == "" && h.Device != "" {
		return Route{Phone: p, To: h.Device}, true
	}
	uris := d.AgentURIs(h.Agent)
	if len(uris) == 0 {
		return Route{}, false
	}
	to := uris[0]
	if pbx, ok := d.PBX(h.PBX); ok {
		if i := slices.IndexFunc(uris, func(u string) bool { return isAt(pbx, u) }); i >= 0 {
			to = uris[i]
		}
	}
	return Route{Phone: p, To: to}, true
}

// isAt says whether a URI's host is a PBX.
func isAt(p *directory.PBX, uri string) bool {
	_, host, _ := strings.Cut(uri, "@")
	if ap, err := netip.ParseAddrPort(host); err == nil {
		host = ap.Addr().String()
	}
	host = strings.Trim(host, "[]")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return slices.ContainsFunc(p.Domains, func(s string) bool { return strings.EqualFold(s, host) })
	}
	for _, h := range p.Addresses {
		if h.Net.Contains(addr) {
			return true
		}
	}
	return false
}
