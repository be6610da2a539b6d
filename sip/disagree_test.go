package sip_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"ringback/sip"
)

// TestAPBXThatTellsOtherwiseIsCountedAndNotBelieved has a PBX tell that a call was answered which its signalling
// shows as given up.
func TestAPBXThatTellsOtherwiseIsCountedAndNotBelieved(t *testing.T) {
	host := func(s string) []sip.Host { return []sip.Host{{Net: netip.PrefixFrom(netip.MustParseAddr(s), 32)}} }
	tracker, err := sip.NewTracker(&sip.Plan{
		PBXs:     []sip.PBX{{ID: "pbx", Country: "FI", Addresses: host("10.0.0.1")}},
		Trunks:   []sip.Trunk{{ID: "carrier", PBX: "pbx", Country: "FI", Addresses: host("198.51.100.1")}},
		Services: []sip.Service{{ID: "hotline", List: "callbacks", Numbers: []sip.Number{35893100100}}},
	}, sip.Options{})
	if err != nil {
		t.Fatal(err)
	}
	carrier, pbx := netip.MustParseAddrPort("198.51.100.1:5060"), netip.MustParseAddrPort("10.0.0.1:5060")
	scanner := sip.NewScanner(nil)
	var ended *sip.Call
	emit := func(e *sip.Event) {
		if e.Kind == sip.CallEnded {
			c := *e.Call
			c.Evidence = slices.Clone(c.Evidence)
			ended = &c
		}
	}
	at := time.Unix(1_800_000_000, 0)
	send := func(start, to, cseq string, told bool) {
		t.Helper()
		var m sip.Message
		text := fmt.Sprintf("%s\r\nVia: SIP/2.0/TCP 198.51.100.1;branch=z9hG4bK1\r\nFrom: <sip:+358401234567@x>;tag=a\r\nTo: <sip:+35893100100@y>%s\r\n"+
			"Call-ID: c1\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n", start, to, cseq)
		if _, err := scanner.Scan([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
		m.Time, m.Src, m.Dst, m.Transport, m.Told = at.UnixNano(), carrier, pbx, sip.TCP, told
		if !m.Request {
			m.Src, m.Dst = pbx, carrier
		}
		tracker.Handle(&m, emit)
	}
	send("INVITE sip:+35893100100@y SIP/2.0", "", "1 INVITE", false)
	send("SIP/2.0 180 Ringing", ";tag=b", "1 INVITE", false)
	send("CANCEL sip:+35893100100@y SIP/2.0", "", "1 CANCEL", false)
	send("SIP/2.0 487 Request Terminated", ";tag=b", "1 INVITE", false)
	send("SIP/2.0 487 Request Terminated", ";tag=b", "1 INVITE", true) // agrees
	if n := tracker.Stats().Disagreements; n != 0 {
		t.Errorf("%d disagreements", n)
	}
	send("SIP/2.0 200 OK", ";tag=b", "1 INVITE", true)
	if n := tracker.Stats().Disagreements; n != 1 {
		t.Errorf("%d disagreements", n)
	}
	tracker.Finish(emit)
	if ended == nil || ended.Verdict != sip.Missed || ended.Reason != sip.AbandonedRinging {
		t.Fatalf("%+v", ended)
	}
	if !slices.ContainsFunc(ended.Evidence, func(e sip.Evidence) bool { return e.What == "told to be answered" }) {
		t.Errorf("no evidence of it: %+v", ended.Evidence)
	}
	sent, received := tracker.Sighted("pbx")
	if !sent.IsZero() || received.IsZero() {
		t.Errorf("sent %s, received %s", sent, received)
	}
}
