package asterisk

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"ringback/cti"
)

// ARIOptions say where an ARI is. Required are all but TLS, Gap and App.
type ARIOptions struct {
	URL      string // of ARI, as http://pbx:8088/ari
	User     string
	Password func() (string, error) // asked for at every connection, so that it can be changed
	App      string                 // the application's name at Asterisk: ringback
	TLS      *tls.Config            // nil: the system's
	Feed     *cti.Feed
	Gap      func(from, to time.Time) // told of the time in which nothing was heard
}

// maxEvent bounds one event, and one answer with all channels.
const (
	maxEvent  = 1 << 20
	maxAnswer = 64 << 20
)

// ariClient is one connection's way to ARI.
type ariClient struct {
	o        ARIOptions
	base     *url.URL
	password string
	http     *http.Client
}

// ServeARI hears the events of ARI until ctx ends, connecting again whenever the connection is lost. At
// every connection all channels are read, so that nothing is unseen for longer than it was down. It returns
// nil after ctx ended, and at once an error for options that cannot work.
func (p *PBX) ServeARI(ctx context.Context, o ARIOptions) error {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("asterisk: %q is not the URL of an ARI, as http://pbx:8088/ari", o.URL)
	}
	if o.App == "" {
		o.App = "ringback"
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = o.TLS
	defer transport.CloseIdleConnections()
	c := &ariClient{o: o, base: base, http: &http.Client{Transport: transport}}
	p.mu.Lock()
	p.model.SetCallIDs(true)
	p.mu.Unlock()
	return p.keep(ctx, o.Feed.Health().Name, o.Feed, func(ctx context.Context) error { return p.ari(ctx, c) })
}

// ari is one connection.
func (p *PBX) ari(ctx context.Context, c *ariClient) (err error) {
	if c.password, err = c.o.Password(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ws, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer ws.CloseNow() //nolint:errcheck // it is over
	ws.SetReadLimit(maxEvent)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()

	// Events that come while the channels are read are of after that, or do no harm twice.
	events := make(chan []byte, 4096)
	read := make(chan error, 1)
	beside.Go(func() { read <- hear(ctx, ws, events) })
	beside.Go(func() { ping(ctx, ws, cancel) })
	if err := p.catchUp(ctx, c); err != nil {
		return err
	}
	beside.Go(func() { p.ask(ctx, c) })
	now := time.Now()
	if down := c.o.Feed.Rise(now); !down.IsZero() && c.o.Gap != nil {
		c.o.Gap(down, now)
	}
	p.logger.Info("feed is up", "feeds", c.o.Feed.Health().Name)
	for {
		select {
		case b := <-events:
			p.event(c, b)
		case err := <-read:
			for {
				select {
				case b := <-events:
					p.event(c, b)
					continue
				default:
				}
				return err
			}
		}
	}
}

func (p *PBX) event(c *ariClient, b []byte) {
	now := time.Now()
	p.do(now, func(m *Model) {
		at, err := m.ARI(b, now)
		if err != nil {
			c.o.Feed.Bad()
			return
		}
		c.o.Feed.Event(at, now)
	})
}

// connect opens the stream of events.
func (c *ariClient) connect(ctx context.Context) (*websocket.Conn, error) {
	u := *c.base
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.Path = strings.TrimSuffix(u.Path, "/") + "/events"
	u.RawQuery = url.Values{"app": {c.o.App}, "subscribeAll": {"true"}}.Encode()
	head := http.Header{}
	r := http.Request{Header: head}
	r.SetBasicAuth(c.o.User, c.password) // not in the address, which ends up in logs
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ws, answer, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPHeader: head, HTTPClient: c.http})
	if err == nil {
		return ws, nil
	}
	if answer != nil && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return nil, fmt.Errorf("%w by ARI at %s: see the user in ari.conf", ErrRefused, c.base.Host)
	}
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("asterisk: ARI at %s answered %d to the request for events", c.base.Host, answer.StatusCode)
	}
	return nil, fmt.Errorf("asterisk: connecting to ARI at %s: %w", c.base.Host, err)
}

// hear reads events until the connection is lost.
func hear(ctx context.Context, ws *websocket.Conn, events chan<- []byte) error {
	for {
		_, b, err := ws.Read(ctx)
		if err != nil {
			return fmt.Errorf("asterisk: the connection to ARI was lost: %w", err)
		}
		select {
		case events <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ping finds out that the other side is gone without having said so.
func ping(ctx context.Context, ws *websocket.Conn, lost func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pingEvery):
		}
		one, cancel := context.WithTimeout(ctx, pingTimeout)
		err := ws.Ping(one)
		cancel()
		if err != nil {
			lost()
			return
		}
	}
}

// catchUp reads all channels and bridges there are.
func (p *PBX) catchUp(ctx context.Context, c *ariClient) error {
	var channels []ariChannel
	var bridges []ariBridge
	if _, err := c.get(ctx, "channels", &channels); err != nil {
		return err
	}
	theirs, err := c.get(ctx, "bridges", &bridges)
	if err != nil {
		return err
	}
	now := time.Now()
	rooms := make([]Bridge, 0, len(bridges))
	for i := range bridges {
		rooms = append(rooms, Bridge(bridges[i]))
	}
	p.do(now, func(m *Model) {
		shift := m.shiftAt(theirs, now)
		list := make([]Channel, 0, len(channels))
		for i := range channels {
			channels[i].shift = shift
			list = append(list, channels[i].channel())
		}
		m.Resync(now, list, rooms)
	})
	return nil
}

// ariBridge is a bridge as ARI shows it.
type ariBridge struct {
	ID       string   `json:"id"`
	Channels []string `json:"channels"`
}

// errStatus is the answer to a request that did not go well.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("asterisk: ARI answered %d", int(e)) }

// get reads a resource of ARI, and says what time it is there: the zero time where the answer does not.
func (c *ariClient) get(ctx context.Context, path string, into any) (theirs time.Time, err error) {
	u := *c.base
	resource, query, _ := strings.Cut(path, "?")
	u.Path, u.RawQuery = strings.TrimSuffix(u.Path, "/")+"/"+resource, query
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return theirs, err
	}
	r.SetBasicAuth(c.o.User, c.password)
	answer, err := c.http.Do(r)
	if err != nil {
		return theirs, fmt.Errorf("asterisk: asking ARI at %s: %w", c.base.Host, errors.Unwrap(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return theirs, errStatus(answer.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
		return theirs, fmt.Errorf("asterisk: ARI at %s: %w", c.base.Host, err)
	}
	if theirs, err = http.ParseTime(answer.Header.Get("Date")); err != nil {
		return time.Time{}, nil //nolint:nilerr // it may be left out
	}
	return theirs, nil
}

// ask finds out which callers withhold their numbers: ARI's events do not tell.
func (p *PBX) ask(ctx context.Context, c *ariClient) {
	for {
		var id string
		select {
		case <-ctx.Done():
			return
		case id = <-p.asked:
		}
		var v struct {
			Value string `json:"value"`
		}
		if _, err := c.get(ctx, "channels/"+url.PathEscape(id)+"/variable?variable="+numberPresentation, &v); err != nil {
			continue // it is gone, or the connection is
		}
		if isProhibited(v.Value) {
			now := time.Now()
			p.do(now, func(m *Model) { m.Hide(now, id) })
		}
	}
}
