package phone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// dialling has an endpoint call a script; the outcome comes by the channels.
type dialling struct {
	s     *script
	e     *Endpoint
	m     *testMedia
	calls chan *Call
	errs  chan error
}

func dial(t *testing.T, ctx context.Context, o DialOptions, a Account) *dialling { //nolint:revive // the test comes first
	t.Helper()
	n := newNetwork()
	s := newScript(t, n, nil)
	a.URI, a.KeepAlive = "sip:ringback@pbx.example.com", -1
	a.Proxy = "sip:" + s.addr()
	e := newEndpoint(t, n, EndpointOptions{Accounts: []Account{a}, Options: Options{DisplayName: "Support"}})
	s.e = e
	d := &dialling{s: s, e: e, m: newMedia("caller"), calls: make(chan *Call, 1), errs: make(chan error, 1)}
	if o.To == "" {
		o.To = "+358 40 123 4567"
	}
	if o.RingTimeout == 0 { // marks a call without media
		o.Media = d.m
	}
	go func() {
		c, err := e.Dial(ctx, o)
		if err != nil {
			d.errs <- err
			return
		}
		d.calls <- c
	}()
	return d
}

func TestInviteOfOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{From: "+358931001", Header: []Header{{"X-Service-Call-ID", "abc"}}}, Account{Trusted: true})
		r := d.s.want("INVITE sip:+358401234567@pbx.example.com SIP/2.0")
		for name, want := range map[string]string{
			"To": "<sip:+358401234567@pbx.example.com>", "P-Asserted-Identity": "<sip:+358931001@pbx.example.com>",
			"Supported": "100rel, timer", "Session-Expires": "1800", "Min-SE": "90", "X-Service-Call-ID": "abc",
			"Content-Type": "application/sdp", "Max-Forwards": "70",
		} {
			if got := r.header(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if from := r.header("From"); !strings.HasPrefix(from, "<sip:+358931001@pbx.example.com>;tag=") {
			t.Errorf("From: %q", from)
		}
		d.s.reply(r, "404 Not Found", "x", "")
		d.s.want("ACK ")
		if r, ok := errors.AsType[*Refused](<-d.errs); !ok || r.StatusCode != 404 || r.Rang {
			t.Errorf("got %+v", r)
		}
	})
}

func TestWithheldNumberIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{Withheld: true}, Account{})
		r := d.s.want("INVITE ")
		if r.header("Privacy") != "id" || !strings.Contains(r.header("From"), "anonymous@anonymous.invalid") || r.header("P-Asserted-Identity") != "" {
			t.Errorf("sent %q", r.raw)
		}
		d.s.reply(r, "603 Decline", "x", "")
		<-d.errs
	})
}

func TestChallengesAndShortSessionsAreMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := dial(t, t.Context(), DialOptions{}, Account{PasswordFile: file})
		first := d.s.want("INVITE ")
		d.s.reply(first, "407 Proxy Authentication Required", "x", "", `Proxy-Authenticate: Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"`)
		d.s.want("ACK ")
		second := d.s.want("INVITE ")
		if !strings.Contains(second.header("Proxy-Authorization"), `username="ringback"`) || second.header("CSeq") != "2 INVITE" || second.header("Call-ID") != first.header("Call-ID") {
			t.Errorf("sent %q", second.raw)
		}
		d.s.reply(second, "422 Session Interval Too Small", "x", "", "Min-SE: 2400")
		d.s.want("ACK ")
		third := d.s.want("INVITE ")
		if third.header("Session-Expires") != "2400" || third.header("Min-SE") != "2400" || third.header("CSeq") != "3 INVITE" {
			t.Errorf("sent %q", third.raw)
		}
		d.s.reply(third, "200 OK", "x", string(sdp("callee")), d.s.contact(), "Session-Expires: 2400;refresher=uas")
		ack := d.s.want("ACK sip:callee@" + d.s.addr())
		if ack.header("CSeq") != "3 ACK" || ack.header("Proxy-Authorization") == "" {
			t.Errorf("sent %q", ack.raw)
		}
		c := <-d.calls
		go func() { _ = c.Hangup(t.Context()) }()
		bye := d.s.want("BYE ")
		d.s.reply(bye, "401 Unauthorized", "x", "", `WWW-Authenticate: Digest realm="pbx", nonce="n2", qop="auth"`)
		bye = d.s.want("BYE ")
		if bye.header("Authorization") == "" {
			t.Errorf("sent %q", bye.raw)
		}
		d.s.reply(bye, "200 OK", "x", "")
		synctest.Wait()
	})
}

func TestFirstOfSeveralWhoAnswerIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		for _, tag := range []string{"one", "two"} {
			d.s.reply(r, "180 Ringing", tag, "", d.s.contact())
		}
		time.Sleep(time.Second)
		d.s.reply(r, "200 OK", "two", string(sdp("two")), d.s.contact())
		d.s.want("ACK ")
		c := <-d.calls
		d.s.reply(r, "200 OK", "two", string(sdp("two")), d.s.contact()) // the ACK was lost
		if ack := d.s.want("ACK "); toTagOf(ack.header("To")) != "two" {
			t.Errorf("sent %q", ack.raw)
		}
		d.s.reply(r, "200 OK", "one", string(sdp("one")), d.s.contact())
		if ack := d.s.want("ACK "); toTagOf(ack.header("To")) != "one" {
			t.Errorf("sent %q", ack.raw)
		}
		bye := d.s.want("BYE ")
		if toTagOf(bye.header("To")) != "one" {
			t.Errorf("hung up on %q", bye.raw)
		}
		d.s.reply(bye, "200 OK", "", "")
		synctest.Wait()
		if c.State() != Confirmed {
			t.Error("the call that was taken ended")
		}
		if _, answers := d.m.heard(); !slices.Equal(answers, []string{"two"}) {
			t.Errorf("the media were told %v", answers)
		}
	})
}

func TestReliableResponsesAreAcknowledgedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		say := func(rseq, body string) {
			d.s.reply(r, "183 Session Progress", "x", body, d.s.contact(), "Require: 100rel", "RSeq: "+rseq)
		}
		say("10", string(sdp("early")))
		prack := d.s.want("PRACK ")
		if prack.header("RAck") != "10 1 INVITE" || prack.header("CSeq") != "2 PRACK" {
			t.Errorf("sent %q", prack.raw)
		}
		d.s.reply(prack, "200 OK", "", "")
		say("10", string(sdp("early"))) // once more
		say("12", "")                   // one is missing
		d.s.nothing(time.Second)
		say("11", "")
		if prack = d.s.want("PRACK "); prack.header("RAck") != "11 1 INVITE" {
			t.Errorf("sent %q", prack.raw)
		}
		d.s.reply(prack, "200 OK", "", "")
		d.s.reply(r, "200 OK", "x", "", d.s.contact()) // the answer came with the 183
		d.s.want("ACK ")
		c := <-d.calls
		if c.State() != Confirmed || sdpName(string(c.RemoteSDP())) != "early" {
			t.Errorf("state %v, remote %q", c.State(), c.RemoteSDP())
		}
		go func() { _ = c.Hangup(t.Context()) }()
		bye := d.s.want("BYE ")
		if bye.header("CSeq") != "4 BYE" {
			t.Errorf("sent %q", bye.raw)
		}
		d.s.reply(bye, "200 OK", "", "")
	})
}

func TestCancelWaitsForAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := dial(t, ctx, DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		cancel()
		d.s.nothing(100 * time.Millisecond) // RFC 3261 §9.1
		d.s.reply(r, "180 Ringing", "x", "", d.s.contact())
		c := d.s.want("CANCEL ")
		if c.header("Via") != r.header("Via") || c.header("CSeq") != "1 CANCEL" {
			t.Errorf("sent %q", c.raw)
		}
		d.s.reply(c, "200 OK", "x", "")
		d.s.reply(r, "487 Request Terminated", "x", "")
		d.s.want("ACK ")
		if err := <-d.errs; !errors.Is(err, ErrCanceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnswerThatCrossesTheCancelIsHungUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := dial(t, ctx, DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		d.s.reply(r, "180 Ringing", "x", "", d.s.contact())
		synctest.Wait()
		cancel()
		c := d.s.want("CANCEL ")
		d.s.reply(r, "200 OK", "x", string(sdp("callee")), d.s.contact())
		d.s.reply(c, "200 OK", "x", "")
		d.s.want("ACK ")
		d.s.reply(d.s.want("BYE "), "200 OK", "", "")
		if err := <-d.errs; !errors.Is(err, ErrCanceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if d.e.Live() != 0 {
			t.Errorf("%d calls live", d.e.Live())
		}
	})
}

func TestAnswerThatCannotBeUsedIsHungUp(t *testing.T) {
	for _, body := range []string{"", string(sdp("callee"))} {
		synctest.Test(t, func(t *testing.T) {
			d := dial(t, t.Context(), DialOptions{}, Account{})
			d.m.mu.Lock()
			d.m.refuse = picky{}
			d.m.mu.Unlock()
			r := d.s.want("INVITE ")
			d.s.reply(r, "200 OK", "x", body, d.s.contact())
			d.s.want("ACK ")
			bye := d.s.want("BYE ")
			if !strings.Contains(bye.header("Reason"), "SIP;cause=488") {
				t.Errorf("sent %q", bye.raw)
			}
			d.s.reply(bye, "200 OK", "", "")
			if err := <-d.errs; err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestRouteSetIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		d.s.reply(r, "200 OK", "x", string(sdp("callee")), "Contact: <sip:callee@192.0.2.7;ob>",
			"Record-Route: <sip:192.0.2.1;lr>, <sip:"+d.s.addr()+";lr;ftag=1>")
		ack := d.s.want("ACK sip:callee@192.0.2.7;ob SIP/2.0")
		if got := strings.Count(ack.raw, "Route: "); got != 2 || !strings.Contains(ack.raw, "Route: <sip:"+d.s.addr()+";lr;ftag=1>\r\nRoute: <sip:192.0.2.1;lr>\r\n") {
			t.Errorf("sent %q", ack.raw)
		}
		<-d.calls
	})
}

func TestDialRefusesWhatItCannotCall(t *testing.T) {
	e := newEndpoint(t, nil, EndpointOptions{Accounts: []Account{{URI: "sip:ringback@127.0.0.1:9", KeepAlive: -1}}})
	for name, o := range map[string]DialOptions{
		"nobody":            {},
		"another scheme":    {To: "tel:+358401234567"},
		"a broken URI":      {To: "sip:a b@c"},
		"no account":        {To: "101", Account: "other"},
		"a foreign Call-ID": {To: "101", CallID: "x"},
		"a broken header":   {To: "101", Header: []Header{{"X-A", "1\r\nX-B: 2"}}},
		"a broken From":     {To: "101", From: "sip:"},
	} {
		if _, err := e.Dial(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
