package phone

import (
	"testing"
)

// BenchmarkMessage is a message to a phone on loopback and its answer, one after the other and with
// many under way.
func BenchmarkMessage(b *testing.B) {
	peer := udpPeer(b, "127.0.0.1", ok)
	tcp := tcpPeer(b, ok)
	m := Message{Body: "Callback +358401234567 on Support: missed 2x, 12 min ago"}
	send := func(p *Phone, m Message) {
		if res, err := p.Message(b.Context(), m); err != nil || res.StatusCode != 200 {
			b.Errorf("%+v, %v", res, err)
		}
	}
	for _, bb := range []struct{ name, to string }{{"UDP", peer.uri("101", "")}, {"TCP", tcp.uri("101", ";transport=tcp")}} {
		m.To = bb.to
		b.Run(bb.name, func(b *testing.B) {
			p := newPhone(b, Options{})
			b.ReportAllocs()
			for b.Loop() {
				send(p, m)
			}
		})
		b.Run(bb.name+"/parallel", func(b *testing.B) {
			p := newPhone(b, Options{})
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					send(p, m)
				}
			})
		})
	}
}

// BenchmarkDatagram is what a stranger's datagram costs.
func BenchmarkDatagram(b *testing.B) {
	p := newPhone(b, Options{})
	stray := []byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnone\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if p.expects(stray) {
			b.Fatal("expected")
		}
	}
}
