package web

import (
	"cmp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of what is kept of past events for readers that come back.
const (
	maxEvents     = 8192
	maxEventBytes = 16 << 20 // by estimate
)

// Events are what happened lately, for the event streams: a bounded ring that publishers write and
// readers follow at their own pace, each with nothing but its position. A publisher never waits for a
// reader; a reader that falls further behind than the ring reaches is told so. Its methods may be
// called from any goroutine.
//
// An event's id is the time the ring was made and a counter, so ids grow over restarts, and one of an
// earlier process is recognised: its reader missed events that nobody kept.
type Events struct {
	epoch     string
	maxEvents int
	maxBytes  int

	mu     sync.Mutex
	ring   []*event      // from oldest to newest, starting at head; the length is a power of two
	head   uint64        // sequence number of the oldest kept; the next one is head + kept
	kept   int           // how many are kept
	bytes  int           // of those, by estimate
	more   chan struct{} // closed when an event comes; made when a reader waits
	closed chan struct{}
	once   sync.Once

	streams atomic.Int64
	dropped atomic.Uint64
	resets  atomic.Uint64
}

// event is one thing that happened. It becomes JSON when the first reader wants it, and not at all
// when nobody listens.
type event struct {
	seq    uint64
	kind   string
	size   int
	encode func() []byte // memoized
}

func newEvents(start time.Time, events, bytes int) *Events {
	return &Events{
		epoch:     strconv.FormatInt(start.UnixNano(), 36),
		maxEvents: events,
		maxBytes:  bytes,
		ring:      make([]*event, 64),
		head:      1,
		closed:    make(chan struct{}),
	}
}

// publish appends an event of about size bytes; encode gives its JSON, is called at most once and may
// be called from another goroutine, so what it reads must never change.
func (e *Events) publish(kind string, size int, encode func() []byte) {
	ev := &event{kind: kind, size: size, encode: sync.OnceValue(encode)}
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.kept > 0 && (e.kept >= e.maxEvents || e.bytes+size > e.maxBytes) {
		slot := &e.ring[e.head%uint64(len(e.ring))]
		e.bytes -= (*slot).size
		*slot = nil
		e.head++
		e.kept--
	}
	if e.kept == len(e.ring) {
		e.grow()
	}
	ev.seq = e.head + uint64(e.kept)
	e.ring[ev.seq%uint64(len(e.ring))] = ev
	e.kept++
	e.bytes += size
	if e.more != nil {
		close(e.more)
		e.more = nil
	}
}

func (e *Events) grow() {
	ring := make([]*event, 2*len(e.ring))
	for seq := e.head; seq < e.head+uint64(e.kept); seq++ {
		ring[seq%uint64(len(ring))] = e.ring[seq%uint64(len(e.ring))]
	}
	e.ring = ring
}

// after appends to batch the events that follow seq, as many as batch has room for. When there are
// none, more is closed as soon as there are. Not ok: seq is older than what is kept, or was never
// given; a reader at seq has missed events.
func (e *Events) after(seq uint64, batch []*event) (events []*event, more <-chan struct{}, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.head + uint64(e.kept)
	if seq+1 < e.head || seq >= next {
		return batch, nil, false
	}
	for n := seq + 1; n < next && len(batch) < cap(batch); n++ {
		batch = append(batch, e.ring[n%uint64(len(e.ring))])
	}
	if len(batch) > 0 {
		return batch, nil, true
	}
	if e.more == nil {
		e.more = make(chan struct{})
	}
	return batch, e.more, true
}

// last is the sequence number of the newest event, 0 when there was none yet.
func (e *Events) last() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.head + uint64(e.kept) - 1
}

func (e *Events) id(seq uint64) string { return e.epoch + "-" + strconv.FormatUint(seq, 10) }

// resetReason says why a reader has to read everything again.
type resetReason string

const (
	resetRestarted resetReason = "restarted" // the id is of an earlier process
	resetUnknown   resetReason = "unknown"   // the id is none of ours
	resetTooOld    resetReason = "too_old"   // the events after the id are no longer kept
)

// position is the sequence number of an id, or why reading cannot go on from there.
func (e *Events) position(id string) (seq uint64, reason resetReason) {
	epoch, n, found := strings.Cut(id, "-")
	seq, err := strconv.ParseUint(n, 10, 64)
	if !found || err != nil || n != strconv.FormatUint(seq, 10) {
		return 0, resetUnknown
	}
	if epoch != e.epoch {
		// Base 36 of a time is as long in every year of this century, so older ids sort lower.
		if len(epoch) == len(e.epoch) && cmp.Less(epoch, e.epoch) {
			return 0, resetRestarted
		}
		return 0, resetUnknown
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case seq >= e.head+uint64(e.kept):
		return 0, resetUnknown
	case seq+1 < e.head:
		return 0, resetTooOld
	}
	return seq, ""
}

// close ends all streams, and those that come.
func (e *Events) close() { e.once.Do(func() { close(e.closed) }) }

// StreamStats is what the event streams counted since the process started, and how many are open.
type StreamStats struct {
	Open    int
	Events  uint64 // published
	Dropped uint64 // streams ended because their reader was too slow
	Resets  uint64 // readers told to read everything again
}

// Stats are for metrics.
func (e *Events) Stats() StreamStats {
	return StreamStats{
		Open:    int(e.streams.Load()),
		Events:  e.last(),
		Dropped: e.dropped.Load(),
		Resets:  e.resets.Load(),
	}
}
