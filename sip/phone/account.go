package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/emiago/sipgo/sip"
)

// AccountStatus is how an account stands.
type AccountStatus struct {
	Name       string
	Register   bool
	Registered bool      // until Until
	Until      time.Time // when the registration ends unless it is refreshed
	Reachable  bool      // the server answered last
	StatusCode int       // of its last answer
	Err        error     // why there was none
	Since      time.Time // since when Registered and Reachable are so; zero: nothing is known yet
}

// Up says whether calls can come and go: it is registered or, where it does not register, the server answers.
func (s *AccountStatus) Up() bool { return s.Registered || !s.Register && s.Reachable }

// account keeps one account in force.
type account struct {
	Account
	e          *Endpoint
	uri, proxy sip.Uri
	callID     string // of its registrations, RFC 3261 §10.2
	tag        string

	mu     sync.Mutex
	status AccountStatus
	cseq   uint32
}

const (
	registerFirst   = time.Second      // until the next try after a registration failed
	registerMost    = 5 * time.Minute  // and the longest such time
	registerRefused = 20 * time.Second // the shortest when the registrar said no
)

func newAccount(e *Endpoint, a Account) *account {
	uri, _ := parseURI(a.URI) // setDefaults saw both
	proxy, _ := parseURI(a.Proxy)
	return &account{Account: a, e: e, uri: uri, proxy: proxy, status: AccountStatus{Name: a.Name, Register: a.Register}}
}

// Accounts is how the accounts stand.
func (e *Endpoint) Accounts() []AccountStatus {
	all := make([]AccountStatus, 0, len(e.accounts))
	for _, a := range e.accounts {
		a.mu.Lock()
		s := a.status
		a.mu.Unlock()
		s.Registered = s.Registered && time.Now().Before(s.Until)
		all = append(all, s)
	}
	return all
}

// account is the one of a name; without a name the first.
func (e *Endpoint) account(name string) (*account, error) {
	for _, a := range e.accounts {
		if name == "" || a.Name == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrAccount, name)
}

func (a *account) login() login { return login{a.User, a.PasswordFile} }

// fixed are the addresses that the server is configured with.
func (a *account) fixed() []netip.Addr {
	if addr, ok := hostAddr(a.proxy.Host); ok {
		return []netip.Addr{addr}
	}
	return nil
}

// run registers, keeps the registration and asks for signs of life until ctx ends; then it unregisters.
func (a *account) run(ctx context.Context) {
	a.callID = a.e.phone.cookie + "reg" + strings.ToLower(a.e.phone.tag(a.Name, a.URI))
	a.tag = a.e.phone.tag(a.callID)
	var work sync.WaitGroup
	if a.KeepAlive > 0 {
		work.Go(func() { a.keepAlive(ctx) })
	}
	if a.Register {
		a.keepRegistered(ctx)
		a.mu.Lock()
		registered := a.status.Registered
		a.mu.Unlock()
		if registered {
			leave, cancel := context.WithTimeout(context.Background(), a.e.o.StopTimeout)
			_, _ = a.register(leave, 0) // a registrar that does not answer forgets us by itself
			cancel()
		}
	}
	work.Wait()
}

func (a *account) keepRegistered(ctx context.Context) {
	again := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(registerFirst), backoff.WithMaxInterval(registerMost), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		granted, err := a.register(ctx, a.Expires)
		var wait time.Duration
		if err == nil {
			again.Reset()
			// Refreshed early enough for a server that is slow, and not by all at one moment.
			wait = max(granted-max(granted/10, 5*time.Second), granted/2)
			wait -= time.Duration(rand.Int64N(int64(wait/20) + 1)) //nolint:gosec // spreads load, guards nothing
		} else {
			wait = again.NextBackOff()
			if r, ok := errors.AsType[*Refused](err); ok {
				wait = max(wait, r.RetryAfter)
				if r.StatusCode != sip.StatusServiceUnavailable { // a wrong password stays wrong: do not look like an attack
					wait = max(wait, registerRefused)
				}
			}
			if ctx.Err() == nil {
				a.e.o.Logger.Warn("registration failed", "pbx", a.Name, "elapsed", wait, "err", err)
			}
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// register sends REGISTER and returns how long the registration lasts. Zero expires ends it.
func (a *account) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	for range 3 { // an interval that is too brief, and a registrar that changes its mind
		var contact *sip.ContactHeader
		res, err := a.ask(ctx, sip.REGISTER, func(req *sip.Request) {
			contact = &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: a.uri.User}}
			req.AppendHeader(contact) // complete when it is sent
			req.AppendHeader(sip.NewHeader("Expires", inSeconds(expires)))
			req.AppendHeader(sip.NewHeader("Supported", "path"))
		})
		switch {
		case err != nil:
			a.note(false, time.Time{}, 0, err)
			return 0, err
		case res.StatusCode == sip.StatusIntervalToBrief: // RFC 3261 §10.2.8
			least, ok := seconds(firstValue(res, "Min-Expires"))
			if ok && least > expires && least < 24*time.Hour && expires > 0 {
				expires = least
				continue
			}
		case res.IsSuccess():
			granted := granted(res, contact.Address, expires)
			a.note(granted > 0 && expires > 0, time.Now().Add(granted), res.StatusCode, nil)
			return granted, nil
		}
		err = refused(res)
		a.note(false, time.Time{}, res.StatusCode, err)
		return 0, err
	}
	return 0, fmt.Errorf("%w: the registrar names ever longer intervals", ErrChallenge)
}

// granted is for how long our contact is registered (RFC 3261 §10.2.4). A registrar may have written
// another address into it; then the user tells it.
func granted(res *sip.Response, contact sip.Uri, asked time.Duration) time.Duration {
	found, exact := time.Duration(0), false
	for v := range values(res, "Contact", "m") {
		p, ok := party(v)
		if !ok || p.User != contact.User {
			continue
		}
		var u sip.Uri
		_, params, _ := strings.Cut(v, ">")
		e, _ := param("x"+params, "expires")
		d, ok := seconds(e)
		if !ok || exact || sip.ParseUri(p.URI, &u) != nil {
			continue
		}
		exact = u.Host == contact.Host && u.Port == contact.Port
		if exact || found == 0 {
			found = d
		}
	}
	if found > 0 {
		return bounded(found)
	}
	if d, ok := seconds(firstValue(res, "Expires")); ok {
		return bounded(d)
	}
	return bounded(asked)
}

func bounded(d time.Duration) time.Duration { return min(max(d, 0), 24*time.Hour) }

// keepAlive asks the server now and then whether it lives.
func (a *account) keepAlive(ctx context.Context) {
	for {
		res, err := a.ask(ctx, sip.OPTIONS, func(*sip.Request) {})
		if ctx.Err() != nil {
			return
		}
		a.mu.Lock()
		was := a.status.Reachable || a.status.Since.IsZero()
		registered, until := a.status.Registered, a.status.Until
		a.mu.Unlock()
		if err == nil {
			a.note(registered, until, res.StatusCode, nil) // any answer is a sign of life
		} else {
			a.note(registered, until, 0, err)
			if was {
				a.e.o.Logger.Warn("a pbx does not answer", "pbx", a.Name, "err", err)
			}
		}
		if !sleep(ctx, a.KeepAlive) {
			return
		}
	}
}

func (a *account) note(registered bool, until time.Time, code int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.status
	reachable := err == nil || code != 0
	if s.Since.IsZero() || s.Registered != registered || s.Reachable != reachable {
		s.Since = time.Now()
		a.e.o.Logger.Info("account changed", "pbx", a.Name, "state", stateOf(registered, reachable), "status_code", code)
	}
	s.Registered, s.Until, s.Reachable, s.StatusCode, s.Err = registered, until, reachable, code, err
}

func stateOf(registered, reachable bool) string {
	switch {
	case registered:
		return "registered"
	case reachable:
		return "reachable"
	}
	return "unreachable"
}

// ask sends a request outside of any call to the server and returns its final response.
func (a *account) ask(ctx context.Context, method sip.RequestMethod, add func(*sip.Request)) (*sip.Response, error) {
	p := a.e.phone
	ctx, cancel := context.WithTimeout(ctx, transactionLife)
	defer cancel()
	t, err := a.locate(ctx, a.proxy)
	if err != nil {
		return nil, err
	}
	recipient := bare(a.uri)
	recipient.User = ""
	a.mu.Lock()
	callID, tag := a.callID, a.tag
	a.mu.Unlock()
	if method != sip.REGISTER {
		callID, tag = a.e.NewCallID(), p.tag(callID, "options")
	}
	auth := challenged{login: a.login()}
	var cseq uint32
	for {
		a.mu.Lock()
		if a.cseq++; method == sip.REGISTER {
			cseq = a.cseq
		} else {
			cseq++
		}
		a.mu.Unlock()
		req := sip.NewRequest(method, recipient)
		if err := p.direct(req, t, t.destination(true)); err != nil {
			return nil, err
		}
		heads(req, callID, cseq)
		req.AppendHeader(&sip.FromHeader{DisplayName: p.o.DisplayName, Address: bare(a.uri), Params: sip.HeaderParams{{K: "tag", V: tag}}})
		to := bare(a.uri)
		if method != sip.REGISTER {
			to = recipient
		}
		req.AppendHeader(&sip.ToHeader{Address: to})
		auth.add(req)
		add(req)
		p.signs(req)
		res, err := p.exchange(ctx, req, t)
		if err != nil {
			return nil, err
		}
		if again, err := auth.again(req, res); err != nil || !again {
			return res, err
		}
	}
}

// locate finds the server a request goes to; what is found is trusted to send us calls when it is the
// account's own.
func (a *account) locate(ctx context.Context, u sip.Uri) (target, error) {
	t, err := a.e.phone.locate(ctx, u)
	if err != nil || !t.named {
		return t, err
	}
	all, err := a.e.phone.names.lookup(ctx, nameKey{t.transport, strings.ToLower(t.host), uint16(u.Port)})
	if err != nil {
		return t, nil //nolint:nilerr // it was known a moment ago
	}
	addrs := make([]netip.Addr, 0, len(all))
	for _, ap := range all {
		addrs = append(addrs, ap.Addr())
	}
	a.e.limits.learn(a, addrs)
	return t, nil
}

// sleep waits, and says no when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
