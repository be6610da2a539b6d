package capture_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// openTap listens on the loopback interface.
func openTap(t *testing.T, o capture.TapOptions) *capture.Tap {
	t.Helper()
	o.Interface = "lo"
	o.Buffer = 1 << 20
	o.Logger = slog.New(slog.DiscardHandler)
	tap, err := capture.OpenTap(o)
	if errors.Is(err, capture.ErrPermission) && os.Getenv("CI") == "" {
		t.Skip("listening on an interface needs CAP_NET_RAW: run the tests as root")
	}
	if err != nil {
		t.Fatal(err)
	}
	return tap
}

// listen starts a tap for ports and returns it with what it hands on, copied.
func listen(t *testing.T, ports ...uint16) (*capture.Tap, <-chan hep.Received) {
	t.Helper()
	got := make(chan hep.Received, 10_000)
	tap := openTap(t, capture.TapOptions{Ports: ports, Handler: func(batch []hep.Received) {
		for _, r := range batch {
			r.Payload = bytes.Clone(r.Payload)
			got <- r
		}
	}})
	done := make(chan error, 1)
	go func() { done <- tap.Serve(t.Context()) }()
	t.Cleanup(func() {
		if err := tap.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return tap, got
}

// expect waits for payloads in any order, and for nothing else.
func expect(t *testing.T, got <-chan hep.Received, want ...string) []hep.Received {
	t.Helper()
	var all []hep.Received
	deadline := time.After(10 * time.Second)
	for len(want) > 0 {
		select {
		case r := <-got:
			i := slices.Index(want, string(r.Payload))
			if i < 0 {
				t.Fatalf("unexpected %q", r.Payload)
			}
			want = slices.Delete(want, i, i+1)
			all = append(all, r)
		case <-deadline:
			t.Fatalf("%d messages did not come: %q", len(want), want)
		}
	}
	return all
}

func TestATapHearsUDPAndTCPOfBothIPVersionsOnceEach(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			server, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			address := server.Addr().(*net.TCPAddr)
			sink, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(address.AddrPort()))
			if err != nil {
				t.Fatal(err)
			}
			defer sink.Close()
			tap, got := listen(t, uint16(address.Port))

			datagrams, err := net.Dial("udp", address.String())
			if err != nil {
				t.Fatal(err)
			}
			defer datagrams.Close()
			elsewhere, err := net.Dial("udp", net.JoinHostPort(host, "9"))
			if err != nil {
				t.Fatal(err)
			}
			defer elsewhere.Close()
			before := time.Now()
			write(t, elsewhere, request(99, 0))
			write(t, datagrams, request(1, 0))
			stream, err := net.Dial("tcp", address.String())
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			write(t, stream, request(2, 0)+request(3, 9000)+request(4, 0)[:50])
			write(t, stream, request(4, 0)[50:])

			all := expect(t, got, request(1, 0), request(2, 0), request(3, 9000), request(4, 0))
			for _, r := range all {
				want := sip.TCP
				if string(r.Payload) == request(1, 0) {
					want = sip.UDP
				}
				if r.Transport != want || r.Dst != address.AddrPort() || r.Src.Addr() != r.Dst.Addr() {
					t.Errorf("got %+v", r)
				}
				if r.Time.Before(before) || r.Time.After(time.Now()) || !r.Arrival.Equal(r.Time) {
					t.Errorf("time %v", r.Time)
				}
			}
			write(t, datagrams, request(5, 0)) // nothing came twice before it
			expect(t, got, request(5, 0))
			if n := tap.Drops(); n != 0 {
				t.Errorf("%d drops", n)
			}
			if s := tap.Stats(); s.Delivered < 4 || s.Skipped[capture.NotSIP] != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := c.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
}

// inject puts frames on the loopback interface as they are.
func inject(t *testing.T, frames ...[]byte) {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, f := range frames {
		// The EtherType decides how the loopback's receiving side takes the frame.
		if err := unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: lo.Index, Halen: 6}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATapHearsBehindVLANTagsAndPutsFragmentsTogether(t *testing.T) {
	_, got := listen(t, 5062)
	dot1q := func(next layers.EthernetType) *layers.Dot1Q { return &layers.Dot1Q{VLANIdentifier: 7, Type: next} }
	on := func(n int, ls ...gopacket.SerializableLayer) []byte {
		return stacked(t, append(ls, udp(), gopacket.Payload(request(n, 0)))...)
	}
	frames := [][]byte{
		on(1, ethernet(layers.EthernetTypeDot1Q), dot1q(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP)),
		on(2, ethernet(layers.EthernetTypeDot1Q), dot1q(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP)),
		on(3, ethernet(layers.EthernetTypeQinQ), dot1q(layers.EthernetTypeDot1Q), dot1q(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP)),
		on(4, ethernet(layers.EthernetTypeQinQ), dot1q(layers.EthernetTypeDot1Q), dot1q(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP)),
		extended(t, request(5, 0)),
		// Another port, another protocol.
		stacked(t, ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 5064, DstPort: 5066}, gopacket.Payload(request(98, 0))),
		stacked(t, ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4), gopacket.Payload(strings.Repeat("\x13\xc6", 30))),
	}
	frames = append(frames, fragments4(t, 1, request(6, 4000), 1480)...)
	frames = append(frames, fragments6(t, 1, request(7, 4000), 1448)...)
	inject(t, frames...)
	expect(t, got, request(1, 0), request(2, 0), request(3, 0), request(4, 0), request(5, 0), request(6, 4000), request(7, 4000))
}

func TestATapGivesUpWaitingWithoutFurtherPackets(t *testing.T) {
	_, got := listen(t, 5062)
	msg := request(1, 4000)
	inject(t, fragments4(t, 2, msg, 1480)[0])
	select {
	case r := <-got:
		if !strings.HasPrefix(msg, string(r.Payload)) {
			t.Errorf("payload %q", r.Payload)
		}
	case <-time.After(10 * time.Second):
		t.Error("the first fragment was not taken for its headers")
	}
}

func TestATapThatMayNotListenSaysWhatItNeeds(t *testing.T) {
	result := make(chan error)
	go func() {
		// Capabilities belong to the thread: this one is not given back, and ends with the goroutine.
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			result <- err
			return
		}
		_, err := capture.OpenTap(capture.TapOptions{Interface: "lo", Handler: func([]hep.Received) {}})
		result <- err
	}()
	if err := <-result; !errors.Is(err, capture.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_RAW") {
		t.Errorf("error %v", err)
	}
}

func TestTapOptionsThatCannotWorkAreRefused(t *testing.T) {
	handler := func([]hep.Received) {}
	for name, o := range map[string]capture.TapOptions{
		"no handler":                    {Interface: "lo"},
		"no such interface":             {Interface: "no such one", Handler: handler},
		"promiscuous on all interfaces": {Promiscuous: true, Handler: handler},
		"too many ports":                {Interface: "lo", Ports: make([]uint16, 33), Handler: handler},
	} {
		t.Run(name, func(t *testing.T) {
			if tap, err := capture.OpenTap(o); err == nil {
				_ = tap.Close()
				t.Error("opened")
			}
		})
	}
}

func TestAClosedTapDoesNotServe(t *testing.T) {
	tap := openTap(t, capture.TapOptions{Handler: func([]hep.Received) {}})
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tap.Serve(t.Context()); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
	if err := tap.Serve(t.Context()); !errors.Is(err, capture.ErrServed) {
		t.Errorf("second Serve: %v", err)
	}
	if err := tap.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// A burst larger than the ring's blocks, with every port tested, comes through whole.
func TestATapKeepsUpWithABurst(t *testing.T) {
	ports := make([]uint16, 32)
	for i := range ports {
		ports[i] = uint16(10_000 + i)
	}
	ports[31] = 5062
	tap, got := listen(t, ports...)
	const n = 2000
	var frames [][]byte
	for i := range n {
		frames = append(frames, plain(t, request(i, 300)))
	}
	for i := 0; i < n; i += 100 {
		inject(t, frames[i:i+100]...)
		for j := i; j < i+100; j++ {
			select {
			case r := <-got:
				if string(r.Payload) != request(j, 300) {
					t.Fatalf("message %d is %q", j, r.Payload)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("message %d did not come; drops %d", j, tap.Drops())
			}
		}
	}
}
