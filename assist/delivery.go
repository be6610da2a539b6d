package assist

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"ringback/directory"
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
