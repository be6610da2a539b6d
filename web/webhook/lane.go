package webhook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// atOnce is how many messages of an endpoint are in memory at most.
const atOnce = 16

// maxRefusals is how often an endpoint that answers may say that it cannot take a message, before the
// message is given up so that those behind it come through.
const maxRefusals = 5

// freshFor is how long messages in memory are as good as those in the outbox, where something may have
// been erased from them.
const freshFor = time.Second

// lane delivers the messages of one endpoint, one after the other, on one goroutine.
type lane struct {
	hooks    *Hooks
	endpoint Endpoint
	client   *client
	wake     chan struct{} // there is something new

	stop context.CancelFunc
	done chan struct{}

	// Of the goroutine alone: the message it is at, if that failed before.
	at       uint64 // its place; 0: none failed
	tries    int
	refusals int
	pause    *backoff.ExponentialBackOff

	mu     sync.Mutex
	status progress
}

// progress is how a lane fares.
type progress struct {
	disabled  bool
	attempts  int       // of the message it is at
	next      time.Time // when it is tried again
	delivered time.Time // the last success
	failed    time.Time // the last failure
	failure   string    // in words
	answer    int       // the status of the last failure, 0 for none
}

func (l *lane) run(ctx context.Context) {
	defer close(l.done)
	defer l.client.close()
	l.pause = l.hooks.backoff()
	trouble := l.hooks.backoff()
	for ctx.Err() == nil {
		batch, disabled, err := l.pending()
		if err != nil {
			l.hooks.o.Logger.ErrorContext(ctx, "webhook messages cannot be read", "endpoint", l.endpoint.ID, "err", err)
			l.wait(ctx, trouble.NextBackOff(), nil)
			continue
		}
		trouble.Reset()
		l.set(func(p *progress) { p.disabled = disabled })
		if len(batch) == 0 || disabled {
			l.wait(ctx, -1, l.wake)
			continue
		}
		began := time.Now()
		for i := range batch {
			if !l.deliver(ctx, &batch[i]) || time.Since(began) > freshFor {
				break
			}
		}
	}
}

// pending reads what is to be sent next, unless the endpoint does not want it.
func (l *lane) pending() (batch []Message, disabled bool, err error) {
	state, err := l.hooks.o.Outbox.State(l.endpoint.ID)
	if err != nil {
		return nil, false, err
	}
	if !state.Disabled.IsZero() && state.URL == l.endpoint.URL {
		return nil, true, nil
	}
	batch, err = l.hooks.o.Outbox.Pending(l.endpoint.ID, atOnce)
	return batch, false, err
}

// deliver tries a message once, and pauses if that fails. Not ok: look again at what waits.
func (l *lane) deliver(ctx context.Context, m *Message) (ok bool) {
	if l.at != m.Seq {
		l.at, l.tries, l.refusals = m.Seq, 0, 0
		l.pause.Reset()
	}
	if reason := l.hopeless(m); reason != "" {
		return l.bury(ctx, m, reason)
	}
	l.tries++
	l.set(func(p *progress) { p.attempts, p.next = l.tries, time.Time{} })
	a := l.client.post(ctx, m)
	if ctx.Err() != nil {
		return false // it is sent again by whoever comes next
	}
	l.tell(ctx, a)
	switch {
	case a.Err == nil:
		return l.write(ctx, func(ctx context.Context) error {
			return l.hooks.o.Outbox.Delivered(ctx, l.endpoint.ID, m.Seq)
		})
	case a.Status == http.StatusGone:
		l.hooks.o.Logger.WarnContext(ctx, "webhook endpoint is gone and disabled", "endpoint", l.endpoint.ID, "peer", l.endpoint.host())
		l.write(ctx, func(ctx context.Context) error {
			return l.hooks.o.Outbox.Disable(ctx, l.endpoint.ID, l.endpoint.URL, time.Now())
		})
		return false
	case refuses(a.Status):
		if l.refusals++; l.refusals == maxRefusals {
			return l.bury(ctx, m, Refused)
		}
	}
	wait := max(l.pause.NextBackOff(), a.Wait)
	l.set(func(p *progress) { p.next = time.Now().Add(wait) })
	l.wait(ctx, wait, nil)
	return false
}

// refuses says whether an answer is about the message and not about the endpoint: what is wrong with a
// URL, credentials or a busy server may be mended, this message not.
func refuses(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
		http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 4
}

// hopeless says why a message need not be tried again.
func (l *lane) hopeless(m *Message) Reason {
	now := time.Now()
	if !m.Stale.IsZero() && now.After(m.Stale) {
		return Stale
	}
	// One that waited behind others for that long is tried once, unless nothing comes through.
	if now.Sub(m.Queued) > l.endpoint.GiveUp && l.read().failing() {
		return TooOld
	}
	return ""
}

// failing says whether the last thing that happened was a failure.
func (p progress) failing() bool { return p.failed.After(p.delivered) }

func (l *lane) bury(ctx context.Context, m *Message, reason Reason) bool {
	l.hooks.o.Logger.WarnContext(ctx, "webhook message given up", "endpoint", l.endpoint.ID, "reason", string(reason), "count", l.tries)
	d := Dead{Message: *m, Died: time.Now(), Reason: reason, Attempts: l.tries}
	if l.tries > 0 {
		d.Status = l.read().answer
	}
	if l.hooks.o.Buried != nil {
		l.hooks.o.Buried(l.endpoint.ID, reason)
	}
	return l.write(ctx, func(ctx context.Context) error {
		return l.hooks.o.Outbox.Bury(ctx, l.endpoint.ID, []Dead{d})
	})
}

// write writes to the outbox until that works: what was sent must not be sent again because a disk is
// full, nor because we are being stopped.
func (l *lane) write(ctx context.Context, write func(context.Context) error) bool {
	pause := l.hooks.backoff()
	for {
		err := write(context.WithoutCancel(ctx))
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		l.hooks.o.Logger.ErrorContext(ctx, "how a webhook message fared cannot be written", "endpoint", l.endpoint.ID, "err", err)
		if !l.wait(ctx, pause.NextBackOff(), nil) {
			return false
		}
	}
}

// tell notes how an attempt went.
func (l *lane) tell(ctx context.Context, a Attempt) {
	now := time.Now()
	recovered := false
	l.set(func(p *progress) {
		if a.Err == nil {
			recovered = p.failing()
			p.delivered, p.failure, p.answer = now, "", 0
			return
		}
		p.failed, p.failure, p.answer = now, a.Err.Error(), a.Status
	})
	switch {
	case recovered:
		l.hooks.o.Logger.InfoContext(ctx, "webhook endpoint takes messages again", "endpoint", l.endpoint.ID)
	case a.Err != nil && l.tries == 1:
		l.hooks.o.Logger.WarnContext(ctx, "webhook endpoint takes no message", "endpoint", l.endpoint.ID,
			"peer", l.endpoint.host(), "err", a.Err)
	}
	if l.hooks.o.Observe != nil {
		l.hooks.o.Observe(a)
	}
}

// wait pauses, a negative time for ever, or until it is woken, and says whether ctx goes on.
func (l *lane) wait(ctx context.Context, pause time.Duration, wake <-chan struct{}) bool {
	var timeout <-chan time.Time
	if pause >= 0 {
		t := time.NewTimer(pause)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timeout:
	}
	return true
}

func (l *lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) set(change func(*progress)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.status)
}

func (l *lane) read() progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// backoff is the pauses between tries: growing, with jitter, without end.
func (h *Hooks) backoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = h.o.FirstPause
	b.Multiplier = 2
	b.RandomizationFactor = 0.5
	b.MaxInterval = h.o.LongestPause
	b.MaxElapsedTime = 0
	b.Reset()
	return b
}
