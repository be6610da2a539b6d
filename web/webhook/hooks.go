package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Options say how messages are delivered. Outbox is required.
type Options struct {
	Outbox  Outbox
	Version string // of the binary
	Logger  *slog.Logger

	FirstPause   time.Duration // after a first failure; every further one is about twice as long: 1 s
	LongestPause time.Duration // 10 min

	Observe func(Attempt)                        // told of every attempt; it must not block
	Buried  func(endpoint string, reason Reason) // told of every message given up; it must not block
}

// Hooks delivers the messages of an outbox to the endpoints that Set names. Its methods may be called
// from any goroutine.
type Hooks struct {
	o Options

	mu     sync.Mutex
	lanes  map[string]*lane
	closed bool
}

// New makes Hooks without endpoints. The caller closes it.
func New(o Options) *Hooks {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FirstPause <= 0 {
		o.FirstPause = time.Second
	}
	if o.LongestPause <= 0 {
		o.LongestPause = 10 * time.Minute
	}
	return &Hooks{o: o, lanes: map[string]*lane{}}
}

// Set says what endpoints there are from now on. Those that stay as they are go on; the others stop, and
// what they were sending is sent again.
func (h *Hooks) Set(endpoints []Endpoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	var ended []*lane
	for id, l := range h.lanes {
		stays := slices.ContainsFunc(endpoints, func(e Endpoint) bool { return reflect.DeepEqual(e.withDefaults(), l.endpoint) })
		if !stays {
			ended = append(ended, l)
			delete(h.lanes, id)
		}
	}
	stop(ended)
	for _, e := range endpoints {
		if h.lanes[e.ID] == nil {
			h.lanes[e.ID] = h.start(e.withDefaults())
		}
	}
}

func (h *Hooks) start(e Endpoint) *lane {
	ctx, cancel := context.WithCancel(context.Background())
	l := &lane{
		hooks: h, endpoint: e, client: newClient(e, h.o.Version), wake: make(chan struct{}, 1),
		stop: cancel, done: make(chan struct{}),
	}
	go l.run(ctx)
	return l
}

func stop(lanes []*lane) {
	for _, l := range lanes {
		l.stop()
	}
	for _, l := range lanes {
		<-l.done
	}
}

// Wake says that there are new messages for an endpoint.
func (h *Hooks) Wake(endpoint string) {
	if l := h.lane(endpoint); l != nil {
		l.rouse()
	}
}

// Wanting are the endpoints that want to be told of an event of a type about things of these lists.
func (h *Hooks) Wanting(typ string, lists ...string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id, l := range h.lanes {
		if !l.read().disabled && l.endpoint.Wants(typ, lists...) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Close stops delivering, and cuts off what is being sent.
func (h *Hooks) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	var all []*lane
	for _, l := range h.lanes {
		all = append(all, l)
	}
	stop(all)
	h.lanes = map[string]*lane{}
	return nil
}

func (h *Hooks) lane(endpoint string) *lane {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lanes[endpoint]
}

// ErrUnknown is the error of an endpoint that is not configured.
var ErrUnknown = errors.New("webhook: no such endpoint")

// Status is how an endpoint fares.
type Status struct {
	Endpoint   string
	Host       string   // where it is; its path may be a secret
	Configured bool     // false: what is left of one that was
	Events     []string // wanted; empty: all
	Lists      []string // wanted; empty: all
	State

	Oldest    time.Time // when the first message that waits was queued
	Attempts  int       // of that message
	Next      time.Time // when it is tried again; zero: now
	Delivered time.Time // the last success since the start
	Failed    time.Time // the last failure since the start
	Failure   string    // what went wrong then
}

// List tells how all endpoints fare, also those that are no longer configured but have messages left.
func (h *Hooks) List() ([]Status, error) {
	known, err := h.o.Outbox.Endpoints()
	if err != nil {
		return nil, fmt.Errorf("webhook: listing: %w", err)
	}
	h.mu.Lock()
	for id := range h.lanes {
		if !slices.Contains(known, id) {
			known = append(known, id)
		}
	}
	h.mu.Unlock()
	slices.Sort(known)
	var all []Status
	for _, id := range known {
		s, err := h.status(id)
		if err != nil {
			return nil, err
		}
		if s.Configured || s.Pending+s.Dead > 0 {
			all = append(all, s)
		}
	}
	return all, nil
}

func (h *Hooks) status(id string) (Status, error) {
	state, err := h.o.Outbox.State(id)
	if err != nil {
		return Status{}, fmt.Errorf("webhook: listing: %w", err)
	}
	s := Status{Endpoint: id, State: state}
	if l := h.lane(id); l != nil {
		p := l.read()
		s.Configured, s.Host, s.Events, s.Lists = true, l.endpoint.host(), l.endpoint.Events, l.endpoint.Lists
		s.Delivered, s.Failed, s.Failure = p.delivered, p.failed, p.failure
		if !p.failing() {
			s.Failed, s.Failure = time.Time{}, ""
		}
		if state.Pending > 0 {
			s.Attempts, s.Next = p.attempts, p.next
		}
		if state.URL != l.endpoint.URL {
			s.Disabled = time.Time{}
		}
	}
	first, err := h.o.Outbox.Pending(id, 1)
	if err != nil {
		return Status{}, fmt.Errorf("webhook: listing: %w", err)
	}
	if len(first) > 0 {
		s.Oldest = first[0].Queued
	}
	return s, nil
}

// Test sends a message of type webhook.test at once, past those that wait, and says how that went. The
// error is ErrUnknown; that of the attempt is in it.
func (h *Hooks) Test(ctx context.Context, endpoint string, m Message) (Attempt, error) {
	l := h.lane(endpoint)
	if l == nil {
		return Attempt{}, fmt.Errorf("%w: %s", ErrUnknown, endpoint)
	}
	c := newClient(l.endpoint, h.o.Version)
	defer c.close()
	return c.post(ctx, &m), nil
}

// Dead lists dead letters of an endpoint after a place, the oldest first.
func (h *Hooks) Dead(endpoint string, after uint64, limit int) ([]Dead, error) {
	if err := h.known(endpoint); err != nil {
		return nil, err
	}
	return h.o.Outbox.Dead(endpoint, after, limit)
}

// Resend puts dead letters behind the messages that wait, those of these event ids, or all for none, and
// says how many they were.
func (h *Hooks) Resend(ctx context.Context, endpoint string, ids []string) (int, error) {
	if err := h.known(endpoint); err != nil {
		return 0, err
	}
	n, err := h.o.Outbox.Resend(ctx, endpoint, ids, time.Now())
	h.Wake(endpoint)
	return n, err
}

// Enable lets an endpoint that answered 410 be told again, and tries what waits at once.
func (h *Hooks) Enable(ctx context.Context, endpoint string) error {
	l := h.lane(endpoint)
	if l == nil {
		return fmt.Errorf("%w: %s", ErrUnknown, endpoint)
	}
	if err := h.o.Outbox.Disable(ctx, endpoint, "", time.Time{}); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lanes[endpoint] == l && !h.closed {
		stop([]*lane{l})
		h.lanes[endpoint] = h.start(l.endpoint)
	}
	return nil
}

// known says whether an endpoint is configured or has something left.
func (h *Hooks) known(endpoint string) error {
	if h.lane(endpoint) != nil {
		return nil
	}
	all, err := h.o.Outbox.Endpoints()
	if err != nil {
		return err
	}
	if !slices.Contains(all, endpoint) {
		return fmt.Errorf("%w: %s", ErrUnknown, endpoint)
	}
	return nil
}
