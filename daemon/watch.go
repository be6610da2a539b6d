package daemon

import (
	"net/netip"
	"sync"
	"time"

	"ringback/metrics"
	"ringback/sip"
	"ringback/sip/hep"
)

// watch is where signalling becomes events: it scans what the feeds bring and hands it to the
// tracker. Feeds call it from goroutines of their own; mu makes them one, batch by batch.
type watch struct {
	mu      sync.Mutex
	scanner *sip.Scanner
	tracker *sip.Tracker
	clocks  clocks
	run     run         // at work
	msg     sip.Message // told by a PBX, at work
	cause   time.Time   // arrival of what is being handled: what latency is counted from
	refused map[sip.ScanReason]uint64

	boards boards // has a lock of its own

	tellings     []telling // by PBXs, waiting for the mirror
	tellingsLost uint64

	// out takes the events in order, under mu; it may block to slow the feeds down.
	out func(*sip.Event, time.Time)
	// told is called after the events of a batch, without mu.
	told func()
	// mirrored sees the MESSAGE transactions in the mirror, under mu: the phones' answers to hints.
	mirrored func(*sip.Message)
}

func newWatch(p *sip.Plan, o sip.Options, out func(*sip.Event, time.Time)) (*watch, error) {
	t, err := sip.NewTracker(p, o)
	if err != nil {
		return nil, err
	}
	return &watch{
		scanner: sip.NewScanner(linkHeaders(p)), tracker: t, out: out, told: func() {},
		refused: map[sip.ScanReason]uint64{}, mirrored: func(*sip.Message) {},
	}, nil
}

// linkHeaders are the headers of all PBXs of a plan.
func linkHeaders(p *sip.Plan) []string {
	var names []string
	seen := map[string]bool{}
	for i := range p.PBXs {
		for _, h := range p.PBXs[i].LinkHeaders {
			if !seen[h] {
				seen[h] = true
				names = append(names, h)
			}
		}
	}
	return names
}

// setPlan puts a changed directory to work; live calls go on.
func (w *watch) setPlan(p *sip.Plan) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.tracker.SetPlan(p); err != nil {
		return err
	}
	w.scanner = sip.NewScanner(linkHeaders(p))
	return nil
}

// handle takes a batch of packets in: it is the feeds' hep.Handler.
func (w *watch) handle(batch []hep.Received) {
	w.batch(batch)
	w.told()
}

func (w *watch) batch(batch []hep.Received) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.reset()
	for i := range batch {
		w.run.skim(&batch[i], w.scanner)
	}
	_ = w.take(&w.run, nil) // only what comes before a packet fails
}

// play is handle for a run of a replay: before is called before every packet, without the watch, until it
// fails.
func (w *watch) play(r *run, before func(at time.Time) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.take(r, before)
}

func (w *watch) take(r *run, before func(at time.Time) error) error {
	w.tracker.Fetch(r.messages)
	messages := r.messages
	for i := range r.packets {
		x := &r.packets[i]
		if x.packet == nil {
			w.tracker.Unreadable(x.encrypted[0], x.encrypted[1])
			continue
		}
		if before != nil {
			w.mu.Unlock()
			err := before(x.packet.Arrival)
			w.mu.Lock()
			if err != nil {
				return err
			}
		}
		at := w.arrive(x.packet)
		for k := range messages[:x.messages] {
			w.message(&messages[k], x.packet, at)
		}
		messages = messages[x.messages:]
	}
	for reason, n := range r.refused {
		if n > 0 && sip.ScanReason(reason) != sip.ScanEmpty {
			w.refused[sip.ScanReason(reason)] += n
		}
	}
	return nil
}

// arrive lets time run on to a packet's arrival, and returns when its messages were sent.
func (w *watch) arrive(p *hep.Received) int64 {
	if len(w.tellings) > 0 {
		w.hear(p.Arrival)
	}
	w.cause = p.Arrival
	w.tracker.Expire(p.Arrival.UnixNano(), w.emit)
	return w.clocks.at(p).UnixNano()
}

func (w *watch) message(m *sip.Message, p *hep.Received, at int64) {
	m.Time, m.Src, m.Dst, m.Transport = at, p.Src, p.Dst, p.Transport
	if m.CSeqMethod == sip.MESSAGE {
		m.Read()
		w.mirrored(m)
	}
	w.tracker.Handle(m, w.emit)
}

func reasonOf(err error) sip.ScanReason {
	if e, ok := err.(*sip.ScanError); ok { //nolint:errorlint // Scan returns its own type, unwrapped, on the hot path
		return e.Reason
	}
	return 0
}

func (w *watch) emit(e *sip.Event) { w.out(e, w.cause) }

// tick runs the timers that are due.
func (w *watch) tick(now time.Time) {
	w.expire(now)
	w.told()
}

func (w *watch) expire(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear(now)
	w.cause = now
	w.tracker.Expire(now.UnixNano(), w.emit)
}

// finish ends a replay.
func (w *watch) finish() {
	defer w.told()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.tellings); n > 0 {
		w.hear(w.tellings[n-1].due)
	}
	w.tracker.Finish(w.emit)
}

// unreadable is told of encrypted signalling between two addresses.
func (w *watch) unreadable(a, b netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tracker.Unreadable(a, b)
}

// live are the live calls, at most limit.
func (w *watch) live(limit int) []*sip.Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tracker.Live(limit)
}

// signalling is what there is to count.
func (w *watch) signalling() metrics.Signalling {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.tracker.Stats()
	out := metrics.Signalling{
		Messages: s.Messages, LiveCalls: s.LiveCalls, Bindings: s.Bindings, Own: s.OwnMessages,
		GivenUp: []metrics.Count{{Name: "calls", N: s.Evicted}, {Name: "legs", N: s.LegsRefused}, {Name: "bindings", N: s.BindingsRefused}, {Name: "told", N: w.tellingsLost}},
	}
	for r, n := range w.refused {
		out.ScanErrors = append(out.ScanErrors, metrics.Count{Name: r.String(), N: n})
	}
	return out
}

// scanned is how many messages were scanned without error.
func (w *watch) scanned() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tracker.Stats().Messages
}

// skews are how far the capture agents' clocks are from ours.
func (w *watch) skews() []metrics.Skew {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clocks.skews()
}
