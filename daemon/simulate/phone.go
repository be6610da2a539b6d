package simulate

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"ringback/sip"
)

// Phone is an agent's phone as far as hints go: a UDP socket that answers MESSAGE with 200 and shows
// the text, and every other request with 405.
type Phone struct {
	socket *net.UDPConn
	show   func(Shown)
	done   sync.WaitGroup
}

// Shown is one message on a phone's display.
type Shown struct {
	At   time.Time
	From string // URI of the sender
	Text string
}

// NewPhone opens a phone on a free port of a loopback address, as 127.0.0.1. It calls show for every message,
// once however often it comes, on a goroutine of its own. Who opens it closes it.
func NewPhone(at netip.Addr, show func(Shown)) (*Phone, error) {
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		return nil, fmt.Errorf("opening a simulated phone: %w", err)
	}
	p := &Phone{socket: socket, show: show}
	p.done.Go(p.serve)
	return p, nil
}

// Addr is where the phone is reached.
func (p *Phone) Addr() netip.AddrPort {
	return p.socket.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Close switches the phone off.
func (p *Phone) Close() error {
	err := p.socket.Close()
	p.done.Wait()
	return err
}

// serve answers until the socket is closed.
func (p *Phone) serve() {
	scanner := sip.NewScanner(nil)
	seen := make(map[string]bool) // Via branches of requests that were shown: UDP repeats them
	b := make([]byte, 65536)
	for {
		n, from, err := p.socket.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		var m sip.Message
		if _, err := scanner.Scan(b[:n], &m); err != nil || !m.Request || m.Method == sip.ACK {
			continue
		}
		status := "405 Method Not Allowed"
		if m.Method == sip.MESSAGE {
			status = "200 OK"
		}
		if _, err := p.socket.WriteToUDPAddrPort(reply(b[:n], status), from); err != nil {
			continue
		}
		if m.Method == sip.MESSAGE && !seen[string(m.Branch)] {
			seen[string(m.Branch)] = true
			p.show(Shown{At: time.Now(), From: string(m.From.URI.Raw), Text: string(m.Body)})
		}
	}
}

// reply answers a request with the header fields a response repeats (RFC 3261 §8.2.6.2).
func reply(request []byte, status string) []byte {
	answer := []byte("SIP/2.0 " + status + "\r\n")
	head, _, _ := bytes.Cut(request, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, _, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		switch string(bytes.ToLower(bytes.TrimSpace(name))) {
		case "to", "t":
			answer = append(answer, line...)
			answer = append(answer, ";tag=simulated\r\n"...)
		case "via", "v", "from", "f", "call-id", "i", "cseq":
			answer = append(answer, line...)
			answer = append(answer, "\r\n"...)
		}
	}
	return append(answer, "Server: Simulated phone\r\nAllow: MESSAGE\r\nContent-Length: 0\r\n\r\n"...)
}
