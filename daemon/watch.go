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
	msg     sip.Message
	cause   time.Time // arrival of what is being handled: what latency is counted from
	refused map[sip.ScanReason]uint64

	tellings     []telling // by PBXs, waiting for the mirror
	tellingsLost uint64

	// out takes the events in order, under mu; it may block to slow the feeds down.
	out func(*sip.Event, time.Time)
	// told is called after the events of a batch.
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
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range batch {
		w.packet(&batch[i])
	}
	w.told()
}

// packet takes in one packet, which may hold several messages: a PBX mirrors a TCP read as it came.
func (w *watch) packet(p *hep.Received) {
	at := w.arrive(p)
	for b := p.Payload; len(b) > 0; {
		n, err := w.scanner.Skim(b, &w.msg)
		if err == nil {
			w.message(&w.msg, p, at)
		} else {
			w.refuse(err)
		}
		b = behindMessage(p, b, n)
	}
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

// behindMessage is what may hold the next message of a packet, behind one of n bytes at the start of b.
func behindMessage(p *hep.Received, b []byte, n int) []byte {
	if p.Transport == sip.UDP || n <= 0 {
		return nil // what follows a message in a datagram is no message (RFC 3261 §18.3)
	}
	return b[n:]
}

func (w *watch) message(m *sip.Message, p *hep.Received, at int64) {
	m.Time, m.Src, m.Dst, m.Transport = at, p.Src, p.Dst, p.Transport
	if m.CSeqMethod == sip.MESSAGE {
		m.Read()
		w.mirrored(m)
	}
	w.tracker.Handle(m, w.emit)
}

func (w *watch) refuse(err error) {
	if reason := reasonOf(err); reason != sip.ScanEmpty {
		w.refused[reason]++
	}
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
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear(now)
	w.cause = now
	w.tracker.Expire(now.UnixNano(), w.emit)
	w.told()
}

// finish ends a replay.
func (w *watch) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.tellings); n > 0 {
		w.hear(w.tellings[n-1].due)
	}
	w.tracker.Finish(w.emit)
	w.told()
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
		GivenUp: []metrics.Count{{Name: "calls", N: s.Evicted}, {Name: "legs", N: s.LegsRefused}, {Name: "bindings", N: s.BindingsRefused}},
	}
	for r, n := range w.refused {
		out.ScanErrors = append(out.ScanErrors, metrics.Count{Name: r.String(), N: n})
	}
	return out
}

// skews are how far the capture agents' clocks are from ours.
func (w *watch) skews() []metrics.Skew {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clocks.skews()
}
