package sip_test

import (
	"net/netip"
	"strconv"
)

// simLeg is one INVITE on the wire: its parties, tags and counters. Through a proxy several of them
// share Call-ID, parties and tags.
type simLeg struct {
	id, from, to, uri string
	fromTag, toTag    string
	a, b              netip.AddrPort // who sent the INVITE, who received it
	head              string         // what else the INVITE carries
	invite            uint32         // CSeq of the INVITE
	cseq              [2]uint32      // of the last request of each side
	branch            int            // made so far
	inviteBranch      int
	vias              int
}

// simMessage is one message and its way.
type simMessage struct {
	at       int64 // when it was sent
	arrives  int64 // when the capture point's copy arrives
	src, dst netip.AddrPort
	text     []byte
	call     *simCall
	order    int // of arrival, where two arrive at once
	fact     int // which of its call's facts it is part of, 0 none
}

const (
	sendRecv = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8\r\na=sendrecv\r\n"
	sendOnly = "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8\r\na=sendonly\r\n"
)

// simRequest is what a request says beside its leg.
type simRequest struct {
	method string
	back   bool // from the side that was called
	again  bool // CSeq and branch of the last: a retransmission
	head   string
	body   string
}

// request sends a request along a leg.
func (c *simCall) request(at int64, l *simLeg, r simRequest) {
	src, dst, side := l.a, l.b, 0
	if r.back {
		src, dst, side = l.b, l.a, 1
	}
	toTag, uri := l.toTag, "sip:"+dst.String()
	var cseq uint32
	var branch int
	switch r.method {
	case "INVITE", "REINVITE":
		if r.method == "INVITE" {
			toTag, uri = "", l.uri
		}
		if !r.again {
			l.cseq[side]++
			l.branch++
		}
		cseq, branch = l.cseq[side], l.branch
		if r.method == "INVITE" {
			l.invite, l.inviteBranch = cseq, branch
		}
		r.method = "INVITE"
	case "ACK":
		l.branch++
		cseq, branch = l.invite, l.branch
	case "NACK": // the ACK to a failure, in the INVITE's own transaction
		cseq, branch, r.method, uri = l.invite, l.inviteBranch, "ACK", l.uri
	case "CANCEL":
		cseq, branch, toTag, uri = l.invite, l.inviteBranch, "", l.uri
	default:
		if !r.again {
			l.cseq[side]++
			l.branch++
		}
		cseq, branch = l.cseq[side], l.branch
	}
	b := append(make([]byte, 0, 512), r.method...)
	b = append(append(append(b, ' '), uri...), " SIP/2.0\r\n"...)
	b = l.head1(b, src, branch, side == 1, toTag)
	b = strconv.AppendUint(append(b, "CSeq: "...), uint64(cseq), 10)
	b = append(append(append(b, ' '), r.method...), "\r\n"...)
	if r.method == "INVITE" && toTag == "" {
		b = append(b, l.head...)
	}
	c.finish(at, src, dst, b, src.String(), r.head, r.body)
}

// respond answers a request that came along a leg.
func (c *simCall) respond(at int64, l *simLeg, code int, method string, back bool, r simRequest) {
	src, dst, side := l.b, l.a, 0
	if back {
		src, dst, side = l.a, l.b, 1
	}
	toTag, branch, cseq := l.toTag, l.branch, l.cseq[side]
	if method == "INVITE" || method == "CANCEL" {
		cseq, branch = l.invite, l.inviteBranch
	}
	if code == 100 {
		toTag = ""
	}
	if method == "REINVITE" {
		method = "INVITE"
	}
	b := append(make([]byte, 0, 512), "SIP/2.0 "...)
	b = append(strconv.AppendInt(b, int64(code), 10), " x\r\n"...)
	b = l.head1(b, dst, branch, back, toTag)
	b = strconv.AppendUint(append(b, "CSeq: "...), uint64(cseq), 10)
	b = append(append(append(b, ' '), method...), "\r\n"...)
	c.finish(at, src, dst, b, src.String(), r.head, r.body)
}

// head1 writes Via, From, To and Call-ID.
func (l *simLeg) head1(b []byte, via netip.AddrPort, branch int, back bool, toTag string) []byte {
	b = via.AppendTo(append(b, "Via: SIP/2.0/UDP "...))
	b = append(append(append(b, ";branch=z9hG4bK"...), l.id...), '-')
	b = strconv.AppendInt(append(l.a.Addr().AppendTo(l.b.Addr().AppendTo(b)), '-'), int64(branch), 10)
	for range l.vias {
		b = append(b, "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKup"...)
	}
	from, to := l.from, l.to
	if back {
		from, to = to, from
	}
	b = append(append(b, "\r\nFrom: "...), from...)
	if back {
		if toTag != "" {
			b = append(append(b, ";tag="...), toTag...)
		}
		b = append(append(append(b, "\r\nTo: "...), to...), ";tag="...)
		b = append(b, l.fromTag...)
	} else {
		b = append(append(b, ";tag="...), l.fromTag...)
		b = append(append(b, "\r\nTo: "...), to...)
		if toTag != "" {
			b = append(append(b, ";tag="...), toTag...)
		}
	}
	return append(append(append(b, "\r\nCall-ID: "...), l.id...), "\r\n"...)
}

// finish ends the headers, adds the body and hands the message in.
func (c *simCall) finish(at int64, src, dst netip.AddrPort, b []byte, contact, head, body string) {
	b = append(append(append(b, "Contact: <sip:"...), contact...), ">\r\n"...)
	b = append(b, head...)
	if body != "" {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10)
	b = append(append(b, "\r\n\r\n"...), body...)
	c.messages = append(c.messages, &simMessage{at: at, src: src, dst: dst, text: b, call: c})
}
