package rtp

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// negotiation is the offer/answer state of one dialog (RFC 3264). It is pure: descriptions in, terms and descriptions
// out. Nothing changes in it when an error is returned.
type negotiation struct {
	codecs []Codec
	policy SRTPPolicy
	addr   netip.AddrPort // ours, as peers are told; valid before the first description

	id, version uint64
	want        Direction // what we want, whatever the peer does
	body        string    // our last description after its o line
	last        []byte    // our last description
	lines       []string  // m lines of all streams of the last description, refused, but for the audio one
	at          int       // which of the streams is the audio
	pending     *offer    // waits for its answer
	accepted    *offer    // was answered last; the answer of another fork may follow
	agreed      *terms    // nil before the first answer
}

// offer is what we offered.
type offer struct {
	direction Direction
	want      Direction // before the offer
	proto     string
	formats   []format
	crypto    []crypto
	lines     []string
	at        int
	mux       bool
}

// format is a payload type of ours.
type format struct {
	payloadType uint8
	kind        kind
}

const eventPT = 101 // the payload type that everybody has for telephone-event

func newNegotiation(codecs []Codec, policy SRTPPolicy) negotiation {
	// Less than 63 bits, as some read these numbers into signed ones.
	return negotiation{codecs: codecs, policy: policy, id: random() >> 10}
}

// offer makes an offer.
func (n *negotiation) offer(d Direction) []byte {
	o := &offer{direction: d, want: n.want, proto: "RTP/AVP", lines: n.lines, at: n.at, mux: true}
	if len(o.lines) == 0 {
		o.lines, o.at = []string{""}, 0
	}
	o.formats = n.formats()
	switch {
	case n.agreed != nil && n.agreed.encrypted:
		o.proto, o.crypto = n.agreed.proto, []crypto{n.agreed.ours}
	case n.agreed != nil:
		o.proto = n.agreed.proto
	case n.policy == SRTPAlways:
		o.proto = "RTP/SAVP"
		o.crypto = []crypto{{1, suite80, newKey()}, {2, suite32, newKey()}}
	}
	packet := defaultPacket
	if n.agreed != nil {
		o.mux, packet = n.agreed.mux, n.agreed.packet
	}
	n.want, n.pending = d, o
	audio := audioLines{
		port: n.addr.Port(), proto: o.proto, formats: o.formats, crypto: o.crypto, direction: d, mux: o.mux,
		packet: int(packet.Milliseconds()),
	}
	return n.describe(o.lines, o.at, audio)
}

// formats are what an offer lists. Once agreed, a payload type keeps its meaning (RFC 3264 §8.3.2).
func (n *negotiation) formats() []format {
	var list []format
	taken := expectations{}
	add := func(pt uint8, k kind) {
		if taken[pt] == kindNone && !slices.ContainsFunc(list, func(f format) bool { return f.kind == k }) {
			list, taken[pt] = append(list, format{pt, k}), k
		}
	}
	event := uint8(eventPT)
	if n.agreed != nil {
		for pt, k := range n.agreed.expect {
			if k == kind(n.agreed.codec) {
				add(uint8(pt), k)
			}
			if k == kindEvent {
				event = uint8(pt)
			}
		}
		taken[event] = kindEvent
	}
	for _, c := range n.codecs {
		pt := uint8(0)
		if c == PCMA {
			pt = 8
		}
		add(pt, kind(c))
	}
	taken[event] = kindNone
	add(event, kindEvent)
	return list
}

// accept takes the answer to our offer.
func (n *negotiation) accept(d *description) (*terms, error) {
	o := n.pending
	if o == nil {
		o = n.accepted
	}
	if o == nil {
		return nil, ErrNoOffer
	}
	if len(d.streams) != len(o.lines) {
		return nil, malformed("answer has not as many streams as the offer") // RFC 3264 §6
	}
	s := &d.streams[o.at]
	if s.media != "audio" {
		return nil, malformed("answer has another medium in place of audio")
	}
	if s.port == 0 {
		return nil, unacceptable(warnMedia, "peer refused the audio stream")
	}
	if s.proto != o.proto {
		return nil, unacceptable(warnTransport, "answer has another transport protocol than the offer")
	}
	policy := n.policy
	if len(o.crypto) == 0 {
		policy, s.crypto = SRTPNever, nil
	}
	s.mux = s.mux && o.mux // RFC 5761 §5.1.1
	t, err := agree(s, n.codecs, policy)
	if err != nil {
		return nil, err
	}
	if t.encrypted {
		i := slices.IndexFunc(o.crypto, func(c crypto) bool { return c.tag == t.their.tag && c.suite == t.their.suite })
		if i < 0 || len(s.crypto) != 1 {
			return nil, unacceptable(warnFormat, "answer does not choose one of our keys") // RFC 4568 §5.1.3
		}
		t.ours = o.crypto[i]
	} else if len(o.crypto) > 0 {
		return nil, unacceptable(warnTransport, "answer has no key")
	}
	if err := n.sameFamily(t.remote.Addr()); err != nil {
		return nil, err
	}
	t.direction = t.direction.and(o.direction)
	for _, f := range o.formats {
		t.expect[f.payloadType] = f.kind
	}
	t.expectEvent(t.sendEvent)
	n.agreed, n.accepted, n.pending, n.lines, n.at = &t, o, nil, o.lines, o.at
	return &t, nil
}

// expectEvent takes telephone events under the peer's payload type too: some send what they ask for.
func (t *terms) expectEvent(pt uint8) {
	if pt != 0 && t.expect[pt] == kindNone {
		t.expect[pt] = kindEvent
	}
}

// withdraw takes back our offer.
func (n *negotiation) withdraw() {
	if n.pending != nil {
		n.want, n.pending = n.pending.want, nil
	}
}

// choose finds the stream of an offer that can be had and the terms of it.
func (n *negotiation) choose(d *description) (int, *terms, error) {
	refusal := unacceptable(warnMedia, "no audio stream")
	for i := range d.streams {
		s := &d.streams[i]
		if s.media != "audio" || s.port == 0 {
			continue
		}
		t, err := agree(s, n.codecs, n.policy)
		if err == nil && n.addr.IsValid() {
			err = n.sameFamily(t.remote.Addr())
		}
		if err == nil {
			return i, &t, nil
		}
		refusal = err
	}
	return 0, nil, refusal
}

// answer answers an offer by its terms, as choose found them.
func (n *negotiation) answer(d *description, at int, t *terms) []byte {
	t.direction = t.direction.and(n.want)
	formats := []format{{t.sendPT, kind(t.codec)}}
	if t.sendEvent != 0 {
		formats = append(formats, format{t.sendEvent, kindEvent})
	}
	for _, f := range formats {
		t.expect[f.payloadType] = f.kind
	}
	audio := audioLines{
		port: n.addr.Port(), proto: t.proto, formats: formats, direction: t.direction, mux: t.mux,
		packet: int(t.packet.Milliseconds()),
	}
	if t.encrypted {
		t.ours = crypto{tag: t.their.tag, suite: t.their.suite, key: n.key(t.their)}
		audio.crypto = []crypto{t.ours}
	}
	lines := make([]string, len(d.streams))
	for i, s := range d.streams {
		lines[i] = "m=" + s.media + " 0 " + s.proto + " " + strings.Join(s.formats, " ")
	}
	n.agreed, n.accepted, n.lines, n.at = t, nil, lines, at
	return n.describe(lines, at, audio)
}

// key is the key of ours for an answer: a new one unless the peer's is as before.
func (n *negotiation) key(their crypto) masterKey {
	if n.agreed != nil && n.agreed.encrypted && n.agreed.their == their {
		return n.agreed.ours.key
	}
	return newKey()
}

func (n *negotiation) sameFamily(ip netip.Addr) error {
	if !ip.IsUnspecified() && ip.Is4() != n.addr.Addr().Is4() {
		return unacceptable(warnAddress, "connection address is of another IP version")
	}
	return nil
}

// audioLines are what we say of our audio stream.
type audioLines struct {
	port      uint16
	proto     string
	formats   []format
	crypto    []crypto
	direction Direction
	mux       bool
	packet    int // in milliseconds
}

// describe writes a description with the audio stream in its place among refused ones. Its version goes up when
// it says something new (RFC 3264 §8).
func (n *negotiation) describe(lines []string, at int, audio audioLines) []byte {
	family := "IP4 "
	if n.addr.Addr().Is6() {
		family = "IP6 "
	}
	where := "IN " + family + n.addr.Addr().String() + "\r\n"
	var b strings.Builder
	b.WriteString("s=-\r\nc=" + where + "t=0 0\r\n")
	for i, line := range lines {
		if i == at {
			audio.write(&b)
		} else {
			b.WriteString(line + "\r\n")
		}
	}
	if body := b.String(); body != n.body {
		n.body = body
		n.version++
	}
	n.last = []byte("v=0\r\no=ringback " + strconv.FormatUint(n.id, 10) + " " + strconv.FormatUint(n.version, 10) + " " + where + n.body)
	return slices.Clone(n.last)
}

func (a audioLines) write(b *strings.Builder) {
	b.WriteString("m=audio " + strconv.Itoa(int(a.port)) + " " + a.proto)
	for _, f := range a.formats {
		b.WriteString(" " + strconv.Itoa(int(f.payloadType)))
	}
	b.WriteString("\r\n")
	for _, f := range a.formats {
		pt := strconv.Itoa(int(f.payloadType))
		if f.kind == kindEvent {
			b.WriteString("a=rtpmap:" + pt + " telephone-event/8000\r\na=fmtp:" + pt + " 0-15\r\n") // RFC 4733 §2.4.1
		} else {
			b.WriteString("a=rtpmap:" + pt + " " + Codec(f.kind).String() + "/8000\r\n")
		}
	}
	for _, c := range a.crypto {
		b.WriteString("a=crypto:" + c.String() + "\r\n")
	}
	b.WriteString("a=ptime:" + strconv.Itoa(a.packet) + "\r\na=" + a.direction.String() + "\r\n")
	if a.mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
}
