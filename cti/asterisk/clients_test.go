package asterisk_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ringback/cti"
	"ringback/cti/asterisk"
	"ringback/sip"
)

// heard is a sink that says what it is told, a line each.
type heard chan string

func (h heard) Message(m cti.Told) {
	start, _, _ := strings.Cut(string(m.Text), "\r\n")
	h <- fmt.Sprintf("%s > %s %s", m.Src.Addr(), m.Dst.Addr(), start)
}
func (h heard) Link(_ time.Time, caller, callee string) { h <- "link " + caller + " " + callee }
func (h heard) Fact(f sip.Fact)                         { h <- fmt.Sprintf("fact %d %s%s", f.Kind, f.CallID, f.What) }

// want waits for lines, in their order; others may come between.
func (h heard) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		for got := ""; got != want; {
			select {
			case got = <-h:
			case <-time.After(10 * time.Second):
				t.Fatalf("never heard %q", want)
			}
		}
	}
}

var plan = &sip.Plan{
	PBXs:   []sip.PBX{{ID: "pbx", Country: "FI", Addresses: hosts("10.20.0.10")}},
	Trunks: []sip.Trunk{{ID: "carrier", PBX: "pbx", Addresses: hosts("198.51.100.50")}},
	Agents: []sip.Agent{{ID: "anna", Extensions: []string{"101"}, Addresses: hosts("10.20.0.101")}},
}

func hosts(s string) []sip.Host {
	return []sip.Host{{Net: netip.PrefixFrom(netip.MustParseAddr(s), 32)}}
}

func newPBX(t *testing.T) (*asterisk.PBX, heard) {
	t.Helper()
	site, err := cti.NewSite(plan, "pbx", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := make(heard, 1000)
	return asterisk.NewPBX(asterisk.Options{Site: site, Sink: h}, func(time.Time) {}, slog.New(slog.DiscardHandler)), h
}

const customer = `{"id":"1.1","name":"PJSIP/trunk-00000001","state":"Up","protocol_id":"a@carrier","caller":{"number":"+358401234501"},` +
	`"connected":{"number":""},"dialplan":{"exten":"+35893100100","app_name":"Queue"},"creationtime":"2026-11-20T06:57:09.056+0000"}`

// fakeARI is an Asterisk with one call. Each connection gets its own events and is then closed.
type fakeARI struct {
	*httptest.Server
	mu       sync.Mutex
	channels string
	events   [][]string
	variable string
	date     time.Time // as it tells it; zero: ours
}

func newFakeARI(t *testing.T) *fakeARI {
	t.Helper()
	f := &fakeARI{channels: "[]", variable: "allowed_not_screened"}
	mux := http.NewServeMux()
	mux.HandleFunc("/ari/events", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ringback" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Query().Get("subscribeAll") != "true" || r.URL.Query().Get("app") == "" || strings.Contains(r.URL.RawQuery, "secret") {
			t.Errorf("the query is %q", r.URL.RawQuery)
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		f.mu.Lock()
		var events []string
		last := len(f.events) <= 1
		if len(f.events) > 0 {
			events, f.events = f.events[0], f.events[1:]
		}
		f.mu.Unlock()
		for _, e := range events {
			if err := ws.Write(r.Context(), websocket.MessageText, []byte(e)); err != nil {
				return
			}
		}
		if last {
			_, _, _ = ws.Read(r.Context()) // until the other side leaves
		}
		_ = ws.Close(websocket.StatusGoingAway, "")
	})
	answer := func(text func() string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if !f.date.IsZero() {
				w.Header().Set("Date", f.date.UTC().Format(http.TimeFormat))
			}
			_, _ = fmt.Fprint(w, text())
		}
	}
	mux.HandleFunc("/ari/channels", answer(func() string { return f.channels }))
	mux.HandleFunc("/ari/bridges", answer(func() string { return "[]" }))
	mux.HandleFunc("/ari/channels/{id}/variable", answer(func() string { return `{"value":"` + f.variable + `"}` }))
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// serve runs a feed until the test ends.
func serve(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func newFeed(kind string) *cti.Feed { return cti.NewFeed("pbx/"+kind, kind, "pbx", "", time.Now()) }

func secret() (string, error) { return "secret", nil }

func TestARIGoesOnAfterTheConnectionWasLost(t *testing.T) {
	p, h := newPBX(t)
	f := newFakeARI(t)
	f.channels = "[" + customer + "]"
	dial := `{"type":"Dial","timestamp":"2026-11-20T06:57:09.073+0000","dialstatus":"","dialstring":"PJSIP/101","caller":` + customer +
		`,"peer":{"id":"1.2","name":"PJSIP/101-00000002","state":"Down","protocol_id":"b@pbx","caller":{"number":"101"},"connected":{"number":""},"dialplan":{"exten":"s"}}}`
	f.events = [][]string{{"{}", dial}, {}}
	feed := newFeed("ari")
	gaps := make(chan time.Duration, 10)
	serve(t, func(ctx context.Context) error {
		return p.ServeARI(ctx, asterisk.ARIOptions{
			URL: f.URL + "/ari/", User: "ringback", Password: secret, Feed: feed, Gap: func(from, to time.Time) { gaps <- to.Sub(from) },
		})
	})
	h.want(t,
		"198.51.100.50 > 10.20.0.10 INVITE sip:+35893100100@10.20.0.10 SIP/2.0",
		"10.20.0.10 > 198.51.100.50 SIP/2.0 200 OK",
		"link a@carrier b@pbx",
		"10.20.0.10 > 10.20.0.101 INVITE sip:101@10.20.0.101 SIP/2.0",
		fmt.Sprintf("fact %d b@pbx", sip.FactDoubt), // it was gone after the gap
	)
	<-gaps
	waitFor(t, func() bool { return feed.Health().State == cti.Up })
	if health := feed.Health(); health.Reconnects != 1 || health.Gaps != 1 || health.Events != 1 || health.Refused != 1 {
		t.Errorf("%+v", health)
	}
}

// TestACallFoundAtAPBXWithAWrongClockBeganWhenItDid reads a call that began ten seconds ago by a clock that is an
// hour slow, and one by a clock that is an hour fast.
func TestACallFoundAtAPBXWithAWrongClockBeganWhenItDid(t *testing.T) {
	for _, wrong := range []time.Duration{-time.Hour, time.Hour, 0} {
		site, err := cti.NewSite(plan, "pbx", nil)
		if err != nil {
			t.Fatal(err)
		}
		h := make(times, 100)
		p := asterisk.NewPBX(asterisk.Options{Site: site, Sink: h, Clock: func(at, _ time.Time) time.Time { return at }}, func(time.Time) {}, slog.New(slog.DiscardHandler))
		f := newFakeARI(t)
		began := time.Now().Add(-10 * time.Second)
		f.date = time.Now().Add(wrong)
		f.channels = "[" + strings.Replace(customer, "2026-11-20T06:57:09.056+0000", began.Add(wrong).Format("2006-01-02T15:04:05.000-0700"), 1) + "]"
		serve(t, func(ctx context.Context) error {
			return p.ServeARI(ctx, asterisk.ARIOptions{URL: f.URL + "/ari", User: "ringback", Password: secret, Feed: newFeed("ari")})
		})
		if got := <-h; got.Sub(began).Abs() > 3*time.Second {
			t.Errorf("%s: it began %s from when it did", wrong, got.Sub(began))
		}
	}
}

// times is a sink of when messages were.
type times chan time.Time

func (x times) Message(m cti.Told)           { x <- m.At }
func (times) Link(time.Time, string, string) {}
func (times) Fact(sip.Fact)                  {}

func TestARIThatRefusesIsSaidSo(t *testing.T) {
	p, _ := newPBX(t)
	f := newFakeARI(t)
	feed := newFeed("ari")
	serve(t, func(ctx context.Context) error {
		return p.ServeARI(ctx, asterisk.ARIOptions{URL: f.URL + "/ari", User: "ringback", Password: func() (string, error) { return "wrong", nil }, Feed: feed})
	})
	waitFor(t, func() bool { return feed.Health().State == cti.Refused })
	if h := feed.Health(); !strings.Contains(h.Err, "ari.conf") || strings.Contains(h.Err, "wrong") {
		t.Errorf("it says %q", h.Err)
	}
}

func TestARITellsWhoWithholdsHisNumber(t *testing.T) {
	p, h := newPBX(t)
	f := newFakeARI(t)
	f.variable = "prohib_not_screened"
	f.events = [][]string{{`{"type":"ChannelStateChange","timestamp":"2026-11-20T06:57:09.057+0000","channel":` + strings.Replace(customer, `"Up"`, `"Ring"`, 1) + `}`}}
	serve(t, func(ctx context.Context) error {
		return p.ServeARI(ctx, asterisk.ARIOptions{URL: f.URL + "/ari", User: "ringback", Password: secret, Feed: newFeed("ari")})
	})
	h.want(t, fmt.Sprintf("fact %d a@carrier", sip.FactWithheld))
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("it never came true")
		}
		select {
		case <-t.Context().Done():
		case <-time.After(time.Millisecond):
		}
	}
}

// fakeAMI is a manager interface with one channel.
type fakeAMI struct {
	net.Listener
	general  map[string]string         // of manager.conf
	channels []string                  // as CoreShowChannels lists them
	filter   func(a asterisk.AMI) bool // takes a filter or not; nil: its user may not
	passes   func(event string) bool   // its filters let it pass; nil: they do

	mu      sync.Mutex
	actions []asterisk.AMI
}

// did are the actions of a kind that were asked for, and all kinds in their order.
func (f *fakeAMI) did(kind string) (of []asterisk.AMI, all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.actions {
		if a["Action"] == kind {
			of = append(of, a)
		}
		all = append(all, a["Action"])
	}
	return of, all
}

func newFakeAMI(t *testing.T) *fakeAMI {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &fakeAMI{Listener: l}
}

// serve answers one connection after the other; each gets its events and, but for the last, is then closed.
func (f *fakeAMI) serve(t *testing.T, events ...[]string) {
	t.Helper()
	for i, list := range events {
		conn, err := f.Accept()
		if err != nil {
			return
		}
		f.answer(t, conn, list, i == len(events)-1)
		_ = conn.Close()
	}
}

func (f *fakeAMI) answer(t *testing.T, conn net.Conn, events []string, stay bool) {
	t.Helper()
	_, _ = fmt.Fprint(conn, "Asterisk Call Manager/11.0.0\r\n")
	in := bufio.NewScanner(conn)
	action := asterisk.AMI{}
	for in.Scan() {
		if name, value, ok := strings.Cut(in.Text(), ": "); ok {
			action[name] = value
			continue
		}
		f.mu.Lock()
		f.actions = append(f.actions, action)
		f.mu.Unlock()
		switch action["Action"] {
		case "Challenge":
			_, _ = fmt.Fprint(conn, "Response: Success\r\nChallenge: 42\r\n\r\n")
		case "Login":
			sum := md5.Sum([]byte("42secret"))
			if action["Key"] != hex.EncodeToString(sum[:]) || action["Secret"] != "" {
				_, _ = fmt.Fprint(conn, "Response: Error\r\nMessage: Authentication failed\r\n\r\n")
				break
			}
			_, _ = fmt.Fprint(conn, "Response: Success\r\nMessage: Authentication accepted\r\n\r\nEvent: FullyBooted\r\n\r\n")
		case "GetConfig":
			_, _ = fmt.Fprint(conn, "Response: Success\r\nCategory-000000: general\r\n")
			for k, v := range f.general {
				_, _ = fmt.Fprintf(conn, "Line-000000-000000: %s=%s\r\n", k, v)
			}
			_, _ = fmt.Fprint(conn, "\r\n")
		case "CoreShowChannels":
			_, _ = fmt.Fprintf(conn, "Response: Success\r\nActionID: %s\r\n\r\n", action["ActionID"])
			for _, c := range f.channels {
				_, _ = fmt.Fprintf(conn, "Event: CoreShowChannel\r\nActionID: %s\r\n%s\r\n\r\n", action["ActionID"], c)
			}
			_, _ = fmt.Fprintf(conn, "Event: CoreShowChannelsComplete\r\nActionID: %s\r\n\r\n", action["ActionID"])
			for _, e := range events {
				if f.passes == nil || f.passes(e) {
					_, _ = fmt.Fprint(conn, e+"\r\n\r\n")
				}
			}
			if !stay {
				return
			}
		case "Getvar":
			_, _ = fmt.Fprintf(conn, "Response: Success\r\nActionID: %s\r\nVariable: %s\r\nValue: prohib\r\n\r\n", action["ActionID"], action["Variable"])
		case "Filter":
			if f.filter != nil && f.filter(action) {
				_, _ = fmt.Fprint(conn, "Response: Success\r\n\r\n")
				break
			}
			fallthrough
		default:
			_, _ = fmt.Fprint(conn, "Response: Error\r\nMessage: Permission denied\r\n\r\n")
		}
		action = asterisk.AMI{}
	}
}

func TestAMIGoesOnAfterTheConnectionWasLost(t *testing.T) {
	p, h := newPBX(t)
	f := newFakeAMI(t)
	ring := "Event: Newchannel\r\nChannel: PJSIP/trunk-00000001\r\nChannelStateDesc: Ring\r\nCallerIDNum: +358401234501\r\nExten: +35893100100\r\nUniqueid: 1.1"
	go f.serve(t, []string{ring}, []string{})
	feed := newFeed("ami")
	serve(t, func(ctx context.Context) error {
		return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, Feed: feed})
	})
	h.want(t,
		"198.51.100.50 > 10.20.0.10 INVITE sip:+35893100100@10.20.0.10 SIP/2.0",
		fmt.Sprintf("fact %d 1.1@pbx.told.invalid", sip.FactDoubt), // it was gone after the gap
		"10.20.0.10 > 198.51.100.50 SIP/2.0 500 Told",
	)
	waitFor(t, func() bool { return feed.Health().Reconnects == 1 })
	if health := feed.Health(); health.Reconnects != 1 || health.Gaps != 1 || health.Events == 0 {
		t.Errorf("%+v", health)
	}
}

func TestAMISpeaksTLSWithWhomItTrusts(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(web.Close)
	trust := web.Client().Transport.(*http.Transport).TLSClientConfig
	for trusted, conf := range map[bool]*tls.Config{true: trust, false: {MinVersion: tls.VersionTLS12}} {
		p, _ := newPBX(t)
		f := newFakeAMI(t)
		f.Listener = tls.NewListener(f.Listener, web.TLS)
		go f.serve(t, []string{})
		feed := newFeed("ami")
		serve(t, func(ctx context.Context) error {
			return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, TLS: conf, Feed: feed})
		})
		waitFor(t, func() bool { h := feed.Health(); return h.State == cti.Up || h.Err != "" })
		if h := feed.Health(); (h.State == cti.Up) != trusted || !trusted && !strings.Contains(h.Err, "certificate") {
			t.Errorf("trusted %v: %+v", trusted, h)
		}
	}
}

func TestAMITellsWhoWithholdsHisNumber(t *testing.T) {
	p, h := newPBX(t)
	f := newFakeAMI(t)
	ring := "Event: Newchannel\r\nChannel: PJSIP/trunk-00000001\r\nChannelStateDesc: Ring\r\nCallerIDNum: +358401234501\r\nExten: +35893100100\r\nUniqueid: 1.1"
	go f.serve(t, []string{ring})
	serve(t, func(ctx context.Context) error {
		return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, Feed: newFeed("ami")})
	})
	h.want(t, fmt.Sprintf("fact %d 1.1@pbx.told.invalid", sip.FactWithheld))
}

func TestAMIThatWouldHangAsteriskIsRefused(t *testing.T) {
	p, _ := newPBX(t)
	f := newFakeAMI(t)
	f.general = map[string]string{"channelvars": "CHANNEL(pjsip,call-id), FOO"}
	go f.serve(t, []string{}, []string{})
	feed := newFeed("ami")
	serve(t, func(ctx context.Context) error {
		return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, Feed: feed})
	})
	waitFor(t, func() bool { return feed.Health().State == cti.Refused })
	if h := feed.Health(); !strings.Contains(h.Err, "channelvars") {
		t.Errorf("it says %q", h.Err)
	}
}

func TestAMIWithTheWrongSecretIsRefused(t *testing.T) {
	p, _ := newPBX(t)
	f := newFakeAMI(t)
	go f.serve(t, []string{}, []string{})
	feed := newFeed("ami")
	serve(t, func(ctx context.Context) error {
		return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: func() (string, error) { return "hush", nil }, Feed: feed})
	})
	waitFor(t, func() bool { return feed.Health().State == cti.Refused })
	if h := feed.Health(); strings.Contains(h.Err, "hush") {
		t.Errorf("it tells the secret: %q", h.Err)
	}
}

func TestAPBXThatLeavesTheDirectoryMayGoOnTelling(t *testing.T) {
	site, err := cti.NewSite(plan, "pbx", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := make(heard, 100)
	m := asterisk.New(asterisk.Options{Site: site, Sink: h})
	event := func(kind, more string) {
		if _, err := m.ARI([]byte(`{"type":"`+kind+`","timestamp":"2026-11-20T06:57:09.057+0000","channel":`+customer+more+`}`), time.Now()); err != nil {
			t.Error(err)
		}
	}
	event("ChannelStateChange", "")
	m.SetSite(nil)
	event("ChannelDialplan", `,"dialplan_app":"VoiceMail"`)
	event("ChannelDestroyed", `,"cause":16`)
	h.want(t, fmt.Sprintf("fact %d a@carrier", sip.FactVoicemail))
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	site, err := cti.NewSite(plan, "pbx", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := asterisk.New(asterisk.Options{Site: site, Sink: make(heard, 100)})
	for _, text := range []string{"", "[]", "{", `{"type":1}`, `{"type":""}`, `"x"`} {
		if _, err := m.ARI([]byte(text), time.Now()); !errors.Is(err, asterisk.ErrEvent) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`{"type":"Dial"}`, `{"type":"ChannelDestroyed","channel":{"id":"x"}}`, `{"type":"ChannelEnteredBridge"}`} {
		if !json.Valid([]byte(text)) {
			t.Fatal(text)
		}
		if _, err := m.ARI([]byte(text), time.Now()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
