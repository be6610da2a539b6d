package daemon

import (
	"net/netip"

	"ringback/sip"
	"ringback/sip/hep"
)

// run is packets with their messages, skimmed: what the watch takes in at a time. All messages of a run
// are skimmed before the first is tracked, so that the tracker can fetch what it knows of them at once.
type run struct {
	packets  []skimmed
	messages []sip.Message
	refused  [sip.NumScanReasons]uint64
}

// skimmed is a packet, and how many of the run's messages are its. Between packets stand the addresses of
// signalling that could not be read.
type skimmed struct {
	packet    *hep.Received
	messages  int
	encrypted [2]netip.AddrPort
}

// skim adds a packet. It may hold several messages: a PBX mirrors a TCP read as it came.
func (r *run) skim(p *hep.Received, scanner *sip.Scanner) {
	x := skimmed{packet: p}
	for b := p.Payload; len(b) > 0; {
		n, err := scanner.Skim(b, r.message())
		if err == nil {
			x.messages++
		} else {
			r.messages = r.messages[:len(r.messages)-1]
			r.refused[reasonOf(err)]++
		}
		if p.Transport == sip.UDP || n <= 0 {
			break // what follows a message in a datagram is no message (RFC 3261 §18.3)
		}
		b = b[n:]
	}
	r.packets = append(r.packets, x)
}

// unreadable adds addresses of signalling that could not be read.
func (r *run) unreadable(a, b netip.AddrPort) {
	r.packets = append(r.packets, skimmed{encrypted: [2]netip.AddrPort{a, b}})
}

// message is room for another message.
func (r *run) message() *sip.Message {
	n := len(r.messages)
	if n < cap(r.messages) {
		r.messages = r.messages[:n+1] // as it was left: it is reset when it is used
	} else {
		r.messages = append(r.messages, sip.Message{})
	}
	return &r.messages[n]
}

func (r *run) reset() {
	r.packets, r.messages = r.packets[:0], r.messages[:0]
	clear(r.refused[:])
}
