package hep_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringback/sip"
	"ringback/sip/hep"
)

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
