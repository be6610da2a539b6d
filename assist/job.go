package assist

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/cenkalti/backoff/v4"

	"ringback/sip/phone"
)

// place is one hint at one phone.
type place struct {
	Key
	to string
}

// job is one hint on its way to one phone.
type job struct {
	hint   Hint
	routes []Route // that it may take, the best first
	text   string
	ctx    context.Context // ends when the hint is of no use any more
	cancel context.CancelCauseFunc
	line   *phoneLine

	answered chan answer   // what the mirror showed
	up       chan struct{} // the call was answered

	// Of the goroutine that delivers it.
	left     []Route // not given up yet
	route    Route   // taken last
	attempts int
	sent     bool
	last     phone.Result
	err      error

	relays, refusals int // copies seen in the mirror, and those refused; guarded by Delivery.mu
}

// answer is what a phone answered to the PBX.
type answer struct {
	state  State
	status int
	peer   netip.AddrPort
}

// phoneLine is what is under way to one phone: one message at a time.
type phoneLine struct {
	turn chan struct{}
	jobs []*job
}

// run brings one hint to its phone.
func (d *Delivery) run(j *job) {
	state, err := d.attempt(j)
	d.attempted(j, state)
	for state == Unknown {
		d.tell(j.outcome(Unknown))
		if state = d.watch(j); state != Refused || len(j.left) == 0 || j.ctx.Err() != nil {
			break
		}
		d.giveUp(j, state)
		d.again(j)
		state, err = d.attempt(j)
		d.attempted(j, state)
	}
	d.leave(j, state)
	out := j.outcome(state)
	out.Final, out.Err = true, err
	d.tell(out)
}

// again begins anew with the ways left, after the mirror showed that one failed.
func (d *Delivery) again(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.relays, j.refusals = 0, 0
	d.queue(j)
}

// attempt sends until there is an answer or the hint is of no use any more.
func (d *Delivery) attempt(j *job) (State, error) {
	ctx, cancel := context.WithTimeout(j.ctx, d.o.GiveUp)
	defer cancel()
	pace := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(d.o.FirstRetry), backoff.WithMaxInterval(d.o.MaxRetry),
		backoff.WithMultiplier(2), backoff.WithRandomizationFactor(0.2), backoff.WithMaxElapsedTime(0),
	)
	for {
		if err := j.line.take(ctx); err != nil {
			return Expired, why(ctx, j.err)
		}
		t := d.round(ctx, j)
		j.line.give()
		if !t.again {
			return t.state, t.err
		}
		up := j.up
		if !t.waits {
			up = nil
		}
		pause, done := context.WithTimeout(ctx, max(t.atLeast, pace.NextBackOff()))
		select {
		case <-up:
		case <-pause.Done():
		}
		done()
		if ctx.Err() != nil {
			return Expired, why(ctx, j.err)
		}
	}
}

// turn is what came of trying the ways of a hint once.
type turn struct {
	state   State
	err     error         // of Expired
	again   bool          // a way may do yet
	waits   bool          // for the call to be answered
	atLeast time.Duration // before they are tried again
}

// round tries the ways left, one after the other, until one brings the hint.
func (d *Delivery) round(ctx context.Context, j *job) (t turn) {
	ways := j.left
	j.left = nil
	t.state = Expired
	var refused *Route
	var refusal phone.Result
	for i, r := range ways {
		if ctx.Err() != nil {
			j.left = append(j.left, ways[i:]...)
			return turn{again: true} // and that is why there is none
		}
		j.route = r
		d.once(ctx, j)
		state, again := judge(j.last, j.err)
		switch {
		case again:
			if j.err == nil {
				j.err = fmt.Errorf("assist: answered %d", j.last.StatusCode)
			}
			j.left = append(j.left, r)
			t.again, t.waits, t.atLeast = true, t.waits || errors.Is(j.err, ErrNotYet), max(t.atLeast, j.last.RetryAfter)
		case state == Delivered || state == Unknown:
			j.left = append(j.left, ways[i+1:]...)
			return turn{state: state}
		default:
			if state == Expired {
				j.err = fmt.Errorf("%w: %w", ErrGaveUp, j.err)
			}
			if t.state != Refused {
				t.state, t.err = state, j.err
			}
			if state == Refused && refused == nil {
				refused, refusal = &ways[i], j.last
			}
			if i < len(ways)-1 || len(j.left) > 0 {
				d.giveUp(j, state)
			}
		}
	}
	if refused != nil { // says more than that another way is closed
		j.route, j.last = *refused, refusal
	}
	return t
}

// giveUp tells that a way failed and that others are left.
func (d *Delivery) giveUp(j *job, state State) {
	o := j.outcome(state)
	o.Err = j.err
	d.tell(o)
}

// once sends one message and waits for the answer.
func (d *Delivery) once(ctx context.Context, j *job) {
	j.attempts++
	d.countAttempt(j.attempts > 1)
	j.last, j.err = j.route.Message(ctx, phone.Message{To: j.route.To, Body: j.text, Expires: d.o.GiveUp, OnSent: func() {
		if !j.sent {
			j.sent = true
			d.tell(j.outcome(Sent))
		}
	}})
}

// attempted takes a job out of its phone's line.
func (d *Delivery) attempted(j *job, state State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.line.jobs = without(j.line.jobs, j)
	if len(j.line.jobs) == 0 {
		delete(d.lines, j.to())
	}
	if state != Expired {
		d.answered.put(j.place(), struct{}{})
	}
}

// watch waits for what the mirror shows of the phone's answer behind a 202. That the call is over makes
// no difference to it any more.
func (d *Delivery) watch(j *job) State {
	ctx, cancel := context.WithTimeout(d.life, d.o.MirrorWait)
	defer cancel()
	select {
	case a := <-j.answered:
		j.last.StatusCode, j.last.Peer = a.status, a.peer
		return a.state
	case <-ctx.Done():
		return Unknown
	}
}

// to is the phone that a job is for, whatever way it takes: its address by the best one.
func (j *job) to() string { return j.routes[0].To }

func (j *job) place() place { return place{j.hint.Key, j.to()} }

func (j *job) outcome(s State) Outcome {
	o := Outcome{Hint: j.hint, State: s, Way: j.route.Name, To: j.route.To, Attempts: j.attempts, StatusCode: j.last.StatusCode, Elapsed: j.last.Elapsed}
	if j.last.Peer.IsValid() {
		o.Peer = j.last.Peer.String()
	}
	return o
}

// take waits for the line's turn: a phone gets one message at a time.
func (l *phoneLine) take(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *phoneLine) give() { <-l.turn }
