package cases

import (
	"bytes"
	"slices"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// ledger is one command at work: what it read, and what it will write when it has decided everything.
type ledger struct {
	tx    *store.Tx
	dir   *directory.Directory
	ids   *ids
	heads *heads
	at    time.Time
	call  *sip.Call  // that caused the command, nil when a person or the time did
	live  []alive    // other calls of its customer
	under []underway // agents' calls to him

	records   []*record
	customers []*held
	entries   []pending
	proof     []byte    // of a call, encoded once
	proves    *sip.Call // whose it is
	arena     writer    // holds the encoded proof and entries until their records are
	err       error     // the first record that could not be read
	settled   int       // outcomes of cases whose turn is over
	doer      doer
	doNotCall func(store.Reader, sip.Number) bool // nil: everybody may be called
	requestOf func(callID string) string          // nil: nobody asks in a call

	result *result
}

// begin makes the ledger ready for a command. It is used again, as one command is applied at a time.
func (c *Cases) begin(tx *store.Tx, at time.Time) *ledger {
	l := c.blank(tx, at)
	l.dir = c.dir()
	return l
}

// blank is the ledger of a command that asks nothing of the directory.
func (c *Cases) blank(tx *store.Tx, at time.Time) *ledger {
	l := &c.ledger
	clear(l.records)
	clear(l.customers)
	clear(l.entries)
	*l = ledger{
		tx: tx, ids: &c.ids, heads: &c.heads, at: at, doNotCall: c.opt.DoNotCall, requestOf: c.opt.RequestOf, records: l.records[:0], customers: l.customers[:0], entries: l.entries[:0],
		arena: writer{l.arena.b[:0]}, result: new(result),
	}
	l.result.changes = l.result.room[:0]
	l.result.why = l.result.whyRoom[:0]
	l.result.moves = l.result.moveRoom[:0]
	return l
}

// held is a customer with his key.
type held struct {
	key    []byte
	shared bool
	*customer
	changed bool
}

// pending is an entry of a history to be written.
type pending struct {
	of   *record
	n    uint64
	e    Entry
	call *sip.Call // that caused it
}

// result is what a command did.
type result struct {
	changes []Change
	why     []Why
	moves   []move // of cases in the indexes
	done    []Outcome
	waits   string // sip.Call.ID of an agent's call whose end matters

	// Where most commands' results find room.
	room     [1]Change
	whyRoom  [2]Why
	moveRoom [1]move
}

// move is a case that moved in the indexes, for the counters.
type move struct {
	list    string
	was, is share
	wake    time.Time // when something happens to it by itself; zero: never
}

// policy is the policy of a list. A case may outlive its list, and then has the default one.
func (l *ledger) policy(list string) *directory.Policy {
	if x, ok := l.dir.List(list); ok {
		return &x.Policy
	}
	p := directory.DefaultPolicy()
	return &p
}

func (l *ledger) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// record reads a case, once; nil when there is none.
func (l *ledger) record(id string) *record {
	for _, r := range l.records {
		if r.ID == id {
			return r
		}
	}
	b, ok := l.tx.Get(caseKey(id))
	if !ok {
		return nil
	}
	r, err := decodeRecord(b)
	if err != nil {
		l.fail(err)
		return nil
	}
	l.records = append(l.records, r)
	return r
}

// customer reads what is known of a number, or of an identity without one; once.
func (l *ledger) customer(n sip.Number, caller string) *held {
	key := customerKey(n, caller)
	for _, h := range l.customers {
		if bytes.Equal(h.key, key) {
			return h
		}
	}
	h := &held{key: key, customer: new(customer), shared: n != 0 && l.dir.SharedNumber(n)}
	if b, ok := l.tx.Get(h.key); ok {
		c, err := decodeCustomer(b)
		if err != nil {
			l.fail(err)
		} else {
			h.customer = c
		}
	}
	l.customers = append(l.customers, h)
	return h
}

// open are the customer's open cases.
func (l *ledger) open(h *held) []*record {
	var all []*record
	for _, id := range h.open() {
		if r := l.record(id); r != nil && r.State == Open {
			all = append(all, r)
		}
	}
	return all
}

// otherOpen says whether the customer of a case has another one open on its list. Of shared numbers
// nobody knows whose it is.
func (l *ledger) otherOpen(r *record) bool {
	h := l.customerOf(r)
	return !h.shared && slices.ContainsFunc(h.on(r.List).open, func(id string) bool { return id != r.ID })
}

// customerOf is the customer of a case. Of a case without number or identity nothing is kept.
func (l *ledger) customerOf(r *record) *held {
	if r.Number == 0 && r.Caller == "" {
		return &held{customer: new(customer)}
	}
	return l.customer(r.Number, r.Caller)
}

// change notes what happened to a case, in its history and for whoever is told.
func (l *ledger) change(r *record, e Entry) {
	r.Version++
	r.changed = true
	e.At = l.at
	if e.Event != CallingNow && e.Event != CallingOver {
		r.Undo = undoing{} // something else happened since
		r.Entries++
		l.entries = append(l.entries, pending{r, r.Entries, e, l.call})
	}
	ch := Change{Event: e.Event, Case: r.public(), At: e.At, Reason: e.Reason, Agent: e.Agent}
	if l.call != nil {
		ch.Call, ch.CallIDs = l.call.ID, l.call.CallIDs
	}
	l.result.changes = append(l.result.changes, ch)
}

// opened puts a case among the open ones of its customer.
func (l *ledger) opened(r *record) {
	h := l.customerOf(r)
	h.changed = true
	o := h.on(r.List)
	o.open = append(o.open, r.ID)
	if o.last == r.ID {
		o.last, o.closed, o.reached = r.Previous, time.Time{}, time.Time{}
	}
}

// closed takes a case from among them.
func (l *ledger) closed(r *record) {
	o := l.left(r)
	o.last, o.closed, o.reached = r.ID, time.Time{}, time.Time{}
	if r.CloseReason.Automatic() {
		o.closed, o.reached = r.Closed, r.Reached
	}
}

// left takes an open case from its customer, who has it no more.
func (l *ledger) left(r *record) *onList {
	h := l.customerOf(r)
	h.changed = true
	o := h.on(r.List)
	o.open = slices.DeleteFunc(o.open, func(id string) bool { return id == r.ID })
	return o
}

// decided notes which rule decided.
func (l *ledger) decided(why Why) { l.result.why = append(l.result.why, why) }

// finish writes everything.
func (l *ledger) finish() (any, error) {
	if l.err != nil {
		return nil, l.err
	}
	l.suppress()
	for i := range l.entries {
		l.remember(&l.entries[i])
	}
	for _, r := range l.records {
		if r.changed {
			l.write(r)
		}
	}
	for _, h := range l.customers {
		switch {
		case !h.changed:
		case h.empty():
			l.tx.Delete(h.key)
		default:
			l.tx.Set(h.key, h.encode())
		}
	}
	for i := range l.result.changes {
		l.tx.Append(Log, encodeLogged(&l.result.changes[i]))
	}
	if err := l.audit(); err != nil {
		return nil, err
	}
	return l.result, l.err
}

// remember puts an entry into the record of its case, and older ones under keys of their own.
func (l *ledger) remember(p *pending) {
	r := p.of
	if len(r.Recent) == maxRecent {
		l.tx.Set(historyKey(r.ID, p.n-maxRecent), slices.Clone(r.Recent[0]))
		r.Recent = slices.Delete(r.Recent, 0, 1)
	}
	if p.call != nil && (l.proof == nil || l.proves != p.call) {
		l.proof, l.proves = l.encode(func(w *writer) { w.proof(p.call) }), p.call
	}
	r.Recent = append(r.Recent, l.encode(func(w *writer) {
		if p.call == nil {
			w.entry(&p.e, nil)
		} else {
			w.entry(&p.e, l.proof)
		}
	}))
}

// encode gives what write wrote, in the arena.
func (l *ledger) encode(write func(w *writer)) []byte {
	from := len(l.arena.b)
	write(&l.arena)
	return l.arena.b[from:len(l.arena.b):len(l.arena.b)]
}

// write stores a case and moves it in the indexes and the statistics.
func (l *ledger) write(r *record) {
	is := r.position()
	if r.gone {
		is = position{}
		l.erase(r)
	} else {
		l.tx.Set(caseKey(r.ID), r.encode())
	}
	if is == r.was {
		return
	}
	moveIn(l.tx, r.List, r.ID, &r.was, &is)
	if is.state == Open && is.assignee == "" {
		l.heads.wrote(r.List, is.due)
	}
	if !r.gone { // what is erased stays in the statistics, which tell of nobody
		if err := countIn(l.tx, r.List, &r.was.tally, &is.tally); err != nil {
			l.fail(err)
		}
	}
	l.result.moves = append(l.result.moves, move{r.List, r.was.share(), is.share(), is.wake})
	r.was = is
}
