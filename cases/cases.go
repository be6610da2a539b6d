package cases

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// Options of Cases; the zero value takes the defaults named beside its fields.
type Options struct {
	Logger *slog.Logger // nil: none

	// Remember is how long an applied event is remembered, so that it is not applied again. It is longer
	// than any call and any way in which one could be told twice: 48 h.
	Remember time.Duration

	// DoNotCall says whether a number is one that is not to be called: a case of it that a command opens is closed
	// as suppressed in the same transaction. nil: none is. It is asked while a command is applied.
	DoNotCall func(store.Reader, sip.Number) bool

	// RequestOf is the id of the act by which a customer asked to be called in a call that has a leg of this Call-ID; see
	// Request. nil: nobody can ask in a call.
	RequestOf func(callID string) string
}

// Cases keeps the cases of all lists in a store. Its methods may be called from any goroutine, except
// that the events of one tracker come from one.
type Cases struct {
	st  *store.Store
	dir func() *directory.Directory
	opt Options

	// Owned by whoever applies commands, one at a time.
	ledger ledger // of the command at work
	ids    ids
	heads  heads

	// What is known of numbers without asking the store, so that the events of most calls cost a look
	// into a map. It follows from what is stored and what was submitted.
	mu      sync.Mutex
	numbers numbers
	live    sip.PerCall[*onLine]      // service calls on the line
	waiting map[string]sip.Number     // agents' calls whose end matters, and whom they called
	lists   map[string]*counts        // open cases by list
	mine    map[string]map[string]int // open cases by assignee and list
	showing []string                  // open cases that showed a call on the line when the store was opened
	decided map[Why]uint64
	expires time.Time // when the next open case expires, or earlier; zero: none does
	wakes   time.Time // likewise, when something else happens to one by itself
	forgot  time.Time // when Expire last forgot what is old

	spareLine *onLine // to be used again
}

// New makes the cases kept in a store. It registers its commands, so the store has not been used yet,
// and reads which numbers have open cases. dir gives the directory in force.
func New(st *store.Store, dir func() *directory.Directory, o Options) (*Cases, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Remember <= 0 {
		o.Remember = 48 * time.Hour
	}
	c := &Cases{
		st: st, dir: dir, opt: o,
		numbers: numbers{known: map[sip.Number]uint32{}}, waiting: map[string]sip.Number{}, lists: map[string]*counts{}, mine: map[string]map[string]int{}, decided: map[Why]uint64{},
	}
	st.Handle(kindEvent, c.applyEvent)
	st.Handle(kindAct, c.applyAct)
	st.Handle(kindCreate, c.applyCreate)
	st.Handle(kindNext, c.applyNext)
	st.Handle(kindErase, c.applyErase)
	st.Handle(kindUpgrade, c.applyUpgrade)
	st.Handle(kindExpire, c.applyExpire)
	st.Handle(kindForget, c.applyForget)
	if err := c.upgrade(); err != nil {
		return nil, fmt.Errorf("cases: bringing the store up to date: %w", err)
	}
	if err := st.View(c.load); err != nil {
		return nil, fmt.Errorf("cases: reading what is open: %w", err)
	}
	return c, nil
}

// load reads what Cases keeps in memory.
func (c *Cases) load(s *store.Snapshot) error {
	for key := range s.Scan(store.Prefix(tableCase).Backwards()) {
		var last string
		err := store.SplitKey(key, nil, &last)
		second, ok := secondOf(last)
		if err != nil || !ok {
			return fmt.Errorf("%w: a case with the id %q", ErrRecord, last)
		}
		c.ids.second = second
		break
	}
	if err := c.loadOpen(s); err != nil {
		return err
	}
	for key, value := range s.Scan(store.Prefix(tableCall)) {
		var call string
		if err := store.SplitKey(key, nil, &call); err != nil {
			return err
		}
		d, err := decodeDial(value)
		if err != nil {
			return err
		}
		if !d.over {
			c.waiting[call] = sip.Number(d.number)
		}
	}
	return nil
}

// Submit applies an event of the tracker. done is called once: with the changes it made after they are
// on the disk, or with an error, and then nothing changed. An event that concerns no case is done at
// once, on the caller's goroutine; of the events of one number each is done after those submitted
// before it. done is quick, calls neither Apply nor anything else that waits, and may be called on
// another goroutine for another number at the same time.
//
// Submit waits only when the store's queue is full.
func (c *Cases) Submit(ev *sip.Event, done func([]Change, error)) {
	if x, concerns := c.Note(ev); concerns {
		c.Commit(x, done)
	} else {
		done(nil, nil)
	}
}

// Noted is an event that may concern a case.
type Noted struct {
	number sip.Number // that commands are kept in order by
	data   happened
}

// Note is the first half of Submit: it notes what an event says of calls on the line, and tells whether it may
// concern a case. Commit is then called, before the next event is noted. An event that concerns none is done, and
// nothing of it is kept.
func (c *Cases) Note(ev *sip.Event) (x Noted, concerns bool) {
	x.number, x.data, concerns = c.track(ev)
	return x, concerns
}

// Commit is the other half of Submit. The event must not change any more.
func (c *Cases) Commit(x Noted, done func([]Change, error)) {
	ev := x.data.Event
	cmd := store.Command{
		ID: ev.Call.ID, Kind: kindEvent, At: ev.At.UTC(), Data: x.data,
		Urgent: ev.Kind != sip.CallEnded && ev.Kind != sip.CallStarted && ev.Kind != sip.CallUpdated,
	}
	c.st.Submit(cmd, func(res any, err error) { done(c.settle(ev, x.number, res, err)) })
}

// Apply applies an event like Submit and waits for its changes.
func (c *Cases) Apply(ctx context.Context, ev *sip.Event) ([]Change, error) {
	type outcome struct {
		changes []Change
		err     error
	}
	ch := make(chan outcome, 1)
	c.Submit(ev, func(changes []Change, err error) { ch <- outcome{changes, err} })
	select {
	case o := <-ch:
		return o.changes, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// track notes what an event says of calls on the line, and tells whether it matters to a case, by the
// number that commands are kept in order by.
func (c *Cases) track(ev *sip.Event) (n sip.Number, data happened, matters bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data.Event = ev
	var i *interest
	switch call := ev.Call; ev.Kind {
	case sip.CallStarted, sip.CallUpdated:
		if call.Direction != sip.Inbound || call.Service == "" || call.Caller == 0 {
			return 0, data, false
		}
		n = call.Caller
		i, data.Was = c.online(call, ev.At)
		matters = i.open > 0 || data.Was != 0 && c.known(data.Was).open > 0
	case sip.CallEnded:
		data.Under = c.underway(call)
		n, i, matters = c.ended(call)
		data.Live = i.alive()
	default:
		n = ev.Number
		i = c.known(n)
		if ev.Kind == sip.AgentDialled {
			matters = i.open > 0
			i.dialling(call, ev.Agent, ev.At)
		}
	}
	if matters = matters || i.pending > 0; matters && n != 0 {
		c.of(n).pending++
	} else {
		c.drop(i)
	}
	return n, data, matters
}

// ended notes that a call is over, and tells whose it was, what is known of him, and whether the end
// matters to a case.
func (c *Cases) ended(call *sip.Call) (n sip.Number, i *interest, matters bool) {
	if call.Direction == sip.Outbound {
		n = call.Callee
		called, waits := c.waiting[call.ID]
		if waits {
			n = called
		}
		i = c.known(n)
		i.dialled(call)
		return n, i, waits || i.open > 0
	}
	n = call.Caller
	i = c.offline(call)
	identity := n != 0 || call.CallerID != "" && !call.Withheld
	if call.Direction != sip.Inbound || call.Service == "" || !identity {
		c.drop(i)
		return 0, nobody, false
	}
	if i.number != n {
		c.drop(i)
		i = c.known(n)
	}
	missed := call.Verdict == sip.Missed || call.Verdict == sip.Dropped
	return n, i, missed || i.open > 0 || call.Verdict == sip.Served && (n == 0 || c.isCalled(n))
}

// settle notes what a command did, once it is on the disk; ev is the event it applied, nil for none.
func (c *Cases) settle(ev *sip.Event, n sip.Number, res any, err error) ([]Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n != 0 {
		i := c.of(n)
		i.pending--
		defer c.drop(i)
	}
	applied := errors.Is(err, store.ErrApplied)
	if err != nil && !applied {
		if _, refused := errors.AsType[*Refusal](err); !refused {
			c.heads.lost()
		}
		return nil, err
	}
	if ev != nil && ev.Kind == sip.CallEnded {
		delete(c.waiting, ev.Call.ID)
	}
	if applied {
		return nil, nil
	}
	r := res.(*result)
	if r.waits != "" {
		c.waiting[r.waits] = n
	}
	for i := range r.moves {
		c.moved(&r.moves[i])
	}
	for _, why := range r.why {
		c.decided[why]++
	}
	return r.changes, nil
}

// Decisions counts which rules decided since New, for metrics.
func (c *Cases) Decisions() map[Why]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.decided)
}

// Resume goes on after a start with the calls that are on the line: those the tracker restored. An
// agent's call that is not among them ended unseen, which reopens the cases that it closed; a
// customer's that is not among them shows on no case any more.
func (c *Cases) Resume(ctx context.Context, live []*sip.Call, now time.Time) ([]Change, error) {
	var changes []Change
	for _, call := range c.unseen(live, now) {
		ch, err := c.Apply(ctx, &sip.Event{Kind: sip.CallEnded, At: now, Call: call})
		if err != nil {
			return changes, err
		}
		changes = append(changes, ch...)
	}
	return changes, nil
}

// unseen are the calls that ended unseen, as far as they matter.
func (c *Cases) unseen(live []*sip.Call, now time.Time) []*sip.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := map[string]bool{}
	for _, call := range live {
		on[call.ID] = true
		if call.Direction == sip.Inbound && call.Service != "" && call.Caller != 0 {
			c.online(call, now)
		}
	}
	for _, call := range live {
		if call.Direction == sip.Outbound && call.DialledBy != "" && call.Callee != 0 {
			c.known(call.Callee).dialling(call, call.DialledBy, startOf(call, now))
		}
	}
	var all []*sip.Call
	for _, id := range slices.Sorted(maps.Keys(c.waiting)) {
		if !on[id] {
			all = append(all, &sip.Call{ID: id, Direction: sip.Outbound, Callee: c.waiting[id]})
		}
	}
	for _, id := range c.showing {
		r, err := c.read(id)
		if err != nil {
			continue // closed or gone meanwhile
		}
		for _, a := range r.Calling {
			if !on[a.Call] {
				all = append(all, &sip.Call{ID: a.Call, Direction: sip.Inbound, Caller: r.Number, Service: r.Service, List: r.List})
			}
		}
	}
	c.showing = nil
	return all
}
