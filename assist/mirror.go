package assist

import (
	"bytes"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"ringback/sip"
)

// relay is a transaction in the mirror by which a PBX passes a hint on to a phone.
type relay struct {
	job      *job   // nil: its request was not seen yet
	status   uint16 // of the phone's final response, 0 before it was seen
	peer     netip.AddrPort
	reported bool
}

// Mirrored takes a message that the mirror showed and says whether it is of our own traffic, which is
// nobody's call. It costs nothing where the message is of another method than MESSAGE.
//
// A PBX that answers 202 passes the hint on in a transaction of its own, under another Call-ID, and
// only there the phone answers. Its copy of the request is known by the text, together with our From
// or the phone it goes to. Mirrors show messages in any order, and some twice.
func (d *Delivery) Mirrored(m *sip.Message) bool {
	if m.Method != sip.MESSAGE && m.CSeqMethod != sip.MESSAGE {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, list := range d.senders {
		for _, s := range list {
			if s.Sent(m.CallID) { // our own transaction, which we know at first hand
				return true
			}
		}
	}
	ours := d.isOurs(m.From.URI)
	if m.Request {
		return d.relayedRequest(m, ours) || ours
	}
	return d.relayedResponse(m, ours) || ours
}

// relayedRequest notes a PBX's copy of a hint.
func (d *Delivery) relayedRequest(m *sip.Message, ours bool) bool {
	r, known := d.relayed.get(string(m.CallID))
	if known && r.job != nil && (!r.reported || r.job.text == string(bytes.TrimSpace(m.Body))) {
		return true // again
	}
	j := d.copied(m, ours)
	if j == nil {
		return false
	}
	if r == nil || r.job != nil { // inside a call's dialog there may be one after the other
		r = &relay{}
		d.relayed.put(string(m.CallID), r)
	}
	r.job = j
	j.relays++
	d.report(r)
	return true
}

// relayedResponse notes what a phone answered.
func (d *Delivery) relayedResponse(m *sip.Message, ours bool) bool {
	r, known := d.relayed.get(string(m.CallID))
	if !known && !ours {
		return false
	}
	if m.StatusCode < 200 || m.StatusCode == 401 || m.StatusCode == 407 { // the PBX will answer a challenge
		return true
	}
	if r == nil {
		r = &relay{}
		d.relayed.put(string(m.CallID), r)
	}
	if r.status == 0 {
		r.status, r.peer = m.StatusCode, m.Src
		d.report(r)
	}
	return true
}

// report tells a job what its phone answered, as soon as both are known. Of several phones the first
// that takes the hint decides, and a refusal only when all have refused.
func (d *Delivery) report(r *relay) {
	if r.job == nil || r.status == 0 || r.reported {
		return
	}
	r.reported = true
	d.stats.Mirrored++
	a := answer{state: Delivered, status: int(r.status), peer: r.peer}
	if r.status >= 300 {
		a.state = Refused
		if r.job.refusals++; r.job.refusals < r.job.relays {
			return
		}
	}
	select {
	case r.job.answered <- a:
	default: // it knows already
	}
}

// copied is the job whose hint a request carries. Several agents may be told the same text at one time;
// then the phone decides.
func (d *Delivery) copied(m *sip.Message, ours bool) *job {
	var best *job
	rank, candidates := 0, d.byText[string(bytes.TrimSpace(m.Body))]
	for _, j := range candidates {
		if n := goesTo(m, j); n > rank {
			best, rank = j, n
		}
	}
	if best == nil && ours && len(candidates) == 1 {
		return candidates[0]
	}
	return best
}

// goesTo says how surely a request goes to the phone of a job, from 0, not known to, to 3, the very
// contact.
func goesTo(m *sip.Message, j *job) int {
	user, host := string(m.RequestURI.User), string(m.RequestURI.Host)
	if m.RequestURI.Port != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(int(m.RequestURI.Port)))
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	contact := addrSpec(j.hint.Device)
	contactUser, contactHost, _ := strings.Cut(contact, "@")
	aor, _, _ := strings.Cut(addrSpec(j.routes[len(j.routes)-1].To), "@")
	switch {
	case contact != "" && strings.EqualFold(contact, user+"@"+host):
		return 3
	case contactHost != "" && (strings.EqualFold(contactHost, host) || contactHost == m.Dst.String()), user == aor && user != "":
		return 2
	case aor != "" && len(user) > len(aor) && strings.HasPrefix(user, aor) && !isWordChar(user[len(aor)]),
		contactUser != "" && user == contactUser:
		return 1
	}
	return 0
}

func isWordChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isOurs says whether a URI is the From of a user agent of ours.
func (d *Delivery) isOurs(u sip.URI) bool {
	var b [128]byte
	k := append(b[:0], u.User...)
	k = append(k, '@')
	k = append(k, bytes.ToLower(u.Host)...)
	_, ok := d.senders[string(k)]
	return ok
}

// addrSpec is the user@host[:port] of a URI, with the host in lower case.
func addrSpec(uri string) string {
	_, s, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	user, host := "", s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, host = s[:i], s[i+1:]
	}
	if i := strings.IndexAny(host, ";?>"); i >= 0 {
		host = host[:i]
	}
	return user + "@" + strings.ToLower(host)
}
