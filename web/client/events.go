package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ringback/web"
)

// Event is one thing that happened. One of its pointers is set; of a kind that this client does not
// know, none is.
type Event struct {
	ID   string // to go on after it with EventOptions.After
	Kind string // call, case, hint, scheduled, callback, offer, message or reset
	Data json.RawMessage

	Call  *web.CallEvent
	Case  *web.CaseEvent
	Hint  *web.HintEvent
	Due   *web.ScheduledEvent
	Back  *web.CallbackEvent
	Offer *web.OfferEvent
	Said  *web.MessageEvent
	Reset *web.Reset // events were missed: read again what is shown
}

// EventOptions say what is followed.
type EventOptions struct {
	Kinds []string // only these; none: all
	After string   // go on after this event; empty: with what happens next
	// Opened is called whenever the stream is open, also again after a lost connection: from then on
	// nothing is missed. It may be nil.
	Opened func()
}

// silence is how long nothing may come, not even a heartbeat, before the connection counts as lost.
const silence = 40 * time.Second

// Events yields what happens until ctx ends. When the connection is lost it comes back and goes on where
// it was; a reset says when that is impossible. It ends with an error when the server will not have it:
// ErrUnauthorized, ErrForbidden, or ErrInvalid.
func (c *Client) Events(ctx context.Context, o EventOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := &following{client: c, o: o, last: o.After, wait: 2 * time.Second, yield: yield}
		for lost := time.Duration(0); ; {
			came, err := s.connect(ctx)
			switch {
			case s.over || ctx.Err() != nil:
				return
			case errors.Is(err, ErrUnauthorized), errors.Is(err, ErrForbidden), errors.Is(err, ErrInvalid), errors.Is(err, ErrNotFound):
				yield(Event{}, err)
				return
			}
			if lost = min(2*lost+s.wait, 30*time.Second); came {
				lost = s.wait
			}
			problem, ok := errors.AsType[*Error](err)
			if ok {
				lost = max(lost, problem.RetryAfter)
			}
			if pause(ctx, lost) != nil {
				return
			}
		}
	}
}

// following is a stream being followed over several connections.
type following struct {
	client *Client
	o      EventOptions
	last   string        // id seen last
	wait   time.Duration // as the server asks
	yield  func(Event, error) bool
	over   bool // whoever ranges has enough
}

// connect follows the stream until its connection is lost; came says that something came.
func (s *following) connect(ctx context.Context) (came bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	q := query{}
	q.texts("kind", s.o.Kinds)
	r, err := s.client.request(http.MethodGet, "/v1/events", nil)
	if err != nil {
		return false, err
	}
	r.query, r.again = url.Values(q), false
	r.header.Set("Accept", "text/event-stream")
	if s.last != "" {
		r.header.Set("Last-Event-ID", s.last)
	}
	answer, err := s.client.answer(ctx, r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	return s.read(answer.Body, func() { quiet.Reset(silence) })
}

// maxLine bounds a line of the stream.
const maxLine = 8 << 20

// read yields the events of one connection (WHATWG HTML §9.2.6).
func (s *following) read(body io.Reader, alive func()) (came bool, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var kind string
	var data []byte
	id := s.last
	for lines.Scan() {
		alive()
		line := lines.Text()
		if line == "" {
			if s.last = id; !came && s.o.Opened != nil {
				s.o.Opened()
			}
			came = true
			if len(data) > 0 && !s.tell(Event{ID: id, Kind: kind, Data: data}) {
				s.over = true
				return came, nil
			}
			kind, data = "", nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = append(data, value...)
		case "retry":
			if ms, err := strconv.Atoi(value); err == nil && ms > 0 {
				s.wait = time.Duration(ms) * time.Millisecond
			}
		}
	}
	return came, lines.Err()
}

// tell yields an event, decoded; false: whoever ranges has enough.
func (s *following) tell(ev Event) bool {
	var into any
	switch ev.Kind {
	case "call":
		into = &ev.Call
	case "case":
		into = &ev.Case
	case "hint":
		into = &ev.Hint
	case "callback":
		into = &ev.Back
	case "offer":
		into = &ev.Offer
	case "message":
		into = &ev.Said
	case "scheduled":
		into = &ev.Due
	case "reset":
		into = &ev.Reset
	default:
		return s.yield(ev, nil)
	}
	if err := json.Unmarshal(ev.Data, into); err != nil {
		return s.yield(ev, fmt.Errorf("client: reading an event: %w", err))
	}
	return s.yield(ev, nil)
}

// decode reads JSON.
func decode(r io.Reader, into any) error {
	if err := json.NewDecoder(r).Decode(into); err != nil {
		return fmt.Errorf("client: reading the answer: %w", err)
	}
	return nil
}
