package phone

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// picky is an error that knows how to refuse.
type picky struct{}

func (picky) Error() string              { return "no common codec" }
func (picky) Refuse() (int, int, string) { return 488, 305, "no common codec" }
func busyMedia() *testMedia              { m := newMedia("x"); m.refuse = picky{}; return m }
func takes(m Media) func(*Call) {
	return func(c *Call) { _ = c.Answer(context.Background(), m); <-c.Done() }
}

func ringsFor(d time.Duration) func(c *Call) {
	return func(c *Call) {
		_ = c.Ring(context.Background())
		select {
		case <-time.After(d):
		case <-c.Done():
		}
	}
}

func TestInviteIsRefusedWithTheRightStatus(t *testing.T) {
	offer := string(sdp("customer"))
	for _, tt := range []struct {
		name   string
		o      EndpointOptions
		i      inviteOf
		extra  []string
		twice  string // branch of the same INVITE sent before
		status string
		header string
	}{
		{name: "required extension", extra: []string{"Require: 100rel, precondition"}, status: "420 Bad Extension", header: "Unsupported: precondition"},
		{name: "body of another type", extra: []string{"Content-Type: text/plain"}, i: inviteOf{body: " "}, status: "415 Unsupported Media Type", header: "Accept: application/sdp"},
		{name: "encoded body", extra: []string{"Content-Encoding: gzip"}, i: inviteOf{body: offer}, status: "415 Unsupported Media Type", header: "Accept-Encoding: identity"},
		{name: "another scheme", i: inviteOf{uri: "mailto:support@example.com"}, status: "416 Unsupported URI Scheme"},
		{name: "no contact", i: inviteOf{noContact: true}, status: "400 Contact or Record-Route is none"},
		{name: "record-route that is none", extra: []string{"Record-Route: <sip:>"}, status: "400 Contact or Record-Route is none"},
		{name: "short session", extra: []string{"Session-Expires: 30", "Supported: timer"}, status: "422 Session Interval Too Small", header: "Min-SE: 90"},
		{name: "merged by a proxy", twice: "z9hG4bKother", i: inviteOf{body: offer}, status: "482 Loop Detected"},
		{name: "too many calls", o: EndpointOptions{MaxCalls: -1}, twice: "", i: inviteOf{body: offer}, status: "486 Busy Here", header: "Retry-After: 5"},
		{name: "too many at once", o: EndpointOptions{CallRate: 0.001}, twice: "z9hG4bKother", i: inviteOf{body: offer, callID: "second"}, status: "503 Service Unavailable", header: "Retry-After: 2"},
		{name: "media refuse", o: EndpointOptions{Incoming: takes(busyMedia())}, i: inviteOf{body: offer}, status: "488 Not Acceptable Here", header: `Warning: 305 ringback.invalid "no common codec"`},
		{name: "handler returns", o: EndpointOptions{Incoming: func(*Call) {}}, i: inviteOf{body: offer}, status: "480 Temporarily Unavailable"},
		{name: "handler refuses", o: EndpointOptions{Incoming: func(c *Call) { _ = c.Reject(Response{StatusCode: 404, Header: []Header{{"Bad", "a\r\nb"}}}) }}, i: inviteOf{body: offer}, status: "404 Not Found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				if tt.o.Incoming == nil {
					tt.o.Incoming = ringsFor(time.Minute)
				}
				full := tt.o.MaxCalls < 0
				if full {
					tt.o.MaxCalls = 1
				}
				e := newEndpoint(t, n, tt.o)
				s := newScript(t, n, e)
				if tt.i.callID == "" {
					tt.i.callID = "first"
				}
				tt.i.cseq = 1
				if full {
					s.invite(inviteOf{callID: "full", cseq: 1, body: offer})
					s.want("SIP/2.0 180")
				}
				if tt.twice != "" {
					s.invite(inviteOf{callID: "first", cseq: 1, branch: tt.twice, body: offer})
					s.want("SIP/2.0 180")
				}
				s.invite(tt.i, tt.extra...)
				res := s.want("SIP/2.0 " + tt.status)
				if tt.header != "" && !strings.Contains(res.raw, tt.header+"\r\n") {
					t.Errorf("no %q in %q", tt.header, res.raw)
				}
				if toTagOf(res.header("To")) == "" {
					t.Errorf("no tag in %q", res.raw)
				}
				s.ackFailure(tt.i, res)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if e.Live() != 0 {
					t.Errorf("%d calls live on", e.Live())
				}
			})
		})
	}
}

func TestCancelIsAnsweredWithTheTagThatRang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		ended := make(chan End, 1)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { _ = c.Ring(t.Context()); <-c.Done(); ended <- c.End() }})
		s := newScript(t, n, e)
		i := inviteOf{callID: "cancelled", cseq: 1, body: string(sdp("customer"))}
		s.invite(i)
		ringing := s.want("SIP/2.0 180")
		i.branch = "z9hG4bKcancelledINVITE1"
		s.say("", s.head("CANCEL", i, `Reason: SIP;cause=200;text="Call completed elsewhere"`)...)
		s.want("SIP/2.0 200")
		final := s.want("SIP/2.0 487")
		if toTagOf(final.header("To")) != toTagOf(ringing.header("To")) {
			t.Errorf("487 with tag %q, 180 with %q", final.header("To"), ringing.header("To"))
		}
		s.ackFailure(i, final)
		if end := <-ended; end.By != Peer || end.Cause != Canceled || len(end.Reasons) != 1 || end.Reasons[0] != reasonElsewhere {
			t.Errorf("ended %+v", end)
		}
	})
}

func TestAnswerIsRepeatedUntilAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		result := make(chan error, 1)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { result <- c.Answer(t.Context(), newMedia("callee")); <-c.Done() }})
		s := newScript(t, n, e)
		i := inviteOf{callID: "unacknowledged", cseq: 1, body: string(sdp("customer"))}
		begun := time.Now()
		s.invite(i)
		var at []time.Duration
		for {
			r := s.next(time.Hour)
			if strings.HasPrefix(r.raw, "SIP/2.0 100") {
				continue
			}
			if !strings.HasPrefix(r.raw, "SIP/2.0 200") {
				if !strings.HasPrefix(r.raw, "BYE ") || !strings.Contains(r.raw, `Reason: SIP;cause=408;text="No ACK received"`) {
					t.Fatalf("got %q", r.raw)
				}
				s.reply(r, "200 OK", "", "")
				break
			}
			at = append(at, time.Since(begun))
		}
		// T1, doubled up to T2, for 64 T1: RFC 3261 §13.3.1.4.
		if len(at) != 11 || at[1] != 500*time.Millisecond || at[2] != 1500*time.Millisecond || at[5]-at[4] != 4*time.Second {
			t.Errorf("200 was sent after %v", at)
		}
		if err := <-result; !errors.Is(err, ErrTimeout) {
			t.Errorf("answering said %v", err)
		}
	})
}

func TestReliableProvisionalResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		result := make(chan error, 2)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) {
			result <- c.Ring(t.Context())
			result <- c.Answer(t.Context(), newMedia("callee"))
			<-c.Done()
		}})
		s := newScript(t, n, e)
		i := inviteOf{callID: "reliable", cseq: 1, body: string(sdp("customer"))}
		s.invite(i, "Require: 100rel")
		first := s.want("SIP/2.0 180")
		again := s.want("SIP/2.0 180")
		if first.header("RSeq") == "" || first.header("RSeq") != again.header("RSeq") || first.header("Require") != "100rel" {
			t.Errorf("180 was %q, then %q", first.raw, again.raw)
		}
		i.toTag = toTagOf(first.header("To"))
		p := i
		p.cseq, p.body = 2, ""
		s.say("", s.head("PRACK", p, "RAck: 7 1 INVITE")...)
		s.want("SIP/2.0 481", "SIP/2.0 180")
		p.cseq = 3
		s.say("", s.head("PRACK", p, "RAck: "+first.header("RSeq")+" 1 INVITE")...)
		ok := s.want("SIP/2.0 200", "SIP/2.0 180")
		if ok.header("CSeq") != "3 PRACK" {
			t.Errorf("got %q", ok.raw)
		}
		p.cseq = 4
		s.say("", s.head("PRACK", p, "RAck: "+first.header("RSeq")+" 1 INVITE")...) // it was acknowledged
		s.want("SIP/2.0 481", "SIP/2.0 200")
		answer := s.want("SIP/2.0 200")
		if answer.header("CSeq") != "1 INVITE" || sdpName(answer.body()) != "callee" {
			t.Errorf("got %q", answer.raw)
		}
		s.ack(i, "")
		if err := errors.Join(<-result, <-result); err != nil {
			t.Error(err)
		}
	})
}

func TestUnacknowledgedProvisionalEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		e := newEndpoint(t, n, EndpointOptions{Incoming: ringsFor(time.Hour)})
		s := newScript(t, n, e)
		i := inviteOf{callID: "unreliable", cseq: 1, body: string(sdp("customer"))}
		s.invite(i, "Require: 100rel")
		s.ackFailure(i, s.want("SIP/2.0 504", "SIP/2.0 180"))
	})
}

func TestOfferlessInvite(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork()
			m := newMedia("callee")
			e := newEndpoint(t, n, EndpointOptions{Incoming: takes(m)})
			s := newScript(t, n, e)
			i := inviteOf{callID: "offerless", cseq: 1}
			s.invite(i)
			res := s.want("SIP/2.0 200")
			if sdpName(res.body()) != "callee" {
				t.Errorf("no offer in %q", res.raw)
			}
			i.toTag = toTagOf(res.header("To"))
			if !answered {
				s.ack(i, "")
				s.reply(s.want("BYE "), "200 OK", "", "")
				return
			}
			s.ack(i, string(sdp("customer")))
			synctest.Wait()
			if _, answers := m.heard(); len(answers) != 1 || answers[0] != "customer" {
				t.Errorf("the media were told %v", answers)
			}
			s.nothing(time.Minute)
		})
	}
}

func TestRequestsInsideACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		m := newMedia("callee")
		calls := make(chan *Call, 1)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { calls <- c; takes(m)(c) }})
		s := newScript(t, n, e)
		i := s.established("inside")
		cseq := 1
		ask := func(method, body, status string, extra ...string) request {
			t.Helper()
			cseq++
			j := i
			j.cseq = cseq
			s.say(body, s.head(method, j, extra...)...)
			res := s.want("SIP/2.0 " + status)
			if method == "INVITE" && strings.HasPrefix(status, "2") {
				s.ack(j, "")
			}
			return res
		}
		const isSDP = "Content-Type: application/sdp"
		if res := ask("INVITE", string(sdp("held")), "200", isSDP); sdpName(res.body()) != "callee" || res.header("Contact") == "" {
			t.Errorf("re-INVITE: %q", res.raw)
		}
		if res := ask("UPDATE", string(sdp("resumed")), "200", isSDP); sdpName(res.body()) != "callee" {
			t.Errorf("UPDATE: %q", res.raw)
		}
		ask("UPDATE", "", "200")
		ask("INFO", "Signal=5\r\nDuration=160\r\n", "200", "Content-Type: application/dtmf-relay")
		ask("INFO", "<xml/>", "415", "Content-Type: application/media_control+xml")
		ask("INFO", "", "469", "Info-Package: foo")
		ask("OPTIONS", "", "200")
		ask("REFER", "", "603", "Refer-To: <sip:premium@example.com>")
		ask("NOTIFY", "", "489", "Event: message-summary", "Subscription-State: active")
		ask("SUBSCRIBE", "", "405", "Event: dialog")
		ask("PRACK", "", "481", "RAck: 1 1 INVITE")
		ask("UPDATE", "", "420", "Require: bogus")
		ask("UPDATE", "", "422", "Session-Expires: 10", "Supported: timer")
		ask("INVITE", "x", "415", "Content-Type: text/plain")
		offers, _ := m.heard()
		if strings.Join(offers, " ") != "customer held resumed" {
			t.Errorf("the media heard %v", offers)
		}
		if len(m.infos) != 1 {
			t.Errorf("the media got %q", m.infos)
		}
		old := i
		old.cseq = 2
		old.branch = "z9hG4bKold"
		s.say("", s.head("INFO", old)...)
		s.want("SIP/2.0 500", "SIP/2.0 4")
		other := i
		other.toTag, other.cseq, other.branch = "nobody", 50, "z9hG4bKnobody"
		s.say("", s.head("BYE", other)...)
		s.want("SIP/2.0 481", "SIP/2.0 4")
		ask("BYE", "", "200", "Reason: Q.850;cause=16")
		c := <-calls
		<-c.Done()
		if end := c.End(); end.By != Peer || end.Cause != HungUp || end.Reasons[0].Cause != 16 {
			t.Errorf("ended %+v", end)
		}
	})
}

func TestGlareIsRefusedAndRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		calls := make(chan *Call, 1)
		m := newMedia("callee")
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) { calls <- c; takes(m)(c) }})
		s := newScript(t, n, e)
		i := s.established("glare")
		c := <-calls
		result := make(chan error, 1)
		synctest.Wait()
		go func() { result <- c.Renegotiate(t.Context(), sdp("hold")) }()
		ours := s.want("INVITE ")
		i.cseq = 2
		s.invite(i)
		pending := s.want("SIP/2.0 491")
		s.ackFailure(i, pending)
		s.reply(ours, "491 Request Pending", "", "")
		s.want("ACK ")
		ours = s.want("INVITE ")
		if sdpName(ours.body()) != "hold" {
			t.Errorf("got %q", ours.raw)
		}
		s.reply(ours, "200 OK", "", string(sdp("held")), s.contact())
		s.want("ACK ")
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

func TestCallEndsWhenMediaAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		m := newMedia("callee")
		e := newEndpoint(t, n, EndpointOptions{Incoming: takes(m)})
		s := newScript(t, n, e)
		s.established("silent")
		synctest.Wait()
		close(m.lost)
		bye := s.want("BYE ")
		if !strings.Contains(bye.raw, "Reason: Q.850;cause=44") {
			t.Errorf("got %q", bye.raw)
		}
		s.reply(bye, "200 OK", "", "")
	})
}

func TestStrangersGetNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		e := newEndpoint(t, n, EndpointOptions{
			Incoming: func(*Call) { t.Error("a stranger's call came in") },
			Accounts: []Account{{URI: "sip:ringback@127.0.0.99", KeepAlive: -1}},
			Peers:    trunkPeers,
		})
		s := newScript(t, n, e)
		s.invite(inviteOf{callID: "stranger", cseq: 1, body: string(sdp("customer"))})
		s.want("SIP/2.0 403")
		s.say("", s.head("OPTIONS", inviteOf{callID: "alive", cseq: 1})...)
		if res := s.want("SIP/2.0 200"); !strings.Contains(res.header("Allow"), "PRACK") || res.header("Accept") != "application/sdp" {
			t.Errorf("OPTIONS: %q", res.raw)
		}
		for method, status := range map[string]string{
			"REFER": "403", "MESSAGE": "405", "SUBSCRIBE": "405", "REGISTER": "405", "BYE": "481", "UPDATE": "481", "FOO": "501",
		} {
			s.say("", s.head(method, inviteOf{callID: "stranger" + method, cseq: 1})...)
			s.want("SIP/2.0 " + status)
		}
	})
}
