package cases

import (
	"time"

	"ringback/sip"
	"ringback/store"
)

// The keys of this package. Numbers stand behind their last nine digits, so that those that may be the
// same customer stand together. Values are records of this package, each with its version.
//
//	case      <id>                                record: a case and the latest entries of its history
//	history   <id> <n>                            Entry: the n-th event of a case, from 1, when it is not in the record
//	open      <list> <held> <due> <-misses> <id>  place: open cases by priority; held is 0 for unassigned ones, else 1
//	mine      <agent> <list> <due> <-misses> <id> place: the open cases assigned to an agent, by priority
//	wake      <time> <id>                         nothing: open cases to which something happens by itself then
//	closed    <list> <closed> <id>                nothing: closed cases by time
//	closer    <agent> <list> <closed> <id>        nothing: cases that an agent closed having reached the customer
//	number    <last nine> <number>                customer: his open cases, and the one closed last
//	caller    <identity>                          customer: likewise, of those without an E.164 number
//	external  <list> <external id>                the id of the case made for it
//	call      <sip.Call.ID>                       dial: an agent's call to the number of an open case
//	ended     <sip.Call.ID>                       the time: a service call was judged, when it is not in customer
//	act       <Act.ID>                            acted: the cases that a person's act was done to
//	counted   <list> <hour> <reason>              figures of the cases opened in an hour, for statistics
//
// A missed call writes three of them, and a fourth that it shares with all others of its hour: case,
// open, number and counted. What is not there is not written: an index of expiry, as all cases of a list
// expire at the end of some opening day and Cases remembers the next (a case that somebody gave
// an expiry of its own is in wake); and marks that an event was applied, as the records of the customer
// and the call say so.
const (
	tableCase     = "case"
	tableHistory  = "history"
	tableOpen     = "open"
	tableMine     = "mine"
	tableWake     = "wake"
	tableClosed   = "closed"
	tableCloser   = "closer"
	tableNumber   = "number"
	tableCaller   = "caller"
	tableExternal = "external"
	tableCall     = "call"
	tableEnded    = "ended"
	tableAct      = "act"
	tableCounted  = "counted"
)

func caseKey(id string) []byte              { return store.Key(tableCase, id) }
func historyKey(id string, n uint64) []byte { return store.Key(tableHistory, id, n) }
func callKey(call string) []byte            { return store.Key(tableCall, call) }
func endedKey(call string) []byte           { return store.Key(tableEnded, call) }

func openKey(list string, p *position, id string) []byte {
	held := 0
	if p.assignee != "" {
		held = 1
	}
	return store.Key(tableOpen, list, held, p.due, -int64(p.misses), id)
}

func mineKey(list string, p *position, id string) []byte {
	return store.Key(tableMine, p.assignee, list, p.due, -int64(p.misses), id)
}

func wakeKey(at time.Time, id string) []byte { return store.Key(tableWake, at, id) }

func closerKey(list string, p *position, id string) []byte {
	return store.Key(tableCloser, p.closer, list, p.closed, id)
}

func externalKey(list, id string) []byte { return store.Key(tableExternal, list, id) }
func actKey(id string) []byte            { return store.Key(tableAct, id) }

func closedKey(list string, p *position, id string) []byte {
	return store.Key(tableClosed, list, p.closed, id)
}

// nine is what the last nine digits of a number are counted by; see sip.Number.Maybe.
const nine = 1_000_000_000

// customerKey is where a customer stands, by his number or else by what identity he has.
func customerKey(n sip.Number, caller string) []byte {
	if n != 0 {
		return store.Key(tableNumber, uint64(n%nine), uint64(n))
	}
	return store.Key(tableCaller, clip(caller))
}
