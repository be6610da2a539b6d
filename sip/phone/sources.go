package phone

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// sources knows from where calls may come, and how many of each. It is safe for concurrent use.
type sources struct {
	each   rate.Limit
	static []netip.Prefix

	mu      sync.Mutex
	servers map[*account][]netip.Addr
	paces   map[netip.Addr]*pace
}

type pace struct {
	*rate.Limiter
	last time.Time
}

// maxPaces is how many addresses are remembered; beyond it those that were silent longest are forgotten.
const maxPaces = 1024

// learn notes the addresses of an account's server.
func (s *sources) learn(a *account, addrs []netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers == nil {
		s.servers = map[*account][]netip.Addr{}
	}
	if len(addrs) > 0 {
		s.servers[a] = addrs
	}
}

// trusts says whether calls are taken from an address.
func (s *sources) trusts(a netip.Addr) bool {
	if slices.ContainsFunc(s.static, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return true
	}
	return s.account(a, "") != nil
}

// account is the one whose server has the address, nil when it is nobody's. Of several at one server it is
// that of the user who was asked for.
func (s *sources) account(a netip.Addr, user string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found *account
	for acc, addrs := range s.servers {
		if slices.Contains(addrs, a) && (found == nil || acc.uri.User == user) {
			found = acc
		}
	}
	return found
}

// allows counts a new call from an address.
func (s *sources) allows(a netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paces == nil {
		s.paces = map[netip.Addr]*pace{}
	}
	now := time.Now()
	p := s.paces[a]
	if p == nil {
		if len(s.paces) >= maxPaces {
			s.forget(now)
		}
		p = &pace{Limiter: rate.NewLimiter(s.each, max(1, int(s.each)))}
		s.paces[a] = p
	}
	p.last = now
	return p.AllowN(now, 1)
}

// forget makes room: a limiter that was not used for some seconds is full again and worth nothing.
func (s *sources) forget(now time.Time) {
	for a, p := range s.paces {
		if now.Sub(p.last) > 2*time.Second {
			delete(s.paces, a)
		}
	}
	for a := range s.paces {
		if len(s.paces) < maxPaces {
			return
		}
		delete(s.paces, a)
	}
}
