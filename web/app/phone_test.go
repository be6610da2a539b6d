package app_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"ringback/configs"
	"ringback/sip/phone"
	"ringback/sip/rtp"
	"ringback/web"
)

// exchange is a telephone exchange that calls are made at, with anna's telephone, 101, and the customers'.
type exchange struct {
	*stage
	sound *rtp.Host

	answer chan string // what the telephone that rings is told to do: a key to be pressed, or nothing
	calls  chan string // who is called
}

// openPhones is open with an exchange. Its telephones ring until answer says how they are answered.
func openPhones(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{answer: make(chan string), calls: make(chan string, 8)}
	loopback := netip.MustParseAddr("127.0.0.1")
	var err error
	if x.sound, err = rtp.New(rtp.Options{Addrs: []netip.Addr{loopback}, FirstPort: 33000, LastPort: 33099}); err != nil {
		t.Fatal(err)
	}
	e, err := phone.NewEndpoint(phone.EndpointOptions{
		Options: phone.Options{ListenUDP: []string{"127.0.0.1:0"}}, Peers: []netip.Prefix{netip.PrefixFrom(loopback, 32)},
		Incoming: func(c *phone.Call) { x.ring(c) },
	})
	if err != nil {
		t.Fatal(err)
	}
	x.stage = openWith(t, func(c *configs.Config) {
		c.Phone.Enabled, c.Phone.UDP = true, []configs.Address{"127.0.0.1:0"}
		c.Phone.Accounts = []configs.Account{{PBX: "pbx", URI: "sip:ringback@" + e.Addrs()[0].String(), Trusted: true}}
		c.Phone.MediaFirstPort, c.Phone.MediaLastPort = 33100, 33199
	})
	t.Cleanup(func() { _, _ = e.Close(), x.sound.Close() })
	return x
}

// ring lets a telephone ring, and does with the call what the test says.
func (x *exchange) ring(c *phone.Call) {
	x.calls <- c.Invitation.To
	s, err := x.sound.Session(rtp.SessionOptions{})
	if err != nil {
		return
	}
	defer s.Close()
	if c.Ring(x.t.Context()) != nil {
		return
	}
	select {
	case key := <-x.answer:
		if c.Answer(x.t.Context(), s) != nil {
			return
		}
		if key != "" {
			<-x.answer // he listens for a while
			_ = s.SendDigits(x.t.Context(), key, 0)
		}
		<-c.Done()
	case <-c.Done():
	}
}

// called waits until somebody is called.
func (x *exchange) called(want string) {
	x.t.Helper()
	if got := <-x.calls; got != want {
		x.t.Errorf("%s is called, want %s", got, want)
	}
}

// offers has callbacks of the list support offered in the app.
func (x *exchange) offers() {
	x.t.Helper()
	if _, err := x.admin.EditList(x.t.Context(), "support", web.ListEdit{Offer: new("app")}); err != nil {
		x.t.Fatal(err)
	}
}

// look takes pictures in both sizes, where they are wanted.
func (b *browser) look(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 800}, {"phone", 390, 844}} {
		b.size(size.width, size.height, size.name == "phone")
		b.picture(filepath.Join(*screenshots, name+"-"+size.name+"-light.png"))
	}
}

func TestACustomerIsCalledByOnesOwnTelephone(t *testing.T) {
	x := openPhones(t)
	c := x.create(web.NewCase{List: "support", Number: matti, Name: "Matti"})
	b := x.browse(t)
	b.mayRefuse(422)
	b.logIn("anna")
	b.press("#rows .menu", "Actions for Matti")
	b.press("#sheet a", "Call by my phone")
	b.shows("#sheet", "Your telephone 101 rings first.")
	b.fill("#sheet [name=number]", "0600 12345")
	b.press("#sheet button.main", "Call")
	b.shows("#sheet .may", "The call costs extra")
	b.fill("#sheet [name=number]", "040 7654321")
	b.run("document.querySelector('#sheet [name=verify]').checked = true")
	b.press("#sheet button.main", "Call")
	x.called("101")
	b.shows("#sheet .steps [aria-current]", "Your telephone 101 rings")
	x.answer <- "1"
	b.shows("#sheet .steps [aria-current]", "Listen, and take the call")
	x.answer <- ""
	x.called("+358407654321")
	b.shows("#sheet .steps [aria-current]", "The customer’s telephone rings")
	b.look("call-rings")
	x.answer <- ""
	b.shows("#sheet .steps [aria-current]", "You are talking")
	b.press("#sheet button", "Hang up")
	b.shows("#sheet", "The customer answered.")
	b.look("call-over")
	if now, err := x.admin.Case(t.Context(), c.ID); err != nil || now.Number != "+358407654321" || now.Fields["verified_number"] != "+358407654321" || now.Assignee != "anna" && now.ClosedBy != "anna" {
		t.Errorf("%+v, %v", now.Case, err)
	}
}

func TestACallIsCancelledAndWhoHasNoTelephoneIsToldSo(t *testing.T) {
	x := openPhones(t)
	c := x.create(web.NewCase{List: "support", Number: matti, Name: "Matti"})
	b := x.browse(t)
	b.logIn("anna")
	b.press("#rows .own", "Call Matti by my phone")
	b.press("#sheet button.main", "Call")
	x.called("101")
	b.press("#sheet button", "Hang up")
	b.shows("#sheet .wrong", "Cancelled")
	if now, err := x.admin.Case(t.Context(), c.ID); err != nil || now.Attempts != 0 {
		t.Errorf("%+v, %v", now.Case, err)
	}
	b.forget()
	b.logIn("sara")
	b.visit("/cases/" + c.ID + "/actions")
	b.shows("#no-phone", "You have no telephone here")
	if value[bool](b, "!!document.querySelector('a[href$=\"/call\"]')") {
		t.Error("there is a way to call all the same")
	}
}

func TestANumberThatNeedsAPINIsAskedForIt(t *testing.T) {
	x := openPhones(t)
	if err := x.admin.SetPIN(t.Context(), "international", "4711"); err != nil {
		t.Fatal(err)
	}
	c := x.create(web.NewCase{List: "support", Number: "+46812345678", Name: "Astrid"})
	b := x.browse(t)
	b.mayRefuse(422)
	b.logIn("anna")
	b.visit("/cases/" + c.ID + "/call") // as a page of its own
	b.fill("[name=pin]", "1234")
	b.press("button.main", "Call")
	b.shows(".wrong", "Calls to such numbers need a PIN.")
	b.fill("[name=pin]", "4711")
	b.press("button.main", "Call")
	x.called("101")
	b.shows(".steps [aria-current]", "Your telephone 101 rings")
	b.press("main button", "Hang up")
	b.shows(".wrong", "Cancelled")
}

func TestAnOfferIsDeclinedOrTakenInTheApp(t *testing.T) {
	x := openPhones(t)
	x.offers()
	b := x.browse(t)
	b.logIn("anna")
	x.create(web.NewCase{List: "support", Number: matti, Name: "Matti", Channel: "request"})
	b.shows("#hints section", "Callback for Matti")
	b.until("the seconds are counted", "/^[0-9]+ s$/.test(document.querySelector('#hints .left').innerText)")
	b.look("offer")
	b.press("#hints button", "Not now")
	b.until("it is gone", "!document.querySelector('#hints section')")
	x.create(web.NewCase{List: "support", Number: teppo, Name: "Teppo", Channel: "request"})
	b.shows("#hints section", "Callback for Teppo")
	b.press("#hints button", "Call by my phone")
	x.called("101")
	b.shows("#sheet .steps [aria-current]", "Your telephone 101 rings")
	b.until("it is offered no more", "!document.querySelector('#hints section')")
	b.press("#sheet button", "Hang up")
	b.shows("#sheet .wrong", "Cancelled")
}

func TestAnAgentPausesAndASupervisorKeepsHisListAndPINs(t *testing.T) {
	x := openPhones(t)
	b := x.browse(t)
	b.logIn("sara")
	b.visit("/numbers?kind=personal&agent=anna")
	b.press("summary", "Add a number")
	b.fill("[name=number]", "+46*")
	b.fill("[name=note]", "our partner")
	b.press("main button", "Add")
	b.shows(".rows", "+46*")
	b.visit("/pins")
	b.fill("[action='/pins/premium'] [name=pin]", "4711")
	b.press("[action='/pins/premium'] button", "Set the PIN")
	b.shows("main", "A PIN is set.")
	b.press("[action='/pins/premium'] button", "Need no PIN")
	b.until("there is none", "document.querySelector('[action=\"/pins/premium\"]') && !document.querySelector('main').innerText.includes('A PIN is set.')")
	b.forget()
	b.logIn("anna")
	b.visit("/more")
	b.press("main a", "My telephone")
	b.shows(".rows", "our partner")
	b.run("document.querySelector('[name=paused]').checked = true")
	b.fill("[name=language]", "fi")
	b.press("main button", "Save")
	b.shows("#told", "Saved")
	x.offers()
	x.create(web.NewCase{List: "support", Number: matti, Channel: "request"})
	if !await(func() bool {
		o, err := x.admin.Offers(t.Context())
		return err == nil && len(o.Waiting) == 1 && o.Waiting[0].Held == "nobody_free"
	}) {
		t.Error("it is offered to who has paused")
	}
}
