package phone

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// EndpointOptions are what an Endpoint is made of; zero fields take the defaults named beside them.
type EndpointOptions struct {
	// Options are those of the user agent below: sockets, TLS, names. From, OutboundProxy, Username and PasswordFile
	// are not used; accounts have their own.
	Options

	// Incoming takes the calls that come in, each in a goroutine of its own. A call lives as long as the function
	// runs: when it returns, a call that still waits is refused with 480, one that is answered is hung up. Nil: all
	// calls are refused with 403.
	Incoming func(*Call)

	Accounts []Account      // at the PBXs that we serve
	Peers    []netip.Prefix // networks that calls are taken from, beside the accounts' servers

	MaxCalls int        // at one time, both directions: 100. Beyond it callers are told 486
	CallRate rate.Limit // new calls per second from one address: 20, with as large a burst. Beyond it: 503

	RingTimeout    time.Duration // until a call of ours that nobody answers is cancelled: 60 s
	SessionExpires time.Duration // after which a call that is not refreshed ends (RFC 4028): 30 min; at least MinSE
	MinSE          time.Duration // the shortest such time we agree to: 90 s, and never less
	StopTimeout    time.Duration // for ending calls and registrations on Close: 4 s
}

// Account is our place at a PBX: a registration, or a trunk that knows us by our address.
type Account struct {
	Name string // by which Dial chooses; the PBX's in the directory

	// URI is our address-of-record, as "sip:ringback@pbx.example.com".
	URI string
	// Proxy is the server that requests go to, as "sip:10.0.0.1:5060;transport=tcp": the host of URI.
	Proxy string

	Register bool          // send REGISTER; else the PBX knows us by our address
	Expires  time.Duration // of a registration, asked for: 10 min

	User         string // for digest authentication: the user of URI
	PasswordFile string // read again at every challenge

	// KeepAlive is how often the server is asked with OPTIONS whether it lives: 60 s; negative: never.
	KeepAlive time.Duration

	// Trusted says that P-Asserted-Identity is believed from this server and given to it (RFC 3325).
	Trusted bool
}

const minSessionExpires = 90 * time.Second // RFC 4028 §5

func (o *EndpointOptions) setDefaults() error {
	def := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	if o.MaxCalls <= 0 {
		o.MaxCalls = 100
	}
	if o.CallRate <= 0 {
		o.CallRate = 20
	}
	def(&o.RingTimeout, time.Minute)
	def(&o.SessionExpires, 30*time.Minute)
	o.MinSE = max(o.MinSE, minSessionExpires)
	o.SessionExpires = max(o.SessionExpires, o.MinSE)
	def(&o.StopTimeout, 4*time.Second)
	o.Options.setDefaults()
	o.From, o.OutboundProxy, o.Username, o.PasswordFile = "", "", "", ""
	o.Accounts = slices.Clone(o.Accounts)
	names := map[string]bool{}
	for i := range o.Accounts {
		a := &o.Accounts[i]
		u, err := parseURI(a.URI)
		if err != nil {
			return fmt.Errorf("%w: account %q: %w", ErrOptions, a.Name, err)
		}
		if u.User == "" {
			return fmt.Errorf("%w: account %q: %q has no user", ErrOptions, a.Name, a.URI)
		}
		if names[a.Name] {
			return fmt.Errorf("%w: two accounts %q", ErrOptions, a.Name)
		}
		names[a.Name] = true
		if a.User == "" {
			a.User = u.User
		}
		def(&a.Expires, 10*time.Minute)
		if a.KeepAlive == 0 {
			a.KeepAlive = time.Minute
		}
		if a.Proxy == "" {
			a.Proxy = strings.Replace(a.URI, u.User+"@", "", 1)
		}
		p, err := parseURI(a.Proxy)
		if err != nil {
			return fmt.Errorf("%w: account %q: proxy: %w", ErrOptions, a.Name, err)
		}
		if _, err := transportOf(p); err != nil {
			return fmt.Errorf("%w: account %q: proxy: %w", ErrOptions, a.Name, err)
		}
	}
	return nil
}
