package cases

import (
	"maps"
	"slices"
	"time"

	"ringback/sip"
)

// worked is what people made of a case. A case that nobody touched has nothing of it, and its record
// one byte.
type worked struct {
	Channel    Channel
	CreatedBy  string
	ExternalID string
	Name       string
	Topic      string
	Note       string
	LastNote   string // written last with an act
	Fields     map[string]string

	Personal  string // the agent it is meant for
	Fallback  time.Time
	Accepted  time.Time
	Claimed   bool      // the assignee took it himself
	Claim     time.Time // until when he has to call
	NotBefore time.Time // it is not offered before
	OwnExpiry bool      // somebody set Expires
	Awaiting  time.Time // since when more is asked
	Question  string

	Handling   string // the latest status
	Resolution string
	Given      []given // the statuses, each with how often it was given
	Try        try     // the latest attempt
	Tried      time.Time
	Contacted  time.Time  // the customer was reached first
	Said       bool       // Contacted is what a person said: nothing on the wire shows it
	OpenedFor  sip.Reason // the reason of the first miss
	Requests   uint64     // how often the customer asked to be called
	Undo       undoing
}

// given is how often a status was given.
type given struct {
	status string
	n      uint64
}

// try is an attempt to reach the customer.
type try struct {
	at      time.Time
	agent   string
	call    string     // sip.Call.ID, when it was seen on the wire
	result  sip.Result // likewise
	early   bool       // the agent gave up too soon for that to say anything
	app     bool       // it began in the app
	counted bool       // among the attempts
	handled bool       // a status was given for it
}

// undoing is what takes the latest act back.
type undoing struct {
	act    string // its id
	agent  string
	at     time.Time
	event  ChangeEvent
	before []byte // the record before it, without its history; nil when there is nothing to take back
}

// The parts of worked, in the order in which they are written. A later version appends.
const (
	hasChannel = 1 << iota
	hasTexts
	hasFields
	hasPersonal
	hasAccepted
	hasClaim
	hasNotBefore
	hasOwnExpiry
	hasAwaiting
	hasHandling
	hasTry
	hasTried
	hasContacted
	hasOpenedFor
	hasUndo
	hasSaid
	hasRequests
	hasAll = 1<<iota - 1
)

// parts says which parts there are.
func (r *record) parts() uint64 {
	var has uint64
	add := func(part uint64, there bool) {
		if there {
			has |= part
		}
	}
	w := &r.worked
	add(hasChannel, w.Channel != 0 || w.CreatedBy != "" || w.ExternalID != "")
	add(hasTexts, w.Name != "" || w.Topic != "" || w.Note != "" || w.LastNote != "")
	add(hasFields, len(w.Fields) > 0)
	add(hasPersonal, w.Personal != "")
	add(hasAccepted, !w.Accepted.IsZero())
	add(hasClaim, w.Claimed)
	add(hasNotBefore, !w.NotBefore.IsZero())
	add(hasOwnExpiry, w.OwnExpiry)
	add(hasAwaiting, !w.Awaiting.IsZero())
	add(hasHandling, w.Handling != "" || w.Resolution != "" || len(w.Given) > 0)
	add(hasTry, !w.Try.at.IsZero())
	add(hasTried, !w.Tried.IsZero())
	add(hasContacted, !w.Contacted.IsZero())
	add(hasOpenedFor, w.OpenedFor != r.Reason)
	add(hasUndo, w.Undo.before != nil)
	add(hasSaid, w.Said)
	add(hasRequests, w.Requests > 0)
	return has
}

// encodeWorked appends the parts there are.
func (r *record) encodeWorked(w *writer) {
	has := r.parts()
	w.uint(has)
	if has == 0 {
		return
	}
	x := &r.worked
	if has&hasChannel != 0 {
		w.uint(uint64(x.Channel))
		w.string(x.CreatedBy)
		w.string(x.ExternalID)
	}
	if has&hasTexts != 0 {
		w.string(x.Name)
		w.string(x.Topic)
		w.string(x.Note)
		w.string(x.LastNote)
	}
	if has&hasFields != 0 {
		w.uint(uint64(len(x.Fields)))
		for _, name := range slices.Sorted(maps.Keys(x.Fields)) {
			w.string(name)
			w.string(x.Fields[name])
		}
	}
	if has&hasPersonal != 0 {
		w.string(x.Personal)
		w.time(x.Fallback)
	}
	if has&hasAccepted != 0 {
		w.time(x.Accepted)
	}
	if has&hasClaim != 0 {
		w.time(x.Claim)
	}
	if has&hasNotBefore != 0 {
		w.time(x.NotBefore)
	}
	if has&hasAwaiting != 0 {
		w.time(x.Awaiting)
		w.string(x.Question)
	}
	if has&hasHandling != 0 {
		w.string(x.Handling)
		w.string(x.Resolution)
		w.uint(uint64(len(x.Given)))
		for _, g := range x.Given {
			w.string(g.status)
			w.uint(g.n)
		}
	}
	if has&hasTry != 0 {
		x.Try.encode(w)
	}
	if has&hasTried != 0 {
		w.time(x.Tried)
	}
	if has&hasContacted != 0 {
		w.time(x.Contacted)
	}
	if has&hasOpenedFor != 0 {
		w.uint(uint64(x.OpenedFor))
	}
	if has&hasUndo != 0 {
		w.string(x.Undo.act)
		w.string(x.Undo.agent)
		w.time(x.Undo.at)
		w.uint(uint64(x.Undo.event))
		w.uint(uint64(len(x.Undo.before)))
		w.b = append(w.b, x.Undo.before...)
	}
	if has&hasRequests != 0 {
		w.uint(x.Requests)
	}
}

func (r *record) decodeWorked(d *reader) {
	has := d.uint()
	x := &r.worked
	x.OpenedFor = r.Reason
	if has > hasAll {
		d.fail("a case with parts this version does not know")
		return
	}
	if has&hasChannel != 0 {
		x.Channel, x.CreatedBy, x.ExternalID = Channel(d.uint()), d.string(), d.string()
	}
	if has&hasTexts != 0 {
		x.Name, x.Topic, x.Note, x.LastNote = d.string(), d.string(), d.string(), d.string()
	}
	if has&hasFields != 0 {
		n := d.count()
		x.Fields = make(map[string]string, min(n, maxFields))
		for range n {
			name := d.string()
			x.Fields[name] = d.string()
		}
	}
	if has&hasPersonal != 0 {
		x.Personal, x.Fallback = d.string(), d.time()
	}
	if has&hasAccepted != 0 {
		x.Accepted = d.time()
	}
	if has&hasClaim != 0 {
		x.Claimed, x.Claim = true, d.time()
	}
	if has&hasNotBefore != 0 {
		x.NotBefore = d.time()
	}
	x.OwnExpiry, x.Said = has&hasOwnExpiry != 0, has&hasSaid != 0
	if has&hasAwaiting != 0 {
		x.Awaiting, x.Question = d.time(), d.string()
	}
	if has&hasHandling != 0 {
		x.Handling, x.Resolution = d.string(), d.string()
		for range d.count() {
			x.Given = append(x.Given, given{d.string(), d.uint()})
		}
	}
	if has&hasTry != 0 {
		x.Try.decode(d)
	}
	if has&hasTried != 0 {
		x.Tried = d.time()
	}
	if has&hasContacted != 0 {
		x.Contacted = d.time()
	}
	if has&hasOpenedFor != 0 {
		x.OpenedFor = sip.Reason(d.uint())
	}
	if has&hasUndo != 0 {
		x.Undo = undoing{act: d.string(), agent: d.string(), at: d.time(), event: ChangeEvent(d.uint()), before: d.bytes()}
	}
	if has&hasRequests != 0 {
		x.Requests = d.uint()
	}
}

// The flags of a try.
const (
	tryEarly = 1 << iota
	tryApp
	tryCounted
	tryHandled
)

func (t *try) encode(w *writer) {
	w.time(t.at)
	w.string(t.agent)
	w.string(t.call)
	w.uint(uint64(t.result))
	var flags uint64
	for i, set := range [...]bool{t.early, t.app, t.counted, t.handled} { // in the order of the flags
		if set {
			flags |= 1 << i
		}
	}
	w.uint(flags)
}

func (t *try) decode(d *reader) {
	*t = try{at: d.time(), agent: d.string(), call: d.string(), result: sip.Result(d.uint())}
	flags := d.uint()
	t.early, t.app, t.counted, t.handled = flags&tryEarly != 0, flags&tryApp != 0, flags&tryCounted != 0, flags&tryHandled != 0
}

// guessWorked makes up what a record of the first format does not say and follows from the rest.
func (r *record) guessWorked() {
	r.OpenedFor = r.Reason
	r.Tried = r.Attempted
	if r.State != Closed {
		return
	}
	switch {
	case r.CloseReason == CallerServed || r.CloseReason == AgentCalled && r.Attempts > 0:
		r.Contacted = r.Reached
	case r.CloseReason == Successful && r.Attempts > 0:
		r.Contacted, r.Said = r.Attempted, true
	default:
	}
}
