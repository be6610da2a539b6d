package phone

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestACallIsSentOnWhereItMayGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		d := dial(t, t.Context(), DialOptions{Redirect: func(to Party) bool {
			asked = append(asked, to.User)
			return !strings.HasPrefix(to.User, "+358600")
		}}, Account{})
		first := d.s.want("INVITE sip:+358401234567@pbx.example.com SIP/2.0")
		d.s.reply(first, "302 Moved Temporarily", "x", "",
			"Contact: <sip:+358409999999@elsewhere.example>;q=0.2, <tel:+358501111111>, <sip:+358600123@pbx.example.com>;q=0.9, <sip:+358402222222@pbx.example.com;user=phone?X=1>;q=0.7")
		d.s.want("ACK ")
		second := d.s.want("INVITE sip:+358402222222@pbx.example.com SIP/2.0")
		if first.header("To") != second.header("To") || first.header("Call-ID") != second.header("Call-ID") || second.header("CSeq") != "2 INVITE" || second.body() == "" {
			t.Errorf("sent on with %q", second.raw)
		}
		if want := []string{"+358600123", "+358402222222"}; !slices.Equal(asked, want) {
			t.Errorf("asked for %q, want %q", asked, want)
		}
		d.s.reply(second, "200 OK", "y", string(sdp("callee")), d.s.contact())
		d.s.want("ACK sip:callee@")
		c := <-d.calls
		go func() { _ = c.Hangup(t.Context()) }()
		d.s.reply(d.s.want("BYE "), "200 OK", "y", "")
		synctest.Wait()
	})
}

func TestACallIsSentOnWithinLimits(t *testing.T) {
	for _, tt := range []struct {
		name     string
		redirect func(Party) bool
		status   string
		contacts []string // of the responses, one after the other
		invites  int
		code     int
	}{
		{"nobody wants it", nil, "302 Moved Temporarily", []string{"<sip:a@x.example>"}, 1, 302},
		{"it may not", func(Party) bool { return false }, "302 Moved Temporarily", []string{"<sip:a@x.example>"}, 1, 302},
		{"in a circle", func(Party) bool { return true }, "301 Moved Permanently", []string{"<sip:a@x.example>", "<sip:+358401234567@pbx.example.com>"}, 2, 301},
		{"for ever", func(Party) bool { return true }, "302 Moved Temporarily", []string{"<sip:a@x.example>", "<sip:b@x.example>", "<sip:c@x.example>", "<sip:d@x.example>"}, 4, 302},
		{"to another proxy", func(Party) bool { return true }, "305 Use Proxy", []string{"<sip:a@x.example>"}, 1, 305},
		{"to nowhere", func(Party) bool { return true }, "302 Moved Temporarily", []string{"<sip:x.example>, <tel:+358401234567>"}, 1, 302},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := dial(t, t.Context(), DialOptions{Redirect: tt.redirect}, Account{})
				for i := range tt.invites {
					r := d.s.want("INVITE ", "ACK ")
					d.s.reply(r, tt.status, "x", "", "Contact: "+tt.contacts[i])
				}
				if r, ok := errors.AsType[*Refused](<-d.errs); !ok || r.StatusCode != tt.code {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

func TestPeersAreToldTheAddressOfTheNAT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		s := newScript(t, n, nil)
		outside := netip.MustParseAddr("203.0.113.9")
		s.e = newEndpoint(t, n, EndpointOptions{
			Options:  Options{Advertised: []netip.Addr{outside}},
			Accounts: []Account{{URI: "sip:ringback@pbx.example.com", Proxy: "sip:" + s.addr(), KeepAlive: -1}},
			Incoming: func(c *Call) {
				_ = c.Answer(t.Context(), newMedia("callee"))
				<-c.Done()
			},
		})
		at := netip.AddrPortFrom(outside, s.e.Addrs()[0].Port()).String()
		errs := make(chan error, 1)
		go func() {
			_, err := s.e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller")})
			errs <- err
		}()
		r := s.want("INVITE ")
		if via := r.header("Via"); !strings.HasPrefix(via, "SIP/2.0/UDP "+at+";") {
			t.Errorf("Via: %q", via)
		}
		if contact := r.header("Contact"); contact != "<sip:ringback@"+at+">" {
			t.Errorf("Contact: %q", contact)
		}
		s.reply(r, "486 Busy Here", "x", "")
		<-errs
		s.want("ACK ")

		i := inviteOf{callID: "in", cseq: 1, body: string(sdp("customer"))}
		s.invite(i)
		res := s.want("SIP/2.0 200", "SIP/2.0 180")
		if contact := res.header("Contact"); !strings.Contains(contact, "@"+at) {
			t.Errorf("Contact: %q", contact)
		}
		i.toTag = toTagOf(res.header("To"))
		s.ack(i, "")
		s.say("", s.head("BYE", inviteOf{callID: "in", cseq: 2, toTag: i.toTag})...)
		s.want("SIP/2.0 200")
	})
}
