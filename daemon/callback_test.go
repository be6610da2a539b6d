package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/configs"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

const lineDirectory = `country: FI
pbxs: [{id: main, addresses: [127.0.0.1]}]
services: [{id: sales, list: callbacks, numbers: ["+358931001"]}]
lists: [{id: callbacks, name: Callbacks, members: ["anna"]}]
agents: [{id: anna, extensions: ["101"]}]
`

// lineCentre is a daemon with a callback line.
func lineCentre(t *testing.T, first int, change func(*configs.Config)) *centre {
	t.Helper()
	c := settings(t)
	c.Phone.Enabled, c.Phone.UDP = true, []configs.Address{"127.0.0.1:0"}
	c.Phone.Peers = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Phone.MediaFirstPort, c.Phone.MediaLastPort = first, first+99
	c.Line.Enabled = true
	c.Line.Numbers = []configs.LineNumber{{To: "callback", Service: "sales"}}
	if change != nil {
		change(c)
	}
	file := filepath.Join(t.TempDir(), "directory.yaml")
	put(t, file, lineDirectory)
	know(t, c, file)
	return run(t, c)
}

// caller is a customer with a phone of his own.
type caller struct {
	t *testing.T
	*phone.Call
	s *rtp.Session
}

// call calls the line from a number; none is withheld.
func (x *centre) call(t *testing.T, host *rtp.Host, to, from string) *caller {
	t.Helper()
	e, err := phone.NewEndpoint(phone.EndpointOptions{
		Options:  phone.Options{ListenUDP: []string{"127.0.0.1:0"}},
		Accounts: []phone.Account{{URI: "sip:caller@" + x.CallAddrs()[0].String(), KeepAlive: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	s, err := host.Session(rtp.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := e.Dial(t.Context(), phone.DialOptions{To: to, From: from, Withheld: from == "", Media: s})
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, c, s}
}

func (c *caller) press(keys string) {
	c.t.Helper()
	if err := c.s.SendDigits(c.t.Context(), keys, 0); err != nil {
		c.t.Fatal(err)
	}
}

func (c *caller) hangUp() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	if err := c.Hangup(ctx); err != nil {
		c.t.Error(err)
	}
}

func soundHost(t *testing.T, first uint16) *rtp.Host {
	t.Helper()
	h, err := rtp.New(rtp.Options{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, FirstPort: first, LastPort: first + 99})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// requests are the open cases, as "number channel requests".
func (x *centre) requests() []string {
	var page struct {
		Cases []struct {
			Number   string `json:"number"`
			Caller   string `json:"caller"`
			Channel  string `json:"channel_in"`
			Requests int    `json:"requests"`
		} `json:"cases"`
	}
	_, body := x.get("/v1/cases?state=open")
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		x.t.Fatal(err)
	}
	var all []string
	for _, c := range page.Cases {
		all = append(all, fmt.Sprint(c.Caller, " ", c.Channel, " ", c.Requests))
	}
	return all
}

func TestCallersOfTheLineAreCalledBackOnce(t *testing.T) {
	t.Parallel()
	x, host := lineCentre(t, 32000, nil), soundHost(t, 32100)
	asked := func(want ...string) {
		t.Helper()
		x.await(fmt.Sprint("the cases are ", want), func() bool { return slices.Equal(x.requests(), want) })
	}

	c := x.call(t, host, "callback", "+358401234567")
	c.press("1")
	asked("+358401234567 request 1")
	c.hangUp() // in the midst of what it says

	c = x.call(t, host, "+358931001", "+358401234567") // the service's own number
	c.press("11")
	asked("+358401234567 request 2")
	c.press("1") // once in a call is enough
	c.hangUp()
	asked("+358401234567 request 2")

	c = x.call(t, host, "callback", "") // withheld: he has no 1
	c.press("12,0409876543#")
	c.press("1")
	asked("+358401234567 request 2", "+358409876543 request 1")
	c.hangUp()

	c = x.call(t, host, "callback", "") // complete, then gone while it is read back
	c.press("20405555555#")
	c.hangUp()
	asked("+358401234567 request 2", "+358409876543 request 1", "+358405555555 request 1")

	c = x.call(t, host, "callback", "+358401111111") // he corrects himself
	c.press("20406666666#")
	c.press("2")
	c.press("0407777777#")
	c.press("1")
	asked("+358401234567 request 2", "+358409876543 request 1", "+358405555555 request 1", "+358407777777 request 1")
	c.hangUp()

	for _, gone := range []string{"", "2", "2040888", "2112#", "2060012345#"} { // at once, in the midst, 112, premium
		c = x.call(t, host, "callback", "+358401111111")
		if gone != "" {
			c.press(gone)
		}
		c.hangUp()
	}
	asked("+358401234567 request 2", "+358409876543 request 1", "+358405555555 request 1", "+358407777777 request 1")
}

func TestACallToTheLineThatNobodyMirrorsHasAJourney(t *testing.T) {
	t.Parallel()
	x, host := lineCentre(t, 34000, nil), soundHost(t, 34100)
	c := x.call(t, host, "callback", "+358401234567")
	c.press("1")
	x.await("the case", func() bool { return len(x.requests()) == 1 })
	c.hangUp()
	x.await("the journey of the call", func() bool { return strings.Contains(kindsOf(x.journeyOf("+358401234567")), "call") })
	for _, i := range x.journeyOf("+358401234567") {
		if j := i.Call; j != nil && (j.Direction != "inbound" || j.Service != "sales" || j.HungUp != "customer" || len(j.Cases) != 1 || len(j.Steps) != 3 || j.Ended.Before(j.Started)) {
			t.Errorf("%+v", j)
		}
	}
	x.await("the figures of the call", func() bool {
		_, body := x.get("/metrics")
		return strings.Contains(body, "ringback_own_calls_received_total 1\n") && strings.Contains(body, `ringback_own_calls_ended_total{reason="hung_up"} 1`)
	})
	x.call(t, host, "callback", "+358401234567") // is on the line when the daemon stops
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	y := run(t, x.config)
	y.await("the journey of the call that was cut off", func() bool { return strings.Count(kindsOf(y.journeyOf("+358401234567")), "call ") == 2 })
}

func TestTheLineUnderstandsTonesAndINFO(t *testing.T) {
	t.Parallel()
	x, host := lineCentre(t, 32200, nil), soundHost(t, 32300)
	c := x.call(t, host, "callback", "+358401234567")
	if err := c.s.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Silence(200 * time.Millisecond), rtp.Tone(150*time.Millisecond, 697, 1209)}}); err != nil { // ITU-T Q.23: 1
		t.Fatal(err)
	}
	x.await("a tone asks", func() bool { return slices.Equal(x.requests(), []string{"+358401234567 request 1"}) })
	c.hangUp()

	to, answers := x.CallAddrs()[0], 0
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := string(must(silence{}.Offer()))
	say := func(method, toTag string, seq int, header, body string) {
		fmt.Fprintf(conn, "%s sip:callback@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:+358409999999@pbx>;tag=a\r\n"+
			"To: <sip:callback@pbx>%s\r\nCall-ID: info@pbx\r\nCSeq: %d %s\r\nContact: <sip:pbx@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
			method, to, conn.LocalAddr(), method, seq, toTag, seq, method, conn.LocalAddr(), header, len(body), body)
	}
	hear := func(method string) (tag string) {
		t.Helper()
		buf := make([]byte, 4096)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		for {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			answer := string(buf[:n])
			if strings.HasPrefix(answer, "SIP/2.0 200") && strings.Contains(answer, " "+method+"\r\n") {
				answers++
				_, rest, _ := strings.Cut(answer, "To: ")
				line, _, _ := strings.Cut(rest, "\r\n")
				_, tag, _ = strings.Cut(line, ";")
				return ";" + tag
			}
		}
	}
	say("INVITE", "", 1, "Content-Type: application/sdp\r\n", body)
	tag := hear("INVITE")
	say("ACK", tag, 1, "", "")
	say("INFO", tag, 2, "Content-Type: application/dtmf-relay\r\n", "Signal=1\r\nDuration=160\r\n")
	hear("INFO")
	x.await("an INFO asks", func() bool { return len(x.requests()) == 2 })
	say("BYE", tag, 3, "", "")
	hear("BYE")
}

func TestTheLineRefusesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	x := lineCentre(t, 32400, nil)
	e, err := phone.NewEndpoint(phone.EndpointOptions{
		Options:  phone.Options{ListenUDP: []string{"127.0.0.1:0"}},
		Accounts: []phone.Account{{URI: "sip:caller@" + x.CallAddrs()[0].String(), KeepAlive: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	x.await("a number of nobody is not found", func() bool {
		_, err := e.Dial(t.Context(), phone.DialOptions{To: "nobody", Media: silence{}})
		r, ok := errors.AsType[*phone.Refused](err)
		return ok && r.StatusCode == 404
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
