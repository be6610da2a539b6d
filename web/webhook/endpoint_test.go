package webhook

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestAddressesThatArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "2606:2800:220:1:248:1893:25c8:1946": true, "::ffff:8.8.8.8": true,
		"10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "172.32.0.1": true, "192.168.1.1": false,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"0.0.0.0": false, "::": false, "169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false, "fd12:3456::1": false, "100.64.0.1": false, "100.128.0.1": true, "192.0.0.8": false,
		"192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.9": false, "224.0.0.1": false,
		"239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false, "ff02::1": false, "2001:db8::1": false,
		"64:ff9b::a00:1": false, "64:ff9b:1::a00:1": false, "2002:a00:1::1": false, "2001:0:a00:1::": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestTheGuardLetsThroughWhatIsAllowed(t *testing.T) {
	allow := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for _, c := range []struct {
		address string
		plain   bool
		ok      bool
	}{
		{"10.20.3.4:443", false, true},
		{"[::ffff:10.20.3.4]:80", true, true},
		{"[fd00:1::5]:443", false, true},
		{"10.21.3.4:443", false, false},
		{"127.0.0.1:443", false, false},
		{"8.8.8.8:443", false, true},
		{"8.8.8.8:80", true, false},
		{"crm.example.com:443", false, false},
		{"", false, false},
	} {
		if err := guard(allow, c.plain)("tcp", c.address, nil); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("%+v gave %v", c, err)
		}
	}
}

func TestSecretsAreReadAndRefused(t *testing.T) {
	if s, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"); err != nil || len(s) != 24 {
		t.Errorf("%x, %v", s, err)
	}
	for _, text := range []string{
		"", "whsec_", "whsec_###", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
		"whsec_" + strings.Repeat("AAAA", 22), " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	} {
		if s, err := ParseSecret(text); !errors.Is(err, ErrSecret) {
			t.Errorf("%q gave %x, %v", text, s, err)
		} else if len(text) > 8 && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func TestEndpointsThatCannotBe(t *testing.T) {
	types := []string{"case.opened", "case.closed", "hint.raised"}
	good := Endpoint{ID: "crm", URL: "https://crm.example.com/hooks?x=1", Secrets: [][]byte{{1}}, Events: []string{"case.*", "hint.raised", "*"}}
	if err := good.Check(types); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Endpoint){
		"its url is none":           func(e *Endpoint) { e.URL = "https:///hooks" },
		"begins with ftp":           func(e *Endpoint) { e.URL = "ftp://crm.example.com" },
		"its url is http":           func(e *Endpoint) { e.URL = "http://crm.example.com" },
		"holds a user":              func(e *Endpoint) { e.URL = "https://a:b@crm.example.com" },
		"holds a #":                 func(e *Endpoint) { e.URL = "https://crm.example.com/#a" },
		"it has no secret":          func(e *Endpoint) { e.Secrets = nil },
		`is called "case.opend"`:    func(e *Endpoint) { e.Events = []string{"case.closed", "case.opend"} },
		`no event is called "cas*"`: func(e *Endpoint) { e.Events = []string{"cas*"} },
		`is called "call.*"`:        func(e *Endpoint) { e.Events = []string{"call.*"} },
	} {
		e := good
		change(&e)
		if err := e.Check(types); !errors.Is(err, ErrEndpoint) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWhatAnEndpointWants(t *testing.T) {
	for _, c := range []struct {
		events, lists, typ, of string
		want                   bool
	}{
		{"", "", "case.closed", "a", true},
		{"", "", "hint.raised", "", true},
		{"case.*", "", "case.closed", "a", true},
		{"case.*", "", "hint.raised", "a", false},
		{"case.closed", "", "case.closed", "a", true},
		{"case.closed", "", "case.closed_again", "a", false},
		{"", "a b", "case.closed", "a", true},
		{"", "a b", "case.closed", "c", false},
		{"", "a b", "hint.raised", "a b", true},
		{"", "a b", "hint.raised", "a c", false},
		{"", "a b", "hint.raised", "", false},
	} {
		e := Endpoint{Events: strings.Fields(c.events), Lists: strings.Fields(c.lists)}
		if got := e.Wants(c.typ, strings.Fields(c.of)...); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "0": 0, "30": 30 * time.Second, "9999999": time.Hour, "99999999999999999999": 0,
		"Mon, 04 May 2026 03:02:31 GMT": 30 * time.Second, "Mon, 04 May 2026 03:02:00 GMT": 0, "Tue, 05 May 2026 03:02:31 GMT": time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
