package rtp_test

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	pion "github.com/pion/rtp"

	"ringback/sip/rtp"
)

// peer is a phone of a socket's worth: it sends and receives packets as the test says.
type peer struct {
	tb   testing.TB
	conn *net.UDPConn
	to   netip.AddrPort
	head pion.Header
}

func newPeer(tb testing.TB) *peer {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return &peer{tb: tb, conn: conn, head: pion.Header{Version: 2, PayloadType: 8, SSRC: 7, SequenceNumber: 65530, Timestamp: 0xfffffe00}}
}

func (p *peer) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// media are the lines by which it offers PCMA, PCMU and telephone events.
func (p *peer) media(more ...string) []byte {
	port := strconv.Itoa(int(p.addr().Port()))
	return sdp(append([]string{"m=audio " + port + " RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000"}, more...)...)
}

// call lets it offer.
func (p *peer) call(s *rtp.Session, more ...string) {
	p.tb.Helper()
	if _, err := s.Answer(p.media(more...)); err != nil {
		p.tb.Fatal(err)
	}
	p.to = s.Media().Local
}

// send sends a packet and moves on by n samples.
func (p *peer) send(payload []byte, n int) {
	p.tb.Helper()
	raw, err := (&pion.Packet{Header: p.head, Payload: payload}).Marshal()
	if err != nil {
		p.tb.Fatal(err)
	}
	p.raw(raw)
	p.head.SequenceNumber++
	p.head.Timestamp += uint32(n)
}

func (p *peer) raw(raw []byte) {
	p.tb.Helper()
	if _, err := p.conn.WriteToUDPAddrPort(raw, p.to); err != nil {
		p.tb.Fatal(err)
	}
}

// voice sends packets of sound, 20 ms each, all at once.
func (p *peer) voice(packets int) {
	p.tb.Helper()
	for range packets {
		p.send(make([]byte, 160), 160)
	}
}

// hear returns the next packet, nil when none comes for a while.
func (p *peer) hear(wait time.Duration) *pion.Packet {
	p.tb.Helper()
	buf := make([]byte, 2048)
	if err := p.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		p.tb.Fatal(err)
	}
	n, err := p.conn.Read(buf)
	if err != nil {
		return nil
	}
	packet := &pion.Packet{}
	if err := packet.Unmarshal(buf[:n]); err != nil {
		p.tb.Fatal(err)
	}
	return packet
}

// until waits for what must become true.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for range 2000 {
		if ok() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	tb.Fatalf("never: %s", what)
}
