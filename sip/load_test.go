package sip_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"ringback/sip"
)

// load is a synthetic contact centre's traffic: service calls through a B2BUA that answers at once,
// rings two phones, and in seven of ten calls gets an answer. About 13 messages a call.
type load struct {
	msgs []loadMessage
}

type loadMessage struct {
	at       int64
	src, dst netip.AddrPort
	text     []byte
}

var (
	loadCarrier = netip.MustParseAddrPort("198.51.100.50:5060")
	loadPBX     = netip.MustParseAddrPort("198.51.100.10:5060")
	loadInside  = netip.MustParseAddrPort("10.20.0.10:5060")
	loadPhones  = [2]netip.AddrPort{netip.MustParseAddrPort("10.20.0.101:5060"), netip.MustParseAddrPort("10.20.0.102:5060")}
)

const loadStart = int64(1_790_000_000e9)

const loadSDP = "v=0\r\no=- 1 1 IN IP4 10.20.0.10\r\ns=-\r\nc=IN IP4 10.20.0.10\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"

type loadLeg struct {
	callID, from, to, uri, fromTag, toTag string
	a, b                                  netip.AddrPort
}

func (g *load) request(at int64, l *loadLeg, method string, cseq int, branch string, inDialog bool, extra, body string) {
	to := l.to
	if inDialog {
		to += ";tag=" + l.toTag
	}
	s := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:asterisk@%s>\r\n%sUser-Agent: load\r\n",
		method, l.uri, l.a, branch, l.from, l.fromTag, to, l.callID, cseq, method, l.a, extra)
	g.add(at, l.a, l.b, s, body)
}

func (g *load) response(at int64, l *loadLeg, status, method string, cseq int, branch, body string) {
	s := fmt.Sprintf("SIP/2.0 %s\r\nVia: SIP/2.0/UDP %s;rport=5060;received=10.0.0.1;branch=z9hG4bK%s\r\nFrom: %s;tag=%s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:x@%s>\r\nServer: load\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n",
		status, l.a, branch, l.from, l.fromTag, l.to, l.toTag, l.callID, cseq, method, l.b)
	g.add(at, l.b, l.a, s, body)
}

func (g *load) add(at int64, src, dst netip.AddrPort, head, body string) {
	if body != "" {
		head += "Content-Type: application/sdp\r\n"
	}
	g.msgs = append(g.msgs, loadMessage{at, src, dst, fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)})
}

// call adds one call that starts at a moment and lasts for a while.
func (g *load) call(i int, at, lasts int64) {
	number := fmt.Sprintf("+35840%07d", i%9_000_000)
	a := &loadLeg{callID: fmt.Sprintf("%08x-a1b2-4c3d-9e8f-%012x@198.51.100.50", i, i*7919), from: "<sip:" + number + "@operator.example;user=phone>", to: "<sip:+35893100100@198.51.100.10:5060;user=phone>", uri: "sip:+35893100100@198.51.100.10:5060", fromTag: fmt.Sprintf("ft%08x", i), toTag: fmt.Sprintf("tt%08x", i), a: loadCarrier, b: loadPBX}
	br := fmt.Sprintf("-%d-a", i)
	g.request(at, a, "INVITE", 1, br, false, "", loadSDP)
	g.response(at+1e6, a, "100 Trying", "INVITE", 1, br, "")
	g.response(at+2e6, a, "200 OK", "INVITE", 1, br, loadSDP)
	g.request(at+3e6, a, "ACK", 1, br+"k", true, "", "")
	b := &loadLeg{callID: fmt.Sprintf("%08x-b1b2-4c3d-9e8f-%012x", i, i*104729), from: "<sip:" + number + "@10.20.0.10>", to: "<sip:101-0x55f0@10.20.0.101>", uri: "sip:101-0x55f0@10.20.0.101:5060", fromTag: fmt.Sprintf("fb%08x", i), toTag: fmt.Sprintf("tb%08x", i), a: loadInside, b: loadPhones[i%2]}
	if i%2 == 1 {
		b.to, b.uri = "<sip:102-0x55f0@10.20.0.102>", "sip:102-0x55f0@10.20.0.102:5060"
	}
	bb := fmt.Sprintf("-%d-b", i)
	g.request(at+20e6, b, "INVITE", 7, bb, false, "", loadSDP)
	g.response(at+21e6, b, "180 Ringing", "INVITE", 7, bb, "")
	end := at + lasts
	if i%10 < 7 {
		g.response(at+lasts/3, b, "200 OK", "INVITE", 7, bb, loadSDP)
		g.request(at+lasts/3+1e6, b, "ACK", 7, bb+"k", true, "", "")
		g.request(end, a, "BYE", 2, br+"e", true, "", "")
		g.response(end+1e6, a, "200 OK", "BYE", 2, br+"e", "")
		g.request(end+2e6, b, "BYE", 8, bb+"e", true, "Reason: Q.850;cause=16\r\n", "")
		g.response(end+3e6, b, "200 OK", "BYE", 8, bb+"e", "")
	} else {
		g.request(end, a, "BYE", 2, br+"e", true, "", "")
		g.response(end+1e6, a, "200 OK", "BYE", 2, br+"e", "")
		g.request(end+2e6, b, "CANCEL", 7, bb, false, "Reason: Q.850;cause=0\r\n", "")
		g.response(end+3e6, b, "200 OK", "CANCEL", 7, bb, "")
		g.response(end+3e6, b, "487 Request Terminated", "INVITE", 7, bb, "")
		g.request(end+4e6, b, "ACK", 7, bb, true, "", "")
	}
}

// BenchmarkTracker is what one message costs, scanned and tracked, in the steady state: 200 new calls
// a second, and 6 000 live ones.
func BenchmarkTracker(b *testing.B) {
	const (
		calls  = 20_000
		period = int64(100e9) // after which the same Call-IDs come again: they were forgotten by then
		every  = period / calls
		lasts  = int64(30e9)
	)
	g := &load{}
	for i := range calls {
		g.call(i, loadStart+int64(i)*every, lasts)
	}
	for i := range g.msgs { // those that began before the period do end in it
		g.msgs[i].at = loadStart + (g.msgs[i].at-loadStart)%period
	}
	sortLoad(g)
	tr, err := sip.NewTracker(loadPlan(), sip.Options{})
	if err != nil {
		b.Fatal(err)
	}
	sc := sip.NewScanner(nil)
	var m sip.Message
	events := 0
	emit := func(*sip.Event) { events++ }
	play := func(from, to int) {
		for i := from; i < to; i++ {
			x := &g.msgs[i%len(g.msgs)]
			at := x.at + int64(i/len(g.msgs))*period
			if _, err := sc.Skim(x.text, &m); err != nil {
				b.Fatal(err)
			}
			m.Time, m.Src, m.Dst, m.Transport = at, x.src, x.dst, sip.UDP
			tr.Expire(at, emit)
			tr.Handle(&m, emit)
		}
	}
	warm := 2 * len(g.msgs)
	play(0, warm)
	runtime.GC()
	events = 0
	b.ReportAllocs()
	b.ResetTimer()
	play(warm, warm+b.N)
	b.ReportMetric(float64(events)/float64(b.N), "events/op")
}
