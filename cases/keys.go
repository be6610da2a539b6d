package cases

import (
	"ringback/sip"
	"ringback/store"
)

// The keys of this package. Numbers stand behind their last nine digits, so that those that may be the
// same customer stand together. Values are records of this package, each with its version.
//
//	case    <id>                          record: a case and the latest entries of its history
//	history <id> <n>                      Entry: the n-th event of a case, from 1, when it is not in the record
//	open    <list> <due> <-misses> <id>   place: open cases by priority
//	closed  <list> <closed> <id>          nothing: closed cases by time
//	number  <last nine> <number>          customer: his open cases, and the one closed last
//	caller  <identity>                    customer: likewise, of those without an E.164 number
//	call    <sip.Call.ID>                 dial: an agent's call to the number of an open case
//	ended   <sip.Call.ID>                 the time: a service call was judged, when it is not in customer
//
// A missed call writes three of them: case, open and number. What is not there is not written: an index
// of expiry, as all cases of a list expire at the end of some opening day and Cases remembers the
// next; and marks that an event was applied, as the records of the customer and the call say so.
const (
	tableCase    = "case"
	tableHistory = "history"
	tableOpen    = "open"
	tableClosed  = "closed"
	tableNumber  = "number"
	tableCaller  = "caller"
	tableCall    = "call"
	tableEnded   = "ended"
)

func caseKey(id string) []byte              { return store.Key(tableCase, id) }
func historyKey(id string, n uint64) []byte { return store.Key(tableHistory, id, n) }
func callKey(call string) []byte            { return store.Key(tableCall, call) }
func endedKey(call string) []byte           { return store.Key(tableEnded, call) }

func openKey(list string, p *position, id string) []byte {
	return store.Key(tableOpen, list, p.due, -int64(p.misses), id)
}

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
