package hep_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/sip"
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

func TestDatagramsArriveInOrderWithAllTheirParts(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			s, got := serve(t, hep.Options{Addr: addr})
			c := dial(t, s)
			const n = 1000
			before := time.Now()
			for i := range n {
				send(t, c, hep.Append(nil, numbered(i)))
			}
			for i := range n {
				r, want := <-got, numbered(i)
				if !bytes.Equal(r.Payload, want.Payload) || r.Src != want.Src || r.Dst != want.Dst ||
					r.Transport != sip.UDP || r.Agent != want.Agent || !r.Time.Equal(want.Time) ||
					!bytes.Equal(r.CorrelationID, want.CorrelationID) || !bytes.Equal(r.CaptureName, want.CaptureName) {
					t.Fatalf("packet %d: got %+v, want %+v", i, r, want)
				}
				if r.Arrival.Before(before) || r.Arrival.After(time.Now()) {
					t.Fatalf("arrival %v", r.Arrival)
				}
				if local := c.LocalAddr().(*net.UDPAddr).AddrPort(); r.From != local {
					t.Fatalf("from %v, want %v", r.From, local)
				}
			}
			st := s.Stats()
			if st.Received.Load() != n || st.Delivered.Load() != n || st.Bytes.Load() == 0 {
				t.Errorf("received %d, delivered %d, %d bytes", st.Received.Load(), st.Delivered.Load(), st.Bytes.Load())
			}
		})
	}
}

func TestAnIPv4SenderIsKnownByItsIPv4AddressOnADualSocket(t *testing.T) {
	s, got := serve(t, hep.Options{Addr: ":0", Senders: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	c, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Addr().(*net.UDPAddr).Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send(t, c, hep.Append(nil, example()))
	if r := <-got; !r.From.Addr().Is4() {
		t.Errorf("from %v", r.From)
	}
}

func TestAPacketWithoutATimeGetsItsArrival(t *testing.T) {
	s, got := serve(t, hep.Options{})
	p := example()
	p.Time = time.Time{}
	send(t, dial(t, s), hep.Append(nil, p))
	if r := <-got; !r.Time.Equal(r.Arrival) {
		t.Errorf("time %v, arrival %v", r.Time, r.Arrival)
	}
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

func TestFramesOfAStreamAreFoundHoweverTheyAreCut(t *testing.T) {
	for _, size := range []int{1, 3, 7, 100, 1000, 1 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			s, got := serve(t, hep.Options{Network: "tcp"})
			c := dial(t, s)
			const n = 300
			var b []byte
			for i := range n {
				b = hep.Append(b, numbered(i))
			}
			go func() { // a reader has to take while we write
				for len(b) > 0 {
					k := min(size, len(b))
					if _, err := c.Write(b[:k]); err != nil {
						t.Error(err)
						return
					}
					b = b[k:]
				}
			}()
			for i := range n {
				if r := <-got; !bytes.Equal(r.Payload, numbered(i).Payload) {
					t.Fatalf("frame %d is %q", i, r.Payload)
				}
			}
		})
	}
}

func TestTheLargestFrameFitsAStream(t *testing.T) {
	s, got := serve(t, hep.Options{Network: "tcp"})
	c := dial(t, s)
	p := example()
	p.Payload = nil
	p.Payload = bytes.Repeat([]byte("x"), hep.MaxFrame-len(hep.Append(nil, p)))
	b := hep.Append(nil, p)
	if len(b) != hep.MaxFrame {
		t.Fatalf("%d bytes", len(b))
	}
	for range 5 {
		send(t, c, b)
		if r := <-got; !bytes.Equal(r.Payload, p.Payload) {
			t.Fatalf("payload of %d bytes", len(r.Payload))
		}
	}
}

func TestAStreamThatIsNotHEPIsClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want hep.Reason
	}{
		"SIP":         {[]byte(options), hep.RawSIP},
		"zero length": {[]byte("HEP3\x00\x00"), hep.WrongLength},
		"HTTP":        {[]byte("GET / HTTP/1.1\r\n\r\n"), hep.NotHEP},
	} {
		t.Run(name, func(t *testing.T) {
			s, got := serve(t, hep.Options{Network: "tcp"})
			c := dial(t, s)
			send(t, c, append(hep.Append(nil, example()), tt.b...))
			<-got
			if _, err := io.ReadAll(c); err != nil && !isReset(err) {
				t.Error(err)
			}
			await(t, "closed", 1, s.Stats().Closed[hep.ClosedBadFrame].Load)
			if n := s.Stats().Skipped[tt.want].Load(); n != 1 {
				t.Errorf("%v: %d, want 1", tt.want, n)
			}
		})
	}
}

// isReset reports whether the other end closed with bytes of ours unread.
func isReset(err error) bool {
	_, ok := err.(*net.OpError) //nolint:errorlint // as the net package returns it
	return ok
}

func TestAMalformedPacketInAGoodFrameKeepsTheStream(t *testing.T) {
	s, got := serve(t, hep.Options{Network: "tcp"})
	c := dial(t, s)
	send(t, c, append(without(3), hep.Append(nil, example())...))
	<-got
	if n := s.Stats().Skipped[hep.MissingChunk].Load(); n != 1 {
		t.Errorf("missing_chunk %d", n)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	s, got := serve(t, hep.Options{Network: "tcp", MaxConns: 3, MaxConnsPerSender: 2})
	first, second := dial(t, s), dial(t, s)
	await(t, "accepted", 2, s.Stats().Accepted.Load)
	dial(t, s)
	await(t, "refused", 1, s.Stats().Closed[hep.RefusedPerSender].Load)
	send(t, second, hep.Append(nil, example()))
	<-got
	_ = first.Close()
	await(t, "closed", 1, s.Stats().Closed[hep.ClosedByPeer].Load)
	send(t, dial(t, s), hep.Append(nil, example()))
	<-got
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	s, _ := serve(t, hep.Options{Network: "tcp", IdleTimeout: 20 * time.Millisecond})
	c := dial(t, s)
	send(t, c, []byte("HEP3\x00"))
	if _, err := io.ReadAll(c); err != nil && !isReset(err) {
		t.Error(err)
	}
	await(t, "idle", 1, s.Stats().Closed[hep.ClosedIdle].Load)
}

func TestAConnectionCutInsideAFrameIsToldApart(t *testing.T) {
	s, _ := serve(t, hep.Options{Network: "tcp"})
	c := dial(t, s)
	send(t, c, with()[:20])
	_ = c.Close()
	await(t, "mid frame", 1, s.Stats().Closed[hep.ClosedMidFrame].Load)
}

// A flooding connection and a quiet one share a handler that one lock guards, as the daemon's does.
func TestAFloodingConnectionDoesNotStarveAnother(t *testing.T) {
	var mu sync.Mutex
	quiet := make(chan struct{}, 100)
	s, _ := serve(t, hep.Options{Network: "tcp", Handler: func(batch []hep.Received) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range batch {
			if r.Agent == 7 {
				quiet <- struct{}{}
			}
		}
	}})
	flood, other := dial(t, s), dial(t, s)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		var b []byte
		for range 1000 {
			b = hep.Append(b, example())
		}
		for ctx.Err() == nil {
			if _, err := flood.Write(b); err != nil {
				return
			}
		}
	})
	await(t, "delivered", 5000, s.Stats().Delivered.Load)
	p := example()
	p.Agent = 7
	for range 50 {
		send(t, other, hep.Append(nil, p))
		select {
		case <-quiet:
		case <-time.After(10 * time.Second):
			t.Error("the quiet connection is starved")
		}
	}
	cancel()
	_ = flood.Close()
	wg.Wait()
}

func TestTLSCarriesFrames(t *testing.T) {
	cert, pool := certificate(t)
	s, got := serve(t, hep.Options{Network: "tls", TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}})
	c, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "ringback.example", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send(t, c, hep.Append(nil, example()))
	if r := <-got; string(r.Payload) != options {
		t.Errorf("payload %q", r.Payload)
	}
	plain := dial(t, s)
	send(t, plain, hep.Append(nil, example()))
	await(t, "failed handshakes", 1, s.Stats().Closed[hep.ClosedHandshake].Load)
}

// certificate makes a certificate for ringback.example and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"ringback.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
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

func TestDatagramsLostInTheKernelAreCounted(t *testing.T) {
	s, err := hep.Listen(t.Context(), hep.Options{
		Addr: "127.0.0.1:0", ReadBuffer: 4096, Handler: func([]hep.Received) {}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := dial(t, s)
	for range 1000 { // nobody reads
		send(t, c, hep.Append(nil, example()))
	}
	state := s.Socket()
	if runtime.GOOS != "linux" {
		return // only Linux tells
	}
	if state.Drops == 0 || state.Queued == 0 || state.ReadBuffer == 0 {
		t.Errorf("state %+v", state)
	}
	if again := s.Socket(); again.Drops != state.Drops {
		t.Errorf("drops %d, then %d", state.Drops, again.Drops)
	}
}

func TestTheReadBufferIsAsLargeAsAskedForOrTheLogSaysWhy(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // only Linux tells
	}
	var log bytes.Buffer
	s, err := hep.Listen(t.Context(), hep.Options{
		Addr: "127.0.0.1:0", ReadBuffer: 64 << 20, Handler: func([]hep.Received) {}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	small := s.Socket().ReadBuffer < 64<<20
	if warned := strings.Contains(log.String(), "net.core.rmem_max"); warned != small {
		t.Errorf("buffer %d, log %q", s.Socket().ReadBuffer, log.String())
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

// BenchmarkUDP tells what a datagram costs the server, as long as the sender keeps up.
func BenchmarkUDP(b *testing.B) {
	var got atomic.Int64
	s, err := hep.Listen(b.Context(), hep.Options{Addr: "127.0.0.1:0", Handler: func(batch []hep.Received) { got.Add(int64(len(batch))) }})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(b.Context()) }()
	defer s.Close()
	c, err := net.Dial("udp", s.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	packet := hep.Append(nil, example())
	b.ReportAllocs()
	sent := int64(0)
	for b.Loop() {
		if _, err := c.Write(packet); err != nil {
			b.Fatal(err)
		}
		sent++
		for sent-got.Load() > 5000 { // no more than the buffer takes
			runtime.Gosched()
		}
	}
}
