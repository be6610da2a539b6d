package assist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"ringback/directory"
	"ringback/sip/phone"
)

// DeliveryOptions are what a Delivery is made of; zero fields take the defaults named beside them.
type DeliveryOptions struct {
	Directory func() *directory.Directory // required
	// Phone is our user agent for the softphones at a PBX, nil where hints do not go to softphones. Required.
	Phone func(pbx string) *phone.Phone

	FirstRetry time.Duration // after the first attempt that got no final answer; then doubling: 500 ms
	MaxRetry   time.Duration // at most: 8 s
	GiveUp     time.Duration // for how long a hint is tried: 30 s
	// MirrorWait is for how long the mirror may still show what a phone answered behind a PBX's 202: 32 s, as
	// long as the PBX's own transaction lasts (RFC 3261 §17.1.2.2, timer F).
	MirrorWait time.Duration

	MaxPending  int // hints under way: 10 000
	MaxPerPhone int // of them to one phone; the oldest makes room: 8

	Outcome func(Outcome) // told of every state; it must not block, nor call Deliver or Close
	Logger  *slog.Logger  // discards
}

// Delivery brings hints to softphones, each in a goroutine of its own. It is safe for concurrent use.
type Delivery struct {
	o    DeliveryOptions
	life context.Context // ends with Close
	stop context.CancelCauseFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	pending  map[Key][]*job
	lines    map[string]*phoneLine   // by URI
	byText   map[string][]*job       // all that are pending: what the mirror shows is found by its text
	relayed  fifo[string, *relay]    // by Call-ID
	answered fifo[place, struct{}]   // hints a phone has answered: it is not told twice in one call
	silent   fifo[string, bool]      // by URI or agent: whether the log was told already that hints do not arrive there
	phones   map[string]*phone.Phone // that hints went out with, by their From: user@host
	count    int
	stats    DeliveryStats
}

// place is one hint at one phone.
type place struct {
	Key
	to string
}

const (
	maxRelayed  = 4096  // transactions in the mirror that are followed at one time
	maxAnswered = 16384 // answered hints that are remembered
	maxSilent   = 4096  // phones that are known to be out of reach
)

// DeliveryStats is what a Delivery has counted. The states are counted once per hint and phone, when
// they are final.
type DeliveryStats struct {
	Pending                               int
	Delivered, Refused, Unknown, Expired  uint64
	Attempts, Retries, Mirrored, Unrouted uint64
}

// job is one hint on its way to one phone.
type job struct {
	hint   Hint
	route  Route
	text   string
	ctx    context.Context // ends when the hint is of no use any more
	cancel context.CancelCauseFunc
	line   *phoneLine

	answered chan answer // what the mirror showed

	// Of the goroutine that delivers it.
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

// NewDelivery makes a Delivery. The caller closes it.
func NewDelivery(o DeliveryOptions) *Delivery {
	span := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	span(&o.FirstRetry, 500*time.Millisecond)
	span(&o.MaxRetry, 8*time.Second)
	span(&o.GiveUp, 30*time.Second)
	span(&o.MirrorWait, 32*time.Second)
	if o.MaxPending <= 0 {
		o.MaxPending = 10_000
	}
	if o.MaxPerPhone <= 0 {
		o.MaxPerPhone = 8
	}
	if o.Outcome == nil {
		o.Outcome = func(Outcome) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Delivery{
		o: o, pending: map[Key][]*job{}, lines: map[string]*phoneLine{}, byText: map[string][]*job{},
		relayed: newFIFO[string, *relay](maxRelayed), answered: newFIFO[place, struct{}](maxAnswered),
		silent: newFIFO[string, bool](maxSilent),
		phones: map[string]*phone.Phone{},
	}
	d.life, d.stop = context.WithCancelCause(context.Background())
	return d
}

// Close drops what is not delivered yet and waits until nothing is under way. Hints that come afterwards
// are dropped.
func (d *Delivery) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop(ErrStopped)
	d.wg.Wait()
}

// Stats is what has been counted so far.
func (d *Delivery) Stats() DeliveryStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Pending = d.count
	return s
}

// Deliver takes what happened to a hint, in order, and does not wait: a hint that is raised or confirmed
// goes to the agent's phone unless that phone has it or is being told; one that is withdrawn is not sent
// any more.
func (d *Delivery) Deliver(h Hint) {
	switch h.Event {
	case Raised, Confirmed:
		d.send(h)
	case Withdrawn:
		d.mu.Lock()
		for _, j := range d.pending[h.Key] {
			j.cancel(ErrWithdrawn)
		}
		d.mu.Unlock()
	}
}

func (d *Delivery) send(h Hint) {
	p := d.o.Phone(h.PBX)
	if p == nil {
		return
	}
	dir := d.o.Directory()
	route, ok := RouteVia(p, dir, &h)
	if !ok {
		if h.Event == Raised { // and not once more when it is confirmed
			d.mu.Lock()
			d.stats.Unrouted++
			d.stats.Expired++
			d.mu.Unlock()
			d.tell(Outcome{Hint: h, State: Expired, Final: true, Err: ErrNoPhone})
		}
		return
	}
	j := &job{hint: h, route: route, text: Text(dir, &h), answered: make(chan answer, 1)}
	if err := d.enter(j); err != nil {
		d.tell(Outcome{Hint: h, State: Expired, Final: true, To: route.To, Err: err})
	}
}

// enter starts a job, unless its phone has the hint or is being told.
func (d *Delivery) enter(j *job) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, had := d.answered.get(j.place()); had || d.closed {
		return nil
	}
	for _, other := range d.pending[j.hint.Key] {
		if other.route.To == j.route.To && other.ctx.Err() == nil {
			return nil
		}
	}
	if d.count >= d.o.MaxPending {
		d.stats.Expired++
		return ErrFull
	}
	l := d.lines[j.route.To]
	if l == nil {
		l = &phoneLine{turn: make(chan struct{}, 1)}
		d.lines[j.route.To] = l
	}
	if len(l.jobs) >= d.o.MaxPerPhone {
		l.jobs[0].cancel(ErrFull)
	}
	j.line, l.jobs = l, append(l.jobs, j)
	j.ctx, j.cancel = context.WithCancelCause(d.life)
	d.pending[j.hint.Key] = append(d.pending[j.hint.Key], j)
	d.byText[j.text] = append(d.byText[j.text], j)
	d.phones[addrSpec(j.route.Phone.From())] = j.route.Phone
	d.count++
	d.wg.Go(func() { d.run(j) })
	return nil
}

// run brings one hint to its phone.
func (d *Delivery) run(j *job) {
	state, err := d.attempt(j)
	d.attempted(j, state)
	if state == Unknown {
		d.tell(j.outcome(Unknown))
		state = d.watch(j)
	}
	d.leave(j, state)
	out := j.outcome(state)
	out.Final, out.Err = true, err
	d.tell(out)
}

// attempt sends until there is an answer or the hint is of no use any more.
func (d *Delivery) attempt(j *job) (State, error) {
	ctx, cancel := context.WithTimeout(j.ctx, d.o.GiveUp)
	defer cancel()
	pace := &pace{BackOff: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(d.o.FirstRetry), backoff.WithMaxInterval(d.o.MaxRetry),
		backoff.WithMultiplier(2), backoff.WithRandomizationFactor(0.2), backoff.WithMaxElapsedTime(0),
	)}
	var state State
	err := backoff.Retry(func() error {
		if err := j.line.take(ctx); err != nil {
			return backoff.Permanent(err)
		}
		defer j.line.give()
		d.once(ctx, j)
		var again bool
		if state, again = judge(j.last, j.err); again {
			pace.atLeast = j.last.RetryAfter
			if j.err == nil {
				j.err = fmt.Errorf("assist: answered %d", j.last.StatusCode)
			}
			return j.err
		}
		return nil
	}, backoff.WithContext(pace, ctx))
	switch {
	case err == nil && state == Expired:
		return Expired, fmt.Errorf("%w: %w", ErrGaveUp, j.err)
	case err == nil:
		return state, nil
	}
	return Expired, why(ctx, j.err)
}

// once sends one message and waits for the answer.
func (d *Delivery) once(ctx context.Context, j *job) {
	j.attempts++
	d.countAttempt(j.attempts > 1)
	j.last, j.err = j.route.Phone.Message(ctx, phone.Message{To: j.route.To, Body: j.text, Expires: d.o.GiveUp, OnSent: func() {
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
		delete(d.lines, j.route.To)
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

// leave takes a job off the books.
func (d *Delivery) leave(j *job, state State) {
	j.cancel(nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	drop(d.pending, j.hint.Key, j)
	drop(d.byText, j.text, j)
	d.count--
	switch state {
	case Delivered:
		d.stats.Delivered++
	case Refused:
		d.stats.Refused++
	case Unknown:
		d.stats.Unknown++
	default:
		d.stats.Expired++
	}
}

func (d *Delivery) countAttempt(again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.Attempts++
	if again {
		d.stats.Retries++
	}
}

// tell logs an outcome and passes it on. A phone out of reach is a warning once, not with every hint.
func (d *Delivery) tell(o Outcome) {
	level := slog.LevelDebug
	failed := o.State == Refused || o.State == Expired && !errors.Is(o.Err, ErrWithdrawn) && !errors.Is(o.Err, ErrStopped)
	if (failed || o.State == Delivered) && d.changed(cmp.Or(o.To, o.Hint.Agent), failed) {
		level = slog.LevelInfo
		if failed {
			level = slog.LevelWarn
		}
	}
	d.o.Logger.LogAttrs(d.life, level, "hint to softphone",
		slog.String("agent", o.Hint.Agent), slog.String("call_id", o.Hint.CallID), slog.Any("number", o.Hint.Number),
		slog.String("state", o.State.String()), slog.Int("status_code", o.StatusCode), slog.Int("count", o.Attempts),
		slog.String("peer", o.Peer), slog.Duration("elapsed", o.Elapsed), slog.Any("err", o.Err))
	d.o.Outcome(o)
}

// changed notes whether hints arrive at a phone, and says whether that is news.
func (d *Delivery) changed(phone string, silent bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was, _ := d.silent.get(phone)
	if was == silent {
		return false
	}
	d.silent.put(phone, silent)
	return true
}

func (j *job) place() place { return place{j.hint.Key, j.route.To} }

func (j *job) outcome(s State) Outcome {
	o := Outcome{Hint: j.hint, State: s, To: j.route.To, Attempts: j.attempts, StatusCode: j.last.StatusCode, Elapsed: j.last.Elapsed}
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

// pace is a backoff that waits at least as long as the peer asked for.
type pace struct {
	backoff.BackOff
	atLeast time.Duration
}

// NextBackOff implements backoff.BackOff.
func (p *pace) NextBackOff() time.Duration { return max(p.atLeast, p.BackOff.NextBackOff()) }
