package hep

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Errors of Listen, Serve and Options.
var (
	ErrNoHandler = errors.New("hep: no handler")
	ErrNetwork   = errors.New(`hep: network is not "udp", "tcp" or "tls"`)
	ErrNoTLS     = errors.New("hep: a tls listener needs a certificate")
	ErrServed    = errors.New("hep: Serve was called before")
)

// Options of a Server. Only Addr and Handler are required.
type Options struct {
	Network string // "udp" (default), "tcp" or "tls"
	Addr    string // host:port to listen on; an empty host is every address, IPv4 and IPv6
	Handler Handler

	TLS *tls.Config // certificate and client authentication, for "tls"

	// Senders are the networks packets are taken from; none means everyone. HEP over UDP is easily
	// forged: list the PBXs here.
	Senders []netip.Prefix
	// Keys are the authentication keys (chunk 0x0e) taken; none means that keys are not looked at.
	// More than one lets a key be changed on one PBX after the other.
	Keys [][]byte

	ReadBuffer        int           // the UDP socket's buffer to ask for, in bytes; default 16 MiB
	Gather            time.Duration // how long datagrams, or bytes of TCP, may wait for company under load; default 4 ms, negative for not at all
	IdleTimeout       time.Duration // of a connection; default 5 min
	HandshakeTimeout  time.Duration // of TLS; default 10 s
	MaxConns          int           // open connections; default 256
	MaxConnsPerSender int           // open connections of one address; default 16

	Logger *slog.Logger // default slog.Default
}

const (
	defaultReadBuffer        = 16 << 20
	defaultGather            = 4 * time.Millisecond
	defaultIdleTimeout       = 5 * time.Minute
	defaultHandshakeTimeout  = 10 * time.Second
	defaultMaxConns          = 256
	defaultMaxConnsPerSender = 16
)

// withDefaults returns o with every unset option at its default.
func (o Options) withDefaults() (Options, error) {
	if o.Handler == nil {
		return o, ErrNoHandler
	}
	if o.Network == "" {
		o.Network = "udp"
	}
	switch o.Network {
	case "udp", "tcp":
	case "tls":
		if o.TLS == nil {
			return o, ErrNoTLS
		}
	default:
		return o, fmt.Errorf("%w: %q", ErrNetwork, o.Network)
	}
	setDefault(&o.ReadBuffer, defaultReadBuffer)
	setDefault(&o.Gather, defaultGather)
	setDefault(&o.IdleTimeout, defaultIdleTimeout)
	setDefault(&o.HandshakeTimeout, defaultHandshakeTimeout)
	setDefault(&o.MaxConns, defaultMaxConns)
	setDefault(&o.MaxConnsPerSender, defaultMaxConnsPerSender)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}
