package app_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// leave lets a customer ring the voicemail of a service and say something: a tone. It returns his case.
func (s *stage) leave(number string) string {
	s.t.Helper()
	host, err := rtp.New(rtp.Options{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, FirstPort: 35000, LastPort: 35099})
	if err != nil {
		s.t.Fatal(err)
	}
	defer host.Close()
	said, err := host.Session(rtp.SessionOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := phone.NewEndpoint(phone.EndpointOptions{
		Options:  phone.Options{ListenUDP: []string{"127.0.0.1:0"}},
		Accounts: []phone.Account{{URI: "sip:customer@" + s.line.String(), KeepAlive: -1}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	call, err := e.Dial(ctx, phone.DialOptions{To: "voicemail", From: number, Media: said})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := said.Play(ctx, rtp.Prompt{Clips: []*rtp.Clip{rtp.Silence(2 * time.Second), rtp.Tone(2*time.Second, 440), rtp.Silence(200 * time.Millisecond), rtp.Tone(time.Second, 330)}}); err != nil {
		s.t.Fatal(err)
	}
	if err := call.Hangup(ctx); err != nil {
		s.t.Fatal(err)
	}
	return s.caseOf(number)
}

func TestAnAgentHearsWhatACustomerSaid(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.logIn("anna")
	id := s.leave(matti)
	b.shows(".row", "New message") // without loading the page anew
	b.visit("/cases/" + id)
	b.shows(".message", "New")
	b.until("it is not loaded before it is played", "document.querySelector('audio').readyState === 0")
	b.do(chromedp.Click(chromedp.CSS("[data-wave]"))) // in the middle
	b.until("it is played from there", "document.querySelector('audio').currentTime > document.querySelector('audio').duration / 2")
	b.until("the waveform shows how far", "document.querySelector('[data-wave] svg').width.baseVal.value > document.querySelector('[data-wave]').viewBox.baseVal.width / 2")
	b.shows(".message", "Heard by you") // when it is over
	b.visit("/callback")
	b.until("the row says so", "document.querySelector('.row .badge')?.innerText === 'Message'")

	b.visit("/cases/" + id)
	b.press(".message button", "Mark as not heard")
	b.shows(".message", "New")
	if value[bool](b, "!!document.querySelector('.message details')") {
		t.Error("an agent may delete it")
	}

	sara := s.browse(t)
	sara.logIn("sara")
	sara.visit("/cases/" + id)
	sara.press(".message summary", "Delete")
	sara.press(".message details button", "Delete the message")
	sara.until("it is gone", "!document.querySelector('.message')")
	b.until("also where anna looks", "!document.querySelector('.message')")
	b.visit("/cases/" + id + "/history")
	b.shows(".story, main", "The customer left a message")
}
