package phone

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// site is a PBX of real programs on loopback: Kamailio is registrar and proxy, baresip the agent's phone, sipp the
// customers.
type site struct {
	t   *testing.T
	dir string

	PBX, Agent, Carrier, Customer int
	Modules, AnswerMode           string
}

func newSite(t *testing.T, answerMode string) *site {
	t.Helper()
	for _, program := range []string{"kamailio", "sipp", "baresip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends kamailio sip-tester baresip-core", program)
		}
	}
	s := &site{t: t, dir: t.TempDir(), AnswerMode: answerMode}
	for _, p := range []*int{&s.PBX, &s.Agent, &s.Carrier, &s.Customer} {
		*p = freePort(t)
	}
	modules, err := filepath.Glob("/usr/lib/*/kamailio/modules")
	if err != nil || len(modules) == 0 {
		t.Fatal("kamailio's modules are not where Debian puts them")
	}
	s.Modules = modules[0] + "/"
	files, err := filepath.Glob("testdata/real/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(s.dir, filepath.Base(name))
		if rest, ok := strings.CutPrefix(filepath.Base(name), "baresip."); ok {
			target = filepath.Join(s.dir, "baresip", rest)
		}
		var out bytes.Buffer
		if filepath.Ext(name) == ".xml" {
			out.Write(text)
		} else if err := template.Must(template.New(name).Parse(string(text))).Execute(&out, s); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, out.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 { // the programs refuse root
		err := filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Chown(path, nobody, nobody))
		})
		if err := errors.Join(err, os.Chmod(filepath.Dir(s.dir), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const nobody = 65534

func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatal("no port is free for both TCP and UDP")
	return 0
}

// printed collects what a program prints.
type printed struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

// run starts a program that lives as long as the test; the function returned ends it before.
func (s *site) run(name string, args ...string) (*printed, func()) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "HOME="+s.dir, "TERM=dumb")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out := &printed{}
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe() // baresip ends without one
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = in.Close()
		_ = cmd.Wait()
	})
	s.t.Cleanup(func() {
		end()
		if s.t.Failed() {
			s.t.Logf("%s printed:\n%s", name, out)
		}
	})
	return out, end
}

func (s *site) kamailio() (stop func()) {
	s.t.Helper()
	_, stop = s.run("kamailio", "-DD", "-E", "-f", s.dir+"/kamailio.cfg", "-P", s.dir+"/kamailio.pid", "-Y", s.dir, "-w", s.dir, "-m", "64", "-M", "8")
	return stop
}

// sipp starts one call of a scenario; the function returned waits for its end.
func (s *site) sipp(scenario string, args ...string) func() error {
	s.t.Helper()
	args = append([]string{"-sf", filepath.Join(s.dir, scenario), "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "60", "-timeout_error"}, args...)
	cmd := exec.CommandContext(s.t.Context(), "sipp", args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "TERM=dumb")
	out := &printed{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return func() error {
		if err := cmd.Wait(); err != nil {
			text := out.String()
			return fmt.Errorf("%s: %w\n%s", scenario, err, text[max(0, len(text)-3000):])
		}
		return nil
	}
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
	s.until("the endpoint is registered", func() bool {
		a := e.Accounts()[0]
		return a.Registered && time.Until(a.Until) > time.Minute
	})
	return e
}

func (s *site) until(what string, ready func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if ready() {
			return
		}
		select {
		case <-s.t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Fatalf("it never came that %s", what)
}

func TestRealCustomerCallsThroughARealProxy(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := newSite(t, "auto")
			s.kamailio()
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
			if err := s.sipp("customer.xml", "-p", fmt.Sprint(s.Customer), fmt.Sprintf("127.0.0.1:%d", s.PBX))(); err != nil {
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
	s.kamailio()
	ended := make(chan End, 1)
	s.endpoint("udp", func(c *Call) {
		if err := c.Ring(t.Context()); err != nil { // acknowledged by PRACK
			t.Errorf("ringing: %v", err)
		}
		<-c.Done()
		ended <- c.End()
	})
	if err := s.sipp("abandon.xml", "-p", fmt.Sprint(s.Customer), fmt.Sprintf("127.0.0.1:%d", s.PBX))(); err != nil {
		t.Fatal(err)
	}
	if end := <-ended; end.By != Peer || end.Cause != Canceled {
		t.Errorf("ended %+v", end)
	}
}

func TestRealCustomerIsCalledAndHangsUp(t *testing.T) {
	s := newSite(t, "auto")
	s.kamailio()
	e := s.endpoint("udp", nil)
	carrier := s.sipp("carrier.xml", "-p", fmt.Sprint(s.Carrier))
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
	s.kamailio()
	phone, _ := s.run("baresip", "-f", s.dir+"/baresip")
	e := s.endpoint("udp", nil)
	s.until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
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
	s.until("the phone saw the end", func() bool {
		return strings.Contains(phone.String(), "Call terminated") || strings.Contains(phone.String(), "session closed")
	})
}

func TestRealPhoneRingsOut(t *testing.T) {
	s := newSite(t, "manual")
	s.kamailio()
	phone, _ := s.run("baresip", "-f", s.dir+"/baresip")
	e := s.endpoint("tcp", nil)
	s.until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
	rang := false
	_, err := e.Dial(t.Context(), DialOptions{To: "102", Media: newMedia("ringback"), RingTimeout: 2 * time.Second, Progress: func(code int) { rang = rang || code == 180 }})
	if !errors.Is(err, ErrRingTimeout) || !rang {
		t.Errorf("got %v, rang %v", err, rang)
	}
	s.until("it is over", func() bool { return e.Live() == 0 })
}

func TestRealProxyGoesAwayInTheMiddleOfACall(t *testing.T) {
	s := newSite(t, "auto")
	stop := s.kamailio()
	phone, _ := s.run("baresip", "-f", s.dir+"/baresip")
	e := s.endpoint("udp", nil)
	s.until("the agent's phone is registered", func() bool { return strings.Contains(phone.String(), "200 OK") })
	c, err := e.Dial(t.Context(), DialOptions{To: "102", Media: newMedia("ringback")})
	if err != nil {
		t.Fatal(err)
	}
	stop()
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
