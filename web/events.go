package web

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ringback/sip"
)

// Limits of what is kept of past events for readers that come back.
const (
	maxEvents     = 8192
	maxEventBytes = 16 << 20 // by estimate

	// keptAlone is for how long events are kept for readers that come back when none is there.
	keptAlone = 15 * time.Minute
)

// Waking a reader costs a write to its connection, so with many readers events are gathered for a
// moment, the longer the more there are; not after a quiet moment, and not for few readers.
const (
	gatherPerReader = 50 * time.Microsecond
	shortestGather  = time.Millisecond
	longestGather   = 500 * time.Millisecond
)

// Events are what happened lately, for the event streams: a bounded ring that publishers write and
// readers follow at their own pace, each with nothing but its position. A publisher never waits for a
// reader; a reader that falls further behind than the ring reaches is told so. An event becomes bytes
// once, whoever reads it. Its methods may be called from any goroutine.
//
// Only readers have ids to come back with. So events are numbered but not kept before the first reader
// came, and when the last one has been gone for a quarter of an hour.
//
// An event's id is the time the ring was made and a counter, so ids grow over restarts, and one of an
// earlier process is recognised: its reader missed events that nobody kept.
type Events struct {
	epoch     string
	maxEvents int
	maxBytes  int
	shower    *shower

	mu      sync.Mutex
	ring    []*event      // from oldest to newest, starting at head; the length is a power of two
	head    uint64        // sequence number of the oldest kept; the next one is head + kept
	kept    int           // how many are kept
	bytes   int           // of those, by estimate
	told    uint64        // sequence number of the last event that readers were told of
	telling time.Time     // when that was
	wake    *time.Timer   // tells them of what is being gathered; nil: nothing is
	more    chan struct{} // closed when they are told; made when a reader waits
	desks   map[string][]*stream
	quiet   bool      // nobody has an id to come back with: nothing is kept
	left    time.Time // when the last reader was gone
	closed  chan struct{}
	once    sync.Once
	running sync.WaitGroup

	sharing sync.Mutex
	shared  map[share][]byte

	streams atomic.Int64
	dropped atomic.Uint64
	resets  atomic.Uint64
}

func newEvents(start time.Time, events, bytes int) *Events {
	return &Events{
		epoch:     strconv.FormatInt(start.UnixNano(), 36),
		maxEvents: events,
		maxBytes:  bytes,
		ring:      make([]*event, 64),
		head:      1,
		desks:     map[string][]*stream{},
		shared:    map[share][]byte{},
		closed:    make(chan struct{}),
		shower:    new(shower),
	}
}

// pass numbers what happens now when it is kept for nobody, and else says no.
func (e *Events) pass() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.quiet && !e.left.IsZero() && e.streams.Load() == 0 && time.Since(e.left) > keptAlone {
		e.quiet = true
		clear(e.ring)
		e.head, e.kept, e.bytes = e.head+uint64(e.kept), 0, 0
	}
	if e.quiet {
		e.told = e.head
		e.head++
	}
	return e.quiet
}

// put appends an event, and has these agents told at once.
func (e *Events) put(ev *event, prompt []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.append(ev)
	e.prompt(prompt)
	e.gather()
}

func (e *Events) append(ev *event) {
	for e.kept > 0 && (e.kept >= e.maxEvents || e.bytes+ev.size > e.maxBytes) {
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
	e.bytes += ev.size
}

// block is an event as it stands in a stream; body is JSON and so holds no line break.
func (e *Events) block(kind string, seq uint64, body []byte) []byte {
	if body == nil {
		return nil
	}
	b := make([]byte, 0, len(body)+64)
	b = append(b, "id: "...)
	b = append(b, e.id(seq)...)
	b = append(b, "\nevent: "...)
	b = append(b, kind...)
	b = append(b, "\ndata: "...)
	b = append(b, body...)
	return append(b, "\n\n"...)
}

// blocks are those of the events that the mask wants, the first event by its lowest bit. Readers mostly
// want the same at the same time, so they get the same bytes, which nobody may change.
func (e *Events) blocks(events []*event, wanted uint64) []byte {
	if wanted&(wanted-1) == 0 {
		return events[bits.TrailingZeros64(wanted)].frame()
	}
	key := share{events[0].seq, wanted}
	e.sharing.Lock()
	defer e.sharing.Unlock()
	if b, ok := e.shared[key]; ok {
		return b
	}
	var b []byte
	for rest := wanted; rest != 0; rest &= rest - 1 {
		b = append(b, events[bits.TrailingZeros64(rest)].frame()...)
	}
	if len(e.shared) == maxShared {
		clear(e.shared)
	}
	e.shared[key] = b
	return b
}

// share names bytes that several readers get: events from one on, as far as a mask wants them.
type share struct {
	from   uint64
	wanted uint64
}

// maxShared is how many of them are kept.
const maxShared = 16

// Forget takes past events of these numbers out, so that nobody who comes back is told of them. Streams
// pass over them.
func (e *Events) Forget(numbers []sip.Number) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for seq := e.head; seq < e.head+uint64(e.kept); seq++ {
		if ev := e.ring[seq%uint64(len(e.ring))]; slices.Contains(numbers, ev.tells) {
			e.ring[seq%uint64(len(e.ring))] = &event{of: e, seq: ev.seq, kind: ev.kind, size: ev.size, news: forgotten{}}
		}
	}
	e.sharing.Lock()
	defer e.sharing.Unlock()
	clear(e.shared)
}

// prompt wakes the streams of agents.
func (e *Events) prompt(agents []string) {
	for _, agent := range agents {
		for _, s := range e.desks[agent] {
			select {
			case s.prompt <- struct{}{}:
			default: // it is being told already
			}
		}
	}
}

// gather tells all readers, now or when the moment is over that lies between two tellings.
func (e *Events) gather() {
	if e.wake != nil {
		return // they will be told
	}
	moment := min(time.Duration(e.streams.Load())*gatherPerReader, longestGather)
	if moment < shortestGather {
		e.tell()
		return
	}
	wait := moment - time.Since(e.telling)
	if wait <= 0 {
		e.tell()
		e.telling = time.Now()
		return
	}
	e.wake = time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.wake = nil
		e.tell()
		e.telling = time.Now()
	})
}

// tell lets readers go on to the newest event, and wakes those that wait.
func (e *Events) tell() {
	e.told = e.head + uint64(e.kept) - 1
	if e.more != nil {
		close(e.more)
		e.more = nil
	}
}

// Present says whether an agent has a stream open, so that he sees at once what is published.
func (e *Events) Present(agent string) bool { return e.of(agent) > 0 }

// of is how many streams an agent has open.
func (e *Events) of(agent string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.desks[agent])
}

// enter and leave say which streams belong to an agent; one of nobody belongs to none.
func (e *Events) enter(agent string, s *stream) {
	if agent == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.desks[agent] = append(e.desks[agent], s)
}

func (e *Events) leave(agent string, s *stream) {
	if agent == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rest := slices.DeleteFunc(e.desks[agent], func(other *stream) bool { return other == s })
	if len(rest) == 0 {
		delete(e.desks, agent)
		return
	}
	e.desks[agent] = rest
}

func (e *Events) grow() {
	ring := make([]*event, 2*len(e.ring))
	for seq := e.head; seq < e.head+uint64(e.kept); seq++ {
		ring[seq%uint64(len(ring))] = e.ring[seq%uint64(len(e.ring))]
	}
	e.ring = ring
}

// after appends to batch the events that follow seq, as many as batch has room for: those that readers
// were told of, or at once all there are. When there are none, more is closed as soon as there are.
// Not ok: seq is older than what is kept, or was never given; a reader at seq has missed events.
func (e *Events) after(seq uint64, batch []*event, atOnce bool) (events []*event, more <-chan struct{}, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.head + uint64(e.kept)
	if seq+1 < e.head || seq >= next {
		return batch, nil, false
	}
	if !atOnce {
		next = e.told + 1
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

// open counts a stream that begins; not ok: there are as many as may be, or no more are taken.
func (e *Events) open(most int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.closed:
		return false
	default:
	}
	if e.streams.Load() >= most {
		return false
	}
	e.quiet = false
	e.streams.Add(1)
	e.running.Add(1)
	return true
}

// gone counts a stream that ended.
func (e *Events) gone() {
	e.mu.Lock()
	e.left = time.Now()
	e.mu.Unlock()
	e.streams.Add(-1)
	e.running.Done()
}

// close ends all streams, and takes no more.
func (e *Events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.once.Do(func() { close(e.closed) })
}

// drain waits until all streams have ended, no longer than ctx allows.
func (e *Events) drain(ctx context.Context) error { return waitFor(ctx, &e.running) }

// waitFor waits until nothing of a group is at work, no longer than ctx allows.
func waitFor(ctx context.Context, group *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

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
