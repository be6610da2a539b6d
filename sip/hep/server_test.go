package hep_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/sip/hep"
)

// serve starts a server on a free port of the loopback and returns it with what it hands on, copied.
func serve(t *testing.T, o hep.Options) (*hep.Server, <-chan hep.Received) {
	t.Helper()
	got := make(chan hep.Received, 10_000)
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Handler == nil {
		o.Handler = func(batch []hep.Received) {
			for _, r := range batch {
				got <- kept(r)
			}
		}
	}
	s, err := hep.Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context()) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, got
}

// kept is r with slices of its own.
func kept(r hep.Received) hep.Received {
	r.Payload = bytes.Clone(r.Payload)
	r.CorrelationID = bytes.Clone(r.CorrelationID)
	r.CaptureName = bytes.Clone(r.CaptureName)
	return r
}

// dial connects to a server.
func dial(t *testing.T, s *hep.Server) net.Conn {
	t.Helper()
	c, err := net.Dial(s.Addr().Network(), s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, w io.Writer, b []byte) {
	t.Helper()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
}

// await waits until a counter has reached a value.
func await(t *testing.T, what string, want uint64, count func() uint64) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for count() < want {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %d, want %d", what, count(), want)
		}
	}
}

// numbered is the example with a payload that says which of many it is.
func numbered(i int) hep.Packet {
	p := example()
	p.Payload = []byte("OPTIONS sip:" + strconv.Itoa(i) + "@192.0.2.1 SIP/2.0\r\n\r\n")
	return p
}

func TestWhatIsNotHandedOnIsCountedByReason(t *testing.T) {
	s, got := serve(t, hep.Options{})
	c := dial(t, s)
	bad := map[hep.Reason][]byte{
		hep.RawSIP:       []byte(options),
		hep.NotHEP:       []byte("hello"),
		hep.RTCP:         with(chunk{0, 0x0b, []byte{5}}),
		hep.WrongLength:  with()[:50],
		hep.MissingChunk: without(3),
		hep.Keepalive:    []byte("\r\n\r\n"),
		hep.Short:        nil,
	}
	for _, b := range bad {
		send(t, c, b)
	}
	send(t, c, hep.Append(nil, example()))
	<-got
	await(t, "delivered", 1, s.Stats().Delivered.Load)
	for r := range hep.Reason(hep.NumReasons) {
		want := uint64(0)
		if _, ok := bad[r]; ok {
			want = 1
		}
		if n := s.Stats().Skipped[r].Load(); n != want {
			t.Errorf("%v: %d, want %d", r, n, want)
		}
	}
}

func TestOnlyListedSendersAreHeard(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			s, got := serve(t, hep.Options{Network: network, Senders: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
			send(t, dial(t, s), hep.Append(nil, example()))
			if network == "udp" {
				await(t, "skipped", 1, s.Stats().Skipped[hep.SenderNotAllowed].Load)
			} else {
				await(t, "refused", 1, s.Stats().Closed[hep.RefusedSender].Load)
			}
			s.SetSenders([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::ffff:127.0.0.0/104")}, nil)
			send(t, dial(t, s), hep.Append(nil, example()))
			<-got
		})
	}
}

func TestOnlyTheRightKeysOpen(t *testing.T) {
	s, got := serve(t, hep.Options{Keys: [][]byte{[]byte("old"), []byte("new")}})
	c := dial(t, s)
	for _, key := range []string{"", "olD", "oldnew", "o"} {
		p := example()
		p.Key = []byte(key)
		send(t, c, hep.Append(nil, p))
	}
	await(t, "wrong keys", 3, s.Stats().Skipped[hep.WrongKey].Load)
	await(t, "missing keys", 1, s.Stats().Skipped[hep.MissingKey].Load)
	for _, key := range []string{"old", "new"} {
		p := example()
		p.Key = []byte(key)
		send(t, c, hep.Append(nil, p))
		<-got
	}
	s.SetSenders(nil, [][]byte{[]byte("new")})
	p := example()
	p.Key = []byte("old")
	send(t, c, hep.Append(nil, p))
	await(t, "wrong keys", 4, s.Stats().Skipped[hep.WrongKey].Load)
	if n := s.Stats().Delivered.Load(); n != 2 {
		t.Errorf("delivered %d, want 2", n)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	handler := func([]hep.Received) {}
	for name, tt := range map[string]struct {
		options hep.Options
		want    string
	}{
		"no handler":      {hep.Options{Addr: "127.0.0.1:0"}, "hep: no handler"},
		"unknown network": {hep.Options{Network: "sctp", Handler: handler}, `hep: network is not "udp", "tcp" or "tls": "sctp"`},
		"no certificate":  {hep.Options{Network: "tls", Handler: handler}, "hep: a tls listener needs a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := hep.Listen(t.Context(), tt.options); err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAClosedServerDoesNotServe(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		s, err := hep.Listen(t.Context(), hep.Options{Network: network, Addr: "127.0.0.1:0", Handler: func([]hep.Received) {}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(t.Context()); err != nil {
			t.Errorf("%s: Serve after Close: %v", network, err)
		}
		if err := s.Serve(t.Context()); err != hep.ErrServed { //nolint:errorlint // unwrapped by contract
			t.Errorf("%s: second Serve: %v", network, err)
		}
		again, err := hep.Listen(t.Context(), hep.Options{Network: network, Addr: s.Addr().String(), Handler: func([]hep.Received) {}})
		if err != nil {
			t.Fatalf("%s: the port was not given back: %v", network, err)
		}
		_ = again.Close()
	}
}

func TestAFloodOfBadPacketsIsLoggedInAFewLinesWithItsReason(t *testing.T) {
	var log lockedBuffer
	s, _ := serve(t, hep.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	c := dial(t, s)
	for range 500 {
		send(t, c, []byte(options))
		send(t, c, with(chunk{0, 0x0b, []byte{5}})) // media reports are no reason to worry
	}
	await(t, "skipped", 500, s.Stats().Skipped[hep.RawSIP].Load)
	await(t, "skipped", 500, s.Stats().Skipped[hep.RTCP].Load)
	lines := strings.Count(log.String(), "\n")
	if lines == 0 || lines > 10 {
		t.Errorf("%d lines", lines)
	}
	if want := "reason=raw_sip peer=" + c.LocalAddr().String(); !strings.Contains(log.String(), want) {
		t.Errorf("no %s in %s", want, log.String())
	}
	if strings.Contains(log.String(), "rtcp") {
		t.Error("media reports were logged")
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
