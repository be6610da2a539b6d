package daemon_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/sip"
	"ringback/sip/hep"
	"ringback/sip/phone"
	"ringback/sip/rtp"
	"ringback/web"
)

const offering = `
pbxs: [{id: main, addresses: ["127.0.0.1:%%d"]}]
trunks: [{id: carrier, pbx: main, addresses: [192.0.2.7]}]
services: [{id: hotline, list: support, numbers: ["+358931001000"]}]
agents: [{id: anna, extensions: ["101"]}, {id: bertil, extensions: ["102"]}]
lists: [{id: support, members: [anna, bertil], calling: {in_quiet_hours: off}, offer: %s, offer_for: %s}]
country: FI
`

const asked = `{"list":"support","number":"+358401234567","channel_in":"request"}`

// attendance is an agent who is logged in to the app.
type attendance struct {
	header []string // of his requests

	mu     sync.Mutex
	events []string // what he was offered, as "event case"
}

// attends lets an agent follow the events until the test ends.
func (x *centre) attends(id string) *attendance {
	x.t.Helper()
	a := &attendance{header: append(x.enter(id), "Content-Type", "application/json")}
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, "http://"+x.API().String()+"/v1/events?kind=offer", http.NoBody)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set(a.header[0], a.header[1])
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	for open := false; !open && lines.Scan(); {
		open = strings.Contains(lines.Text(), "hello") // from there on nothing is missed
	}
	go func() {
		for lines.Scan() {
			var e web.OfferEvent
			data, is := strings.CutPrefix(lines.Text(), "data: ")
			if !is || json.Unmarshal([]byte(data), &e) != nil || e.Agent != id {
				continue
			}
			a.mu.Lock()
			a.events = append(a.events, e.Event)
			a.mu.Unlock()
		}
	}()
	return a
}

// saw waits until an agent was told these steps of offers, and no others.
func (x *centre) saw(a *attendance, want ...string) {
	x.t.Helper()
	var got []string
	defer func() {
		if x.t.Failed() {
			x.t.Logf("told %v, want %v", got, want)
		}
	}()
	x.await("offers "+strings.Join(want, ", "), func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		got = slices.Clone(a.events)
		return slices.Equal(got, want)
	})
}

// does makes a request as the agent, and says how it was answered.
func (x *centre) does(a *attendance, path, body string) (int, string) {
	x.t.Helper()
	res, answer := x.send(http.MethodPost, path, body, a.header...)
	return res.StatusCode, answer
}

// waits waits until one callback waits, for this reason.
func (x *centre) waits(id, why string) {
	x.t.Helper()
	x.await(id+" waits: "+why, func() bool {
		var offers struct{ Waiting []web.WaitingCallback }
		_, body := x.get("/v1/offers")
		return json.Unmarshal([]byte(body), &offers) == nil && len(offers.Waiting) == 1 && offers.Waiting[0].Case == id && offers.Waiting[0].Held == why
	})
}

// mirrored sends messages of one call, between a peer and the PBX, as the PBX mirrors them.
type mirrored struct {
	t         *testing.T
	feed      net.Conn
	pbx, peer netip.AddrPort
	id        string
	from, to  string
}

func (m *mirrored) message(toPeer bool, start, method, tag string) {
	m.t.Helper()
	src, dst := m.peer, m.pbx
	if toPeer {
		src, dst = m.pbx, m.peer
	}
	text := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nFrom: <%s>;tag=f\r\nTo: <%s>%s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:%s>\r\nContent-Length: 0\r\n\r\n",
		start, src, method, m.id, m.from, m.to, tag, m.id, method, src)
	p := hep.Packet{Packet: sip.Packet{Time: time.Now(), Src: src, Dst: dst, Transport: sip.UDP, Payload: []byte(text)}}
	if _, err := m.feed.Write(hep.Append(nil, p)); err != nil {
		m.t.Fatal(err)
	}
}

// rings begins a call that nobody answers, until its caller hangs up.
func (m *mirrored) rings() (hangUp func()) {
	m.t.Helper()
	m.message(false, "INVITE "+m.to+" SIP/2.0", "INVITE", "")
	m.message(true, "SIP/2.0 180 Ringing", "INVITE", ";tag=t")
	return func() {
		m.message(false, "CANCEL "+m.to+" SIP/2.0", "CANCEL", "")
		m.message(true, "SIP/2.0 487 Request Terminated", "INVITE", ";tag=t")
		m.message(false, "ACK "+m.to+" SIP/2.0", "ACK", ";tag=t")
	}
}

// waitsOnTheLine lets a customer call the hotline, whom nobody answers.
func (x *centre) waitsOnTheLine(b *switchboard) (hangUp func()) {
	m := &mirrored{
		t: x.t, feed: x.dial(), pbx: b.Addrs()[0], peer: netip.MustParseAddrPort("192.0.2.7:5060"), id: "live@carrier",
		from: "sip:+358405550001@192.0.2.7", to: "sip:+358931001000@pbx",
	}
	return m.rings()
}

// dialsOut lets anna call somebody by herself.
func (x *centre) dialsOut(b *switchboard) (hangUp func()) {
	m := &mirrored{
		t: x.t, feed: x.dial(), pbx: b.Addrs()[0], peer: netip.MustParseAddrPort("192.0.2.101:5060"), id: "own@anna",
		from: "sip:101@127.0.0.1", to: "sip:+358405550002@127.0.0.1",
	}
	return m.rings()
}

// TestACallbackIsOfferedToWhoIsFreeWhenNobodyIsOnTheLine follows a request from agent to agent to its call.
func TestACallbackIsOfferedToWhoIsFreeWhenNobodyIsOnTheLine(t *testing.T) {
	t.Parallel()
	b := newSwitchboard(t)
	b.other, b.far = b.answers("5", nil), b.answers("", func(c *phone.Call, _ *rtp.Session) { _ = c.Hangup(t.Context()) })
	x := dialledWith(t, b, "5", fmt.Sprintf(offering, "app", "1m"))
	id := x.opens(asked)
	x.waits(id, "nobody_free") // nobody is logged in
	gone := x.waitsOnTheLine(b)
	x.await("the live caller", func() bool { return len(x.board().Waiting) == 1 })
	anna := x.attends("anna")
	x.waits(id, "live_callers")
	gone()
	x.saw(anna, "offered")

	free := x.dialsOut(b)
	x.saw(anna, "offered", "withdrawn")
	if status, body := x.does(anna, "/v1/offers/"+id+"/accept", `{}`); status != http.StatusConflict || !strings.Contains(body, "offer_gone") {
		t.Errorf("taken on a call: %d %s", status, body)
	}
	x.waits(id, "nobody_free")
	free()
	x.saw(anna, "offered", "withdrawn", "offered")

	bertil := x.attends("bertil")
	if status, body := x.does(bertil, "/v1/offers/"+id+"/accept", `{}`); status != http.StatusConflict {
		t.Errorf("taken by whom it was not offered to: %d %s", status, body)
	}
	if status, body := x.does(anna, "/v1/offers/"+id+"/decline", `{}`); status != http.StatusNoContent {
		t.Fatal(status, body)
	}
	x.saw(bertil, "offered")
	status, body := x.does(bertil, "/v1/offers/"+id+"/accept", `{}`)
	if status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if call := x.over(id); call.Outcome != "answered" || call.Agent != "bertil" || call.Device != "102" {
		t.Errorf("it came to %+v", call)
	}
	x.saw(anna, "offered", "withdrawn", "offered", "declined")
	x.saw(bertil, "offered", "accepted")
	b.called("102", "+358401234567")
}

// called looks at who was called, one after the other.
func (b *switchboard) called(want ...string) {
	b.t.Helper()
	for _, to := range want {
		if got := <-b.calls; got.To != to {
			b.t.Errorf("called %s, want %s", got.To, to)
		}
	}
	select {
	case more := <-b.calls:
		b.t.Errorf("called %s too", more.To)
	default:
	}
}

// TestOneOfTwoAgentsCallsTheCustomer lets one take the offer while another calls by himself.
func TestOneOfTwoAgentsCallsTheCustomer(t *testing.T) {
	t.Parallel()
	b := newSwitchboard(t)
	b.agent, b.other, b.far = b.answers("5", nil), b.answers("5", nil), b.answers("", func(c *phone.Call, _ *rtp.Session) { _ = c.Hangup(t.Context()) })
	x := dialledWith(t, b, "5", fmt.Sprintf(offering, "app", "1m"))
	anna := x.attends("anna")
	id := x.opens(asked)
	x.saw(anna, "offered")
	bertil := x.attends("bertil")
	var both sync.WaitGroup
	answers := make([]int, 2)
	both.Go(func() { answers[0] = x.asks(anna, "/v1/offers/"+id+"/accept") })
	both.Go(func() { answers[1] = x.asks(bertil, "/v1/cases/"+id+"/call") })
	both.Wait()
	slices.Sort(answers)
	if !slices.Equal(answers, []int{http.StatusAccepted, http.StatusConflict}) {
		t.Fatalf("answered %v", answers)
	}
	call := x.over(id)
	b.called(call.Device, "+358401234567")
	if c := x.caseOf(id); c.Assignee != "" && c.Assignee != call.Agent {
		t.Errorf("%s called, and %s has the case", call.Agent, c.Assignee)
	}
}

// asks makes a request from any goroutine; the answer is its status.
func (x *centre) asks(a *attendance, path string) int {
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, "http://"+x.API().String()+path, strings.NewReader("{}"))
	if err != nil {
		return 0
	}
	for i := 0; i < len(a.header); i += 2 {
		r.Header.Set(a.header[i], a.header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// TestAnOfferThatLapsesGoesToTheNext lets one agent look away.
func TestAnOfferThatLapsesGoesToTheNext(t *testing.T) {
	t.Parallel()
	b := newSwitchboard(t)
	x := dialledWith(t, b, "5", fmt.Sprintf(offering, "app", "5s"))
	anna := x.attends("anna")
	x.opens(asked)
	x.saw(anna, "offered")
	bertil := x.attends("bertil")
	x.saw(anna, "offered", "lapsed")
	x.await("the next is asked", func() bool { bertil.mu.Lock(); defer bertil.mu.Unlock(); return len(bertil.events) > 0 })
}

// TestADeviceIsRungForAnOffer lets one telephone reject the callback, and another take it, over a restart.
func TestADeviceIsRungForAnOffer(t *testing.T) {
	t.Parallel()
	b := newSwitchboard(t)
	var willing atomic.Bool
	b.agent = func(c *phone.Call, s *rtp.Session) {
		if willing.Load() {
			b.answers("5", nil)(c, s)
		} else {
			refuses(603)(c, s)
		}
	}
	b.other, b.far = b.agent, b.answers("", func(c *phone.Call, _ *rtp.Session) { _ = c.Hangup(t.Context()) })
	x := dialledWith(t, b, "5", fmt.Sprintf(offering, "device", "30s"))
	id := x.opens(asked)
	first, second := (<-b.calls).To, (<-b.calls).To
	if first == second {
		t.Errorf("%s was rung twice", first)
	}
	x.await("nobody wants it", func() bool {
		c := x.caseOf(id)
		return c.State == "open" && c.Assignee == "" && c.Attempts == 0
	})
	x.waits(id, "nobody_free")
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	willing.Store(true)
	x = run(t, x.config)
	x.await("the case to be closed as called", func() bool { c := x.caseOf(id); return c.State == "closed" && c.Attempts == 1 })
	call := x.over(id)
	if call.Outcome != "answered" || x.caseOf(id).ClosedBy != call.Agent {
		t.Errorf("it came to %+v", call)
	}
	b.called(call.Device, "+358401234567")
}

// TestTheThirdCallbackOfADeviceIsMissed asks for three while the telephone rings for the first.
func TestTheThirdCallbackOfADeviceIsMissed(t *testing.T) {
	t.Parallel()
	b := newSwitchboard(t)
	b.agent = b.ringsOn
	x, first := dialled(t, b, "5")
	second, third := x.opens(`{"list":"support","number":"+358401234568"}`), x.opens(`{"list":"support","number":"+358401234569"}`)
	for _, row := range []struct{ id, state, outcome string }{{first, "", ""}, {second, "queued", ""}, {third, "over", "missed"}} {
		status, body := x.post("/v1/cases/"+row.id+"/call", `{"agent":"anna"}`)
		var call web.CallbackCall
		if err := json.Unmarshal([]byte(body), &call); err != nil || status != http.StatusAccepted {
			t.Fatal(status, body)
		}
		if call.Outcome != row.outcome || row.state != "" && call.State != row.state {
			t.Errorf("%+v, want %+v", call, row)
		}
	}
	if c := x.caseOf(third); c.Assignee != "" || c.State != "open" || c.Attempts != 0 {
		t.Errorf("the missed one is %+v", c)
	}
}
