package rtp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/rtp"

	"ringback/sip/rtp"
)

// hearKind returns the next packet of a payload type.
func (p *peer) hearKind(payloadType uint8) *pion.Packet {
	p.tb.Helper()
	for range 200 {
		packet := p.hear(time.Second)
		if packet == nil {
			break
		}
		if packet.PayloadType == payloadType {
			return packet
		}
	}
	p.tb.Fatalf("no packet of type %d", payloadType)
	return nil
}

func TestBridgeRelays(t *testing.T) {
	h := host(t, 31500)
	a, b := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	if _, err := rtp.Join(a, b); !errors.Is(err, rtp.ErrNotBridged) {
		t.Errorf("joined before anything is negotiated: %v", err)
	}
	agent, customer := newPeer(t), newPeer(t)
	agent.call(a)
	if _, err := b.Answer(customer.media("m=audio 0 RTP/AVP 8")); err != nil {
		t.Fatal(err)
	}
	customer.to = b.Media().Local
	bridge, err := rtp.Join(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rtp.Join(b, a); !errors.Is(err, rtp.ErrNotBridged) {
		t.Errorf("joined twice: %v", err)
	}
	voice := make([]byte, 160)
	for i := range voice {
		voice[i] = byte(i)
	}
	for i := range 10 {
		agent.head.PayloadType = 8
		agent.send(voice, 160)
		if i == 4 {
			agent.head.SequenceNumber++ // one is lost, and stays lost
			agent.head.Timestamp += 160
		}
	}
	var seq uint16
	var ts uint32
	for i := 0; i < 10; {
		p := customer.hearKind(8)
		if p.Payload[1] != 1 {
			continue // silence before the bridge
		}
		if string(p.Payload) != string(voice) || p.SSRC == agent.head.SSRC {
			t.Errorf("packet %d of source %d is not as it was sent", i, p.SSRC)
		}
		step := uint16(1)
		if i == 5 {
			step = 2
		}
		if i > 0 && (p.SequenceNumber-seq != step || p.Timestamp-ts != 160*uint32(step)) {
			t.Errorf("packet %d comes %d after the one before, %d samples", i, p.SequenceNumber-seq, p.Timestamp-ts)
		}
		seq, ts = p.SequenceNumber, p.Timestamp
		i++
	}
	// A digit goes on as an event, by events and by INFO alike, and is told here.
	agent.head.PayloadType = 101
	agent.send([]byte{5, 10, 0, 160}, 0)
	agent.send([]byte{5, 0x8a, 1, 64}, 0)
	if p := customer.hearKind(101); p.Payload[0] != 5 {
		t.Errorf("event %d", p.Payload[0])
	}
	if d := <-a.Digits(); d.Symbol != '5' {
		t.Errorf("digit %c", d.Symbol)
	}
	if err := b.Info("application/dtmf", []byte("9")); err != nil {
		t.Error(err)
	}
	if p := agent.hearKind(101); p.Payload[0] != 9 {
		t.Errorf("event %d", p.Payload[0])
	}
	_ = a.Close()
	<-bridge.Done()
	if customer.hear(time.Second) == nil {
		t.Error("the customer hears nothing after the agent has gone")
	}
	bridge.Close()
}

func TestBridgeTranscodes(t *testing.T) {
	for _, encrypted := range []rtp.SRTPPolicy{rtp.SRTPNever, rtp.SRTPAlways} {
		h := host(t, 31500)
		u := host(t, 31600, func(o *rtp.Options) { o.Codecs = []rtp.Codec{rtp.PCMU} })
		left, a, b, right := session(t, u, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{SRTP: encrypted}), session(t, h, rtp.SessionOptions{SRTP: encrypted})
		call(t, left, a)
		call(t, b, right)
		if left.Media().Codec != rtp.PCMU || right.Media().Codec != rtp.PCMA {
			t.Fatal("the codecs do not differ")
		}
		if _, err := rtp.Join(a, b); err != nil {
			t.Fatal(err)
		}
		sound := &sink{begun: make(chan struct{})}
		recorded := make(chan rtp.Recording)
		go func() {
			r, err := right.Record(t.Context(), sound, rtp.RecordOptions{Silence: 500 * time.Millisecond})
			if err != nil {
				t.Error(err)
			}
			recorded <- r
		}()
		<-sound.begun
		if err := left.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(time.Second, 1000)}}); err != nil {
			t.Fatal(err)
		}
		r := <-recorded
		got := decode(sound.Bytes())
		end := int(r.Speech * rtp.SampleRate / time.Second)
		if l := level(got[end-6400:end-800], 1000); r.Lost != 0 || l < -10.3 || l > -9.7 {
			t.Errorf("the tone of -10 dBm0 is heard at %.2f: %+v", l, r)
		}
		// Keys as events, to a side that takes them.
		if err := left.SendDigits(t.Context(), "42", 0); err != nil {
			t.Fatal(err)
		}
		for _, want := range []byte("42") {
			if d := <-right.Digits(); d.Symbol != want || d.Method != rtp.MethodEvent {
				t.Errorf("got %c by %v", d.Symbol, d.Method)
			}
		}
	}
}

func TestBridgeSendsTonesToAPhoneWithoutEvents(t *testing.T) {
	h := host(t, 31500)
	left, a, b, right := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	call(t, left, a)
	offer, err := b.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := right.Answer([]byte(strings.ReplaceAll(string(offer), "telephone-event", "CN")))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(answer); err != nil {
		t.Fatal(err)
	}
	if _, err := rtp.Join(a, b); err != nil {
		t.Fatal(err)
	}
	if err := left.SendDigits(t.Context(), "3#", 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []byte("3#") {
		if d := <-right.Digits(); d.Symbol != want || d.Method != rtp.MethodInBand {
			t.Errorf("got %c by %v", d.Symbol, d.Method)
		}
	}
}
