package simulate

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"ringback/sip"
)

// Options describe a simulated PBX.
type Options struct {
	Addr      netip.AddrPort   // the PBX's own, towards phones and carrier
	Carrier   netip.AddrPort   // where customers come from and calls out go to
	CaptureID uint32           // HEP chunk 0x0c of its mirror
	Seed      uint64           // of Call-IDs, tags and branches
	Mirror    func(sip.Packet) // takes every message, in order; the payload is its to keep
}

// PBX is a simulated B2BUA with one carrier. It belongs to one goroutine.
type PBX struct {
	o    Options
	ids  *rand.ChaCha8
	last time.Time // time of the message mirrored last
}

// NewPBX returns a PBX at rest.
func NewPBX(o Options) *PBX {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	return &PBX{o: o, ids: rand.NewChaCha8(seed)}
}

// between is how long one message follows another when nothing holds it up.
const between = 200 * time.Microsecond

// step fixes the time of the messages that follow.
func (p *PBX) step(at time.Time) {
	if at.After(p.last) {
		p.last = at
	}
}

// mirror hands out one message.
func (p *PBX) mirror(src, dst netip.AddrPort, m *message) {
	p.last = p.last.Add(between)
	p.o.Mirror(sip.Packet{Time: p.last, Src: src, Dst: dst, Transport: sip.UDP, Agent: p.o.CaptureID, Payload: m.bytes()})
}

// id is a random identifier of n bytes in hex.
func (p *PBX) id(n int) string {
	b := make([]byte, n)
	_, _ = p.ids.Read(b) // never fails
	return hex.EncodeToString(b)
}

// branch is a new transaction's (RFC 3261 §8.1.1.7).
func (p *PBX) branch() string { return "z9hG4bK" + p.id(8) }

// Extension is an agent's phone as the PBX knows it.
type Extension struct {
	User    string         // of the AOR, as 101
	Name    string         // of the agent, for display
	Contact netip.AddrPort // where the phone is
	contact string         // user part of the contact, which is not the extension
}

// contactURI is what the phone registered.
func (e *Extension) contactURI() string {
	return fmt.Sprintf("sip:%s@%s", e.contact, e.Contact)
}

// aor is the extension's public address at the PBX.
func (p *PBX) aor(user string) string {
	return fmt.Sprintf("sip:%s@%s", user, hostOf(p.o.Addr.Addr()))
}

// Register has a phone register itself: challenged first, then taken (RFC 3261 §10, §22).
func (p *PBX) Register(at time.Time, e *Extension) {
	p.step(at)
	if e.contact == "" {
		e.contact = e.User + "-0x" + p.id(5)
	}
	callID, tag, seq := p.id(8), p.id(4), uint32(1)
	request := func(extra ...header) string {
		branch := p.branch()
		p.mirror(e.Contact, p.o.Addr, &message{
			start: "REGISTER sip:" + hostOf(p.o.Addr.Addr()) + " SIP/2.0",
			headers: append([]header{
				{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=%s;rport", e.Contact, branch)},
				{"Contact", fmt.Sprintf("<%s>;expires=600", e.contactURI())},
				{"Max-Forwards", "70"},
				{"To", "<" + p.aor(e.User) + ">"},
				{"From", fmt.Sprintf("%q <%s>;tag=%s", e.Name, p.aor(e.User), tag)},
				{"Call-ID", callID},
				{"CSeq", fmt.Sprintf("%d REGISTER", seq)},
				{"User-Agent", "Simulated phone"},
			}, extra...),
		})
		return branch
	}
	answer := func(branch, status string, extra ...header) {
		p.mirror(p.o.Addr, e.Contact, &message{
			start: "SIP/2.0 " + status,
			headers: append([]header{
				{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=%s;rport=%d;received=%s", e.Contact, branch, e.Contact.Port(), e.Contact.Addr())},
				{"To", "<" + p.aor(e.User) + ">;tag=" + p.id(4)},
				{"From", fmt.Sprintf("%q <%s>;tag=%s", e.Name, p.aor(e.User), tag)},
				{"Call-ID", callID},
				{"CSeq", fmt.Sprintf("%d REGISTER", seq)},
				{"Server", "Simulated PBX"},
			}, extra...),
		})
	}
	nonce := p.id(8)
	answer(request(), "401 Unauthorized", header{"WWW-Authenticate", fmt.Sprintf(`Digest realm="pbx",nonce=%q,algorithm=MD5,qop="auth"`, nonce)})
	seq++
	answer(request(p.authorization(e, nonce)), "200 OK", header{"Contact", fmt.Sprintf("<%s>;expires=600", e.contactURI())})
}

// authorization looks like a phone's answer to a challenge. Nobody checks it.
func (p *PBX) authorization(e *Extension, nonce string) header {
	return header{"Authorization", fmt.Sprintf(`Digest username=%q, realm="pbx", nonce=%q, uri="sip:%s", response=%q, cnonce=%q, qop=auth, nc=00000001`,
		e.User, nonce, hostOf(p.o.Addr.Addr()), p.id(16), p.id(4))}
}
