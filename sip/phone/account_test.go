package phone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// registering has an endpoint register at a script.
func registering(t *testing.T, a Account) (*script, *Endpoint) {
	t.Helper()
	n := newNetwork()
	s := newScript(t, n, nil)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Name, a.URI, a.Proxy, a.Register, a.PasswordFile = "main", "sip:ringback@pbx.example.com", "sip:"+s.addr(), true, file
	if a.KeepAlive == 0 {
		a.KeepAlive = -1
	}
	e := newEndpoint(t, n, EndpointOptions{Accounts: []Account{a}, Incoming: takes(newMedia("callee"))})
	s.e = e
	return s, e
}

func TestRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := registering(t, Account{})
		r := s.want("REGISTER sip:pbx.example.com SIP/2.0")
		contact := "<sip:ringback@" + e.Addrs()[0].String() + ">"
		if r.header("Contact") != contact || r.header("Expires") != "600" || r.header("To") != "<sip:ringback@pbx.example.com>" {
			t.Errorf("sent %q", r.raw)
		}
		s.reply(r, "401 Unauthorized", "reg", "",
			`WWW-Authenticate: Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"`,
			`WWW-Authenticate: Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"`)
		again := s.want("REGISTER ")
		if !strings.Contains(again.header("Authorization"), "algorithm=SHA-256") || again.header("CSeq") != "2 REGISTER" || again.header("Call-ID") != r.header("Call-ID") {
			t.Errorf("sent %q", again.raw)
		}
		s.reply(again, "423 Interval Too Brief", "reg", "", "Min-Expires: 1200")
		longer := s.want("REGISTER ")
		if longer.header("Expires") != "1200" {
			t.Errorf("sent %q", longer.raw)
		}
		s.reply(longer, "200 OK", "reg", "", "Contact: <sip:ringback@192.0.2.1>;expires=9, "+contact+";expires=400", "Expires: 77")
		begun := time.Now()
		synctest.Wait()
		if got := e.Accounts()[0]; !got.Registered || got.Until.Sub(begun) != 400*time.Second {
			t.Errorf("account %+v", got)
		}
		r = s.want("REGISTER ")
		if d := time.Since(begun); d < 340*time.Second || d > 361*time.Second {
			t.Errorf("refreshed after %v", d)
		}
		s.reply(r, "200 OK", "reg", "", "Expires: 60") // no word of our contact
		r = s.want("REGISTER ")
		s.reply(r, "403 Forbidden", "reg", "")
		synctest.Wait()
		if got := e.Accounts()[0]; got.Registered || got.StatusCode != 403 || got.Err == nil {
			t.Errorf("account %+v", got)
		}
		begun = time.Now()
		r = s.want("REGISTER ")
		if d := time.Since(begun); d < registerRefused {
			t.Errorf("tried again after %v", d)
		}
		s.reply(r, "503 Service Unavailable", "reg", "", "Retry-After: 90")
		begun = time.Now()
		r = s.want("REGISTER ")
		if d := time.Since(begun); d < 90*time.Second {
			t.Errorf("tried again after %v", d)
		}
		s.reply(r, "200 OK", "reg", "", "Expires: 600")
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- e.Close() }()
		r = s.want("REGISTER ")
		if r.header("Expires") != "0" {
			t.Errorf("sent %q", r.raw)
		}
		s.reply(r, "200 OK", "reg", "")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRegistrarThatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := registering(t, Account{})
		begun := time.Now()
		n := 0
		for time.Since(begun) < time.Hour {
			if r := s.next(time.Hour); strings.HasPrefix(r.raw, "REGISTER ") {
				n++
			}
		}
		if n < 20 || n > 400 { // 11 datagrams of each try, tries ever farther apart
			t.Errorf("%d datagrams in an hour", n)
		}
		if got := e.Accounts()[0]; got.Registered || got.Reachable || got.Err == nil {
			t.Errorf("account %+v", got)
		}
		begun = time.Now()
		if err := e.Close(); err != nil || time.Since(begun) > 5*time.Second {
			t.Errorf("closing took %v: %v", time.Since(begun), err)
		}
	})
}

func TestServerIsAskedWhetherItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := registering(t, Account{KeepAlive: 30 * time.Second})
		for range 3 {
			r := s.want("OPTIONS ", "REGISTER ")
			s.reply(r, "404 Not Found", "x", "") // also a sign of life
		}
		synctest.Wait()
		if !e.Accounts()[0].Reachable {
			t.Error("not reachable")
		}
		time.Sleep(5 * time.Minute)
		if e.Accounts()[0].Reachable {
			t.Error("reachable, though silent")
		}
		s.invite(inviteOf{callID: "of the server", cseq: 1, body: string(sdp("customer"))}) // it is no peer but by the account
		s.want("SIP/2.0 200", "OPTIONS ", "REGISTER ")
	})
}

func TestBadAccountsAreRefused(t *testing.T) {
	for name, a := range map[string][]Account{
		"no user":           {{URI: "sip:pbx.example.com"}},
		"no URI":            {{URI: "ringback"}},
		"unknown transport": {{URI: "sip:a@b", Proxy: "sip:b;transport=sctp"}},
		"no password file":  {{URI: "sip:a@b", PasswordFile: "/nonexistent"}},
		"twice":             {{Name: "x", URI: "sip:a@b"}, {Name: "x", URI: "sip:c@b"}},
	} {
		if e, err := NewEndpoint(EndpointOptions{Accounts: a, Options: Options{ListenUDP: []string{"127.0.0.1:0"}}}); err == nil {
			t.Errorf("%s: no error", name)
			_ = e.Close()
		}
	}
}
