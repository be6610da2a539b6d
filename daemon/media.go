package daemon

import (
	"context"
	"net"
	"net/netip"
	"slices"

	"ringback/sip/rtp"
)

// openMedia opens the ports for the sound of calls.
func (d *Daemon) openMedia(context.Context) (err error) {
	c := d.config.Load().Phone
	if d.endpoint == nil {
		return nil
	}
	addrs := c.MediaAddresses
	if len(addrs) == 0 {
		addrs = d.soundAddresses()
	}
	d.media, err = rtp.New(rtp.Options{
		Addrs: addrs, Advertised: c.MediaAdvertised, FirstPort: uint16(c.MediaFirstPort), LastPort: uint16(c.MediaLastPort),
		MediaTimeout: c.MediaTimeout,
	})
	return err
}

// soundAddresses are one of each family: the endpoint's own or, where it is bound to none, the machine's first.
func (d *Daemon) soundAddresses() []netip.Addr {
	var all []netip.Addr
	add := func(a netip.Addr) {
		a = a.Unmap()
		if !a.IsUnspecified() && !a.IsLinkLocalUnicast() && !slices.ContainsFunc(all, func(o netip.Addr) bool { return o.Is4() == a.Is4() }) {
			all = append(all, a)
		}
	}
	for _, a := range d.endpoint.Addrs() {
		add(a.Addr())
	}
	if len(all) > 0 {
		return all
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	for _, loopback := range []bool{false, true} {
		for _, i := range own {
			if p, err := netip.ParsePrefix(i.String()); err == nil && p.Addr().IsLoopback() == loopback {
				add(p.Addr())
			}
		}
	}
	return all
}
