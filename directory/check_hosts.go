package directory

import (
	"cmp"
	"net/netip"
	"slices"

	"ringback/sip"
)

// hostEntry is an address of the file with who it belongs to.
type hostEntry struct {
	host *sip.Host
	kind string
	id   string
}

func (e hostEntry) name() string { return e.kind + " " + e.id }

// hosts reports addresses that belong to two things. Of two things of different kinds one may live
// in the other's network, as phones in the PBX's: the narrower is meant. The same address with
// different ports is two places.
func (c *checker) hosts() {
	var all []hostEntry
	add := func(kind, id string, hosts []sip.Host) {
		for i := range hosts {
			if hosts[i].Net.IsValid() {
				all = append(all, hostEntry{&hosts[i], kind, id})
			}
		}
	}
	for i := range c.file.PBXs {
		add("PBX", c.file.PBXs[i].ID, c.file.PBXs[i].Addresses)
	}
	for i := range c.file.Trunks {
		add("trunk", c.file.Trunks[i].ID, c.file.Trunks[i].Addresses)
	}
	for i := range c.file.Agents {
		add("agent", c.file.Agents[i].ID, c.file.Agents[i].Addresses)
	}
	for i := range c.file.Endpoints {
		add("endpoint", c.file.Endpoints[i].ID, c.file.Endpoints[i].Addresses)
	}
	// Wide networks first, and whole addresses before their ports, so that each entry finds what
	// it lies in among those before it.
	slices.SortStableFunc(all, func(a, b hostEntry) int {
		return cmp.Or(cmp.Compare(a.host.Net.Bits(), b.host.Net.Bits()), cmp.Compare(a.host.Port, b.host.Port))
	})
	same, kindred := map[sip.Host]hostEntry{}, map[kindHost]hostEntry{}
	var widths []int // in bits, of the networks seen
	for _, e := range all {
		bits := e.host.Net.Bits()
		if !slices.Contains(widths, bits) {
			widths = append(widths, bits)
		}
		if other, taken := same[*e.host]; taken {
			c.overlap(e, other)
			continue
		}
		if other, found := e.within(kindred, widths); found {
			c.overlap(e, other)
		}
		same[*e.host], kindred[kindHost{e.kind, *e.host}] = e, e
	}
}

// kindHost is an address of a kind of things.
type kindHost struct {
	kind string
	host sip.Host
}

// within finds the entry of the same kind that e lies in.
func (e hostEntry) within(kindred map[kindHost]hostEntry, widths []int) (hostEntry, bool) {
	for _, bits := range widths {
		net, err := e.host.Net.Addr().Prefix(bits)
		if err != nil { // an IPv6 width, an IPv4 address
			continue
		}
		if outer, found := kindred[kindHost{e.kind, sip.Host{Net: net}}]; found {
			return outer, true
		}
	}
	return hostEntry{}, false
}

func (c *checker) overlap(e, other hostEntry) {
	if at, to := c.places[e.host], c.places[other.host]; cmp.Or(cmp.Compare(at.line, to.line), cmp.Compare(at.column, to.column)) < 0 {
		e, other = other, e // the later one in the file is the mistake
	}
	where := c.line(other.host)
	switch {
	case e.name() == other.name():
		c.bad(e.host, "%s has both %s and %s; keep one", e.name(), other.host, e.host)
	case *e.host == *other.host && e.host.Net.IsSingleIP() && e.host.Port == 0:
		c.bad(e.host, "address %s already belongs to %s%s; give it to one, or tell them apart by port, as %s",
			e.host, other.name(), where, netip.AddrPortFrom(e.host.Net.Addr(), 5060))
	case *e.host == *other.host:
		c.bad(e.host, "address %s already belongs to %s%s; give it to one", e.host, other.name(), where)
	default:
		c.bad(e.host, "%s overlaps with %s of %s%s; name only addresses that are its own", e.host, other.host, other.name(), where)
	}
}
