package cases

import (
	"fmt"
	"time"
)

// Log is the name of the store's log that every change of a case is appended to, in the transaction that
// makes it: for whoever has to follow what happens without losing anything, as a search index or
// webhooks. DecodeLogged reads its entries.
const Log = "cases"

// Logged is a change as the log has it. There is nothing in it that tells of the customer: the case, as it
// is by then, is read when it is wanted.
type Logged struct {
	Case    string // its id
	List    string
	Event   ChangeEvent
	Version uint64 // of the case after the change
	At      time.Time
	Reason  string
	Agent   string
	Call    string // sip.Call.ID of the call that caused it
}

func encodeLogged(ch *Change) []byte {
	w := writer{make([]byte, 0, 64+len(ch.Call))}
	w.uint(recordFormat)
	w.string(ch.Case.ID)
	w.string(ch.Case.List)
	w.uint(uint64(ch.Event))
	w.uint(ch.Case.Version)
	w.time(ch.At)
	w.string(ch.Reason)
	w.string(ch.Agent)
	w.string(clip(ch.Call))
	return w.b
}

// DecodeLogged reads an entry of the log.
func DecodeLogged(b []byte) (Logged, error) {
	d := reader{b: b}
	d.format("logged change")
	l := Logged{
		Case: d.string(), List: d.string(), Event: ChangeEvent(d.uint()), Version: d.uint(), At: d.time(),
		Reason: d.string(), Agent: d.string(), Call: d.string(),
	}
	if d.err != nil {
		return Logged{}, fmt.Errorf("reading the log of changes: %w", d.err)
	}
	return l, nil
}
