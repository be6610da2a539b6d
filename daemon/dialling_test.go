package daemon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/configs"
	"ringback/sip/phone"
	"ringback/sip/rtp"
	"ringback/web"
)

// switchboard is a PBX with two telephones: an endpoint that answers for whoever is called.
type switchboard struct {
	*phone.Endpoint
	t        *testing.T
	host     *rtp.Host
	agent    func(*phone.Call, *rtp.Session) // what his telephone does; it is answered, and hung up behind it
	other    func(*phone.Call, *rtp.Session) // likewise another agent's
	far      func(*phone.Call, *rtp.Session) // likewise the customer's
	calls    chan phone.Invitation
	straight bool // sound goes past Ringback
}

func newSwitchboard(t *testing.T) *switchboard {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	b := &switchboard{t: t, calls: make(chan phone.Invitation, 8)}
	var err error
	if b.host, err = rtp.New(rtp.Options{Addrs: []netip.Addr{loopback}, FirstPort: 31000, LastPort: 31199}); err != nil {
		t.Fatal(err)
	}
	b.Endpoint, err = phone.NewEndpoint(phone.EndpointOptions{
		Options: phone.Options{ListenUDP: []string{"127.0.0.1:0"}}, Peers: []netip.Prefix{netip.PrefixFrom(loopback, 32)},
		Incoming: func(c *phone.Call) {
			b.calls <- c.Invitation
			s, err := b.host.Session(rtp.SessionOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			switch c.Invitation.To {
			case "101":
				b.agent(c, s)
			case "102":
				b.other(c, s)
			default:
				b.far(c, s)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(); _ = b.host.Close() })
	return b
}

// answers answers, presses a key if there is one, and goes on with then until the call is over.
func (b *switchboard) answers(key string, then func(*phone.Call, *rtp.Session)) func(*phone.Call, *rtp.Session) {
	return func(c *phone.Call, s *rtp.Session) {
		if err := c.Answer(b.t.Context(), s); err != nil {
			return
		}
		if key != "" {
			_ = s.SendDigits(b.t.Context(), key, 0)
		}
		if then != nil {
			then(c, s)
			return
		}
		<-c.Done()
	}
}

func refuses(code int) func(*phone.Call, *rtp.Session) {
	return func(c *phone.Call, _ *rtp.Session) { _ = c.Reject(phone.Response{StatusCode: code}) }
}

// ringsOn alerts and is not answered.
func (b *switchboard) ringsOn(c *phone.Call, _ *rtp.Session) {
	_ = c.Ring(b.t.Context())
	<-c.Done()
}

const dialling = `
pbxs: [{id: main, addresses: ["127.0.0.1:%d"]}]
trunks: [{id: carrier, pbx: main, addresses: [192.0.2.7]}]
services: [{id: hotline, list: support, numbers: ["+358931001000"]}]
agents: [{id: anna, extensions: ["101"]}, {id: bertil, extensions: ["102"]}, {id: zoe, mobiles: ["+358401112223"]}]
lists: [{id: support, members: [anna, bertil], calling: {in_quiet_hours: off}}]
country: FI
`

// dialled is a daemon that calls at a switchboard, with one case.
func dialled(t *testing.T, b *switchboard, accept string) (*centre, string) {
	t.Helper()
	x := dialledWith(t, b, accept, dialling)
	return x, x.opens(`{"list":"support","number":"+358401234567","agent":"anna"}`)
}

// opens opens a case.
func (x *centre) opens(body string) string {
	x.t.Helper()
	status, answer := x.post("/v1/cases", body)
	var made web.Case
	if err := json.Unmarshal([]byte(answer), &made); err != nil || status != http.StatusCreated {
		x.t.Fatal(status, answer)
	}
	return made.ID
}

// dialledWith is a daemon that calls at a switchboard, with a directory that is told its port.
func dialledWith(t *testing.T, b *switchboard, accept, dir string) *centre {
	t.Helper()
	c := settings(t)
	c.Phone.Enabled, c.Phone.UDP = true, []configs.Address{"127.0.0.1:0"}
	c.Phone.Accounts = []configs.Account{{PBX: "main", URI: "sip:ringback@" + b.Addrs()[0].String(), Trusted: true, Direct: b.straight}}
	c.Phone.MediaFirstPort, c.Phone.MediaLastPort = 32000, 32199
	c.Phone.RingTimeout, c.Callbacks.LiveFirst = 5*time.Second, time.Millisecond
	c.Callbacks.Accept, c.Callbacks.AcceptWithin, c.Callbacks.RingAgent = accept, 3*time.Second, 5*time.Second
	path := filepath.Join(t.TempDir(), "directory.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, dir, b.Addrs()[0].Port()), 0o600); err != nil {
		t.Fatal(err)
	}
	know(t, c, path)
	return run(t, c)
}

// over waits until the call of a case is over.
func (x *centre) over(id string) (c web.CallbackCall) {
	x.t.Helper()
	x.await("the end of the call", func() bool {
		_, body := x.get("/v1/cases/" + id + "/call")
		return json.Unmarshal([]byte(body), &c) == nil && c.State == "over"
	})
	return c
}

func (x *centre) caseOf(id string) (c web.Case) {
	x.t.Helper()
	_, body := x.get("/v1/cases/" + id)
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		x.t.Fatal(body)
	}
	return c
}

// strength is how much of a tone there is in 16-bit samples (Goertzel).
func strength(pcm []byte, hertz float64) float64 {
	var a, b float64
	k := 2 * math.Cos(2*math.Pi*hertz/rtp.SampleRate)
	n := len(pcm) / 2
	for i := range n {
		a, b = float64(int16(uint16(pcm[2*i])|uint16(pcm[2*i+1])<<8))+k*a-b, a
	}
	return math.Sqrt(max(a*a+b*b-k*a*b, 0)) / float64(max(n, 1))
}

// speak plays a tone and gives what is heard meanwhile.
func speak(t *testing.T, s *rtp.Session, hertz float64) []byte {
	t.Helper()
	var heard bytes.Buffer
	go func() { _ = s.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(10*time.Second, hertz)}}) }()
	_, _ = s.Record(t.Context(), &heard, rtp.RecordOptions{MaxLength: 2 * time.Second})
	return heard.Bytes()
}

func TestACallbackCallJoinsAgentAndCustomer(t *testing.T) {
	for _, straight := range []bool{false, true} {
		t.Run(fmt.Sprint("straight=", straight), func(t *testing.T) { joinsAgentAndCustomer(t, straight) })
	}
}

// joinsAgentAndCustomer makes a callback call whose sound goes straight between the two, or through Ringback.
func joinsAgentAndCustomer(t *testing.T, straight bool) {
	t.Helper()
	b := newSwitchboard(t)
	b.straight = straight
	var from, to netip.AddrPort // where the customer sends from, and the agent to
	near, far, spoke := make(chan []byte, 1), make(chan []byte, 1), make(chan struct{})
	b.agent = b.answers("5", func(c *phone.Call, s *rtp.Session) {
		select {
		case <-spoke:
		case <-c.Done():
			return
		}
		heard := speak(t, s, 600)
		to = s.Media().Remote
		near <- heard
		<-c.Done()
	})
	b.far = b.answers("", func(_ *phone.Call, s *rtp.Session) {
		close(spoke)
		heard := speak(t, s, 900)
		from = s.Media().Local
		far <- heard
	})
	x, id := dialled(t, b, "5")
	status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna"}`)
	if status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"bertil"}`); status != http.StatusConflict {
		t.Errorf("a second call: %d %s", status, body)
	}
	call := x.over(id)
	if call.Outcome != "answered" || call.HungUp != "customer" || call.Talked < 1.5 || call.Shown != "+358931001000" {
		t.Errorf("it came to %+v", call)
	}
	if first, second := <-b.calls, <-b.calls; first.To != "101" || second.To != "+358401234567" || second.Caller.User != "+358931001000" {
		t.Errorf("called %q, then %q, who saw %q", first.To, second.To, second.Caller.User)
	}
	for _, d := range []struct {
		who        string
		heard      []byte
		other, his float64
	}{{"agent", <-near, 900, 600}, {"customer", <-far, 600, 900}} {
		if got, own := strength(d.heard, d.other), strength(d.heard, d.his); got < 200 || got < 10*own {
			t.Errorf("the %s heard the other at %.0f, himself at %.0f", d.who, got, own)
		}
	}
	if (from == to) != straight {
		t.Errorf("the customer sends from %s, the agent to %s", from, to)
	}
	x.await("one attempt, judged by the watch", func() bool {
		c := x.caseOf(id)
		return c.State == "closed" && c.CloseReason == "agent_called"
	})
	if c := x.caseOf(id); c.Attempts != 1 {
		t.Errorf("%d attempts, want 1", c.Attempts)
	}
}

func TestCallbackCallsThatComeToNothingSayWhy(t *testing.T) {
	hangsUp := func(c *phone.Call, _ *rtp.Session) { _ = c.Hangup(t.Context()) }
	for _, row := range []struct {
		name       string
		agent, far func(b *switchboard) func(*phone.Call, *rtp.Session)
		outcome    string
		attempts   int
		suggested  string
	}{
		{"the agent does not answer", (*switchboard).rings, nil, "agent_no_answer", 0, ""},
		{"the agent rejects", func(*switchboard) func(*phone.Call, *rtp.Session) { return refuses(603) }, nil, "agent_rejected", 0, ""},
		{"the agent hangs up in the prompt", func(b *switchboard) func(*phone.Call, *rtp.Session) { return b.answers("", hangsUp) }, nil, "agent_declined", 0, ""},
		{"the agent declines by a key", func(b *switchboard) func(*phone.Call, *rtp.Session) { return b.answers("2", nil) }, nil, "agent_declined", 0, ""},
		{"the agent presses another key", func(b *switchboard) func(*phone.Call, *rtp.Session) { return b.answers("7", nil) }, nil, "agent_declined", 0, ""},
		{"the customer is busy", (*switchboard).takes, func(*switchboard) func(*phone.Call, *rtp.Session) { return refuses(486) }, "busy", 1, "busy"},
		{"the customer does not answer", (*switchboard).takes, (*switchboard).rings, "no_answer", 1, ""},
		{"there is no such number", (*switchboard).takes, func(*switchboard) func(*phone.Call, *rtp.Session) { return refuses(404) }, "wrong_number", 1, "wrong_number"},
		{"the network fails", (*switchboard).takes, func(*switchboard) func(*phone.Call, *rtp.Session) { return refuses(503) }, "failed", 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newSwitchboard(t)
			b.agent = row.agent(b)
			if row.far != nil {
				b.far = row.far(b)
			}
			x, id := dialled(t, b, "5")
			if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna"}`); status != http.StatusAccepted {
				t.Fatal(status, body)
			}
			if call := x.over(id); call.Outcome != row.outcome {
				t.Errorf("it came to %+v", call)
			}
			x.await("the case to be as it was", func() bool {
				c := x.caseOf(id)
				return c.State == "open" && c.Attempts == row.attempts
			})
			if row.suggested != "" {
				x.await("the status to be suggested", func() bool { return x.caseOf(id).Suggested == row.suggested })
			}
		})
	}
}

func (b *switchboard) rings() func(*phone.Call, *rtp.Session) { return b.ringsOn }

func (b *switchboard) takes() func(*phone.Call, *rtp.Session) { return b.answers("5", nil) }

func TestAStopEndsCallbackCalls(t *testing.T) {
	b := newSwitchboard(t)
	ended := make(chan phone.End, 2)
	stay := b.answers("5", func(c *phone.Call, _ *rtp.Session) { <-c.Done(); ended <- c.End() })
	b.agent, b.far = stay, b.answers("", func(c *phone.Call, _ *rtp.Session) { <-c.Done(); ended <- c.End() })
	x, id := dialled(t, b, "any")
	if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna"}`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	x.await("both to talk", func() bool {
		var c web.CallbackCall
		_, body := x.get("/v1/cases/" + id + "/call")
		return json.Unmarshal([]byte(body), &c) == nil && c.State == "connected"
	})
	if err := x.stop(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if e := <-ended; e.By != phone.Peer || e.Cause != phone.HungUp {
			t.Errorf("a telephone saw %+v", e)
		}
	}
	again := run(t, x.config)
	again.await("the case to be closed as called", func() bool { c := again.caseOf(id); return c.State == "closed" && c.Attempts == 1 })
}

func TestWhoHasNoDeviceIsToldSo(t *testing.T) {
	b := newSwitchboard(t)
	x, id := dialled(t, b, "any")
	var o web.CallOptions
	_, body := x.get("/v1/cases/" + id + "/call-options?agent=anna")
	if err := json.Unmarshal([]byte(body), &o); err != nil || !o.Enabled || len(o.Devices) != 1 || o.Devices[0].ID != "101" {
		t.Error(body)
	}
	_, body = x.get("/v1/cases/" + id + "/call-options")
	if err := json.Unmarshal([]byte(body), &o); err != nil || o.Enabled || o.Code != "no_device" || o.Reason == "" {
		t.Error(body)
	}
	if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna","device":"999"}`); status != http.StatusConflict {
		t.Error(status, body)
	}
}
