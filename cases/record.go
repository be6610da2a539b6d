package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/sip"
)

// ErrRecord is returned for stored bytes that are no record this version can read.
var ErrRecord = errors.New("cases: unreadable record")

// recordFormat is the version every record begins with. A later version appends fields, and reads the
// earlier ones without them; upgrade brings a store of an earlier one up to date.
//
//	1: the first
//	2: case work: what people made of a case, attempts by number, who holds a case in the index
const recordFormat = 2

// maxRecent is how many entries of its history stand in the record of a case: most cases have no more,
// and a record with its entries is one write where two would be needed.
const maxRecent = 4

// maxCallIDs is how many SIP Call-IDs a case keeps of the calls that were missed; its history has all.
const maxCallIDs = 16

// record is a case as it is stored.
type record struct {
	ID, List string
	Number   sip.Number
	Caller   string // identity of a caller without a number
	State    State

	Service    string
	Verdict    sip.Verdict
	Reason     sip.Reason
	Confidence sip.Confidence
	Misses     uint64
	Wait       time.Duration
	CallIDs    []string

	Opened, Missed, Due, Expires time.Time
	Since                        time.Time // it is open: when it was opened or reopened last

	Closed      time.Time
	CloseReason CloseReason
	ClosedBy    string
	ClosedCall  string // sip.Call.ID of the call that closed it
	Reached     time.Time
	Proof       []string
	UndoUntil   time.Time
	UndoneCall  string // whose automatic close a person took back

	Calling []calling // calls of the customer that are on the line

	Assignee  string
	Scheduled time.Time
	KeepOpen  bool
	Attempts  uint64
	Attempted time.Time

	Previous string
	Version  uint64
	Entries  uint64   // of its history
	Recent   [][]byte // the latest of them, encoded

	worked

	format  uint64   // of the record as it was read; 0 for a new case
	was     position // of the record as it was read
	changed bool
	gone    bool // it is to be deleted
}

// calling is one call of the customer that is on the line.
type calling struct {
	Call  string // sip.Call.ID
	Since time.Time
}

// expiry is when the case has to be looked at for expiry; zero: never.
func (r *record) expiry() time.Time { return expiryOf(r.State, r.KeepOpen, r.Expires, r.Scheduled) }

// public is the case for others.
func (r *record) public() Case {
	c := Case{
		ID: r.ID, List: r.List, Number: r.Number, Caller: r.Caller, State: r.State,
		Service: r.Service, Verdict: r.Verdict, Reason: r.Reason, Confidence: r.Confidence,
		MissedCount: int(r.Misses), Wait: r.Wait, CallIDs: slices.Clip(r.CallIDs),
		Opened: r.Opened, Missed: r.Missed, Due: r.Due, Expires: r.Expires,
		Closed: r.Closed, CloseReason: r.CloseReason, ClosedBy: r.ClosedBy, Proof: slices.Clip(r.Proof), UndoUntil: r.UndoUntil,
		Assignee: r.Assignee, Scheduled: r.Scheduled, KeepOpen: r.KeepOpen,
		Attempts: int(r.Attempts), Attempted: r.Attempted, Previous: r.Previous, Version: r.Version,
		Channel: r.Channel, CreatedBy: r.CreatedBy, ExternalID: r.ExternalID, Name: r.Name, Topic: r.Topic, Note: r.Note,
		LastNote: r.LastNote, Fields: r.Fields, Personal: r.Personal, PersonalUntil: r.Fallback, Accepted: r.Accepted,
		ClaimUntil: r.Claim, NotBefore: r.NotBefore, Awaiting: r.Awaiting, Question: r.Question,
		Handling: r.Handling, Resolution: r.Resolution, Contacted: r.Contacted,
		Requests: int(r.Requests),
	}
	if !r.Try.at.IsZero() {
		c.Attempt = r.Try.public()
	}
	if r.Undo.before != nil {
		c.Undo = &Undoable{Act: r.Undo.act, Agent: r.Undo.agent, At: r.Undo.at, Event: r.Undo.event}
	}
	if r.Number != 0 {
		c.Caller = r.Number.String()
	}
	if len(r.Calling) > 0 {
		c.CallingNow, c.CallingSince = true, r.Calling[0].Since
	}
	return c
}

func (r *record) encode() []byte {
	size := 384 + len(r.Undo.before)
	for _, e := range r.Recent {
		size += len(e) + 2
	}
	w := writer{make([]byte, 0, size)}
	r.encodeTo(&w, r.Recent)
	return w.b
}

// bare is the record without its history and what can be undone, for taking it back to here.
func (r *record) bare() []byte {
	bare := *r
	bare.Undo = undoing{}
	w := writer{make([]byte, 0, 384)}
	bare.encodeTo(&w, nil)
	return w.b
}

func (r *record) encodeTo(w *writer, recent [][]byte) {
	w.uint(recordFormat)
	w.string(r.ID)
	w.string(r.List)
	w.uint(uint64(r.Number))
	w.string(r.Caller)
	w.uint(uint64(r.State))
	w.string(r.Service)
	w.uint(uint64(r.Verdict))
	w.uint(uint64(r.Reason))
	w.uint(uint64(r.Confidence))
	w.uint(r.Misses)
	w.int(int64(r.Wait))
	w.strings(r.CallIDs)
	w.time(r.Opened)
	w.time(r.Missed)
	w.time(r.Due)
	w.time(r.Expires)
	w.time(r.Since)
	w.time(r.Closed)
	w.uint(uint64(r.CloseReason))
	w.string(r.ClosedBy)
	w.string(r.ClosedCall)
	w.time(r.Reached)
	w.strings(r.Proof)
	w.time(r.UndoUntil)
	w.string(r.UndoneCall)
	w.uint(uint64(len(r.Calling)))
	for _, c := range r.Calling {
		w.string(c.Call)
		w.time(c.Since)
	}
	w.string(r.Assignee)
	w.time(r.Scheduled)
	w.bool(r.KeepOpen)
	w.uint(r.Attempts)
	w.time(r.Attempted)
	w.string(r.Previous)
	w.uint(r.Version)
	w.uint(r.Entries)
	w.uint(uint64(len(recent)))
	for _, e := range recent {
		w.uint(uint64(len(e)))
		w.b = append(w.b, e...)
	}
	r.encodeWorked(w)
}

// decodeRecord reads a case. Its recent entries share memory with b.
func decodeRecord(b []byte) (*record, error) {
	d := reader{b: b}
	r := &record{
		format: d.format("case"),
		ID:     d.string(), List: d.string(), Number: sip.Number(d.uint()), Caller: d.string(), State: State(d.uint()),
		Service: d.string(), Verdict: sip.Verdict(d.uint()), Reason: sip.Reason(d.uint()), Confidence: sip.Confidence(d.uint()),
		Misses: d.uint(), Wait: time.Duration(d.int()), CallIDs: d.strings(),
		Opened: d.time(), Missed: d.time(), Due: d.time(), Expires: d.time(), Since: d.time(),
		Closed: d.time(), CloseReason: CloseReason(d.uint()), ClosedBy: d.string(), ClosedCall: d.string(), Reached: d.time(),
		Proof: d.strings(), UndoUntil: d.time(), UndoneCall: d.string(),
	}
	for range d.count() {
		r.Calling = append(r.Calling, calling{d.string(), d.time()})
	}
	r.Assignee, r.Scheduled, r.KeepOpen = d.string(), d.time(), d.bool()
	r.Attempts, r.Attempted = d.uint(), d.time()
	r.Previous, r.Version, r.Entries = d.string(), d.uint(), d.uint()
	for range d.count() {
		r.Recent = append(r.Recent, d.bytes())
	}
	if r.format >= 2 {
		r.decodeWorked(&d)
	} else {
		r.guessWorked()
	}
	if d.err != nil {
		return nil, fmt.Errorf("reading a case: %w", d.err)
	}
	r.was = r.position()
	return r, nil
}
