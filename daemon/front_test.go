package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

const (
	token    = "the-token-of-the-tests"
	kamailio = "../configs/examples/kamailio-lab.yaml"
)

// centre is a daemon that runs in this process, and what it told.
type centre struct {
	*daemon.Daemon

	t      *testing.T
	config *configs.Config
	stop   func() error
	log    logs

	mu     sync.Mutex
	ended  []*sip.Call
	opened []cases.Case
}

// logs is a log that may be read while it is written.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// settings are those of a small daemon on this machine, quick in its verdicts.
func settings(t *testing.T) *configs.Config {
	t.Helper()
	dir := t.TempDir()
	c := configs.Default()
	c.DataDir, c.Hints.Enabled, c.Store.DiskReserve = dir, false, 1<<20
	c.HEP.UDP, c.HEP.ReceiveBuffer = []configs.Address{"127.0.0.1:0"}, 1<<20
	c.Web.Listen, c.Web.TokensFile = "127.0.0.1:0", filepath.Join(dir, "tokens")
	c.Admin.Listen, c.Admin.Socket = "127.0.0.1:0", filepath.Join(dir, "admin.sock")
	c.Tracker.Settle, c.Tracker.ShortAfter, c.Tracker.ServedAfter = 200*time.Millisecond, time.Millisecond, 10*time.Millisecond
	put(t, c.Web.TokensFile, "test:"+token+"\n")
	return c
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// know stores a directory before the daemon runs, or gives it to the one that does.
func know(t *testing.T, c *configs.Config, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k, err := daemon.OpenKeeper(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, version, err := k.Directory(t.Context())
	if err == nil {
		_, err = k.SetDirectory(t.Context(), text, version)
	}
	if err := errors.Join(err, k.Close()); err != nil {
		t.Fatal(err)
	}
}

// run runs a daemon until the test ends, or stop is called.
func run(t *testing.T, c *configs.Config) *centre {
	t.Helper()
	return runWith(t, c, func(*daemon.Options) {})
}

// runWith is run with some options otherwise.
func runWith(t *testing.T, c *configs.Config, change func(*daemon.Options)) *centre {
	t.Helper()
	x := &centre{t: t, config: c}
	var err error
	o := daemon.Options{
		Config: c, Load: func() (*configs.Config, error) { next := *x.config; return &next, nil },
		Logger: slog.New(slog.NewTextHandler(&x.log, nil)), Observe: x.observe,
	}
	change(&o)
	x.Daemon, err = daemon.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	x.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := x.stop(); err != nil {
			t.Errorf("stopped with %v", err)
		}
		if t.Failed() {
			t.Log(x.log.String())
		}
	})
	return x
}

// missed runs a daemon that knows kamailio.yaml and is shown a call that nobody takes: its case is open.
func missed(t *testing.T) *centre {
	t.Helper()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	return x
}

func (x *centre) observe(ev *sip.Event, changes []cases.Change, _ []assist.Hint) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if ev.Kind == sip.CallEnded && (len(x.ended) == 0 || !slices.ContainsFunc(x.ended, func(c *sip.Call) bool { return c.ID == ev.Call.ID })) {
		x.ended = append(x.ended, ev.Clone().Call)
	}
	for i := range changes {
		if changes[i].Event == cases.Opened {
			x.opened = append(x.opened, changes[i].Case)
		}
	}
}

// counted are the verdicts and the cases opened so far.
func (x *centre) counted() (verdicts, opened int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.ended), len(x.opened)
}

// await waits until f says so.
func (x *centre) await(what string, f func() bool) {
	x.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !f() {
		select {
		case <-late:
			x.t.Fatalf("waited in vain: %s\n%s", what, x.log.String())
		case <-tick.C:
		}
	}
}

func (x *centre) awaitCases(n int) {
	x.t.Helper()
	x.await(fmt.Sprintf("%d cases", n), func() bool { _, opened := x.counted(); return opened >= n })
}

// capture are the packets of a capture of the lab, at the pace of a quick test.
func captured(t *testing.T, name string) []hep.Packet {
	t.Helper()
	r, err := capture.Open("../sip/testdata/captures/" + name + "/hep.pcap.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []hep.Packet
	for {
		var p hep.Received
		err := r.Next(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Payload = slices.Clone(p.Payload)
		all = append(all, hep.Packet{Packet: p.Packet})
	}
}

// mirror sends packets as a PBX would that hears them now, at least a few milliseconds apart.
func mirror(t *testing.T, to io.Writer, key string, all []hep.Packet) {
	t.Helper()
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for _, p := range all {
		<-tick.C
		p.Time, p.Key = time.Now(), []byte(key)
		if _, err := to.Write(hep.Append(nil, p)); err != nil {
			t.Fatal(err)
		}
	}
}

// dial connects to the UDP feed.
func (x *centre) dial() net.Conn {
	x.t.Helper()
	c, err := net.Dial("udp", x.Feeds()["hep_udp"].String())
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close() })
	return c
}

func TestAMissBecomesACaseThatTheAPIServes(t *testing.T) {
	t.Parallel()
	x := missed(t)
	_, body := x.get("/v1/cases?list=" + x.opened[0].List)
	if !strings.Contains(body, x.opened[0].ID) || !strings.Contains(body, `"abandoned_ringing"`) {
		t.Errorf("the API says: %s", body)
	}
}

// TestARestartRemembersTheCall stops the daemon while a phone rings: the one after knows the call,
// says that it was blind, and opens the case.
func TestARestartRemembersTheCall(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	all := captured(t, "kamailio/k3_cancel")
	x := run(t, c)
	mirror(t, x.dial(), "", all[:len(all)/2])
	x.await("a live call", func() bool { return x.Signalling().LiveCalls > 0 })
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	y := run(t, c)
	mirror(t, y.dial(), "", all[len(all)/2:])
	y.awaitCases(1)
	_, body := y.get("/v1/blind")
	var blind struct {
		Blind []struct{ From, To time.Time }
	}
	if err := json.Unmarshal([]byte(body), &blind); err != nil || len(blind.Blind) != 1 || !blind.Blind[0].To.After(blind.Blind[0].From) {
		t.Errorf("blind: %s, %v", body, err)
	}
	if _, m := y.get("/metrics"); !regexp.MustCompile(`(?m)^ringback_blind_seconds_total [0-9.e-]*[1-9]`).MatchString(m) {
		t.Error("the metrics do not count the blind time")
	}
	if y.opened[0].Confidence != sip.Inferred {
		t.Error("a call that was not watched all the time is said to be seen")
	}
}

func TestADirectoryIsReplacedWhileCallsAreLive(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	all := captured(t, "kamailio/k3_cancel")
	feed := x.dial()
	mirror(t, feed, "", all[:len(all)/2])
	remote, err := daemon.Connect(t.Context(), c.Admin.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	yaml, version, err := remote.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	more := bytes.Replace(yaml, []byte("agents:\n"), []byte("agents:\n  - {id: \"999\", extensions: [\"999\"]}\n"), 1)
	next, err := remote.SetDirectory(t.Context(), more, version)
	if err != nil || next == version {
		t.Fatalf("version %s after %s, %v", next, version, err)
	}
	if _, err := remote.SetDirectory(t.Context(), yaml, version); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a stale version: %v", err)
	}
	if _, err := remote.SetDirectory(t.Context(), []byte("services: [{idd: x}]"), next); err == nil {
		t.Error("a directory with a mistake was taken")
	}
	mirror(t, feed, "", all[len(all)/2:])
	x.awaitCases(1)
}
