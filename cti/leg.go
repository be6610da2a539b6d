package cti

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"time"
)

// Way is where a leg comes from and goes to.
type Way uint8

// The ways of a leg at a PBX.
const (
	FromCarrier Way = iota + 1
	ToAgent
	FromAgent
	ToCarrier
)

// Party is whom a leg is of.
type Party struct {
	Endpoint string // the PBX's name for the phone or trunk
	From, To string // numbers, or extensions, as the PBX writes them
	Withheld bool   // From is not to be shown

	At netip.AddrPort // where the phone or trunk is, if the PBX tells
}

// Leg writes the signalling of one leg, from what a PBX says of it: INVITE when it begins, 180, 200,
// re-INVITE for hold, and CANCEL, a final response or BYE at its end (RFC 3261 §9, §13, §15). What comes in
// an order that no leg has is left out.
type Leg struct {
	site     *Site
	sink     Sink
	callID   string
	made     bool
	src, dst netip.AddrPort
	from, to string // URIs
	withheld bool
	tag      string
	cseq     int
	state    legState
}

type legState uint8

const (
	legIdle legState = iota
	legInvited
	legRinging
	legUp
	legOver
)

// NewLeg makes a leg that has not begun. callID is the SIP Call-ID the PBX tells for it; where it tells
// none, id is what it calls the leg, and a Call-ID is made of that.
func NewLeg(s *Site, sink Sink, callID, id string, way Way, p Party) *Leg {
	l := &Leg{site: s, sink: sink, callID: callID, withheld: p.Withheld}
	if callID == "" || !isCallID(callID) {
		l.callID, l.made = madeCallID(s.PBX, id), true
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(l.callID))
	l.tag = fmt.Sprintf("%016x", h.Sum64())
	host := hostOf(s.at.Addr())
	trunk, phone := s.trunk(p.Endpoint), s.phone(p.Endpoint)
	if p.At.IsValid() {
		trunk, phone = p.At, p.At
	}
	switch way {
	case FromCarrier:
		l.src, l.dst = trunk, s.at
		l.from = uri(p.From, hostOf(l.src.Addr()))
		l.to = uri(p.To, host)
	case ToAgent:
		l.src, l.dst = s.at, phone
		l.from = uri(p.From, host)
		l.to = uri(p.Endpoint, hostOf(l.dst.Addr()))
	case FromAgent:
		l.src, l.dst = phone, s.at
		l.from, l.to = uri(p.Endpoint, host), uri(p.To, host)
	case ToCarrier:
		l.src, l.dst = s.at, trunk
		l.from = uri(p.From, host)
		l.to = uri(p.To, hostOf(l.dst.Addr()))
	}
	if p.Withheld && way != FromAgent {
		l.from = "sip:anonymous@anonymous.invalid" // RFC 3323 §4.1.1.3
	}
	return l
}

// PBX is the directory id of the PBX whose leg it is.
func (l *Leg) PBX() string { return l.site.PBX }

// CallID is the leg's Call-ID.
func (l *Leg) CallID() string { return l.callID }

// Invite begins the leg.
func (l *Leg) Invite(at time.Time) {
	if l.state != legIdle {
		return
	}
	l.state, l.cseq = legInvited, 1
	extra := ""
	if l.withheld {
		extra = "Privacy: id\r\n" // RFC 3325 §9.3
	}
	l.request(at, true, "INVITE", 1, "", extra, "")
}

// Ring says that the phone alerts.
func (l *Leg) Ring(at time.Time) {
	if l.state != legInvited {
		return
	}
	l.state = legRinging
	l.answer(at, 180, "Ringing", "INVITE")
}

// Answer says that the leg is up.
func (l *Leg) Answer(at time.Time) {
	if l.state != legInvited && l.state != legRinging {
		return
	}
	l.state = legUp
	l.answer(at, 200, "OK", "INVITE")
	l.request(at, true, "ACK", 1, "-ack", "", "") // a branch of its own (RFC 3261 §17.1.1.3)
}

// Up says whether the leg was answered and is not over.
func (l *Leg) Up() bool { return l.state == legUp }

// Over says whether the leg has ended.
func (l *Leg) Over() bool { return l.state == legOver }

// Hold says that the called side holds the other one, or takes him back (RFC 3264 §8.4).
func (l *Leg) Hold(at time.Time, held bool) {
	if l.state != legUp {
		return
	}
	l.cseq++
	flow := "sendrecv"
	if held {
		flow = "sendonly"
	}
	body := "v=0\r\no=- 0 0 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=" + flow + "\r\n"
	l.request(at, false, "INVITE", l.cseq, fmt.Sprintf("-hold%d", l.cseq), "Content-Type: application/sdp\r\n", body)
}

// Side is who ends a leg.
type Side uint8

// The sides of a leg: who sent its INVITE, and who received it.
const (
	Inviting Side = iota + 1
	Invited
)

// Ending is how a leg came to its end.
type Ending struct {
	By     Side
	Cause  int // Q.850, -1 where none was told
	Status int // the SIP status behind it, 0 where none was told
}

// End says that the leg is over.
func (l *Leg) End(at time.Time, e Ending) {
	reason, by := "", e.By
	switch {
	case l.state == legUp && (e.Status == 408 || e.Status == 481):
		reason = fmt.Sprintf("Reason: SIP;cause=%d\r\n", e.Status) // RFC 3326 §2
	case e.Cause == answeredElsewhere && by == Inviting && l.state != legUp:
		reason = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
	}
	if e.Cause >= 0 {
		reason += fmt.Sprintf("Reason: Q.850;cause=%d\r\n", e.Cause)
	}
	switch l.state {
	case legIdle, legOver:
		l.state = legOver
		return
	case legUp:
		l.cseq++
		l.request(at, by == Inviting, "BYE", l.cseq, "-bye", reason, "")
		l.answerTo(at, by == Inviting, 200, "OK", "BYE", l.cseq, "-bye")
	case legInvited, legRinging:
		if by == Inviting {
			l.request(at, true, "CANCEL", 1, "", reason, "")
			l.answer(at, 200, "OK", "CANCEL")
			l.answer(at, 487, "Request Terminated", "INVITE")
		} else {
			status := e.Status
			if status < 300 || status > 699 {
				status = statusOf(e.Cause)
			}
			l.answer(at, status, "Told", "INVITE")
		}
		l.request(at, true, "ACK", 1, "", "", "")
	}
	l.state = legOver
}

const answeredElsewhere = 26 // Q.850 non-selected user clearing

// statusOf is the final response that stands for a Q.850 cause (RFC 3398 §7.2.4.1, where PBXs do not
// differ).
func statusOf(cause int) int {
	switch cause {
	case 1, 2, 3:
		return 404
	case 17:
		return 486
	case 18:
		return 408
	case 19, 20:
		return 480
	case 16, 21:
		return 603
	case 22:
		return 410
	case 23:
		return 302
	case 28:
		return 484
	case 34, 38, 41, 42, 47:
		return 503
	}
	return 500
}

// request writes a request, of the inviting side or the other.
func (l *Leg) request(at time.Time, inviting bool, method string, cseq int, branch, headers, body string) {
	from, to, src, dst := "<"+l.from+">;tag=a"+l.tag, "<"+l.to+">", l.src, l.dst
	if l.state >= legUp && (method != "ACK" || branch != "") && method != "CANCEL" {
		to += ";tag=b" + l.tag
	}
	target := l.to
	if !inviting {
		from, to, src, dst = "<"+l.to+">;tag=b"+l.tag, "<"+l.from+">;tag=a"+l.tag, l.dst, l.src
		target = l.from
	}
	l.write(at, src, dst, fmt.Sprintf("%s %s SIP/2.0\r\n", method, target), src, branch, from, to, cseq, method, headers, body)
}

// answer writes a response to the INVITE, or the CANCEL that has its branch.
func (l *Leg) answer(at time.Time, status int, phrase, method string) {
	l.answerTo(at, true, status, phrase, method, 1, "")
}

func (l *Leg) answerTo(at time.Time, inviting bool, status int, phrase, method string, cseq int, branch string) {
	from, to, src, dst := "<"+l.from+">;tag=a"+l.tag, "<"+l.to+">;tag=b"+l.tag, l.src, l.dst
	if !inviting {
		from, to, src, dst = "<"+l.to+">;tag=b"+l.tag, "<"+l.from+">;tag=a"+l.tag, l.dst, l.src
	}
	l.write(at, dst, src, fmt.Sprintf("SIP/2.0 %d %s\r\n", status, phrase), src, branch, from, to, cseq, method, "", "")
}

func (l *Leg) write(at time.Time, src, dst netip.AddrPort, start string, via netip.AddrPort, branch, from, to string, cseq int, method, headers, body string) {
	var b strings.Builder
	b.WriteString(start)
	fmt.Fprintf(&b, "Via: SIP/2.0/TCP %s;branch=z9hG4bK%s%s\r\n", via, l.tag, branch)
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", from, to, l.callID, cseq, method)
	b.WriteString(headers)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	l.sink.Message(Told{At: at, Src: src, Dst: dst, Text: []byte(b.String()), PBX: l.site.PBX, Made: l.made})
}

// maxName bounds the texts of a PBX that go into a message.
const maxName = 256

// isCallID says whether a text can stand as a Call-ID (RFC 3261 §25.1, callid).
func isCallID(s string) bool {
	if len(s) > maxName {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == ',' || c == ';' {
			return false
		}
	}
	return true
}

// madeCallID is a Call-ID for a leg whose own nobody tells.
func madeCallID(pbx, id string) string { return escape(id) + "@" + escape(pbx) + madeDomain }

// madeDomain ends the Call-IDs that are made.
const madeDomain = ".told.invalid"

func uri(user, host string) string {
	if user == "" {
		return "sip:" + host
	}
	return "sip:" + escape(user) + "@" + host
}

// escape writes a text as the user part of a URI, whatever it holds (RFC 3261 §19.1.2).
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s[:min(len(s), maxName)]) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("+*-._", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func hostOf(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
