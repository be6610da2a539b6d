package phone

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"golang.org/x/time/rate"
)

// What Message and New can say went wrong, beside the errors of the network.
var (
	ErrURI       = errors.New("phone: not a URI a message can be sent to")
	ErrTransport = errors.New("phone: transport not supported")
	ErrTooLarge  = errors.New("phone: message too large for a datagram")
	ErrTimeout   = errors.New("phone: no final response")
	ErrChallenge = errors.New("phone: challenge cannot be answered")
	ErrClosed    = errors.New("phone: closed")
	ErrOptions   = errors.New("phone: bad option")
)

// Phone is a SIP user agent that sends messages. It is safe for concurrent use.
type Phone struct {
	o     Options
	from  sip.Uri
	proxy *sip.Uri // nil: requests go straight to their target

	cookie       string // starts every branch and Call-ID of this process
	branchPrefix string

	ua      *sipgo.UserAgent
	parser  *sip.Parser
	names   names
	inbound *rate.Limiter
	stats   counters
	calls   *Endpoint // nil: a phone that takes no calls
	deaf    atomic.Bool

	sockets []*udpSocket
	streams []*streamListener

	life context.Context // ends with Close
	end  context.CancelFunc

	mu       sync.Mutex // guards closed, and inFlight.Add against Close
	closed   bool
	inFlight sync.WaitGroup // calls of Message
	serving  sync.WaitGroup // goroutines that read sockets
}

// New opens the sockets and starts to answer. The caller closes the Phone.
func New(o Options) (*Phone, error) { return open(o, nil) }

// open makes a Phone whose calls are the endpoint's, if there is one.
func open(o Options, calls *Endpoint) (*Phone, error) {
	o.setDefaults()
	parser := sip.NewParser()
	parser.MaxMessageLength = maxInbound
	p := &Phone{
		o:       o,
		parser:  parser,
		inbound: rate.NewLimiter(o.InboundRate, max(1, int(o.InboundRate))),
		cookie:  strings.ToLower(rand.Text()[:10]),
		calls:   calls,
	}
	if calls != nil {
		calls.phone = p
	}
	p.life, p.end = context.WithCancel(context.Background())
	p.branchPrefix = sip.RFC3261BranchMagicCookie + p.cookie
	p.names = names{resolver: o.Resolver, reachable: func(a netip.Addr) bool { return p.socketFor(a) != nil }}
	for _, step := range []func() error{p.configure, p.open, p.setFrom} {
		if err := step(); err != nil {
			_ = p.Close() // the error that matters is err
			return nil, err
		}
	}
	for _, s := range p.sockets {
		p.o.Logger.Info("user agent listening on udp", "addr", s.local)
	}
	for _, l := range p.streams {
		p.o.Logger.Info("user agent accepting connections", "addr", l.Addr())
	}
	return p, nil
}

// configure checks what can be checked before a socket is open, and builds sipgo's layers.
func (p *Phone) configure() error {
	for what, s := range map[string]string{"display name": p.o.DisplayName, "user agent": p.o.UserAgent} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
			return fmt.Errorf("%w: %s %q holds a quote, a backslash or a control character", ErrOptions, what, s)
		}
	}
	if p.login().file != "" {
		if _, err := p.login().password(); err != nil {
			return err
		}
	}
	if len(p.o.ListenTLS) > 0 && (p.o.TLS == nil || len(p.o.TLS.Certificates) == 0 && p.o.TLS.GetCertificate == nil) {
		return fmt.Errorf("%w: listening on TLS needs a certificate", ErrOptions)
	}
	conf := p.o.TLS.Clone() // nil stays nil
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if p.o.OutboundProxy != "" {
		u, err := parseURI(p.o.OutboundProxy)
		if err != nil {
			return fmt.Errorf("%w: outbound proxy: %w", ErrOptions, err)
		}
		if _, err := transportOf(u); err != nil {
			return fmt.Errorf("%w: outbound proxy: %w", ErrOptions, err)
		}
		p.proxy = &u
		if conf.ServerName == "" { // the name asked for, not one that DNS gave for it, RFC 5922 §4
			conf.ServerName = strings.Trim(u.Host, "[]")
		}
	}
	var err error
	p.ua, err = sipgo.NewUA(
		sipgo.WithUserAgentParser(p.parser),
		sipgo.WithUserAgenTLSConfig(conf),
		sipgo.WithUserAgentDNSResolver(p.o.Resolver),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerTransports(sip.TransportsConfig{
			TCP: streamTransport(),
			TLS: &sip.TransportTLS{TransportTCP: streamTransport()},
		})),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerTerminateOnConnClose(),
			// A response that comes again after its transaction is over says nothing new.
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}),
		),
	)
	if err != nil {
		return fmt.Errorf("phone: making the user agent: %w", err)
	}
	p.ua.TransactionLayer().OnRequest(p.serve)
	return nil
}

// open binds the sockets and has sipgo read them.
func (p *Phone) open() error {
	tp := p.ua.TransportLayer()
	for _, addr := range p.o.ListenUDP {
		a, err := net.ResolveUDPAddr("udp", addr)
		if err != nil {
			return fmt.Errorf("phone: listening on UDP: %w", err)
		}
		if a.Zone != "" {
			return fmt.Errorf("%w: listening on UDP at %s: an address with a zone", ErrOptions, addr)
		}
		network := "udp"
		if a.IP.To4() != nil {
			network = "udp4"
		}
		c, err := p.o.listenUDP(network, a)
		if err != nil {
			return fmt.Errorf("phone: listening on UDP: %w", err)
		}
		s := newUDPSocket(p, c)
		p.sockets = append(p.sockets, s)
		p.serving.Go(func() { _ = tp.ServeUDP(s) }) // ends when the socket is closed
	}
	listen := func(addrs []string, wrap func(net.Listener) net.Listener, serve func(net.Listener) error) error {
		for _, addr := range addrs {
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return fmt.Errorf("phone: listening on TCP: %w", err)
			}
			sl := &streamListener{Listener: l, phone: p}
			p.streams = append(p.streams, sl)
			p.serving.Go(func() { _ = serve(wrap(sl)) }) // ends when the listener is closed
		}
		return nil
	}
	if err := listen(p.o.ListenTCP, func(l net.Listener) net.Listener { return l }, tp.ServeTCP); err != nil {
		return err
	}
	if err := listen(p.o.ListenTLS, func(l net.Listener) net.Listener { return tls.NewListener(l, p.o.TLS) }, tp.ServeTLS); err != nil {
		return err
	}
	for _, s := range p.sockets {
		<-s.ready
	}
	return nil
}

// setFrom fixes the URI by which we are known.
func (p *Phone) setFrom() error {
	from := p.o.From
	if from == "" {
		host := p.sockets[0].local.Addr()
		if p.proxy != nil {
			if a, ok := hostAddr(p.proxy.Host); ok {
				host = sourceFor(netip.AddrPortFrom(a, 5060))
			}
		}
		from = "sip:ringback@ringback.invalid" // RFC 2606 §2
		if host.IsValid() && !host.IsUnspecified() {
			from = (&sip.Uri{Scheme: "sip", User: "ringback", Host: host.String()}).String()
		}
	}
	u, err := parseURI(from)
	if err != nil {
		return fmt.Errorf("%w: our own URI: %w", ErrOptions, err)
	}
	if u.User == "" {
		return fmt.Errorf("%w: our own URI %q has no user", ErrOptions, from)
	}
	p.from = bare(u)
	if p.o.Username == "" {
		p.o.Username = u.User
	}
	return nil
}

// Close ends what is under way with ErrClosed, closes every socket and waits until nothing runs any
// more. It may be called again.
func (p *Phone) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end()
	p.inFlight.Wait()
	if p.calls != nil && !p.deaf.Swap(true) {
		// For a request whose socket is closed meanwhile sipgo opens one of its own, and never closes it.
		time.Sleep(settling)
	}
	for _, s := range p.sockets {
		_ = s.Close()
	}
	for _, l := range p.streams {
		_ = l.Close()
	}
	var err error
	if p.ua != nil {
		err = p.ua.Close()
	}
	p.serving.Wait()
	return err
}

// enter counts a call of Message in, unless the Phone is closed. The returned context ends with the
// Phone and when the request's time is up; the returned function is called when the call returns.
func (p *Phone) enter(ctx context.Context) (context.Context, context.CancelFunc, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	p.inFlight.Add(1)
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	forget := context.AfterFunc(p.life, cancel)
	return ctx, func() { forget(); cancel(); p.inFlight.Done() }, nil
}

// settling is how long sipgo may take to act on a message that it was given.
const settling = 20 * time.Millisecond

// From is the URI by which phones and mirrors know us.
func (p *Phone) From() string { return p.from.String() }

// Proxy is the URI of the outbound proxy; empty when requests go straight to the phones.
func (p *Phone) Proxy() string { return p.o.OutboundProxy }

// Sent says whether a Call-ID is of a request that this process sent.
func (p *Phone) Sent(callID []byte) bool {
	return len(callID) > len(p.cookie) && string(callID[:len(p.cookie)]) == p.cookie
}

// Addrs are the addresses that our UDP sockets are bound to.
func (p *Phone) Addrs() []netip.AddrPort {
	all := make([]netip.AddrPort, 0, len(p.sockets))
	for _, s := range p.sockets {
		all = append(all, s.local)
	}
	return all
}

// StreamAddrs are the addresses that we accept TCP and TLS connections at, those of TCP first.
func (p *Phone) StreamAddrs() []net.Addr {
	all := make([]net.Addr, 0, len(p.streams))
	for _, l := range p.streams {
		all = append(all, l.Addr())
	}
	return all
}

// advertised is what peers are told in place of an address of ours.
func (p *Phone) advertised(a netip.Addr) netip.Addr {
	for _, other := range p.o.Advertised {
		if other.Is4() == a.Is4() {
			return other
		}
	}
	return a
}

func (p *Phone) socketFor(a netip.Addr) *udpSocket {
	for _, s := range p.sockets {
		if s.reaches(a) {
			return s
		}
	}
	return nil
}
