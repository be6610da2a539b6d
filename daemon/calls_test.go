package daemon_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"ringback/configs"
	"ringback/sip/phone"
)

// silence is media that agree to everything.
type silence struct{}

func (silence) Offer() ([]byte, error) {
	return []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n"), nil
}
func (s silence) Answer([]byte) ([]byte, error) { return s.Offer() }
func (silence) Accept([]byte) error             { return nil }
func (silence) Withdraw()                       {}
func (silence) Info(string, []byte) error       { return nil }
func (silence) Lost() <-chan struct{}           { return nil }

func TestDaemonRegistersAndRefusesNumbersThatNothingAnswers(t *testing.T) {
	pbx, err := phone.New(phone.Options{ListenUDP: []string{"127.0.0.1:0"}}) // it takes no registrations
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pbx.Close() })
	c := settings(t)
	c.Phone.Enabled, c.Phone.UDP = true, []configs.Address{"127.0.0.1:0"}
	c.Phone.Peers = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Phone.Accounts = []configs.Account{{PBX: "main", URI: "sip:ringback@" + pbx.Addrs()[0].String(), Register: true}}
	x := run(t, c)
	x.await("the PBX was asked to register us", func() bool { return pbx.Stats().Answered > 0 })

	caller, err := phone.NewEndpoint(phone.EndpointOptions{
		Options:  phone.Options{ListenUDP: []string{"127.0.0.1:0"}},
		Accounts: []phone.Account{{URI: "sip:caller@" + x.CallAddrs()[0].String(), KeepAlive: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	_, err = caller.Dial(t.Context(), phone.DialOptions{To: "+358931001", Media: silence{}})
	if r, ok := errors.AsType[*phone.Refused](err); !ok || r.StatusCode != 404 {
		t.Errorf("got %v, want a 404", err)
	}
	begun := time.Now()
	if err := x.stop(); err != nil {
		t.Error(err)
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("stopping took %v", d)
	}
}
