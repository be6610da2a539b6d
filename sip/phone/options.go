package phone

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// Options are what a Phone is made of; zero fields take the defaults named beside them.
type Options struct {
	// ListenUDP, ListenTCP and ListenTLS are the addresses to listen at, as "10.0.0.9:5070" or
	// "[::]:5070". Without ListenUDP, one UDP socket on a free port is opened: requests leave from it.
	ListenUDP, ListenTCP, ListenTLS []string

	// Advertised are told to peers in Via and Contact in place of our addresses of the same family, at most one of each: those of
	// a NAT that forwards the ports to us unchanged.
	Advertised []netip.Addr

	From        string // our URI, by which phones and mirrors know us: sip:ringback@ our address
	DisplayName string // shown by phones beside a message: Ringback

	OutboundProxy string // URI of the PBX that all requests go to; empty: straight to the phones

	Username     string // for digest authentication: the user of From
	PasswordFile string // holds the password; read again at every challenge. Empty: challenges are not answered

	Timeout   time.Duration // for one request, challenges and all: 5 s
	UserAgent string        // Ringback

	// TLS holds the roots that peers are verified with and, to listen on TLS or to authenticate to the
	// peer, our certificate. Nil: the system's roots.
	TLS *tls.Config

	MaxConnections int        // accepted TCP and TLS connections at one time: 64
	InboundRate    rate.Limit // datagrams of strangers answered per second: 100

	Resolver *net.Resolver // net.DefaultResolver
	Logger   *slog.Logger  // discards

	// listenUDP opens a UDP socket. A test whose clock stands still gives sockets that need no kernel.
	listenUDP func(network string, a *net.UDPAddr) (packetConn, error)
}

func (o *Options) setDefaults() {
	def := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	def(&o.DisplayName, "Ringback")
	def(&o.UserAgent, "Ringback")
	if len(o.ListenUDP) == 0 {
		o.ListenUDP = []string{":0"}
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = 64
	}
	if o.InboundRate <= 0 {
		o.InboundRate = 100
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.listenUDP == nil {
		o.listenUDP = func(network string, a *net.UDPAddr) (packetConn, error) {
			c, err := net.ListenUDP(network, a)
			if err == nil {
				_ = c.SetReadBuffer(readBuffer) // as much as the system gives; less is no fault
			}
			return c, err
		}
	}
}
