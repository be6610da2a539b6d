package dialogevent_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/sip/dialogevent"
)

// pbx is a PBX that a test speaks for, datagram by datagram.
type pbx struct {
	t    *testing.T
	conn net.PacketConn
	cseq int
	sent int
}

func newPBX(t *testing.T) *pbx {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &pbx{t: t, conn: c}
}

// message is a SIP message, as lines.
type message struct {
	text string
	from net.Addr
}

func (m *message) header(name string) string {
	for line := range strings.SplitSeq(m.text, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// next is the next message that is not one we saw.
func (p *pbx) next(method string) *message {
	p.t.Helper()
	b := make([]byte, 1<<16)
	for {
		_ = p.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, from, err := p.conn.ReadFrom(b)
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", method, err)
		}
		if text := string(b[:n]); strings.HasPrefix(text, method) {
			return &message{text, from}
		}
	}
}

func (p *pbx) send(to net.Addr, text string) {
	p.t.Helper()
	if _, err := p.conn.WriteTo([]byte(text), to); err != nil {
		p.t.Fatal(err)
	}
}

// respond answers a SUBSCRIBE.
func (p *pbx) respond(m *message, status string, headers ...string) {
	p.t.Helper()
	to := m.header("To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=pbx"
	}
	p.send(m.from, fmt.Sprintf("SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:%s>\r\n%sContent-Length: 0\r\n\r\n",
		status, m.header("Via"), m.header("From"), to, m.header("Call-ID"), m.header("CSeq"), p.conn.LocalAddr(), lines(headers)))
}

func lines(headers []string) string {
	var b strings.Builder
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String()
}

// notify sends a NOTIFY of the subscription that a SUBSCRIBE began, and returns the answer's status.
func (p *pbx) notify(m *message, state, body string, headers ...string) string {
	p.t.Helper()
	p.cseq, p.sent = p.cseq+1, p.sent+1
	if len(headers) == 0 {
		headers = []string{"Event: dialog"}
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/dialog-info+xml\r\n"
	}
	p.send(m.from, fmt.Sprintf("NOTIFY sip:ringback@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKn%d\r\nMax-Forwards: 70\r\n"+
		"From: <sip:a@b>;tag=pbx\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d NOTIFY\r\nContact: <sip:%s>\r\nSubscription-State: %s\r\n%s%sContent-Length: %d\r\n\r\n%s",
		m.from, p.conn.LocalAddr(), p.sent, m.header("From"), m.header("Call-ID"), p.cseq, p.conn.LocalAddr(), state, lines(headers), kind, len(body), body))
	answer := p.next("SIP/2.0")
	return strings.Fields(answer.text)[1]
}

func info(version int, state, dialogs string) string {
	return fmt.Sprintf(`<dialog-info version="%d" state="%s" entity="sip:a@b">%s</dialog-info>`, version, state, dialogs)
}

// heard is what a subscriber was told.
type heard struct {
	mu      sync.Mutex
	changes []string
	states  chan error
}

func subscribe(t *testing.T, p *pbx, o dialogevent.Options) *heard {
	t.Helper()
	h := &heard{states: make(chan error, 100)}
	o.URIs = []string{"sip:a@" + p.conn.LocalAddr().String()}
	o.Listen = "127.0.0.1:0"
	o.Notify = func(_ time.Time, _ string, changes []dialogevent.Change) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, x := range changes {
			h.changes = append(h.changes, x.ID+" "+x.State.String())
		}
	}
	o.Changed = func(_ string, err error) { h.states <- err }
	s, err := dialogevent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *heard) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.changes, ", ")
}

func (h *heard) state(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.states:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("no state")
		return nil
	}
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestASubscriptionLivesAndIsRefreshed(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	h := subscribe(t, p, dialogevent.Options{})
	m := p.next("SUBSCRIBE")
	want(t, "event", m.header("Event"), "dialog")
	want(t, "expires", m.header("Expires"), "600")
	// The first NOTIFY may come before the answer (RFC 6665 §4.1.2.4), and empty.
	want(t, "first NOTIFY", p.notify(m, "active;expires=2", ""), "200")
	p.respond(m, "200 OK", "Expires: 2")
	want(t, "NOTIFY", p.notify(m, "active;expires=2", info(1, "full", `<dialog id="1" call-id="x"><state>early</state></dialog>`)), "200")
	if err := h.state(t); err != nil {
		t.Error(err)
	}
	again := p.next("SUBSCRIBE")
	want(t, "the refresh's dialog", again.header("Call-ID"), m.header("Call-ID"))
	if !strings.Contains(again.header("To"), "tag=pbx") || again.header("CSeq") == m.header("CSeq") {
		t.Errorf("no refresh: %s", again.text)
	}
	p.respond(again, "481 Subscription Does Not Exist")
	if err := h.state(t); err == nil {
		t.Error("481 is no trouble")
	}
	anew := p.next("SUBSCRIBE")
	if anew.header("Call-ID") == m.header("Call-ID") || strings.Contains(anew.header("To"), "tag=") {
		t.Errorf("not a new subscription: %s", anew.text)
	}
	want(t, "a NOTIFY of the old subscription", p.notify(m, "active", info(2, "full", "")), "481")
	want(t, "changes", h.all(), "1 early")
}

func TestAMissedDocumentIsAskedFor(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	h := subscribe(t, p, dialogevent.Options{})
	m := p.next("SUBSCRIBE")
	p.respond(m, "202 Accepted", "Expires: 600")
	p.notify(m, "active", info(0, "full", ""))
	p.notify(m, "active", info(3, "partial", `<dialog id="1" call-id="x"><state>early</state></dialog>`))
	again := p.next("SUBSCRIBE")
	want(t, "the dialog", again.header("Call-ID"), m.header("Call-ID"))
	p.respond(again, "200 OK", "Expires: 600")
	p.notify(m, "active", info(4, "full", `<dialog id="1" call-id="x"><state>confirmed</state></dialog>`))
	want(t, "changes", h.all(), "1 early, 1 confirmed")
}

func TestNotifiesThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	subscribe(t, p, dialogevent.Options{})
	m := p.next("SUBSCRIBE")
	p.respond(m, "200 OK", "Expires: 600")
	want(t, "ours", p.notify(m, "active", info(0, "full", "")), "200")
	want(t, "another event", p.notify(m, "active", "", "Event: presence"), "489")
	want(t, "no document", p.notify(m, "active", "<x/>"), "400")
	other := *m
	other.text = strings.Replace(m.text, m.header("Call-ID"), "forged", 1)
	want(t, "an unknown subscription", p.notify(&other, "active", info(1, "full", "")), "481")
	p.cseq = 0
	want(t, "a late one", p.notify(m, "active", info(1, "full", "")), "500")
}

func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	for status, refused := range map[string]bool{
		"489 Bad Event": true, "404 Not Found": true, "403 Forbidden": true, "503 Service Unavailable": false, "481 No": false, "401 Unauthorized": true,
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			p := newPBX(t)
			h := subscribe(t, p, dialogevent.Options{})
			p.respond(p.next("SUBSCRIBE"), status)
			if err := h.state(t); err == nil || errors.Is(err, dialogevent.ErrRefused) != refused {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAChallengeIsAnswered(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	h := subscribe(t, p, dialogevent.Options{User: "ringback", Password: func() (string, error) { return "hush", nil }})
	m := p.next("SUBSCRIBE")
	p.respond(m, "401 Unauthorized", `WWW-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5, qop="auth"`)
	m = p.next("SUBSCRIBE")
	if a := m.header("Authorization"); !strings.Contains(a, `username="ringback"`) || strings.Contains(a, "hush") {
		t.Errorf("Authorization: %s", a)
	}
	p.respond(m, "401 Unauthorized", `WWW-Authenticate: Digest realm="pbx", nonce="n2", algorithm=MD5, qop="auth"`)
	if err := h.state(t); !errors.Is(err, dialogevent.ErrRefused) || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}

func TestATooShortTimeIsMadeLonger(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	subscribe(t, p, dialogevent.Options{Expires: time.Minute})
	m := p.next("SUBSCRIBE")
	p.respond(m, "423 Interval Too Brief", "Min-Expires: 3600")
	want(t, "expires", p.next("SUBSCRIBE").header("Expires"), "3600")
}

func TestAPBXThatEndsASubscriptionIsAskedAgain(t *testing.T) {
	t.Parallel()
	p := newPBX(t)
	h := subscribe(t, p, dialogevent.Options{})
	m := p.next("SUBSCRIBE")
	p.respond(m, "200 OK", "Expires: 600")
	p.notify(m, "terminated;reason=deactivated;retry-after=1", "")
	if err := h.state(t); err == nil || errors.Is(err, dialogevent.ErrRefused) {
		t.Errorf("%v", err)
	}
	if anew := p.next("SUBSCRIBE"); anew.header("Call-ID") == m.header("Call-ID") {
		t.Error("the same subscription")
	}
}

func TestWhatIsNoURIIsRefused(t *testing.T) {
	for _, o := range []dialogevent.Options{{URIs: []string{"tel:+358401234501"}}, {URIs: []string{""}}, {Server: "pbx"}} {
		if _, err := dialogevent.New(o); !errors.Is(err, dialogevent.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
