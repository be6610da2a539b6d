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
)

// names looks names up as RFC 3263 §4 says, but for NAPTR, which Go's resolver does not ask for. It
// remembers for a short while what it found, so that a hint does not wait for a name server, and which
// servers do not answer, so that the next of them is asked (§4.3). It is safe for concurrent use.
type names struct {
	resolver  *net.Resolver
	reachable func(netip.Addr) bool // nil: all are

	mu    sync.Mutex
	known map[nameKey]nameEntry
	peers map[netip.AddrPort]peerState
}

type nameKey struct {
	transport, host string
	port            uint16
}

type nameEntry struct {
	addrs []netip.AddrPort // the best first, never empty
	until time.Time
}

// peerState is when a server that a name stands for last answered, and last did not.
type peerState struct{ heard, failed time.Time }

const (
	nameLife   = 30 * time.Second // what was looked up is used for
	failedLife = 30 * time.Second // a server that failed is avoided for
	maxNames   = 1024             // names, and servers, that are remembered
	maxServers = 8                // of one name
)

// pick is the address to send to: the first that did not fail lately, else the first.
func (n *names) pick(ctx context.Context, k nameKey) (netip.AddrPort, error) {
	addrs, err := n.lookup(ctx, k)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("phone: looking up %s: %w", k.host, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range addrs {
		if p, ok := n.peers[a]; !ok || time.Since(p.failed) > failedLife || p.heard.After(p.failed) {
			return a, nil
		}
	}
	return addrs[0], nil
}

// answered notes a sign of life of a server.
func (n *names) answered(a netip.AddrPort) {
	n.note(a, func(p *peerState) { p.heard = time.Now() })
}

// failed notes that a server could not be reached, or was silent since the given time.
func (n *names) failed(a netip.AddrPort, since time.Time) {
	n.note(a, func(p *peerState) {
		if p.heard.Before(since) { // else it lives: who is silent is somebody behind it
			p.failed = time.Now()
		}
	})
}

func (n *names) note(a netip.AddrPort, f func(*peerState)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers == nil || len(n.peers) >= maxNames {
		n.peers = map[netip.AddrPort]peerState{}
	}
	p := n.peers[a]
	f(&p)
	n.peers[a] = p
}

func (n *names) lookup(ctx context.Context, k nameKey) ([]netip.AddrPort, error) {
	n.mu.Lock()
	e, ok := n.known[k]
	n.mu.Unlock()
	if ok && time.Now().Before(e.until) {
		return e.addrs, nil
	}
	addrs, err := n.ask(ctx, k)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil || len(n.known) >= maxNames {
		n.known = map[nameKey]nameEntry{}
	}
	n.known[k] = nameEntry{addrs, time.Now().Add(nameLife)}
	return addrs, nil
}

func (n *names) ask(ctx context.Context, k nameKey) ([]netip.AddrPort, error) {
	if k.port != 0 { // with a port, no SRV: RFC 3263 §4.2
		return n.addresses(ctx, k.host, k.port)
	}
	service, proto := "sip", strings.ToLower(k.transport)
	if k.transport == "TLS" {
		service, proto = "sips", "tcp"
	}
	_, records, err := n.resolver.LookupSRV(ctx, service, proto, k.host)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, r := range records { // by priority, shuffled by weight: RFC 2782
		if addrs, err := n.addresses(ctx, r.Target, r.Port); err == nil && len(all) < maxServers {
			all = append(all, addrs...)
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	return n.addresses(ctx, k.host, defaultPort(k.transport))
}

// addresses are those of a host that we have a socket for.
func (n *names) addresses(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	found, err := n.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, a := range found { // in the order of RFC 6724
		if a = a.Unmap(); (n.reachable == nil || n.reachable(a)) && len(all) < maxServers {
			all = append(all, netip.AddrPortFrom(a, port))
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no address of a family that we have a socket for")
	}
	return all, nil
}
