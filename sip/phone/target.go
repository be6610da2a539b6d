package phone

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// target is the next hop of a request.
type target struct {
	transport string // "UDP", "TCP" or "TLS"
	host      string // a name, or an address without brackets
	addr      netip.AddrPort
	named     bool // host is a name
}

// destination is what sipgo is told to send to: always an address, so that it looks up no name. Only a
// TLS peer known by name keeps it, as its certificate is checked against it.
func (t target) destination(byName bool) string {
	if byName && t.named && t.transport == "TLS" {
		return net.JoinHostPort(t.host, fmt.Sprint(t.addr.Port()))
	}
	return t.addr.String()
}

// transportOf is the transport a URI asks for (RFC 3263 §4.1).
func transportOf(u sip.Uri) (string, error) {
	t, given := parameter(u, "transport")
	t = strings.ToUpper(t)
	switch {
	case u.Scheme == "sips" && (!given || t == "TCP" || t == "TLS"), t == "TLS":
		return "TLS", nil
	case u.Scheme == "sips", given && t != "UDP" && t != "TCP":
		return "", fmt.Errorf("%w: transport %q of a %s URI", ErrTransport, t, u.Scheme)
	case t == "TCP":
		return "TCP", nil
	}
	return "UDP", nil
}

// locate finds the address of the host a request goes to.
func (p *Phone) locate(ctx context.Context, u sip.Uri) (target, error) {
	transport, err := transportOf(u)
	if err != nil {
		return target{}, err
	}
	t := target{transport: transport, host: strings.Trim(u.Host, "[]")}
	port := uint16(u.Port)
	if a, ok := hostAddr(u.Host); ok {
		if port == 0 {
			port = defaultPort(transport)
		}
		t.addr = netip.AddrPortFrom(a, port)
	} else {
		t.named = true
		if t.addr, err = p.names.pick(ctx, nameKey{transport, strings.ToLower(t.host), port}); err != nil {
			return t, err
		}
	}
	if a := t.addr.Addr(); a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return t, fmt.Errorf("%w: no phone is at %v", ErrURI, a)
	}
	return t, nil
}

func defaultPort(transport string) uint16 {
	if transport == "TLS" {
		return 5061
	}
	return 5060
}
