package bench

import (
	"container/heap"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ringback/sip"
	"ringback/sip/hep"
)

// The place that the load is of. All of it is Directory's.
var (
	carrier = netip.MustParseAddrPort("198.51.100.50:5060")
	outside = netip.MustParseAddrPort("198.51.100.10:5060")
	inside  = netip.MustParseAddrPort("10.20.0.10:5060")
)

// agents is how many agents take the load's calls in turn.
const agents = 2000

// extension is an agent's, by his number from 0.
func extension(i int) string { return strconv.Itoa(10000 + i) }

// phone is where an agent's phone is, and its contact.
func phone(i int) (netip.AddrPort, string) {
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 21, byte(i >> 8), byte(i)}), 5060)
	return at, "sip:" + extension(i) + "-0x55f0a1b2c3d4@" + at.String()
}

// Directory is the directory of the load, as YAML.
func Directory() string {
	var b strings.Builder
	b.WriteString(`country: FI
pbxs:
  - id: pbx
    addresses: [10.20.0.10, 198.51.100.10]
    contact_separators: ["-0x"]
trunks:
  - id: carrier
    pbx: pbx
    addresses: [198.51.100.50]
    trusted: true
services:
  - id: hotline
    numbers: ["+35893100100"]
    list: callbacks
agents:
`)
	for i := range agents {
		fmt.Fprintf(&b, "  - {id: %q, extensions: [%q]}\n", extension(i), extension(i))
	}
	fmt.Fprintf(&b, "lists:\n  - id: callbacks\n    members: [%q, %q]\n", extension(0), extension(1))
	return b.String()
}

// lasts is how long a call of the load lives.
const lasts = 6 * time.Second

// Load makes the messages of calls in the order in which they would be sent, each call beginning a
// moment after the one before. It stops when the last has begun, with the calls of that time live: were
// they all to end with it, that would be an outage.
type Load struct {
	next    int // the next call
	calls   int // at the last of which the load stops
	every   int64
	pending events
	text    []byte
	phones  []agentPhone
}

type agentPhone struct {
	at      netip.AddrPort
	contact string
}

// MessagesPerCall is the load's average.
const MessagesPerCall = 12.8

// NewLoad makes the load of so many calls at a rate of messages per second.
func NewLoad(calls int, rate float64) *Load {
	l := &Load{calls: calls, every: int64(MessagesPerCall / rate * 1e9)}
	for i := range agents {
		at, contact := phone(i)
		l.phones = append(l.phones, agentPhone{at, contact})
	}
	return l
}

// newLoadOf makes a load of at least so many messages: those of the calls that are live at its end are
// still to come.
func newLoadOf(messages int, rate float64) *Load {
	return NewLoad(int((float64(messages)+rate*lasts.Seconds())/MessagesPerCall)+1, rate)
}

// event is one message that is due: step of call.
type event struct {
	at   int64
	call int
	step int8
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

// step is one message of a call: who sends what after how long.
type step struct {
	after  time.Duration
	leg    byte // 'a' the customer's, 'b' the first agent's, 'c' the second agent's
	back   bool // against the direction of the INVITE
	line   string
	cseq   string
	branch byte
	tagged bool // the To has its tag
	extra  string
	sdp    bool
}

const (
	ms     = time.Millisecond
	answer = lasts / 3
)

// Of ten calls seven are answered, three are given up. On average 12.8 messages.
var (
	begin = []step{
		{0, 'a', false, "INVITE", "1 INVITE", 'i', false, "", true},
		{1 * ms, 'a', true, "100 Trying", "1 INVITE", 'i', false, "", false},
		{2 * ms, 'a', true, "200 OK", "1 INVITE", 'i', true, "", true},
		{3 * ms, 'a', false, "ACK", "1 ACK", 'k', true, "", false},
		{20 * ms, 'b', false, "INVITE", "7 INVITE", 'i', false, "", true},
		{22 * ms, 'b', true, "180 Ringing", "7 INVITE", 'i', true, "", false},
	}
	served = append(slices.Clip(begin), []step{
		{answer, 'b', true, "200 OK", "7 INVITE", 'i', true, "", true},
		{answer + 1*ms, 'b', false, "ACK", "7 ACK", 'k', true, "", false},
		{lasts, 'a', false, "BYE", "2 BYE", 'e', true, "", false},
		{lasts + 1*ms, 'a', true, "200 OK", "2 BYE", 'e', true, "", false},
		{lasts + 2*ms, 'b', false, "BYE", "8 BYE", 'e', true, "Reason: Q.850;cause=16\r\n", false},
		{lasts + 3*ms, 'b', true, "200 OK", "8 BYE", 'e', true, "", false},
	}...)
	missed = append(slices.Clip(begin), []step{
		{lasts, 'a', false, "BYE", "2 BYE", 'e', true, "", false},
		{lasts + 1*ms, 'a', true, "200 OK", "2 BYE", 'e', true, "", false},
		{lasts + 2*ms, 'b', false, "CANCEL", "7 CANCEL", 'i', false, "Reason: Q.850;cause=0\r\n", false},
		{lasts + 3*ms, 'b', true, "200 OK", "7 CANCEL", 'i', true, "", false},
		{lasts + 3*ms, 'b', true, "487 Request Terminated", "7 INVITE", 'i', true, "", false},
		{lasts + 4*ms, 'b', false, "ACK", "7 ACK", 'i', true, "", false},
	}...)
	// second is what a second phone adds that rings for an answered call.
	second = []step{
		{21 * ms, 'c', false, "INVITE", "7 INVITE", 'i', false, "", true},
		{23 * ms, 'c', true, "180 Ringing", "7 INVITE", 'i', true, "", false},
		{answer + 2*ms, 'c', false, "CANCEL", "7 CANCEL", 'i', false, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", false},
		{answer + 3*ms, 'c', true, "200 OK", "7 CANCEL", 'i', true, "", false},
		{answer + 3*ms, 'c', true, "487 Request Terminated", "7 INVITE", 'i', true, "", false},
		{answer + 4*ms, 'c', false, "ACK", "7 ACK", 'i', true, "", false},
	}
	servedTwo = append(slices.Clip(served), second...)
)

// steps are those of a call: three of ten are missed, and for four of thirty a second phone rings.
func steps(call int) []step {
	switch {
	case call%10 >= 7:
		return missed
	case call%30 >= 1 && call%30 <= 4:
		return servedTwo
	}
	return served
}

// Next makes the next message. Its time is relative to the load's begin; ok is false once the last call has begun. The
// payload is valid until the next call.
func (l *Load) Next() (p sip.Packet, ok bool) {
	for l.next < l.calls && (len(l.pending) == 0 || l.pending[0].at >= int64(l.next)*l.every) {
		for i, s := range steps(l.next) {
			heap.Push(&l.pending, event{int64(l.next)*l.every + int64(s.after), l.next, int8(i)})
		}
		l.next++
	}
	if l.next == l.calls {
		return sip.Packet{}, false
	}
	e := heap.Pop(&l.pending).(event)
	return l.packet(e.call, &steps(e.call)[e.step], e.at), true
}

func (l *Load) packet(call int, s *step, at int64) sip.Packet {
	p := sip.Packet{Time: time.Unix(0, at), Transport: sip.UDP, Agent: 2001}
	uri, to := "sip:+35893100100@198.51.100.10:5060", "sip:+35893100100@198.51.100.10:5060;user=phone"
	p.Src, p.Dst = carrier, outside
	host := "operator.example;user=phone"
	if s.leg != 'a' {
		n := call
		if s.leg == 'c' {
			n += agents / 2
		}
		f := &l.phones[n%agents]
		p.Src, p.Dst, uri, to, host = inside, f.at, f.contact, f.contact, "10.20.0.10"
	}
	from := p.Src
	b := l.text[:0]
	if s.back {
		p.Src, p.Dst = p.Dst, p.Src
		b = append(append(append(b, "SIP/2.0 "...), s.line...), "\r\n"...)
	} else {
		b = append(append(append(append(append(b, s.line...), ' '), uri...), " SIP/2.0"...), "\r\n"...)
	}
	id := func() { b = append(append(strconv.AppendInt(b, int64(call)+1e9, 16), "-5c1e-4b7a-9d2f-"...), s.leg) }
	b = append(append(b, "Via: SIP/2.0/UDP "...), from.String()...)
	b = append(b, ";rport;branch=z9hG4bK-"...)
	id()
	b = append(append(b, s.branch), "\r\nMax-Forwards: 70\r\nFrom: <sip:"...)
	b = append(append(number(b, call), '@'), host...)
	b = append(b, ">;tag=f-"...)
	id()
	b = append(append(append(b, "\r\nTo: <"...), to...), '>')
	if s.tagged {
		b = append(b, ";tag=t-"...)
		id()
	}
	b = append(b, "\r\nCall-ID: "...)
	id()
	b = append(append(b, "@ringback.example\r\nCSeq: "...), s.cseq...)
	b = append(append(append(b, "\r\nContact: <sip:x@"...), p.Src.String()...), ">\r\n"...)
	b = append(b, s.extra...)
	b = append(b, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY\r\nSupported: replaces, timer\r\nUser-Agent: ringback bench\r\n"...)
	size := 0
	if s.sdp {
		b = append(b, "Content-Type: application/sdp\r\n"...)
		size = len(sdpHead) + 5 + len(sdpTail)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(size), 10)
	b = append(b, "\r\n\r\n"...)
	if s.sdp { // each leg has a port of its own, as peers follow media by it
		b = strconv.AppendInt(append(b, sdpHead...), 10000+int64(call*3+int(s.leg-'a'))%50000, 10)
		b = append(b, sdpTail...)
	}
	l.text, p.Payload = b, b
	return p
}

// number is the customer's: each call has its own.
func number(b []byte, call int) []byte {
	return strconv.AppendInt(append(b, '+'), 358400000000+int64(call), 10)
}

// The port between them has five digits.
const (
	sdpHead = "v=0\r\no=- 1790000000 1 IN IP4 10.20.0.10\r\ns=-\r\nc=IN IP4 10.20.0.10\r\nt=0 0\r\nm=audio "
	sdpTail = " RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n" +
		"a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)

// frames are packets as HEP3, back to back, and where each ends.
type frames struct {
	bytes []byte
	ends  []int
	at    []int64
}

// pack makes a load, or so much of it, ready to be sent, so that making it costs nothing while it is
// measured.
func pack(l *Load, messages int) *frames {
	f := &frames{}
	for {
		p, ok := l.Next()
		if !ok || len(f.ends) == messages {
			return f
		}
		f.at = append(f.at, p.Time.UnixNano())
		f.bytes = hep.Append(f.bytes, hep.Packet{Packet: p})
		f.ends = append(f.ends, len(f.bytes))
	}
}
