package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

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

	mu    sync.Mutex
	conns []net.Conn // of the client
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
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := l.dial(ctx, network, addr)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.conns = append(d.conns, c)
		return c, err
	}}
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

// cut breaks all connections of the client.
func (d *desk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		if c != nil {
			c.Close()
		}
	}
	d.conns = nil
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

// dataOf is an event's JSON.
func dataOf(ev *event) []byte {
	_, data, _ := bytes.Cut(ev.frame(), []byte("\ndata: "))
	return bytes.TrimSpace(data)
}
