package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func TestWhoAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	f := api(t, Options{Limits: Limits{Caller: Rate{0.5, 5}}})
	for n := range 5 {
		if answer, _ := f.do(http.MethodGet, "/v1/blind", ""); answer.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %s", n, answer.Status)
		}
	}
	answer, body := f.do(http.MethodGet, "/v1/blind", "")
	isProblem(t, answer, body, http.StatusTooManyRequests)
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 2 {
		t.Errorf("Retry-After: %s", answer.Header.Get("Retry-After"))
	}
	// Strangers have room of their own, and the description is for everybody.
	answer, body = f.do(http.MethodGet, "/v1/blind", "", "Authorization", "")
	isProblem(t, answer, body, http.StatusUnauthorized)
	if answer, _ := f.do(http.MethodGet, "/v1/openapi.json", ""); answer.StatusCode != http.StatusOK {
		t.Errorf("the description: %s", answer.Status)
	}
}

func TestStrangersAreLimitedByTheirAddress(t *testing.T) {
	f := api(t, Options{Limits: Limits{Stranger: Rate{0.1, 3}}, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	ask := func(from string) int {
		answer, _ := f.do(http.MethodGet, "/v1/blind", "", "Authorization", "Bearer "+secret+"wrong", "X-Forwarded-For", from)
		return answer.StatusCode
	}
	for range 3 {
		if got := ask("192.0.2.1"); got != http.StatusUnauthorized {
			t.Fatal(got)
		}
	}
	for from, want := range map[string]int{
		"192.0.2.1":              http.StatusTooManyRequests,
		"203.0.113.9, 192.0.2.1": http.StatusTooManyRequests, // what he wrote himself stands first
		"192.0.2.1, 127.0.0.5":   http.StatusTooManyRequests, // two proxies
		"192.0.2.2":              http.StatusUnauthorized,
	} {
		if got := ask(from); got != want {
			t.Errorf("from %s: %d, want %d", from, got, want)
		}
	}
	if answer, _ := f.do(http.MethodGet, "/v1/blind", "", "X-Forwarded-For", "192.0.2.1"); answer.StatusCode != http.StatusOK {
		t.Errorf("with a token from the same address: %s", answer.Status)
	}
}

func TestAnAddressIsWhatProxiesOfOursSay(t *testing.T) {
	s := New(Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	for _, tc := range []struct{ peer, header, want string }{
		{"192.0.2.7:1", "198.51.100.1", "192.0.2.7"}, // no proxy of ours: he may write what he likes
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1", "198.51.100.1, nonsense", "10.0.0.1"},
		{"[::1]:1", "2001:db8::5", "2001:db8::5"},
		{"[::ffff:10.0.0.1]:1", "198.51.100.1", "198.51.100.1"},
		{"@", "198.51.100.1", "@"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tc.peer
		if tc.header != "" {
			r.Header.Set("X-Forwarded-For", tc.header)
		}
		if got := s.addressOf(r); got != tc.want {
			t.Errorf("from %s with %q: %s, want %s", tc.peer, tc.header, got, tc.want)
		}
	}
	for addr, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "@": "@"} {
		if got := network(addr); got != want {
			t.Errorf("network(%s) = %s", addr, got)
		}
	}
}

func TestALimiterRemembersNoMoreThanItMay(t *testing.T) {
	l := newLimiter(Rate{1, 2})
	l.max = 100
	now := time.Now()
	busy := func() bool { _, ok := l.take("busy", now); return !ok }
	for range 2 {
		l.take("busy", now)
	}
	if !busy() {
		t.Fatal("no limit")
	}
	for n := range 10_000 {
		l.take(fmt.Sprint(n), now)
		if len(l.buckets) > 100 {
			t.Fatalf("%d callers are remembered", len(l.buckets))
		}
	}
	// Those who were quiet go first: after their buckets filled, all of them do, and the busy one stays.
	for range 2 {
		l.take("busy", now)
	}
	now = now.Add(2 * time.Second)
	for range 2 {
		l.take("busy", now)
	}
	for n := range 90 {
		l.take(fmt.Sprint("later", n), now)
	}
	if !busy() {
		t.Error("the busy caller was forgotten while others were quiet")
	}
}
