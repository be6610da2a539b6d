package dialogevent

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Subscriber keeps subscriptions to the dialogs of some URIs. It is safe for concurrent use.
type Subscriber struct {
	o      Options
	server *sip.Uri
	ua     *sipgo.UserAgent
	srv    *sipgo.Server
	client *sipgo.Client
	udp    *socket
	tcp    net.Listener
	port   int

	mu   sync.Mutex // guards subs, and calls of Notify
	subs map[string]*subscription
}

// New opens the sockets. The caller runs Serve, which closes them.
func New(o Options) (*Subscriber, error) {
	o.setDefaults()
	s := &Subscriber{o: o, subs: map[string]*subscription{}}
	for _, raw := range o.URIs {
		if _, err := parseURI(raw); err != nil {
			return nil, err
		}
	}
	if o.Server != "" {
		u, err := parseURI(o.Server)
		if err != nil {
			return nil, err
		}
		s.server = &u
	}
	parser := sip.NewParser()
	parser.MaxMessageLength = maxDocument
	conf := o.TLS
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	var err error
	if s.ua, err = sipgo.NewUA(sipgo.WithUserAgent("ringback"), sipgo.WithUserAgentParser(parser), sipgo.WithUserAgenTLSConfig(conf)); err != nil {
		return nil, fmt.Errorf("dialogevent: making the user agent: %w", err)
	}
	if err = s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Subscriber) open() (err error) {
	c, err := net.ListenPacket("udp", s.o.Listen)
	if err != nil {
		return fmt.Errorf("dialogevent: listening on UDP: %w", err)
	}
	s.udp = &socket{PacketConn: c, read: make(chan struct{})}
	s.port = s.udp.LocalAddr().(*net.UDPAddr).Port
	host, _, err := net.SplitHostPort(s.o.Listen)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if s.tcp, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(s.port))); err != nil {
		return fmt.Errorf("dialogevent: listening on TCP: %w", err)
	}
	if s.srv, err = sipgo.NewServer(s.ua); err != nil {
		return fmt.Errorf("dialogevent: %w", err)
	}
	s.srv.OnNotify(s.notified)
	s.srv.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, sip.StatusOK, "OK", nil)) // a PBX may look whether we live
	})
	s.client, err = sipgo.NewClient(s.ua)
	return err
}

func (s *Subscriber) close() error {
	if s.udp != nil {
		_ = s.udp.Close()
	}
	if s.tcp != nil {
		_ = s.tcp.Close()
	}
	return s.ua.Close()
}

// Port is the port that NOTIFYs are taken at.
func (s *Subscriber) Port() int { return s.port }

// Serve subscribes to all URIs and keeps the subscriptions until ctx ends; then it gives them up. It
// returns nil after ctx ended.
func (s *Subscriber) Serve(ctx context.Context) error {
	var serving, keeping sync.WaitGroup
	serving.Go(func() { _ = s.srv.ServeUDP(s.udp) })
	serving.Go(func() { _ = s.srv.ServeTCP(s.tcp) })
	<-s.udp.read // before that, sipgo would open another socket for requests
	for _, raw := range s.o.URIs {
		u, err := parseURI(raw)
		if err != nil {
			return err
		}
		keeping.Go(func() { s.keep(ctx, raw, u) })
	}
	keeping.Wait()
	err := s.close()
	serving.Wait()
	return err
}

// socket is a UDP socket that says when it is being read.
type socket struct {
	net.PacketConn

	once sync.Once
	read chan struct{}
}

// ReadFrom implements net.PacketConn.
func (c *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	c.once.Do(func() { close(c.read) })
	return c.PacketConn.ReadFrom(b)
}

// Times of a subscription.
const (
	firstRetry   = time.Second
	longestRetry = time.Minute
	refusedRetry = 5 * time.Minute  // what is refused may be put right at the PBX
	timerN       = 32 * time.Second // 64·T1: within this the first NOTIFY comes (RFC 6665 §4.1.2.4)
	requestTime  = 32 * time.Second // Timer F (RFC 3261 §17.1.2.2)
	leaveTime    = 2 * time.Second
)

// keep subscribes to a URI over and over, ever more slowly while that fails.
func (s *Subscriber) keep(ctx context.Context, raw string, u sip.Uri) {
	table := &Table{} // survives, so that zombies stay dead
	for wait := firstRetry; ; {
		sub := s.begin(raw, u, table)
		began := time.Now()
		err := sub.run(ctx)
		s.forget(sub)
		if ctx.Err() != nil {
			return
		}
		s.o.Changed(raw, err)
		if time.Since(began) > longestRetry {
			wait = firstRetry
		}
		pause := wait
		switch later, refused := sub.retryAfter, errors.Is(err, ErrRefused); {
		case later > 0:
			pause = later
		case refused:
			pause = refusedRetry
		default:
			wait = min(2*wait, longestRetry)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (s *Subscriber) begin(raw string, u sip.Uri, table *Table) *subscription {
	x := &subscription{
		s: s, raw: raw, uri: u, table: table, callID: strings.ToLower(rand.Text()), tag: strings.ToLower(rand.Text()[:16]),
		target: u, news: make(chan struct{}, 1), expires: s.o.Expires,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	table.known = false // partial documents of the new subscription need a full one first
	s.subs[x.callID] = x
	return x
}

func (s *Subscriber) forget(x *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subs, x.callID)
}

// parseURI reads a SIP URI.
func parseURI(s string) (sip.Uri, error) {
	var u sip.Uri
	if err := sip.ParseUri(s, &u); err != nil || (u.Scheme != "sip" && u.Scheme != "sips") || u.Host == "" {
		return u, fmt.Errorf("%w: %q is no SIP URI", ErrOptions, s)
	}
	return u, nil
}

// transportOf is how a URI is reached.
func transportOf(u *sip.Uri) string {
	if u.Scheme == "sips" {
		return "TLS"
	}
	if t, ok := u.UriParams.Get("transport"); ok {
		return strings.ToUpper(t)
	}
	return "UDP"
}
