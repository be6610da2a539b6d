package simulate

import (
	"fmt"
	"net/netip"
)

// leg is one INVITE dialog, between whoever sent the INVITE (caller) and whoever it was sent to.
type leg struct {
	pbx            *PBX
	caller, callee netip.AddrPort
	uri            string // Request-URI of the INVITE
	from, to       string // name-addr, without tag
	callerContact  string
	calleeContact  string
	callID         string
	fromTag, toTag string
	branch         string // of the INVITE
	seq            uint32 // CSeq of the caller's requests
	calleeSeq      uint32 // and of the callee's
	session        uint32 // of the SDP
	answered, over bool
}

// newLeg prepares a dialog; uri, from, to and the contacts are its maker's.
func (p *PBX) newLeg(caller, callee netip.AddrPort) *leg {
	return &leg{
		pbx: p, caller: caller, callee: callee,
		callID: p.id(16), fromTag: p.id(8), toTag: p.id(8), seq: 1, session: uint32(p.ids.Uint64() % 1e9),
	}
}

// request sends a request within the dialog, or the one that makes it.
func (l *leg) request(method, branch, uri string, byCaller bool, seq uint32, toTag bool, body string, extra ...header) {
	src, dst := l.caller, l.callee
	from, to := l.from+";tag="+l.fromTag, l.to
	if toTag {
		to += ";tag=" + l.toTag
	}
	if !byCaller {
		src, dst, from, to = dst, src, to, from
	}
	headers := []header{
		{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=%s;rport", src, branch)},
		{"Max-Forwards", "70"},
		{"From", from},
		{"To", to},
		{"Call-ID", l.callID},
		{"CSeq", fmt.Sprintf("%d %s", seq, method)},
	}
	l.pbx.mirror(src, dst, &message{start: method + " " + uri + " SIP/2.0", headers: append(headers, extra...), body: body})
}

// respond answers a request of the dialog.
func (l *leg) respond(status, method, branch string, byCallee bool, seq uint32, body string, extra ...header) {
	src, dst := l.callee, l.caller
	from, to := l.from+";tag="+l.fromTag, l.to
	if status != "100 Trying" {
		to += ";tag=" + l.toTag
	}
	if !byCallee {
		src, dst, from, to = dst, src, to, from
	}
	headers := []header{
		{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=%s;rport=%d;received=%s", dst, branch, dst.Port(), dst.Addr())},
		{"From", from},
		{"To", to},
		{"Call-ID", l.callID},
		{"CSeq", fmt.Sprintf("%d %s", seq, method)},
	}
	l.pbx.mirror(src, dst, &message{start: "SIP/2.0 " + status, headers: append(headers, extra...), body: body})
}

// invite opens the dialog.
func (l *leg) invite(extra ...header) {
	l.branch = l.pbx.branch()
	l.request("INVITE", l.branch, l.uri, true, l.seq, false, sdp(l.caller.Addr(), l.session),
		append([]header{{"Contact", "<" + l.callerContact + ">"}}, extra...)...)
}

// provisional gives a provisional response to the INVITE.
func (l *leg) provisional(status string) {
	l.respond(status, "INVITE", l.branch, true, l.seq, "")
}

// answer accepts the INVITE and has that acknowledged.
func (l *leg) answer() {
	l.respond("200 OK", "INVITE", l.branch, true, l.seq, sdp(l.callee.Addr(), l.session+1), header{"Contact", "<" + l.calleeContact + ">"})
	l.request("ACK", l.pbx.branch(), l.calleeContact, true, l.seq, true, "")
	l.answered = true
}

// refuse ends the INVITE with a failure; its ACK is of the same transaction (RFC 3261 §17.1.1.3).
func (l *leg) refuse(status string, extra ...header) {
	l.respond(status, "INVITE", l.branch, true, l.seq, "", extra...)
	l.request("ACK", l.branch, l.uri, true, l.seq, true, "")
	l.over = true
}

// cancel takes the INVITE back (RFC 3261 §9).
func (l *leg) cancel(reasons ...header) {
	l.request("CANCEL", l.branch, l.uri, true, l.seq, false, "", reasons...)
	l.respond("200 OK", "CANCEL", l.branch, true, l.seq, "")
	l.refuse("487 Request Terminated")
}

// bye ends the dialog (RFC 3261 §15).
func (l *leg) bye(byCaller bool, reasons ...header) {
	branch, uri := l.pbx.branch(), l.calleeContact
	l.seq++
	seq := l.seq
	if !byCaller {
		uri = l.callerContact
		l.calleeSeq++
		seq = l.calleeSeq
	}
	l.request("BYE", branch, uri, byCaller, seq, true, "", reasons...)
	l.respond("200 OK", "BYE", branch, byCaller, seq, "")
	l.over = true
}

// end is what a PBX does to a leg it wants to be rid of, whatever its state.
func (l *leg) end(byCaller bool, reasons ...header) {
	switch {
	case l.over:
	case l.answered:
		l.bye(byCaller, reasons...)
	default:
		l.cancel(reasons...)
	}
}
