package assist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"ringback/directory"
	"ringback/sip/phone"
)

// DeliveryOptions are what a Delivery is made of; zero fields take the defaults named beside them.
type DeliveryOptions struct {
	Directory func() *directory.Directory // required
	// Ways are those by which hints go to the softphones at a PBX, the best first: where one fails the next is
	// taken. None where hints do not go to softphones. Required.
	Ways func(pbx string) []Way

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
	lines    map[string]*phoneLine // by URI
	byText   map[string][]*job     // all that are pending: what the mirror shows is found by its text
	relayed  fifo[string, *relay]  // by Call-ID
	answered fifo[place, struct{}] // hints a phone has answered: it is not told twice in one call
	silent   fifo[string, bool]    // by URI or agent: whether the log was told already that hints do not arrive there
	senders  map[string][]Sender   // that hints went out with, by their From: user@host
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
		silent:  newFIFO[string, bool](maxSilent),
		senders: map[string][]Sender{},
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
	ways := d.o.Ways(h.PBX)
	if len(ways) == 0 {
		return
	}
	dir := d.o.Directory()
	j := &job{hint: h, answered: make(chan answer, 1), up: make(chan struct{}, 1)}
	for _, w := range ways {
		if r, ok := RouteVia(w, dir, &h); ok {
			j.routes = append(j.routes, r)
		}
	}
	if len(j.routes) == 0 {
		if h.Event == Raised { // and not once more when it is confirmed
			d.mu.Lock()
			d.stats.Unrouted++
			d.stats.Expired++
			d.mu.Unlock()
			d.tell(Outcome{Hint: h, State: Expired, Final: true, Err: ErrNoPhone})
		}
		return
	}
	j.text, j.left, j.route = Text(dir, &h), j.routes, j.routes[0]
	if err := d.enter(j); err != nil {
		d.tell(Outcome{Hint: h, State: Expired, Final: true, To: j.to(), Err: err})
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
		if other.to() == j.to() && other.ctx.Err() == nil {
			if j.hint.Event == Confirmed {
				select {
				case other.up <- struct{}{}:
				default:
				}
			}
			return nil
		}
	}
	if d.count >= d.o.MaxPending {
		d.stats.Expired++
		return ErrFull
	}
	d.queue(j)
	j.ctx, j.cancel = context.WithCancelCause(d.life)
	d.pending[j.hint.Key] = append(d.pending[j.hint.Key], j)
	d.byText[j.text] = append(d.byText[j.text], j)
	for _, r := range j.routes {
		if from := addrSpec(r.From()); from != "" && !slices.Contains(d.senders[from], r.Sender) {
			d.senders[from] = append(d.senders[from], r.Sender)
		}
	}
	d.count++
	d.wg.Go(func() { d.run(j) })
	return nil
}

// queue puts a job in its phone's line; mu is held.
func (d *Delivery) queue(j *job) {
	l := d.lines[j.to()]
	if l == nil {
		l = &phoneLine{turn: make(chan struct{}, 1)}
		d.lines[j.to()] = l
	}
	if len(l.jobs) >= d.o.MaxPerPhone {
		l.jobs[0].cancel(ErrFull)
	}
	j.line, l.jobs = l, append(l.jobs, j)
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
	failed := o.Final && o.State == Refused || o.Final && o.State == Expired && !errors.Is(o.Err, ErrWithdrawn) && !errors.Is(o.Err, ErrStopped)
	if (failed || o.State == Delivered) && d.changed(cmp.Or(o.To, o.Hint.Agent), failed) {
		level = slog.LevelInfo
		if failed {
			level = slog.LevelWarn
		}
	}
	d.o.Logger.LogAttrs(d.life, level, "hint to softphone",
		slog.String("agent", o.Hint.Agent), slog.String("call_id", o.Hint.CallID), slog.Any("number", o.Hint.Number),
		slog.String("method", o.Way), slog.String("state", o.State.String()), slog.Int("status_code", o.StatusCode), slog.Int("count", o.Attempts),
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
