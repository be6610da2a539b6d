package rtp

import (
	"cmp"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Host owns the ports and the clock of its sessions. It is safe for concurrent use.
type Host struct {
	o     Options
	ports *ports
	pacer *pacer
	wg    sync.WaitGroup

	opened, refused atomic.Uint64
	dropped         [drops]atomic.Uint64

	mu       sync.Mutex
	closed   bool
	sessions map[*Session]struct{}
}

const (
	defaultFirstPort    = 20000
	defaultLastPort     = 29999
	defaultMediaTimeout = 30 * time.Second
)

func (o *Options) setDefaults() error {
	o.FirstPort = cmp.Or(o.FirstPort, defaultFirstPort)
	o.LastPort = cmp.Or(o.LastPort, defaultLastPort)
	o.MediaTimeout = cmp.Or(o.MediaTimeout, defaultMediaTimeout)
	o.Name = cmp.Or(o.Name, "ringback.invalid")
	o.SRTP = cmp.Or(o.SRTP, SRTPIfOffered)
	if len(o.Codecs) == 0 {
		o.Codecs = []Codec{PCMA, PCMU}
	}
	for _, c := range o.Codecs {
		if c != PCMA && c != PCMU {
			return errors.New("rtp: codec is neither PCMA nor PCMU")
		}
	}
	return o.checkAddrs()
}

func (o *Options) checkAddrs() error {
	if len(o.Addrs) == 0 || len(o.Addrs) > 2 || len(o.Addrs) == 2 && o.Addrs[0].Is4() == o.Addrs[1].Is4() {
		return errors.New("rtp: addresses must be one IPv4, one IPv6 or one of each")
	}
	for _, a := range o.Addrs {
		if !a.IsValid() || a.Is4In6() || a.IsMulticast() {
			return errors.New("rtp: address cannot be used for media")
		}
		if a.IsUnspecified() && o.advertised(a) == a {
			return errors.New("rtp: an unspecified address needs an advertised one")
		}
	}
	for _, a := range o.Advertised {
		if !a.IsValid() || a.Is4In6() || a.IsUnspecified() || a.IsMulticast() {
			return errors.New("rtp: address cannot be advertised")
		}
	}
	return nil
}

// advertised is what peers are told in place of addr.
func (o *Options) advertised(addr netip.Addr) netip.Addr {
	for _, a := range o.Advertised {
		if a.Is4() == addr.Is4() {
			return a
		}
	}
	return addr
}

// bound is the address of ours that is IPv6 or not.
func (o *Options) bound(ipv6 bool) (netip.Addr, bool) {
	for _, a := range o.Addrs {
		if a.Is6() == ipv6 {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// New returns a Host. It opens no socket yet, sessions do. The error tells what is wrong with the options.
func New(o Options) (*Host, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	h := &Host{o: o, ports: newPorts(o.FirstPort, o.LastPort), pacer: newPacer(), sessions: map[*Session]struct{}{}}
	pairs := len(h.ports.taken)
	if pairs == 0 {
		return nil, errors.New("rtp: range of ports holds no pair")
	}
	if h.o.MaxSessions <= 0 {
		h.o.MaxSessions = pairs
	}
	h.wg.Go(h.pacer.run)
	return h, nil
}

// Session returns a new session, which has no ports until its first Offer or Answer. The caller closes it. The
// error is a *Refusal with 503 that wraps ErrTooMany, or ErrClosed.
func (h *Host) Session(o SessionOptions) (*Session, error) {
	o.SRTP = cmp.Or(o.SRTP, h.o.SRTP)
	o.MediaTimeout = cmp.Or(o.MediaTimeout, h.o.MediaTimeout)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	if len(h.sessions) >= h.o.MaxSessions {
		h.refused.Add(1)
		return nil, unavailable(ErrTooMany, "as many calls as there may be")
	}
	s := newSession(h, o)
	h.sessions[s] = struct{}{}
	h.opened.Add(1)
	return s, nil
}

// forget takes a closed session out.
func (h *Host) forget(s *Session) {
	h.mu.Lock()
	delete(h.sessions, s)
	h.mu.Unlock()
}

// Stats tells how the host stands.
func (h *Host) Stats() HostStats {
	h.mu.Lock()
	sessions := len(h.sessions)
	h.mu.Unlock()
	st := HostStats{
		Sessions: sessions, Ports: h.ports.used(), Pairs: len(h.ports.taken),
		Opened: h.opened.Load(), Refused: h.refused.Load(), Dropped: map[string]uint64{},
	}
	for d := range drops {
		st.Dropped[d.String()] = h.dropped[d].Load()
	}
	return st
}

// Close closes every session and returns when all goroutines of the host have ended.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	var open []*Session
	for s := range h.sessions {
		open = append(open, s)
	}
	h.mu.Unlock()
	var errs []error
	for _, s := range open {
		errs = append(errs, s.Close())
	}
	close(h.pacer.stop)
	h.wg.Wait()
	return errors.Join(errs...)
}
