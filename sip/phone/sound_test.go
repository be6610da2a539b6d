package phone_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// TestCallCarriesSoundAndDigits makes a call with real media on both sides: a tone is heard, keys arrive, hold and
// resume are agreed, and media that stop end the call.
func TestCallCarriesSoundAndDigits(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	host, err := rtp.New(rtp.Options{Addrs: []netip.Addr{loopback}, FirstPort: 30000, LastPort: 30099, MediaTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	session := func() *rtp.Session {
		s, err := host.Session(rtp.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	endpoint := func(o phone.EndpointOptions) *phone.Endpoint {
		o.ListenUDP = []string{"127.0.0.1:0"}
		o.Peers = []netip.Prefix{netip.PrefixFrom(loopback, 32)}
		e, err := phone.NewEndpoint(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		return e
	}
	there, here := session(), session()
	calls := make(chan *phone.Call, 1)
	pbx := endpoint(phone.EndpointOptions{Incoming: func(c *phone.Call) {
		if err := c.Answer(t.Context(), there); err != nil {
			t.Errorf("answering: %v", err)
		}
		calls <- c
		<-c.Done()
	}})
	e := endpoint(phone.EndpointOptions{Accounts: []phone.Account{{URI: fmt.Sprintf("sip:ringback@%s", pbx.Addrs()[0]), KeepAlive: -1}}})
	c, err := e.Dial(t.Context(), phone.DialOptions{To: "+358401234567", Media: here})
	if err != nil {
		t.Fatal(err)
	}
	in := <-calls

	var heard bytes.Buffer
	recorded := make(chan rtp.Recording, 1)
	go func() {
		r, _ := there.Record(t.Context(), &heard, rtp.RecordOptions{MaxLength: time.Second})
		recorded <- r
	}()
	if err := here.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(1200*time.Millisecond, 440)}}); err != nil {
		t.Error(err)
	}
	if r := <-recorded; r.Speech < 700*time.Millisecond {
		t.Errorf("of the tone %v were heard", r.Speech)
	}
	if err := here.SendDigits(t.Context(), "1#", 0); err != nil {
		t.Error(err)
	}
	for _, want := range []byte("1#") {
		select {
		case d := <-there.Digits():
			if d.Symbol != want {
				t.Errorf("key %c, want %c", d.Symbol, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%c never came", want)
		}
	}
	for _, direction := range []rtp.Direction{rtp.SendOnly, rtp.SendRecv} {
		offer, err := here.OfferAs(direction)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Renegotiate(t.Context(), offer); err != nil {
			t.Errorf("offering %v: %v", direction, err)
		}
		if got := here.Media().Direction; got != direction {
			t.Errorf("agreed on %v, want %v", got, direction)
		}
	}
	if err := here.Close(); err != nil { // as a PBX whose network is cut
		t.Error(err)
	}
	select {
	case <-in.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the call without sound goes on")
	}
	if end := in.End(); end.Cause != phone.MediaLost {
		t.Errorf("ended %+v", end)
	}
	<-c.Done()
	if end := c.End(); end.By != phone.Peer || len(end.Reasons) != 1 || end.Reasons[0].Cause != 44 {
		t.Errorf("the other side saw %+v", end)
	}
}
