package asterisk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"ringback/cti"
)

// Errors of a feed that trying again does not mend by itself.
var (
	// ErrRefused is returned for a login that Asterisk does not take.
	ErrRefused = errors.New("asterisk: the login was refused")
	// ErrChannelVars is returned for an Asterisk whose manager.conf asks for the Call-ID in channelvars.
	ErrChannelVars = errors.New("asterisk: manager.conf has channelvars=CHANNEL(pjsip,call-id), which hangs Asterisk " +
		"at the first answered call; take it out and reload the manager")
)

// PBX is one Asterisk with its feeds. It is safe for concurrent use.
type PBX struct {
	logger *slog.Logger
	begin  func(arrival time.Time) // before an event
	mu     sync.Mutex              // of model
	model  *Model
	asked  chan string // channels whose callers may withhold their numbers

	acts    sync.Mutex // guards what follows
	line    *amiConn   // nil: not connected
	acted   uint64
	answers map[string]chan AMI // to actions, by ActionID
}

// NewPBX makes a PBX whose model has these options. begin is told when each event arrived, before what it
// means goes to the sink.
func NewPBX(o Options, begin func(arrival time.Time), l *slog.Logger) *PBX {
	p := &PBX{logger: l, begin: begin, asked: make(chan string, maxAsked), answers: map[string]chan AMI{}}
	o.Began = func(id string) {
		select {
		case p.asked <- id:
		default: // nobody asks, or not fast enough
		}
	}
	p.model = New(o)
	return p
}

// maxAsked bounds the channels that wait to be asked about.
const maxAsked = 1024

// Stats is what the model has counted.
func (p *PBX) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.model.Stats()
}

// SetSite tells that the directory says something new of the PBX.
func (p *PBX) SetSite(s *cti.Site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.model.SetSite(s)
}

// do changes the model, by something that arrived just now.
func (p *PBX) do(arrival time.Time, f func(m *Model)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(arrival)
	f(p.model)
}

// Times of a connection.
const (
	dialTimeout  = 10 * time.Second
	pingEvery    = 15 * time.Second
	pingTimeout  = 10 * time.Second
	firstRetry   = 500 * time.Millisecond
	longestRetry = 30 * time.Second
	refusedRetry = 5 * time.Minute // a login that was refused may be put right at the PBX
	steady       = time.Minute     // a connection that lasted so long was a good one
)

// keep connects over and over until ctx ends, ever more slowly while that fails.
func (p *PBX) keep(ctx context.Context, name string, feed *cti.Feed, connect func(context.Context) error) error {
	wait := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(firstRetry), backoff.WithMaxInterval(longestRetry), backoff.WithMaxElapsedTime(0),
	)
	for complained := ""; ; {
		began := time.Now()
		err := connect(ctx)
		if ctx.Err() != nil {
			feed.Fall(cti.Stopped, "", time.Now())
			return nil
		}
		state, pause := cti.Connecting, wait.NextBackOff()
		if errors.Is(err, ErrRefused) || errors.Is(err, ErrChannelVars) {
			state, pause = cti.Refused, refusedRetry
		}
		if time.Since(began) > steady {
			wait.Reset()
			complained = ""
		}
		feed.Fall(state, err.Error(), time.Now())
		if err.Error() != complained { // once, and not with every try
			p.logger.Warn("feed is down", "feeds", name, "err", err)
			complained = err.Error()
		}
		select {
		case <-ctx.Done():
			feed.Fall(cti.Stopped, "", time.Now())
			return nil
		case <-time.After(pause):
		}
	}
}
