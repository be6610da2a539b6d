package phone

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/sip/lab"
)

// site is a PBX of real programs on loopback: Kamailio is registrar and proxy, baresip the agent's phone, sipp the
// customers.
type site struct {
	*lab.Lab

	t *testing.T

	PBX, Agent, Carrier, Customer int
	AnswerMode                    string
}

func newSite(t *testing.T, answerMode string) *site {
	t.Helper()
	s := &site{Lab: lab.New(t), t: t, AnswerMode: answerMode}
	for _, p := range []*int{&s.PBX, &s.Agent, &s.Carrier, &s.Customer} {
		*p = s.Port()
	}
	s.Files(os.DirFS("testdata/real"), s)
	return s
}

// endpoint is ours, registered at the PBX.
func (s *site) endpoint(transport string, incoming func(*Call)) *Endpoint {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	e := newEndpoint(s.t, nil, EndpointOptions{
		Incoming: incoming,
		Accounts: []Account{{
			Name: "pbx", URI: "sip:ringback@127.0.0.1", Proxy: fmt.Sprintf("sip:127.0.0.1:%d;transport=%s", s.PBX, transport),
			Register: true, PasswordFile: file, Expires: time.Minute, // the registrar wants more
		}},
	})
	s.Until("the endpoint is registered", func() bool {
		a := e.Accounts()[0]
		return a.Registered && time.Until(a.Until) > time.Minute
	})
	return e
}

func TestRealCustomerCallsThroughARealProxy(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := newSite(t, "auto")
			s.Kamailio("kamailio.cfg")
			m := newMedia("ringback")
			ended := make(chan *Call, 1)
			s.endpoint(transport, func(c *Call) {
				_ = c.Ring(t.Context())
				if err := c.Answer(t.Context(), m); err != nil {
					t.Errorf("answering: %v", err)
				}
				<-c.Done()
				ended <- c
			})
			if err := s.SIPp("customer.xml", "-p", fmt.Sprint(s.Customer), fmt.Sprintf("127.0.0.1:%d", s.PBX))(); err != nil {
				t.Fatal(err)
			}
			c := <-ended
			if i := c.Invitation; i.Caller.User != "+358401234501" || i.Called.User != "+35893100100" || i.Account != "pbx" ||
				len(i.Diversions) != 1 || i.Diversions[0].User != "+35893100200" || i.Diversions[0].Reason != "no-answer" {
				t.Errorf("invited with %+v", i)
			}
			if end := c.End(); end.By != Peer || end.Cause != HungUp || len(end.Reasons) != 1 || end.Reasons[0].Cause != 16 {
				t.Errorf("ended %+v", end)
			}
			if offers, _ := m.heard(); !slices.Equal(offers, []string{"customer", "held"}) || len(m.infos) != 1 {
				t.Errorf("the media heard %v and %q", offers, m.infos)
			}
		})
	}
}

func TestRealCustomerGivesUp(t *testing.T) {
	s := newSite(t, "auto")
	s.Kamailio("kamailio.cfg")
	ended := make(chan End, 1)
	s.endpoint("udp", func(c *Call) {
		if err := c.Ring(t.Context()); err != nil { // acknowledged by PRACK
			t.Errorf("ringing: %v", err)
		}
		<-c.Done()
		ended <- c.End()
	})
	if err := s.SIPp("abandon.xml", "-p", fmt.Sprint(s.Customer), fmt.Sprintf("127.0.0.1:%d", s.PBX))(); err != nil {
		t.Fatal(err)
	}
	if end := <-ended; end.By != Peer || end.Cause != Canceled {
		t.Errorf("ended %+v", end)
	}
}

func TestRealCustomerIsCalledAndHangsUp(t *testing.T) {
	s := newSite(t, "auto")
	s.Kamailio("kamailio.cfg")
	e := s.endpoint("udp", nil)
	carrier := s.SIPp("carrier.xml", "-p", fmt.Sprint(s.Carrier))
	m := newMedia("ringback")
	c, err := e.Dial(t.Context(), DialOptions{To: "+358401234501", Media: m})
	if err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if end := c.End(); end.By != Peer || end.Cause != HungUp || len(end.Reasons) != 1 {
		t.Errorf("ended %+v", end)
	}
	if err := carrier(); err != nil {
		t.Error(err)
	}
	if _, answers := m.heard(); !slices.Equal(answers, []string{"carrier"}) {
		t.Errorf("the media heard %v", answers)
	}
	if _, err := e.Dial(t.Context(), DialOptions{To: "999", Media: m}); func() bool { r, ok := errors.AsType[*Refused](err); return !ok || r.StatusCode != 404 }() {
		t.Errorf("an unknown number: %v", err)
	}
}

func TestRealPhoneIsCalledHeldAndHungUp(t *testing.T) {
	s := newSite(t, "auto")
	s.Kamailio("kamailio.cfg")
	phone := s.Run("baresip", "-f", s.Path("baresip"))
	e := s.endpoint("udp", nil)
	s.Until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
	m := newMedia("ringback")
	c, err := e.Dial(t.Context(), DialOptions{To: "102", DisplayName: "Callback", Media: m})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Renegotiate(t.Context(), []byte(strings.Replace(string(sdp("ringback")), "o=- 1 1", "o=- 1 2", 1)+"a=sendonly\r\n")); err != nil {
		t.Errorf("holding: %v", err)
	}
	if _, answers := m.heard(); len(answers) != 2 {
		t.Errorf("the media heard %v", answers)
	}
	if err := c.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	s.Until("the phone saw the end", func() bool {
		return strings.Contains(phone.String(), "Call terminated") || strings.Contains(phone.String(), "session closed")
	})
}

func TestRealPhoneRingsOut(t *testing.T) {
	s := newSite(t, "manual")
	s.Kamailio("kamailio.cfg")
	phone := s.Run("baresip", "-f", s.Path("baresip"))
	e := s.endpoint("tcp", nil)
	s.Until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
	rang := false
	_, err := e.Dial(t.Context(), DialOptions{To: "102", Media: newMedia("ringback"), RingTimeout: 2 * time.Second, Progress: func(code int) { rang = rang || code == 180 }})
	if !errors.Is(err, ErrRingTimeout) || !rang {
		t.Errorf("got %v, rang %v", err, rang)
	}
	s.Until("it is over", func() bool { return e.Live() == 0 })
}

func TestRealProxyGoesAwayInTheMiddleOfACall(t *testing.T) {
	s := newSite(t, "auto")
	kamailio := s.Kamailio("kamailio.cfg")
	phone := s.Run("baresip", "-f", s.Path("baresip"))
	e := s.endpoint("udp", nil)
	s.Until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
	c, err := e.Dial(t.Context(), DialOptions{To: "102", Media: newMedia("ringback")})
	if err != nil {
		t.Fatal(err)
	}
	_ = kamailio.Stop()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_ = c.Hangup(ctx)
	if c.State() != Ended || time.Since(begun) > 5*time.Second {
		t.Errorf("state %v after %v", c.State(), time.Since(begun))
	}
	if err := e.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if d := time.Since(begun); d > 15*time.Second {
		t.Errorf("closing took %v", d)
	}
}

// TestCallOverEveryTransport makes a call over TCP, TLS and IPv6.
func TestCallOverEveryTransport(t *testing.T) {
	cert, pool := certificate(t, "127.0.0.1", "::1")
	for _, tt := range []struct{ name, listen, host string }{
		{"udp", "127.0.0.1:0", "127.0.0.1"},
		{"udp", "[::1]:0", "[::1]"},
		{"tcp", "127.0.0.1:0", "127.0.0.1"},
		{"tcp", "[::1]:0", "[::1]"},
		{"tls", "127.0.0.1:0", "127.0.0.1"},
	} {
		t.Run(tt.name+" "+tt.host, func(t *testing.T) {
			if l, err := net.Listen("tcp", tt.listen); err != nil {
				t.Fatalf("no loopback of IPv6: %v", err)
			} else {
				_ = l.Close()
			}
			calls := make(chan *Call, 1)
			listening := Options{ListenUDP: []string{tt.listen}, TLS: tlsOf(cert, pool)}
			switch tt.name {
			case "tcp":
				listening.ListenTCP = []string{tt.listen}
			case "tls":
				listening.ListenTLS = []string{tt.listen}
			}
			pbx := newEndpoint(t, nil, EndpointOptions{Options: listening, Incoming: func(c *Call) {
				if err := c.Answer(t.Context(), newMedia("callee")); err != nil {
					t.Errorf("answering: %v", err)
				}
				calls <- c
				<-c.Done()
			}})
			port := pbx.Addrs()[0].Port()
			if tt.name != "udp" {
				port = netip.MustParseAddrPort(pbx.Phone().StreamAddrs()[0].String()).Port()
			}
			e := newEndpoint(t, nil, EndpointOptions{
				Options:  Options{ListenUDP: []string{tt.listen}, TLS: tlsOf(cert, pool)},
				Accounts: []Account{{URI: fmt.Sprintf("sip:ringback@%s:%d", tt.host, port), Proxy: fmt.Sprintf("sip:%s:%d;transport=%s", tt.host, port, tt.name), KeepAlive: -1}},
			})
			c, err := e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller")})
			if err != nil {
				t.Fatal(err)
			}
			in := <-calls
			if err := in.Hangup(t.Context()); err != nil { // towards the caller's contact
				t.Errorf("hanging up: %v", err)
			}
			<-c.Done()
		})
	}
}

func tlsOf(cert tls.Certificate, pool *x509.CertPool) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool, MinVersion: tls.VersionTLS12}
}
