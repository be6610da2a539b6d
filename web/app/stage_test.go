package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ringback/cases/voicemail"
	"ringback/configs"
	"ringback/daemon"
	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/sip/hep"
	"ringback/sip/rtp"
	"ringback/web"
	"ringback/web/client"
)

// plan is the contact centre of the tests.
const plan = `
country: FI
time_zone: Europe/Helsinki
calling: {in_quiet_hours: "off"}
pbxs:
  - {id: pbx, addresses: [192.0.2.10]}
trunks:
  - {id: carrier, addresses: [198.51.100.20], trusted: true}
services:
  - {id: hotline, name: Hotline, list: support, numbers: ["+358931000100"]}
  - {id: orders, name: Orders, list: sales, numbers: ["+358931000200"]}
agents:
  - {id: anna, name: Anna Virtanen, extensions: ["101"]}
  - {id: bertil, name: Bertil Lind, extensions: ["102"]}
  - {id: sara, name: Sara Salo, roles: [supervisor, admin]}
lists:
  - id: support
    name: Support
    members: [anna, bertil]
    supervisors: [sara]
    resolutions: [{id: solved, name: Solved}, {id: sent, name: Sent by e-mail}]
  - {id: sales, name: Sales, members: [anna, bertil], supervisors: [sara], calling: {in_quiet_hours: block}}
  - {id: campaign, name: Spring campaign, kind: call, members: [anna, bertil], supervisors: [sara]}
`

const (
	hotline  = "+358931000100"
	orders   = "+358931000200"
	password = "correct horse battery"
)

// stage is a running daemon with its contact centre: a PBX that mirrors its signalling, and people.
type stage struct {
	t     *testing.T
	base  string
	pbx   *simulate.PBX
	phone map[string]*simulate.Extension
	line  netip.AddrPort // where calls to the callback line go
	admin *client.Client // a program that may do everything
	mu    sync.Mutex     // of pbx
}

// open runs a daemon until the test ends, in which everybody can log in.
func open(t *testing.T) *stage {
	t.Helper()
	return openWith(t, func(*configs.Config) {})
}

// openWith is open with settings of its own.
func openWith(t *testing.T, change func(*configs.Config)) *stage {
	t.Helper()
	dir := t.TempDir()
	c := configs.Default()
	c.DataDir, c.Hints.Enabled, c.Store.DiskReserve = dir, false, 1<<20
	c.HEP.UDP, c.HEP.ReceiveBuffer = []configs.Address{"127.0.0.1:0"}, 1<<20
	c.Web.Listen, c.Web.TokensFile, c.Web.RequestsPerSecond = "localhost:0", filepath.Join(dir, "tokens"), 1000
	c.Admin = configs.Admin{Listen: "127.0.0.1:0", Socket: filepath.Join(dir, "admin.sock")}
	c.Tracker.Settle, c.Tracker.ShortAfter, c.Tracker.ServedAfter = 200*time.Millisecond, time.Microsecond, 10*time.Millisecond
	c.Phone.Enabled, c.Phone.UDP, c.Phone.Peers = true, []configs.Address{"127.0.0.1:0"}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Phone.MediaFirstPort, c.Phone.MediaLastPort = 34000, 34999
	c.Line.Enabled, c.Line.Numbers = true, []configs.LineNumber{{To: "voicemail", Service: "hotline", Voicemail: true}}
	greeting := filepath.Join(dir, "greeting.wav")
	if err := os.WriteFile(greeting, rtp.Silence(100*time.Millisecond).WAV(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Line.Lists = []configs.LineList{{List: "support", Greeting: greeting}}
	c.Voicemail.KeyFile = filepath.Join(dir, "messages.key")
	if _, err := voicemail.NewKey(c.Voicemail.KeyFile); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Web.TokensFile, []byte("test:the-token-of-the-tests\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	change(c)
	k, err := daemon.OpenKeeper(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.SetDirectory(t.Context(), []byte(plan), "0")
	if err := errors.Join(err, k.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := daemon.New(t.Context(), daemon.Options{Config: c, Version: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error("stopping:", err)
		}
	})
	_, port, err := net.SplitHostPort(d.API().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, base: "http://localhost:" + port, phone: map[string]*simulate.Extension{}, line: d.CallAddrs()[0]}
	s.people()
	s.mirror(d.Feeds()["hep_udp"].String())
	return s
}

// people gives everybody a password.
func (s *stage) people() {
	s.t.Helper()
	var err error
	if s.admin, err = client.New(s.base, client.Options{Token: "the-token-of-the-tests"}); err != nil {
		s.t.Fatal(err)
	}
	for _, id := range []string{"anna", "bertil", "sara"} {
		invitation, err := s.admin.Invite(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		c, err := client.New(s.base, client.Options{})
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := c.AcceptInvitation(s.t.Context(), invitation.Code, password); err != nil {
			s.t.Fatal(err)
		}
	}
}

// mirror starts the PBX, whose signalling goes to a HEP listener, and registers the agents' phones.
func (s *stage) mirror(to string) {
	s.t.Helper()
	feed, err := net.Dial("udp", to)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = feed.Close() })
	s.pbx = simulate.NewPBX(simulate.Options{
		Addr: netip.MustParseAddrPort("192.0.2.10:5060"), Carrier: netip.MustParseAddrPort("198.51.100.20:5060"), CaptureID: 1,
		Mirror: func(p sip.Packet) {
			if _, err := feed.Write(hep.Append(nil, hep.Packet{Packet: p})); err != nil {
				s.t.Error(err)
			}
		},
	})
	for i, id := range []string{"anna", "bertil"} {
		s.phone[id] = &simulate.Extension{User: fmt.Sprint(101 + i), Name: id, Contact: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.50"), uint16(5060+i))}
		s.pbx.Register(time.Now(), s.phone[id])
	}
}

// missed lets a customer ring a service and give up.
func (s *stage) missed(number, service string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.pbx.Inbound(now.Add(-5*time.Second), number, service).HangUp(now)
}

// dial lets an agent call a customer, whose phone rings.
func (s *stage) dial(agent, number, service string) *simulate.Outbound {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := s.pbx.Outbound(time.Now(), s.phone[agent], "0"+number[4:], number, service)
	call.Ring(time.Now())
	return call
}

// create makes a case as another program would.
func (s *stage) create(n web.NewCase) web.Case {
	s.t.Helper()
	c, err := s.admin.Create(s.t.Context(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}
