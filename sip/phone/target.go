package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// target is the next hop of a request.
type target struct {
	transport string // "UDP", "TCP" or "TLS"
	host      string // a name, or an address without brackets
	addr      netip.AddrPort
}

// destination is what sipgo is told to send to: always an address, so that it looks up no name. Only a
// TLS peer known by name keeps it, as its certificate is checked against it.
func (t target) destination(byName bool) string {
	if byName && t.transport == "TLS" {
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
	} else if t.addr, err = p.names.lookup(ctx, transport, t.host, port); err != nil {
		return t, err
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

// names looks names up as RFC 3263 §4 says, but for NAPTR, which Go's resolver does not ask for, and
// remembers what it found for a short while, so that a hint does not wait for a name server. It is
// safe for concurrent use.
type names struct {
	resolver  *net.Resolver
	reachable func(netip.Addr) bool // nil: all are

	mu    sync.Mutex
	known map[nameKey]nameEntry
}

type nameKey struct {
	transport, host string
	port            uint16
}

type nameEntry struct {
	addr  netip.AddrPort
	until time.Time
}

const (
	nameLife = 30 * time.Second
	maxNames = 1024
)

func (n *names) lookup(ctx context.Context, transport, host string, port uint16) (netip.AddrPort, error) {
	key := nameKey{transport, strings.ToLower(host), port}
	n.mu.Lock()
	e, ok := n.known[key]
	n.mu.Unlock()
	if ok && time.Now().Before(e.until) {
		return e.addr, nil
	}
	addr, err := n.ask(ctx, key)
	if err != nil {
		return addr, fmt.Errorf("phone: looking up %s: %w", host, err)
	}
	n.mu.Lock()
	if len(n.known) >= maxNames || n.known == nil {
		n.known = make(map[nameKey]nameEntry)
	}
	n.known[key] = nameEntry{addr, time.Now().Add(nameLife)}
	n.mu.Unlock()
	return addr, nil
}

func (n *names) ask(ctx context.Context, k nameKey) (netip.AddrPort, error) {
	if k.port != 0 { // RFC 3263 §4.2: with a port, no SRV
		a, err := n.address(ctx, k.host)
		return netip.AddrPortFrom(a, k.port), err
	}
	service, proto := "sip", strings.ToLower(k.transport)
	if k.transport == "TLS" {
		service, proto = "sips", "tcp"
	}
	_, records, err := n.resolver.LookupSRV(ctx, service, proto, k.host)
	if err != nil && ctx.Err() != nil {
		return netip.AddrPort{}, err
	}
	for _, r := range records { // by priority, shuffled by weight, RFC 2782
		if a, err := n.address(ctx, r.Target); err == nil {
			return netip.AddrPortFrom(a, r.Port), nil
		}
	}
	a, err := n.address(ctx, k.host)
	return netip.AddrPortFrom(a, defaultPort(k.transport)), err
}

func (n *names) address(ctx context.Context, host string) (netip.Addr, error) {
	all, err := n.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range all { // in the order of RFC 6724
		if n.reachable == nil || n.reachable(a.Unmap()) {
			return a.Unmap(), nil
		}
	}
	return netip.Addr{}, errors.New("no address of a family that we have a socket for")
}
