package sip_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"ringback/sip"
)

// TestWhatContradictsIsCountedAndKept has a leg linked into two calls, before and after it is seen, and a caller told
// to be in voicemail who talks with an agent.
func TestWhatContradictsIsCountedAndKept(t *testing.T) {
	const linked, voicemail = "told to be of another call", "told to be in voicemail"
	for name, c := range map[string]struct {
		play func(x *dispute)
		call string // that keeps the evidence
		want string
	}{
		"a link against a header": {func(x *dispute) {
			x.invite("b", "c1")
			x.tracker.Link("c2", "b", x.emit)
		}, "c2", linked},
		"a header against a link": {func(x *dispute) {
			x.tracker.Link("c2", "b", x.emit)
			x.invite("b", "c1")
		}, "c2", linked},
		"a link that agrees": {func(x *dispute) {
			x.invite("b", "c1")
			x.tracker.Link("c1", "b", x.emit)
		}, "", ""},
		"a link told again": {func(x *dispute) {
			x.invite("b", "")
			x.tracker.Link("c1", "b", x.emit)
			x.tracker.Link("c1", "b", x.emit)
		}, "", ""},
		"a leg that was answered and then moved": {func(x *dispute) {
			x.invite("b", "c1")
			x.answer("b")
			x.tracker.Link("c2", "b", x.emit)
		}, "", ""},
		"voicemail against an agent who talks": {func(x *dispute) {
			x.invite("b", "c1")
			x.answer("b")
			x.tracker.Tell(&sip.Fact{Kind: sip.FactVoicemail, At: x.at.UnixNano(), CallID: "c1"}, x.emit)
		}, "c1", voicemail},
		"voicemail after nobody answered": {func(x *dispute) {
			x.invite("b", "c1")
			x.tracker.Tell(&sip.Fact{Kind: sip.FactVoicemail, At: x.at.UnixNano(), CallID: "c1"}, x.emit)
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := newDispute(t)
			for i, id := range []string{"c1", "c2"} {
				x.send(id, true, "INVITE", carrierAt, pbxAt, fmt.Sprintf("+35840123456%d", i), "+35893100100", "")
				x.send(id, false, "200", pbxAt, carrierAt, fmt.Sprintf("+35840123456%d", i), "+35893100100", "")
			}
			c.play(x)
			count := x.tracker.Disagreements("pbx")
			x.tracker.Finish(x.emit)
			if want := uint64(min(len(c.want), 1)); count != want || x.tracker.Stats().Disagreements != want {
				t.Errorf("%d disagreements, want %d", count, want)
			}
			for id, evidence := range x.evidence {
				if has := slices.Contains(evidence, c.want); has != (id == c.call) {
					t.Errorf("%s has evidence %q", id, evidence)
				}
			}
			if len(x.evidence) != 2 {
				t.Errorf("%d calls", len(x.evidence))
			}
		})
	}
}

var (
	carrierAt = netip.MustParseAddrPort("198.51.100.1:5060")
	pbxAt     = netip.MustParseAddrPort("10.0.0.1:5060")
	phoneAt   = netip.MustParseAddrPort("10.0.0.101:5060")
)

// dispute is a PBX with one agent, whose calls' evidence is kept by the Call-ID of their callers.
type dispute struct {
	t        *testing.T
	tracker  *sip.Tracker
	scanner  *sip.Scanner
	at       time.Time
	evidence map[string][]string
}

func newDispute(t *testing.T) *dispute {
	t.Helper()
	host := func(a netip.AddrPort) []sip.Host { return []sip.Host{{Net: netip.PrefixFrom(a.Addr(), 32)}} }
	tracker, err := sip.NewTracker(&sip.Plan{
		PBXs:     []sip.PBX{{ID: "pbx", Country: "FI", Addresses: host(pbxAt), LinkHeaders: []string{"X-Call"}}},
		Trunks:   []sip.Trunk{{ID: "carrier", PBX: "pbx", Country: "FI", Addresses: host(carrierAt)}},
		Services: []sip.Service{{ID: "hotline", List: "callbacks", Numbers: []sip.Number{35893100100}}},
		Agents:   []sip.Agent{{ID: "101", Extensions: []string{"101"}, Addresses: host(phoneAt)}},
	}, sip.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &dispute{t: t, tracker: tracker, scanner: sip.NewScanner([]string{"X-Call"}), at: time.Unix(1_800_000_000, 0), evidence: map[string][]string{}}
}

func (x *dispute) emit(e *sip.Event) {
	if e.Kind != sip.CallEnded {
		return
	}
	id := ""
	var all []string
	for _, v := range e.Call.Evidence {
		if v.What == "INVITE" || id == "" {
			id = v.CallID
		}
		all = append(all, v.What)
	}
	x.evidence[id] = all
}

func (x *dispute) invite(id, header string) {
	if header != "" {
		header = "X-Call: " + header + "\r\n"
	}
	x.send(id, true, "INVITE", pbxAt, phoneAt, "+358401234560", "101", header)
}

func (x *dispute) answer(id string) {
	x.send(id, false, "200", phoneAt, pbxAt, "+358401234560", "101", "")
	x.at = x.at.Add(10 * time.Second)
}

func (x *dispute) send(id string, request bool, what string, src, dst netip.AddrPort, from, to, header string) {
	x.t.Helper()
	start, tag := what+" sip:"+to+"@y SIP/2.0", ""
	if !request {
		start, tag = "SIP/2.0 "+what+" OK", ";tag=b"
	}
	text := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK%s\r\nFrom: <sip:%s@x>;tag=a\r\nTo: <sip:%s@y>%s\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
		start, id, from, to, tag, id, header)
	var m sip.Message
	if _, err := x.scanner.Scan([]byte(text), &m); err != nil {
		x.t.Fatal(err)
	}
	x.at = x.at.Add(10 * time.Millisecond)
	m.Time, m.Src, m.Dst, m.Transport = x.at.UnixNano(), src, dst, sip.UDP
	x.tracker.Handle(&m, x.emit)
}
