package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

// pipes is a network inside the process, so that a real HTTP server runs in a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// desk is a server under test with a client at its API.
type desk struct {
	t      *testing.T
	server *Server
	client *http.Client
	tokens string // the file's path
}

// open starts a server in the bubble that the test runs in.
func open(t *testing.T, o Options) *desk {
	t.Helper()
	path := tokensFile(t, "wallboard:"+secret+"\ncrm:"+secret+"2\n")
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Tokens = tokens
	d := &desk{t: t, server: New(o), tokens: path}
	l := newPipes()
	served := make(chan error, 1)
	go func() { served <- d.server.ServeAPI(l) }()
	transport := &http.Transport{DialContext: l.dial}
	d.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		if err := d.server.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error("shutdown:", err)
		}
		if err := <-served; err != nil {
			t.Error("serve:", err)
		}
		transport.CloseIdleConnections()
	})
	return d
}

// stream opens an event stream.
func (d *desk) stream(query string, header ...string) *reader {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ringback/v1/events"+query, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	stream := &reader{t: d.t, answer: answer, lines: bufio.NewScanner(answer.Body), leave: cancel}
	d.t.Cleanup(stream.close)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		d.t.Fatalf("status %d, %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	return stream
}

// reader reads an event stream as a browser does.
type reader struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
	leave  context.CancelFunc
	id     string // last seen
}

func (r *reader) close() {
	r.leave()
	_ = r.answer.Body.Close()
}

// message is one dispatched event, or a comment.
type message struct {
	ID, Event, Data, Comment string
}

// next reads a block; false when the stream is over.
func (r *reader) next() (message, bool) {
	var m message
	for r.lines.Scan() {
		line := r.lines.Text()
		if line == "" {
			return m, true
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			m.Comment = value
		case "id":
			m.ID, r.id = value, value
		case "event":
			m.Event = value
		case "data":
			m.Data += value
		case "retry":
		default:
			r.t.Errorf("line %q in the stream", line)
		}
	}
	return m, false
}

// must reads a block that has to come.
func (r *reader) must() message {
	r.t.Helper()
	m, ok := r.next()
	if !ok {
		r.t.Fatalf("the stream ended: %v", r.lines.Err())
	}
	return m
}

// calls reads as many call events as wanted, and returns their calls.
func (r *reader) calls(n int) []string {
	r.t.Helper()
	var ids []string
	for range n {
		m := r.must()
		if m.Event != kindCall {
			r.t.Fatalf("got %+v after %v, want a call event", m, ids)
		}
		var ev CallEvent
		if err := json.Unmarshal([]byte(m.Data), &ev); err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, ev.Call)
	}
	return ids
}

// publish publishes the start of calls with these ids.
func (d *desk) publish(ids ...string) {
	for _, id := range ids {
		d.server.Events().Call(&sip.Event{Kind: sip.CallStarted, At: time.Now(), Call: &sip.Call{ID: id, Direction: sip.Inbound, CallerID: "+358401234567", Started: time.Now()}})
	}
}

func numbered(from, to int) []string {
	var ids []string
	for n := from; n <= to; n++ {
		ids = append(ids, fmt.Sprint("call-", n))
	}
	return ids
}

func TestAReaderThatComesBackMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.publish("before")
		first := d.stream("")
		if m := first.must(); m.Comment != "hello" || m.ID == "" {
			t.Fatalf("the stream begins with %+v", m)
		}
		d.publish(numbered(1, 3)...)
		if diff := cmp.Diff(numbered(1, 3), first.calls(3)); diff != "" {
			t.Error(diff)
		}
		first.close()
		d.publish(numbered(4, 200)...)

		for _, second := range []*reader{d.stream("", "Last-Event-ID", first.id), d.stream("?last_event_id=" + first.id)} {
			second.must()
			if diff := cmp.Diff(numbered(4, 200), second.calls(197)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestAReaderThatLeavesBeforeTheFirstEventMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		first := d.stream("")
		first.must()
		first.close()
		d.publish("call-1")
		second := d.stream("", "Last-Event-ID", first.id)
		second.must()
		if diff := cmp.Diff(numbered(1, 1), second.calls(1)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnIDThatCannotBeResumedBeginsWithReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		earlier := newEvents(time.Now().Add(-time.Nanosecond), 10, 1<<20)
		d := open(t, Options{})
		d.server.events.maxEvents = 10
		d.publish(numbered(1, 30)...)
		own := d.server.events
		for id, reason := range map[string]string{
			earlier.id(5):                       "restarted",
			own.id(3):                           "too_old",
			own.id(19):                          "too_old",
			own.id(31):                          "unknown",
			own.epoch + "-":                     "unknown",
			own.epoch + "--1":                   "unknown",
			own.epoch + "-+1":                   "unknown",
			own.epoch + "-01":                   "unknown",
			own.epoch + "-99999999999999999999": "unknown",
			own.epoch:                           "unknown",
			"-1":                                "unknown",
			"zzzzzzzzzzzz-1":                    "unknown",
			"💥":                                 "unknown",
			"' OR 1=1":                          "unknown",
		} {
			r := d.stream("", "Last-Event-ID", id)
			m := r.must()
			if want := `{"type":"reset","reason":"` + reason + `"}`; m.Event != "reset" || m.Data != want || m.ID != own.id(30) {
				t.Errorf("after id %q the stream begins with %+v, want %s", id, m, want)
			}
			r.close()
		}
		r := d.stream("", "Last-Event-ID", own.id(20))
		r.must()
		if diff := cmp.Diff(numbered(21, 30), r.calls(10)); diff != "" {
			t.Error("the oldest id that can be resumed:", diff)
		}
	})
}

func TestAResetReaderGoesOnWithWhatHappensNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.publish("call-1")
		r := d.stream("", "Last-Event-ID", "nonsense")
		if m := r.must(); m.Event != "reset" {
			t.Fatalf("got %+v", m)
		}
		d.publish("call-2")
		if diff := cmp.Diff(numbered(2, 2), r.calls(1)); diff != "" {
			t.Error(diff)
		}
		if got := d.server.Events().Stats().Resets; got != 1 {
			t.Errorf("%d resets counted", got)
		}
	})
}

func TestIDsGrowOverRestarts(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	last := ""
	for n := range 50 {
		e := newEvents(start.Add(time.Duration(n)*31*24*time.Hour), 10, 1<<20)
		if id := e.id(1); id <= last {
			t.Errorf("%s after %s", id, last)
		} else {
			last = id
		}
	}
}

func TestAHeartbeatComesEveryFifteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		started := time.Now()
		// Longer than every timeout of the server.
		for n := range 40 {
			if m := r.must(); m.Comment != "heartbeat" || m.ID == "" {
				t.Fatalf("got %+v", m)
			}
			if got, want := time.Since(started), time.Duration(n+1)*15*time.Second; got != want {
				t.Fatalf("heartbeat %d after %v", n, got)
			}
		}
		d.publish("call-1")
		r.calls(1)
	})
}

func TestAKindNotWantedMovesTheIDButIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.maxEvents = 10
		r := d.stream("?kind=case,hint")
		r.must()
		for n := range 25 {
			d.publish(numbered(n, n)...)
			synctest.Wait()
		}
		if m := r.must(); m.Comment != "heartbeat" || m.ID != d.server.events.id(25) {
			t.Fatalf("got %+v", m)
		}
		r.close()
		again := d.stream("?kind=case,hint", "Last-Event-ID", r.id)
		if m := again.must(); m.Event == "reset" {
			t.Error("a reader of few kinds was reset by events of others")
		}
	})
}

func TestAReaderThatTakesNothingIsDroppedAndCanComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		id := r.id
		d.publish(numbered(1, 500)...) // more than lies between the server and the reader
		time.Sleep(writeTimeout + time.Second)
		if got := d.server.Events().Stats(); got.Dropped != 1 || got.Open != 0 {
			t.Fatalf("%d dropped, %d open", got.Dropped, got.Open)
		}
		again := d.stream("", "Last-Event-ID", id)
		again.must()
		if diff := cmp.Diff(numbered(1, 500), again.calls(500)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReaderOvertakenByTheRingIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.maxEvents = 100
		r := d.stream("")
		r.must()
		for range 20 {
			d.publish(numbered(1, 100)...)
			synctest.Wait()
		}
		for {
			m := r.must()
			if m.Event == "reset" {
				if m.ID != d.server.events.id(2000) {
					t.Errorf("reset to %s", m.ID)
				}
				break
			}
			if m.ID == d.server.events.id(2000) {
				t.Fatal("2000 events went through a ring of 100 without a reader")
			}
		}
		d.publish("call-1")
		r.calls(1)
	})
}

func TestTheRingIsBoundedInBytes(t *testing.T) {
	e := newEvents(time.Now(), 1000, 64<<10)
	for range 100 {
		e.Call(&sip.Event{Kind: sip.CallStarted, Call: &sip.Call{ID: "x", CallIDs: []string{strings.Repeat("c", 10_000)}}})
	}
	if e.kept != 3 || e.bytes > 64<<10 {
		t.Errorf("%d events of %d bytes kept", e.kept, e.bytes)
	}
	if _, reason := e.position(e.id(97)); reason != "" {
		t.Error("the oldest kept:", reason)
	}
	if _, reason := e.position(e.id(96)); reason != resetTooOld {
		t.Error("one before:", reason)
	}
}

func TestAStreamEndsWhenItsTokenIsRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		ours, theirs := d.stream(""), d.stream("", "Authorization", "Bearer "+secret+"2")
		ours.must()
		theirs.must()
		if err := os.WriteFile(d.tokens, []byte("crm:"+secret+"2"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.server.o.Tokens.Reload(); err != nil {
			t.Fatal(err)
		}
		if m, ok := ours.next(); ok {
			t.Errorf("a revoked token still gets %+v", m)
		}
		if m := theirs.must(); m.Comment != "heartbeat" {
			t.Errorf("another token gets %+v", m)
		}
	})
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		stopped := make(chan error, 1)
		started := time.Now()
		go func() { stopped <- d.server.Shutdown(t.Context()) }()
		if m := r.must(); m.Comment != "the server stops" {
			t.Errorf("got %+v", m)
		}
		if m, ok := r.next(); ok {
			t.Errorf("after the end comes %+v", m)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if waited := time.Since(started); waited > time.Second {
			t.Errorf("stopping took %v", waited)
		}
	})
}

func TestAReaderThatIsGoneLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		if got := d.server.Events().Stats().Open; got != 1 {
			t.Fatalf("%d streams open", got)
		}
		r.close()
		synctest.Wait()
		if got := d.server.Events().Stats().Open; got != 0 {
			t.Errorf("%d streams open", got)
		}
	})
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.streams.Store(maxStreams)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ringback/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		answer, err := d.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "Too many event streams") {
			t.Errorf("%d %s", answer.StatusCode, body)
		}
		d.server.events.streams.Store(0)
	})
}
