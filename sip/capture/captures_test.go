package capture_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// The captures in testdata were taken from a real Asterisk 22 and a real Kamailio 5.6, each twice at
// once: *.sip.pcap is the wire at the PBX, *.hep.pcap the HEP3 it mirrored of it.

// readAll reads a capture to its end; the packets have memory of their own.
func readAll(t *testing.T, next func(*hep.Received) error) []hep.Received {
	t.Helper()
	var all []hep.Received
	for {
		var p hep.Received
		err := next(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Payload = bytes.Clone(p.Payload)
		p.CorrelationID, p.CaptureName = bytes.Clone(p.CorrelationID), bytes.Clone(p.CaptureName)
		all = append(all, p)
	}
}

func open(t *testing.T, path string) *capture.Reader {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// message is what the wire and the mirror have in common of a message.
type message struct {
	src, dst  netip.AddrPort
	transport sip.Transport
	payload   string
}

func messages(packets []hep.Received) []message {
	var m []message
	for _, p := range packets {
		if p.Src.Addr() == p.Dst.Addr() {
			continue // Kamailio's PUBLISH to itself, which no wire sees
		}
		m = append(m, message{p.Src, p.Dst, p.Transport, string(p.Payload)})
	}
	slices.SortFunc(m, func(a, b message) int {
		return strings.Compare(a.src.String()+a.dst.String()+a.payload, b.src.String()+b.dst.String()+b.payload)
	})
	return m
}

func TestTheWireAndTheMirrorOfOneScenarioHoldTheSameMessages(t *testing.T) {
	for _, scenario := range []string{
		"a1_answered_customer_bye", "p1_ipv6_trunk", "p2_tcp_trunk_abandon", "k1_answered_customer_bye",
		"i4_attended_transfer",
	} {
		t.Run(scenario, func(t *testing.T) {
			wire, mirror := open(t, file(scenario, "sip")), open(t, file(scenario, "hep"))
			onWire, mirrored := messages(readAll(t, wire.Next)), messages(readAll(t, mirror.Next))
			if len(onWire) < 20 {
				t.Fatalf("only %d messages", len(onWire))
			}
			if len(onWire) != len(mirrored) {
				t.Fatalf("%d messages on the wire, %d in the mirror", len(onWire), len(mirrored))
			}
			for i := range onWire {
				a, b := onWire[i], mirrored[i]
				// Of a datagram whose later fragments were not captured only the beginning is there, and
				// less of it behind HEP's own headers.
				n := min(len(a.payload), len(b.payload))
				if n != len(a.payload) && !strings.Contains(a.payload[:n], "\r\n\r\n") {
					t.Errorf("message %d is cut inside its headers", i)
				}
				a.payload, b.payload = a.payload[:n], b.payload[:n]
				if a != b {
					t.Errorf("message %d: on the wire %v, in the mirror %v", i, a, b)
				}
			}
		})
	}
}

func file(scenario, kind string) string {
	return filepath.Join("testdata", scenario+"."+kind+".pcap.gz")
}

func TestEncryptedSignallingIsToldAbout(t *testing.T) {
	r := open(t, file("p3_tls_agent", "sip"))
	var seen []capture.Encrypted
	r.OnEncrypted = func(e capture.Encrypted) {
		if !e.Handshake {
			seen = append(seen, e)
		}
	}
	pbx, phone := netip.MustParseAddrPort("10.20.0.10:5061"), netip.MustParseAddrPort("10.20.0.102:53994")
	if n := len(readAll(t, r.Next)); n != 6 {
		t.Errorf("%d messages, want the 6 of the trunk", n)
	}
	if s := r.Stats(); s.Encrypted != 1 || s.Skipped[capture.TLS] == 0 {
		t.Errorf("encrypted flows %d, segments %d", s.Encrypted, s.Skipped[capture.TLS])
	}
	// REGISTER twice with an answer each, INVITE, 180, 200, ACK, BYE, 200.
	var fromPhone []bool
	for _, e := range seen {
		if e.Src != pbx && e.Src != phone || e.Dst != pbx && e.Dst != phone {
			t.Errorf("record between %v and %v", e.Src, e.Dst)
		}
		fromPhone = append(fromPhone, e.Src == phone)
	}
	if want := []bool{true, false, true, false, false, true, true, false, false, true}; !slices.Equal(fromPhone, want) {
		t.Errorf("records from the phone: %v, want %v", fromPhone, want)
	}
	mirror := open(t, file("p3_tls_agent", "hep"))
	inClear := 0
	for _, p := range readAll(t, mirror.Next) {
		if p.Transport == sip.TLS {
			inClear++
		}
	}
	if inClear != len(seen) {
		t.Errorf("%d messages over TLS in the mirror, %d records on the wire", inClear, len(seen))
	}
}

func TestTwoCaptureAgentsAreToldApart(t *testing.T) {
	r := open(t, file("n1_edge_dual_capture_answered", "hep"))
	agents := make(map[uint32]int)
	for _, p := range readAll(t, r.Next) {
		agents[p.Agent]++
		if p.Time.IsZero() || p.Arrival.IsZero() || !p.From.IsValid() {
			t.Fatalf("incomplete: %+v", p)
		}
		if d := p.Arrival.Sub(p.Time); d < 0 || d.Seconds() > 1 {
			t.Errorf("captured %v, arrived %v", p.Time, p.Arrival)
		}
	}
	if agents[2001] == 0 || agents[2002] == 0 || len(agents) != 2 {
		t.Errorf("packets by agent: %v", agents)
	}
	if rtcp := r.Stats().HEP[hep.RTCP]; rtcp == 0 {
		t.Error("no media report was counted")
	}
}

func TestFilesAreMergedByTime(t *testing.T) {
	var readers []*capture.Reader
	total := 0
	for _, s := range []string{"n1_edge_dual_capture_answered", "p1_ipv6_trunk", "a1_answered_customer_bye"} {
		total += len(readAll(t, open(t, file(s, "sip")).Next))
		readers = append(readers, open(t, file(s, "sip")))
	}
	all := readAll(t, capture.Merge(readers...).Next)
	if len(all) != total {
		t.Errorf("%d packets, want %d", len(all), total)
	}
	if !slices.IsSortedFunc(all, func(a, b hep.Received) int { return a.Arrival.Compare(b.Arrival) }) {
		t.Error("not in order of time")
	}
}

func TestPacketsOfOneTimeComeInTheOrderOfTheirFiles(t *testing.T) {
	alone := readAll(t, open(t, file("a1_answered_customer_bye", "sip")).Next)
	twice := readAll(t, capture.Merge(open(t, file("a1_answered_customer_bye", "sip")), open(t, file("a1_answered_customer_bye", "sip"))).Next)
	if len(twice) != 2*len(alone) {
		t.Fatalf("%d packets, want %d", len(twice), 2*len(alone))
	}
	for i, p := range alone {
		if !bytes.Equal(p.Payload, twice[2*i].Payload) || !bytes.Equal(p.Payload, twice[2*i+1].Payload) {
			t.Fatalf("packet %d is not followed by its twin", i)
		}
	}
	if none := readAll(t, capture.Merge().Next); len(none) != 0 {
		t.Errorf("%d packets of no file", len(none))
	}
	one := readAll(t, capture.Merge(open(t, file("a1_answered_customer_bye", "sip"))).Next)
	if len(one) != len(alone) {
		t.Errorf("%d packets of one file, want %d", len(one), len(alone))
	}
}
