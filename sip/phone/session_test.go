package phone

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionIsRefreshedByUs(t *testing.T) {
	for _, tt := range []struct {
		name  string
		allow string
		codes []string // answers of the peer
		want  []string // methods that come
	}{
		{"with UPDATE", "INVITE, UPDATE", []string{"200 OK"}, []string{"UPDATE"}},
		{"with INVITE", "INVITE", []string{"200 OK"}, []string{"INVITE"}},
		{"UPDATE is not taken after all", "UPDATE", []string{"405 Method Not Allowed", "200 OK"}, []string{"UPDATE", "INVITE"}},
		{"longer", "UPDATE", []string{"422 Session Interval Too Small", "200 OK"}, []string{"UPDATE", "UPDATE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				e := newEndpoint(t, n, EndpointOptions{Incoming: takes(newMedia("callee"))})
				s := newScript(t, n, e)
				i := inviteOf{callID: "refresh", cseq: 1, body: string(sdp("customer"))}
				s.invite(i, "Supported: timer", "Session-Expires: 600;refresher=uas", "Allow: "+tt.allow)
				res := s.want("SIP/2.0 200")
				if res.header("Session-Expires") != "600;refresher=uas" || res.header("Require") != "timer" {
					t.Errorf("answered %q", res.raw)
				}
				i.toTag = toTagOf(res.header("To"))
				begun := time.Now()
				s.ack(i, "")
				for k, method := range tt.want {
					r := s.want(method, "ACK ")
					if k == 0 && time.Since(begun) != 300*time.Second {
						t.Errorf("refreshed after %v", time.Since(begun))
					}
					if !strings.HasSuffix(r.header("Session-Expires"), ";refresher=uac") {
						t.Errorf("sent %q", r.raw)
					}
					if method == "INVITE" && sdpName(r.body()) != "callee" {
						t.Errorf("sent %q", r.raw)
					}
					body := ""
					if method == "INVITE" && strings.HasPrefix(tt.codes[k], "200") {
						body = string(sdp("customer"))
					}
					s.reply(r, tt.codes[k], "", body, s.contact(), "Min-SE: 700", "Session-Expires: 700;refresher=uac")
				}
				next := s.want(tt.want[len(tt.want)-1], "ACK ")
				if got := time.Since(begun).Round(time.Second); got != 650*time.Second { // half of 700 later
					t.Errorf("refreshed again after %v", got)
				}
				s.reply(next, "481 Call/Transaction Does Not Exist", "", "")
				s.reply(s.want("BYE ", "ACK "), "200 OK", "", "")
			})
		})
	}
}

func TestSessionThatThePeerDoesNotRefreshEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		ended := make(chan End, 1)
		e := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) {
			_ = c.Answer(t.Context(), newMedia("callee"))
			<-c.Done()
			ended <- c.End()
		}})
		s := newScript(t, n, e)
		i := inviteOf{callID: "expires", cseq: 1, body: string(sdp("customer"))}
		s.invite(i, "Supported: timer", "Session-Expires: 600;refresher=uac")
		i.toTag = toTagOf(s.want("SIP/2.0 200").header("To"))
		s.ack(i, "")
		time.Sleep(500 * time.Second)
		i.cseq = 2
		i.body = ""
		s.say("", s.head("UPDATE", i, "Supported: timer", "Session-Expires: 600;refresher=uac")...)
		if res := s.want("SIP/2.0 200"); res.header("Session-Expires") != "600;refresher=uac" {
			t.Errorf("answered %q", res.raw)
		}
		begun := time.Now()
		bye := s.want("BYE ")
		if d := time.Since(begun); d != 568*time.Second || !strings.Contains(bye.header("Reason"), "SIP;cause=408") { // RFC 4028 §10
			t.Errorf("after %v: %q", d, bye.raw)
		}
		s.reply(bye, "200 OK", "", "")
		if end := <-ended; end.Cause != SessionExpired || end.By != Network {
			t.Errorf("ended %+v", end)
		}
	})
}

func TestCallerWithoutTheExtensionIsRefreshedByUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		e := newEndpoint(t, n, EndpointOptions{Incoming: takes(newMedia("callee"))})
		s := newScript(t, n, e)
		i := inviteOf{callID: "old", cseq: 1, body: string(sdp("customer"))}
		s.invite(i)
		res := s.want("SIP/2.0 200")
		if res.header("Session-Expires") != "1800;refresher=uas" || res.header("Require") != "" {
			t.Errorf("answered %q", res.raw)
		}
		i.toTag = toTagOf(res.header("To"))
		s.ack(i, "")
		r := s.want("INVITE ") // it allows no UPDATE
		s.reply(r, "200 OK", "", string(sdp("customer")), s.contact())
		s.want("ACK ")
		s.nothing(time.Hour) // and its 2xx says nothing of a session
	})
}

func TestSessionOfOurCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dial(t, t.Context(), DialOptions{}, Account{})
		r := d.s.want("INVITE ")
		begun := time.Now()
		d.s.reply(r, "200 OK", "x", string(sdp("callee")), d.s.contact(), "Allow: UPDATE", "Session-Expires: 200;refresher=uac", "Require: timer")
		d.s.want("ACK ")
		c := <-d.calls
		u := d.s.want("UPDATE ")
		if time.Since(begun) != 100*time.Second {
			t.Errorf("refreshed after %v", time.Since(begun))
		}
		d.s.reply(u, "200 OK", "", "", "Session-Expires: 200;refresher=uac")
		// The peer is gone: nothing is answered any more.
		for range 40 {
			if r := d.s.next(time.Hour); r.raw == "" || strings.HasPrefix(r.raw, "BYE ") {
				break
			}
		}
		<-c.Done()
		if c.End().Cause != SessionExpired {
			t.Errorf("ended %+v", c.End())
		}
	})
}
