package web

import (
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how many requests somebody may make: so many a second over time, and Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits say how many requests the API takes from one caller. A zero rate takes the default beside it.
type Limits struct {
	Caller   Rate // a person or token: 100 a second, 400 at once
	Stranger Rate // an address without a valid token or session: 20 a second, 100 at once
	LogIn    Rate // tries to log in from one address: 1 in 2 s, 20 at once
}

func (l Limits) withDefaults() Limits {
	set := func(r *Rate, perSecond float64, burst int) {
		if r.PerSecond <= 0 || r.Burst <= 0 {
			*r = Rate{perSecond, burst}
		}
	}
	set(&l.Caller, 100, 400)
	set(&l.Stranger, 20, 100)
	set(&l.LogIn, 0.5, 20)
	return l
}

// maxBuckets is how many callers a limiter remembers.
const maxBuckets = 10_000

// limiter bounds how often each caller does something, by a token bucket for each. What it remembers
// is bounded: callers that were quiet long enough to have a full bucket are forgotten first.
type limiter struct {
	rate rate.Limit
	most int
	max  int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(r Rate) *limiter {
	return &limiter{rate: rate.Limit(r.PerSecond), most: r.Burst, max: maxBuckets, buckets: map[string]*rate.Limiter{}}
}

// take takes one request of a caller from his bucket, or says how long he has to wait.
func (l *limiter) take(caller string, now time.Time) (wait time.Duration, ok bool) {
	r := l.bucket(caller, now).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

func (l *limiter) bucket(caller string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[caller]
	if b == nil {
		if len(l.buckets) >= l.max {
			l.forget(now)
		}
		b = rate.NewLimiter(l.rate, l.most)
		l.buckets[caller] = b
	}
	return b
}

// forget makes room: whoever is as good as new goes, and if too few are, some others.
func (l *limiter) forget(now time.Time) {
	for caller, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.most) {
			delete(l.buckets, caller)
		}
	}
	for caller := range l.buckets {
		if len(l.buckets) <= l.max*3/4 {
			return
		}
		delete(l.buckets, caller)
	}
}

// tooMany answers a caller who has to wait: RFC 6585 §4.
func tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", seconds(wait))
	writeProblem(w, http.StatusTooManyRequests, "Too many requests: wait as long as Retry-After says.")
}

// addressOf is where a request comes from, for limits and the audit trail: the peer, or where the peer
// is a proxy of ours the last address in X-Forwarded-For that is none.
func (s *Server) addressOf(r *http.Request) string {
	peer := host(r.RemoteAddr)
	if len(s.o.Proxies) == 0 || !s.isProxy(peer) {
		return peer
	}
	hops := forwarded(r.Header.Values("X-Forwarded-For"))
	for _, hop := range slices.Backward(hops) {
		if _, err := netip.ParseAddr(hop); err != nil {
			break // what stands before it was not written by a proxy of ours
		}
		if peer = hop; !s.isProxy(peer) {
			break
		}
	}
	return peer
}

func (s *Server) isProxy(addr string) bool {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	for _, p := range s.o.Proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// network is the address that limits count by: an IPv6 host has a /64 of them.
func network(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Unmap().Is4() {
		return addr
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}
