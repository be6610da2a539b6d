package daemon

import (
	"time"

	"ringback/cti"
	"ringback/sip"
	"ringback/sip/hep"
)

// toldHold is how long told signalling waits for the mirror's own of the same leg, which says more.
const toldHold = 250 * time.Millisecond

// maxTold bounds what waits.
const maxTold = 1 << 16

// telling is one thing a PBX told that waits.
type telling struct {
	due     time.Time
	arrival time.Time
	told    cti.Told // a message, where it has a text
	feed    *cti.Feed
	fact    sip.Fact
}

// teller hands what one feed of a PBX's own tells to the watch. It is a cti.Sink.
type teller struct {
	w       *watch
	feed    *cti.Feed // that disagreements are counted of; nil: none
	arrival time.Time // of the event at work
}

// begin notes the event that what follows is told by: when it arrived.
func (t *teller) begin(arrival time.Time) { t.arrival = arrival }

// Message implements cti.Sink.
func (t *teller) Message(m cti.Told) { t.put(telling{told: m}) }

// Fact implements cti.Sink.
func (t *teller) Fact(f sip.Fact) { t.put(telling{fact: f}) }

// Link implements cti.Sink.
func (t *teller) Link(_ time.Time, caller, callee string) {
	w := t.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cause = t.arrival
	defer w.disagreements(t.feed)()
	w.tracker.Link(caller, callee, w.emit)
}

func (t *teller) put(x telling) {
	x.arrival, x.due, x.feed = t.arrival, t.arrival.Add(toldHold), t.feed
	w := t.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.tellings) >= maxTold {
		w.tellingsLost++
		return
	}
	w.tellings = append(w.tellings, x)
}

// hear takes in what was told and has waited long enough; mu is held.
func (w *watch) hear(now time.Time) {
	n := 0
	for n < len(w.tellings) && !w.tellings[n].due.After(now) {
		x := &w.tellings[n]
		n++
		w.tracker.Expire(x.due.UnixNano(), w.emit)
		w.cause = x.arrival
		count := w.disagreements(x.feed)
		if x.told.Text == nil {
			w.tracker.Tell(&x.fact, w.emit)
		} else {
			w.toldMessage(x)
		}
		count()
	}
	w.tellings = w.tellings[:copy(w.tellings, w.tellings[n:])]
}

// toldMessage hands told signalling to the tracker.
func (w *watch) toldMessage(x *telling) {
	m := &x.told
	if _, err := w.scanner.Scan(m.Text, &w.msg); err != nil {
		w.refused[reasonOf(err)]++
		return
	}
	w.msg.Told, w.msg.Made = true, m.Made
	w.message(&w.msg, &hep.Received{Packet: sip.Packet{Src: m.Src, Dst: m.Dst, Transport: sip.TCP}}, m.At.UnixNano())
	w.msg.Told, w.msg.Made = false, false
}

// disagreements counts with a feed how often what it tells next contradicts what is known; mu is held.
func (w *watch) disagreements(f *cti.Feed) (count func()) {
	before := w.tracker.Stats().Disagreements
	return func() {
		if n := w.tracker.Stats().Disagreements - before; n > 0 && f != nil {
			f.Disagree(n)
		}
	}
}

// hearAll takes in what was told and still waits; when the daemon stops nothing better comes any more.
func (w *watch) hearAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.tellings); n > 0 {
		w.hear(w.tellings[n-1].due)
	}
}
