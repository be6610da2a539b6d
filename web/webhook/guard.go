package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrForbidden is the error of a connection to an address that the endpoint may not have.
var ErrForbidden = errors.New("webhook: this address is not public")

// special are networks that are no part of the public internet, or lead into such ones (IANA IPv4 and
// IPv6 Special-Purpose Address Registries, RFC 6890 §2.2).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' own, RFC 6598 §7
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"), // with the metadata of clouds
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.31.196.0/24"),
	netip.MustParsePrefix("192.52.193.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("192.175.48.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/3"), // multicast, reserved, broadcast
	netip.MustParsePrefix("2001::/23"),   // Teredo, ORCHID and others
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4 holds an IPv4 address
	netip.MustParsePrefix("3fff::/20"),
}

// global is all of IPv6 that is given out for the public internet (RFC 4291 §2.4). NAT64, which holds an
// IPv4 address, loopback, unique local and link-local addresses lie outside.
var global = netip.MustParsePrefix("2000::/3")

// public says whether an address belongs to the public internet.
func public(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if a.Is6() && !global.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// guard refuses connections to addresses that are neither public nor in a network that is allowed; plain
// HTTP goes to the latter only. It is net.Dialer's Control: the address is the one that is connected to
// next, whatever names said before.
func guard(allow []netip.Prefix, plain bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %q", ErrForbidden, address)
		}
		a := at.Addr().WithZone("").Unmap()
		if slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return nil
		}
		if plain || !public(a) {
			return fmt.Errorf("%w: %s: name its network in allow_networks if it is meant", ErrForbidden, a)
		}
		return nil
	}
}

// Guard is a net.Dialer's Control that refuses connections to addresses that are neither public nor in a
// network that is allowed, with ErrForbidden: for others who connect to where strangers say.
func Guard(allow []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	return guard(allow, false)
}
