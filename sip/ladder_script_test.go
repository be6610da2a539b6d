package sip_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A ladder's message is written as
//
//	src > dst INVITE leg from=… to=…     a request; leg is its Call-ID
//	src > dst 200 leg [BYE]              a response, to an INVITE where no method is named
//
// Hosts are those of ladderHosts. Tags, branches, CSeq and Contact are made up as the sender would:
// an INVITE of a leg that was sent over the same hop before is another try with the next CSeq, an ACK
// has the branch of an INVITE that failed, a relayed BYE has the CSeq it came with. A re-INVITE is
// written REINVITE. Options, each name=value:
//
//	from, to, uri     +358… and other users are written sip:user@host; <…> stands as it is
//	pai, diversion, history, pcpid, rpid, privacy, reason, replaces, referto, expires
//	tag               which of a fork's dialogs: the UAS that gave the To tag; default the last that answered
//	sdp               sendrecv (of INVITE and its 2xx), sendonly, inactive, null, none
//	contact           user@host of the Contact
//	cseq, branch      instead of those made up
//	h                 any other header, as h="X-Y: z"
//	again             the same message once more: branch and CSeq of the last of its kind
//	via               how many Vias; 1 unless relayed
type script struct {
	legs   map[string]*scriptLeg
	latest int64
}

type scriptLeg struct {
	from, to, uri string
	hops          map[[2]string]int    // INVITE hops by (src, dst): CSeq of the latest try
	failed        map[[2]string]string // hops whose latest try failed → the To tag
	unseen        map[[2]string]bool   // hops whose INVITE is still to come
	tag           string               // of the dialog
	cseq          [2]int               // of caller and callee
	sent          map[string]int       // how often (src, dst, method) was sent
	given         map[string]int       // (direction, method, n) → CSeq
	last          map[string]int       // (src, dst, method) → CSeq
}

type scriptMessage struct {
	src, dst netip.AddrPort
	text     []byte
}

const ladderStart = int64(1_790_000_000e9)

func newScript() *script { return &script{legs: map[string]*scriptLeg{}} }

func (s *script) message(src, dst, what, label string, words []string) (*scriptMessage, error) {
	o := map[string]string{}
	method := ""
	for _, w := range words {
		k, v, ok := strings.Cut(w, "=")
		if !ok && strings.ToUpper(k) == k {
			method = k
			continue
		}
		if k == "h" {
			o[k] += v + "\r\n"
			continue
		}
		o[k] = v
	}
	l := s.legs[label]
	if l == nil {
		l = &scriptLeg{
			hops: map[[2]string]int{}, failed: map[[2]string]string{}, unseen: map[[2]string]bool{},
			sent: map[string]int{}, given: map[string]int{}, last: map[string]int{},
		}
		s.legs[label] = l
	}
	m := &scriptMessage{src: hostOf(src, dst), dst: hostOf(dst, src)}
	if !m.src.IsValid() || !m.dst.IsValid() {
		return nil, fmt.Errorf("no host %s or %s", src, dst)
	}
	if code, err := strconv.Atoi(what); err == nil {
		m.text = s.response(l, m, src, dst, label, code, cmp.Or(method, "INVITE"), o)
	} else {
		m.text = s.request(l, m, src, dst, label, what, o)
	}
	return m, nil
}

func (s *script) request(l *scriptLeg, m *scriptMessage, src, dst, label, kind string, o map[string]string) []byte {
	hop := [2]string{src, dst}
	back := l.hops[[2]string{dst, src}] != 0 && l.hops[hop] == 0 // from the side that was called
	_, again := o["again"]
	key := src + dst + kind
	method := wireMethod(kind)
	initial := kind == "INVITE" || l.from == "" && kind != "ACK" && kind != "CANCEL" && o["tag"] == ""
	if l.from == "" {
		l.begin(m, dst, o)
	}
	cseq := l.hops[hop]
	switch {
	case again:
		cseq = l.last[key]
	case initial:
		l.begin(m, dst, o)
		if !l.unseen[hop] && (cseq > 0 || l.cseq[0] == 0) { // another try, or the first
			l.cseq[0]++
			delete(l.failed, hop)
		} // else the next hop of the same INVITE
		cseq = l.cseq[0]
		l.hops[hop] = cseq
		delete(l.unseen, hop)
	case kind == "ACK", kind == "CANCEL":
	default:
		cseq = l.next(key, kind, back)
	}
	if n, err := strconv.Atoi(o["cseq"]); err == nil {
		cseq = n
	}
	l.last[key] = cseq

	toTag, transaction := tagOf(label, cmp.Or(o["tag"], l.tag)), kind
	failed, isFailed := l.failed[hop]
	switch {
	case kind == "CANCEL":
		toTag, transaction = "", "INVITE" // RFC 3261 §9.1
	case kind == "ACK" && isFailed:
		toTag, transaction = failed, "INVITE" // RFC 3261 §17.1.1.3
	case initial:
		toTag = ""
	}
	branch := cmp.Or(o["branch"], branchOf(label, transaction, cseq, src, dst))
	from, to := l.from+";tag="+label+".from", l.to
	if toTag != "" {
		to += ";tag=" + toTag
	}
	uri := "sip:" + m.dst.String()
	switch {
	case back:
		from, to = to, from
	case initial:
		uri = cmp.Or(uriOf(o["uri"], m.dst), l.uri)
	case kind == "CANCEL":
		uri = l.uri
	}
	return finish(fmt.Sprintf("%s %s SIP/2.0\r\n", method, uri), m, m.src, label, branch, from, to, cseq, method, kind == "INVITE", o)
}

// wireMethod is the method of a request or response in a ladder: a re-INVITE is written REINVITE.
func wireMethod(kind string) string {
	if kind == "REINVITE" {
		return "INVITE"
	}
	return kind
}

func branchOf(label, kind string, cseq int, src, dst string) string {
	return fmt.Sprintf("%s.%s.%d.%s.%s", label, kind, cseq, src, dst)
}

// begin takes what an initial request says of its leg.
func (l *scriptLeg) begin(m *scriptMessage, dst string, o map[string]string) {
	if o["from"] != "" || l.from == "" {
		l.from = "<" + cmp.Or(uriOf(o["from"], m.src), "sip:"+m.src.Addr().String()) + ">"
	}
	if o["to"] != "" || o["uri"] != "" || l.to == "" {
		l.uri = cmp.Or(uriOf(o["uri"], m.dst), uriOf(o["to"], m.dst), contactOf(dst, m.dst))
		l.to = "<" + cmp.Or(uriOf(o["to"], m.dst), l.uri) + ">"
	}
}

// next is the CSeq of a request inside a dialog: a relayed one keeps that of the hop before.
func (l *scriptLeg) next(key, method string, back bool) int {
	l.sent[key]++
	side := 0
	if back {
		side = 1
	}
	k := fmt.Sprint(side, method, l.sent[key])
	if l.given[k] == 0 {
		l.cseq[side]++
		l.given[k] = l.cseq[side]
	}
	return l.given[k]
}

func (s *script) response(l *scriptLeg, m *scriptMessage, src, dst, label string, code int, kind string, o map[string]string) []byte {
	if l.from == "" { // the request was not seen
		l.from = "<" + cmp.Or(uriOf(o["from"], m.dst), "sip:"+m.dst.Addr().String()) + ">"
		l.uri = cmp.Or(uriOf(o["to"], m.src), contactOf(src, m.src))
		l.to = "<" + l.uri + ">"
	}
	hop := [2]string{dst, src}
	key := dst + src + kind
	back := l.hops[[2]string{src, dst}] != 0 && l.hops[hop] == 0
	cseq := l.last[key]
	switch {
	case cseq != 0:
	case kind == "INVITE":
		l.cseq[0] = max(l.cseq[0], 1)
		cseq = l.cseq[0]
		l.hops[hop], l.last[key], l.unseen[hop] = cseq, cseq, true
	case kind == "CANCEL":
		cseq = l.hops[hop]
	default:
		cseq = l.next(key, kind, back)
		l.last[key] = cseq
	}
	if n, err := strconv.Atoi(o["cseq"]); err == nil {
		cseq = n
	}
	toTag, transaction := tagOf(label, cmp.Or(o["tag"], l.tag)), kind
	switch kind {
	case "CANCEL":
		transaction = "INVITE"
	case "INVITE":
		toTag = tagOf(label, cmp.Or(o["tag"], src))
		delete(l.failed, hop)
		if code >= 300 {
			l.failed[hop] = toTag
		} else if code >= 200 {
			l.tag = cmp.Or(o["tag"], src)
		}
	case "REGISTER":
		toTag = tagOf(label, src)
	}
	if code == 100 || o["tag"] == "none" {
		toTag = ""
	}
	branch := cmp.Or(o["branch"], branchOf(label, transaction, cseq, dst, src))
	from, to := l.from+";tag="+label+".from", l.to
	if toTag != "" {
		to += ";tag=" + toTag
	}
	if back {
		from, to = to, from
	}
	return finish(fmt.Sprintf("SIP/2.0 %d x\r\n", code), m, m.dst, label, branch, from, to, cseq, wireMethod(kind), kind == "INVITE" && code/100 == 2, o)
}

// finish adds the headers that requests and responses share, and the body.
func finish(text string, m *scriptMessage, via netip.AddrPort, label, branch, from, to string, cseq int, method string, withSDP bool, o map[string]string) []byte {
	var b strings.Builder
	b.WriteString(text)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\n", via, branch)
	vias, _ := strconv.Atoi(o["via"])
	for i := 1; i < vias; i++ {
		fmt.Fprintf(&b, "Via: SIP/2.0/UDP 192.0.2.%d;branch=z9hG4bKupstream%d\r\n", i, i)
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", from, to, label, cseq, method)
	contact := cmp.Or(o["contact"], m.src.String())
	if contact != "none" {
		fmt.Fprintf(&b, "Contact: <sip:%s>\r\n", contact)
	}
	for _, h := range [...][2]string{
		{"pai", "P-Asserted-Identity"},
		{"diversion", "Diversion"},
		{"history", "History-Info"},
		{"pcpid", "P-Called-Party-ID"},
		{"rpid", "Remote-Party-ID"},
		{"referto", "Refer-To"},
	} {
		if v := o[h[0]]; v != "" {
			fmt.Fprintf(&b, "%s: <%s>\r\n", h[1], uriOf(v, m.src))
		}
	}
	for _, h := range [...][2]string{{"privacy", "Privacy"}, {"reason", "Reason"}, {"replaces", "Replaces"}, {"expires", "Expires"}} {
		if v := o[h[0]]; v != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", h[1], v)
		}
	}
	b.WriteString(o["h"])
	body := ""
	if withSDP && o["sdp"] == "" {
		o["sdp"] = "sendrecv"
	}
	if d := o["sdp"]; d != "" && d != "none" {
		host := "10.0.0.1"
		if d == "null" {
			host, d = "0.0.0.0", "sendrecv"
		}
		body = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8\r\na=" + d + "\r\n"
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return []byte(b.String())
}

func tagOf(label, who string) string {
	if who == "" {
		return ""
	}
	return label + "." + who
}

// uriOf is the URI of a user at a host, or what stands in angle brackets.
func uriOf(user string, at netip.AddrPort) string {
	switch {
	case user == "":
		return ""
	case user[0] == '<':
		return strings.Trim(user, "<>")
	case strings.Contains(user, "@"):
		return "sip:" + user
	}
	host := at.Addr().String()
	if at.Addr().Is6() {
		host = "[" + host + "]"
	}
	return "sip:" + user + "@" + host
}
