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
	"math/big"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"ringback/sip/hep"
)

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

// A connection under load is read another way than a quiet one, and is both by turns.
func TestABusyStreamIsWhole(t *testing.T) {
	s, got := serve(t, hep.Options{Network: "tcp"})
	c := dial(t, s)
	next := 0
	await := func(n int) {
		t.Helper()
		for range n {
			if r := <-got; !bytes.Equal(r.Payload, numbered(next).Payload) {
				t.Fatalf("frame %d is %q", next, r.Payload)
			}
			next++
		}
	}
	for range 3 {
		const n = 20_000
		var b []byte
		for i := range n {
			b = hep.Append(b, numbered(next+i))
		}
		sent := make(chan error, 1)
		go func() {
			_, err := c.Write(b)
			sent <- err
		}()
		await(n)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		for range 20 { // quiet again: each comes without another behind it
			send(t, c, hep.Append(nil, numbered(next)))
			await(1)
		}
	}
	send(t, c, hep.Append(nil, numbered(next)))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	await(1)
}

func TestABusyStreamEndsWithTheServer(t *testing.T) {
	s, got := serve(t, hep.Options{Network: "tcp"})
	c := dial(t, s)
	var b []byte
	for i := range 1000 {
		b = hep.Append(b, numbered(i))
	}
	go func() {
		for {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}()
	for range 50_000 {
		<-got
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for s.Stats().Connections.Load() > 0 {
		select {
		case <-got: // who is read has to be let go on
		case <-time.After(time.Millisecond):
		}
	}
	if n := s.Stats().Closed[hep.ClosedStopping].Load(); n != 1 {
		t.Errorf("%d connections ended with the server, want 1", n)
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
