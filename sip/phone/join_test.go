package phone

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// two establishes two calls with two scripts.
func two(t *testing.T) (e *Endpoint, a, b *script, callA, callB *Call) {
	t.Helper()
	n := newNetwork()
	calls := make(chan *Call, 2)
	e = newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { calls <- c; takes(newMedia("ringback"))(c) }})
	a, b = newScript(t, n, e), newScript(t, n, e)
	a.established("a", "Allow: UPDATE")
	callA = <-calls
	b.established("b", "Allow: UPDATE")
	callB = <-calls
	synctest.Wait()
	return e, a, b, callA, callB
}

func TestTwoCallsAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b, callA, callB := two(t)
		result := make(chan error, 1)
		go func() { result <- Join(t.Context(), callA, callB) }()
		r := a.want("INVITE ")
		if r.body() != "" {
			t.Errorf("an offer in %q", r.raw)
		}
		a.reply(r, "200 OK", "", string(sdp("offer of a")), a.contact())
		r = b.want("INVITE ")
		if sdpName(r.body()) != "offer of a" {
			t.Errorf("sent %q", r.raw)
		}
		b.reply(r, "200 OK", "", string(sdp("answer of b")), b.contact())
		b.want("ACK ")
		if ack := a.want("ACK "); sdpName(ack.body()) != "answer of b" {
			t.Errorf("sent %q", ack.raw)
		}
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		// b holds: a is told, and his answer goes back.
		hold := inviteOf{callID: "b", cseq: 2, toTag: callB.dialog.localTag, body: string(sdp("b holds"))}
		b.invite(hold)
		r = a.want("INVITE ")
		if sdpName(r.body()) != "b holds" {
			t.Errorf("sent %q", r.raw)
		}
		a.reply(r, "200 OK", "", string(sdp("a is held")), a.contact())
		a.want("ACK ")
		if res := b.want("SIP/2.0 200"); sdpName(res.body()) != "a is held" {
			t.Errorf("answered %q", res.raw)
		}
		b.ack(hold, "")
	})
}

func TestJoinThatIsRefusedLeavesBothAsTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b, callA, callB := two(t)
		result := make(chan error, 1)
		go func() { result <- Join(t.Context(), callA, callB) }()
		a.reply(a.want("INVITE "), "200 OK", "", string(sdp("offer of a")), a.contact())
		b.reply(b.want("INVITE "), "488 Not Acceptable Here", "", "")
		b.want("ACK ")
		if ack := a.want("ACK "); sdpName(ack.body()) != "ringback" { // what it had
			t.Errorf("sent %q", ack.raw)
		}
		if r, ok := errors.AsType[*Refused](<-result); !ok || r.StatusCode != 488 {
			t.Errorf("got %+v", r)
		}
		if callA.State() != Confirmed || callB.State() != Confirmed {
			t.Error("a call ended")
		}
	})
}

func TestCallWithoutAnOfferIsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{RingTimeout: 1e9 * 60}, Account{})
		r := d.s.want("INVITE ")
		if r.body() != "" || strings.Contains(r.header("Supported"), "100rel") {
			t.Errorf("sent %q", r.raw)
		}
		d.s.reply(r, "200 OK", "x", string(sdp("offer")), d.s.contact())
		c := <-d.calls
		if sdpName(string(c.RemoteSDP())) != "offer" {
			t.Errorf("remote %q", c.RemoteSDP())
		}
		if err := c.Complete(sdp("answer"), nil); err != nil {
			t.Fatal(err)
		}
		if ack := d.s.want("ACK "); sdpName(ack.body()) != "answer" {
			t.Errorf("sent %q", ack.raw)
		}
		if err := c.Complete(sdp("answer"), nil); !errors.Is(err, ErrState) {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestReferTellsHowItWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		calls := make(chan *Call, 1)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { calls <- c; takes(newMedia("callee"))(c) }})
		s := newScript(t, n, e)
		i := s.established("transfer")
		c := <-calls
		synctest.Wait()
		var progress []int
		type outcome struct {
			code int
			err  error
		}
		result := make(chan outcome, 1)
		refer := func(to string) {
			code, err := c.Refer(t.Context(), to, func(code int) { progress = append(progress, code) })
			result <- outcome{code, err}
		}
		go refer("sip:+358401234567@pbx.example.com")
		r := s.want("REFER ")
		if r.header("Refer-To") != "<sip:+358401234567@pbx.example.com>" || r.header("Referred-By") == "" {
			t.Errorf("sent %q", r.raw)
		}
		s.reply(r, "202 Accepted", "", "")
		for k, body := range []string{"SIP/2.0 100 Trying\r\n", "SIP/2.0 180 Ringing\r\n", "SIP/2.0 486 Busy Here\r\n"} {
			i.cseq = 2 + k
			s.say(body, s.head("NOTIFY", i, "Event: refer", "Subscription-State: active", "Content-Type: message/sipfrag")...)
			s.want("SIP/2.0 200")
		}
		if got := <-result; got.code != 486 || got.err != nil || !slices.Equal(progress, []int{100, 180, 486}) {
			t.Errorf("got %+v, progress %v", got, progress)
		}
		go refer("sip:+358401234567@pbx.example.com")
		s.reply(s.want("REFER "), "603 Decline", "", "")
		if got := <-result; got.err == nil {
			t.Errorf("got %+v", got)
		}
		go refer("sip:x@pbx.example.com")
		s.reply(s.want("REFER "), "202 Accepted", "", "")
		synctest.Wait()
		i.cseq = 9
		s.say("", s.head("BYE", i)...)
		if got := <-result; got.code != 0 || got.err != nil {
			t.Errorf("got %+v", got)
		}
		if _, err := c.Refer(t.Context(), "sip:x@y", nil); !errors.Is(err, ErrState) {
			t.Errorf("after the end: %v", err)
		}
	})
}
