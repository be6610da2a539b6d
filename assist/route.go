package assist

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"ringback/directory"
	"ringback/sip/phone"
)

// Sender brings messages to softphones: a user agent of ours (phone.Phone is one), or a PBX that is asked to.
type Sender interface {
	// Message brings a message to a phone and waits for the answer, as phone.Phone does. Status 202 says that it
	// was taken to be passed on. An error that is none of package phone's, ErrNotYet or ErrNoWay is a failure
	// that may pass.
	Message(ctx context.Context, m phone.Message) (phone.Result, error)
	// Proxy is through whom messages go; empty for a Sender that reaches phones at their own contacts.
	Proxy() string
	// From is the URI that messages come from; empty where it is none of our own.
	From() string
	// Sent says whether a request with this Call-ID is its own, so that it is nothing in the mirror.
	Sent(callID []byte) bool
}

// Way is a way by which hints go to phones.
type Way struct {
	Name string // what metrics and logs call it
	Sender
}

// Route is the way of a hint to a softphone.
type Route struct {
	Way
	To string // the URI that the message is for
}

// RouteVia is the route that a hint takes by a way: straight to the phone that rings, where the
// phone may be reached and its contact is known, else through the PBX to the agent's
// address-of-record. It says no when he has no address, as on a mobile.
func RouteVia(w Way, d *directory.Directory, h *Hint) (Route, bool) {
	if w.Proxy() == "" && h.Device != "" {
		return Route{Way: w, To: h.Device}, true
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
	return Route{Way: w, To: to}, true
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
