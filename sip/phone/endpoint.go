package phone

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// What a call can come to, beside what Message and New can; test with errors.Is.
var (
	ErrCanceled    = errors.New("phone: call canceled before it was answered")
	ErrRingTimeout = errors.New("phone: nobody answered")
	ErrTooMany     = errors.New("phone: too many calls")
	ErrEnded       = errors.New("phone: the call has ended")
	ErrState       = errors.New("phone: the call is past that")
	ErrAccount     = errors.New("phone: no such account")
)

// Endpoint takes and makes calls. It is safe for concurrent use.
type Endpoint struct {
	o        EndpointOptions
	phone    *Phone
	accounts []*account
	limits   sources
	stats    callCounters

	life context.Context // ends with Close, before the calls do
	stop context.CancelFunc
	dead chan struct{}  // closed when no call is waited for any more
	work sync.WaitGroup // goroutines of accounts and calls

	mu       sync.Mutex
	stopping bool
	placed   int // calls that count towards MaxCalls
	calls    map[dialogKey]*Call
	invites  map[inviteKey]string // branches of the INVITEs that make calls now, to know merged ones
}

// dialogKey finds the call of a request; our tag is known to nobody else before the peer has it.
type dialogKey struct{ callID, localTag string }

// inviteKey is what two INVITEs that a proxy forked share (RFC 3261 §8.2.2.2).
type inviteKey struct {
	callID, fromTag string
	cseq            uint32
}

// NewEndpoint opens the sockets, registers and starts to take calls. The caller closes the Endpoint.
func NewEndpoint(o EndpointOptions) (*Endpoint, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	e := &Endpoint{
		o:       o,
		calls:   map[dialogKey]*Call{},
		invites: map[inviteKey]string{},
		dead:    make(chan struct{}),
		limits:  sources{each: o.CallRate, static: o.Peers},
	}
	e.life, e.stop = context.WithCancel(context.Background())
	for _, a := range o.Accounts {
		e.accounts = append(e.accounts, newAccount(e, a))
	}
	if _, err := open(o.Options, e); err != nil {
		return nil, err
	}
	for _, a := range e.accounts {
		if a.PasswordFile != "" {
			if _, err := a.login().password(); err != nil {
				_ = e.phone.Close() // the error that matters is err
				return nil, err
			}
		}
		e.limits.learn(a, a.fixed())
	}
	for _, a := range e.accounts {
		e.work.Go(func() { a.run(e.life) })
	}
	return e, nil
}

// Close refuses new calls, ends those there are with CANCEL or BYE, removes the registrations, all within
// Options.StopTimeout, and then closes every socket. It returns when nothing runs any more but the
// handlers of Incoming that do not heed Call.Done.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	again := e.stopping
	e.stopping = true
	calls := make([]*Call, 0, len(e.calls))
	for _, c := range e.calls {
		calls = append(calls, c)
	}
	e.mu.Unlock()
	if again {
		return e.phone.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.o.StopTimeout)
	defer cancel()
	e.stop() // accounts take their leave meanwhile
	var ending sync.WaitGroup
	for _, c := range calls {
		ending.Go(func() { c.shut(ctx) })
	}
	ending.Wait()
	quiet := make(chan struct{})
	go func() { e.work.Wait(); close(quiet) }()
	select {
	case <-quiet:
	case <-ctx.Done():
		close(e.dead)
		select {
		case <-quiet:
		case <-time.After(t1):
		}
	}
	return e.phone.Close()
}

// Addrs are the addresses of our UDP sockets.
func (e *Endpoint) Addrs() []netip.AddrPort { return e.phone.Addrs() }

// Phone is the user agent below, for what it tells of addresses and counts.
func (e *Endpoint) Phone() *Phone { return e.phone }

// NewCallID makes a Call-ID for DialOptions, for callers that note it before the call is made.
func (e *Endpoint) NewCallID() string { return e.phone.cookie + strings.ToLower(rand.Text()) }

// Live is how many calls there are now, those that still ring included.
func (e *Endpoint) Live() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.placed
}

// enter counts a call in, before there is anything of it.
func (e *Endpoint) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.stopping:
		return ErrClosed
	case e.placed >= e.o.MaxCalls:
		return ErrTooMany
	}
	e.placed++
	e.work.Add(1)
	return nil
}

// leave counts it out, after the last of it.
func (e *Endpoint) leave() {
	e.mu.Lock()
	e.placed--
	e.mu.Unlock()
	e.work.Done()
}

func (e *Endpoint) put(c *Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls[c.dialog.key()] = c
}

func (e *Endpoint) drop(c *Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.calls, c.dialog.key())
}

// find is the call that a request inside a dialog belongs to.
func (e *Endpoint) find(req *sip.Request) *Call {
	id, to := req.CallID(), req.To()
	if id == nil || to == nil {
		return nil
	}
	tag, _ := to.Params.Get("tag")
	e.mu.Lock()
	c := e.calls[dialogKey{id.Value(), tag}]
	e.mu.Unlock()
	if c == nil {
		return nil
	}
	from, _ := req.From().Params.Get("tag")
	if !c.knows(from) { // RFC 3261 §12.2.2
		return nil
	}
	return c
}

// takes says whether a request is given a transaction: one from a peer, or in a dialog of ours.
func (e *Endpoint) takes(req *sip.Request) bool {
	if !sound(req) {
		return false
	}
	_, inDialog := req.To().Params.Get("tag")
	if inDialog && e.find(req) != nil {
		return true
	}
	src, err := netip.ParseAddrPort(req.Source())
	if err != nil || !e.limits.trusts(src.Addr().Unmap()) {
		return false
	}
	return req.Method == sip.ACK || req.Method == sip.CANCEL || req.Method == sip.INVITE && !inDialog
}

// admits says whether sipgo shall see a datagram: a request that takes wants.
func (p *Phone) admits(b []byte, from netip.AddrPort) bool {
	if p.calls == nil || len(b) < 16 || string(b[:8]) == "SIP/2.0 " || b[0] <= ' ' {
		return false
	}
	m, ok := p.parse(b)
	req, isRequest := m.(*sip.Request)
	if !ok || !isRequest {
		return false
	}
	req.SetSource(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).String())
	return p.calls.takes(req)
}

// serve is given every request that takes wanted, in a goroutine of its own.
func (e *Endpoint) serve(req *sip.Request, tx *sip.ServerTx) {
	defer func() {
		if req.Method != sip.INVITE {
			tx.TerminateGracefully()
		}
	}()
	if !sound(req) {
		e.phone.stats.malformed.Add(1)
		tx.Terminate()
		return
	}
	_, inDialog := req.To().Params.Get("tag")
	stampVia(req.Via(), req.Source())
	switch c := e.find(req); {
	case req.Method == sip.ACK:
		if c != nil {
			c.acknowledged(req)
		}
	case inDialog && c != nil:
		c.inside(req, tx)
	case inDialog || req.Method != sip.INVITE:
		if res := e.phone.answer(req); res != nil {
			_ = tx.Respond(res) // a peer that is gone needs no answer
		}
	default:
		e.invited(req, tx)
	}
}

// Timers of RFC 3261 §17 (T1) and what follows from them.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

const transactionLife = 64 * t1
