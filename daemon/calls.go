package daemon

import (
	"context"
	"net"
	"net/netip"

	"golang.org/x/time/rate"

	"ringback/configs"
	"ringback/sip"
	"ringback/sip/phone"
)

// openCalls opens the endpoint by which calls are taken and made.
func (d *Daemon) openCalls(context.Context) error {
	c := d.config.Load().Phone
	if !c.Enabled {
		return nil
	}
	tlsConfig, err := clientTLS(c.TLSCertFile, c.TLSKeyFile, c.TLSCAFile)
	if err != nil {
		return err
	}
	d.endpoint, err = phone.NewEndpoint(phone.EndpointOptions{
		Options: phone.Options{
			ListenUDP: addresses(c.UDP), ListenTCP: addresses(c.TCP), ListenTLS: addresses(c.TLS),
			Advertised: c.Advertised, DisplayName: c.DisplayName, UserAgent: "Ringback/" + d.o.Version, TLS: tlsConfig, Logger: d.log,
		},
		Incoming: d.callIn, Accounts: accounts(c.Accounts), Peers: c.Peers,
		MaxCalls: c.MaxCalls, CallRate: rate.Limit(c.CallsPerSecond),
		RingTimeout: c.RingTimeout, SessionExpires: c.SessionExpires,
	})
	return err
}

func accounts(list []configs.Account) []phone.Account {
	out := make([]phone.Account, len(list))
	for i, a := range list {
		out[i] = phone.Account{
			Name: a.PBX, URI: a.URI, Proxy: a.Server, Register: a.Register, User: a.User, PasswordFile: a.PasswordFile,
			Expires: a.Expires, KeepAlive: a.KeepAlive, Trusted: a.Trusted,
		}
	}
	return out
}

// callIn takes a call: the callback line, where there is one, knows what it is for.
func (d *Daemon) callIn(c *phone.Call) {
	select {
	case <-d.running:
	case <-c.Done(): // before everything was open
		return
	}
	if d.line != nil {
		d.taken.Go(func() {
			<-c.Done()
			d.took(c)
		})
		d.line.Answer(context.Background(), c) // the endpoint ends it when we stop
		return
	}
	_ = c.Reject(phone.Response{StatusCode: 404}) // a caller who is gone needs no answer
}

// took keeps the journey of a call that the line answered, where no watch saw it.
func (d *Daemon) took(c *phone.Call) {
	d.watch.mu.Lock()
	seen := d.watch.tracker.Knows(c.ID())
	d.watch.mu.Unlock()
	service, known := d.line.Service(&c.Invitation)
	if seen || !known || c.Answered().IsZero() {
		return
	}
	i, end := &c.Invitation, c.End()
	d.journeys.took(&sip.Call{
		ID: digestOf(c.ID()), CallIDs: []string{c.ID()}, Direction: sip.Inbound, PBX: i.Account, Service: service.ID, List: service.List,
		Caller: numberAt(d.directory(), i.Account, i.Caller.User), CallerID: i.Caller.User, CalleeID: i.To, Withheld: i.Withheld,
		Started: c.Started, Ended: end.At, // nobody talked with him
		Evidence: sip.Taken(c.ID(), c.Started, c.Answered(), end.At, end.By == phone.Peer),
	})
}

// callAddresses are the addresses that our calls come from in the mirror, on every interface of this machine where a
// socket is bound to none.
func (d *Daemon) callAddresses() []sip.Host {
	if d.endpoint == nil {
		return nil
	}
	var all []sip.Host
	for _, a := range d.endpoint.Addrs() {
		for _, told := range d.config.Load().Phone.Advertised {
			if told.Is4() == a.Addr().Is4() {
				all = append(all, sip.Host{Net: netip.PrefixFrom(told, told.BitLen()), Port: a.Port()})
			}
		}
		if !a.Addr().IsUnspecified() {
			all = append(all, sip.Host{Net: netip.PrefixFrom(a.Addr(), a.Addr().BitLen()), Port: a.Port()})
			continue
		}
		own, err := net.InterfaceAddrs()
		if err != nil {
			continue
		}
		for _, i := range own {
			p, err := netip.ParsePrefix(i.String())
			if err != nil || a.Addr().Is4() && !p.Addr().Is4() {
				continue
			}
			ip := p.Addr().Unmap()
			all = append(all, sip.Host{Net: netip.PrefixFrom(ip, ip.BitLen()), Port: a.Port()})
		}
	}
	return all
}

// CallAddrs are the UDP addresses that calls come to; none where calls are not taken.
func (d *Daemon) CallAddrs() []netip.AddrPort {
	if d.endpoint == nil {
		return nil
	}
	return d.endpoint.Addrs()
}
