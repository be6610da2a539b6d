package sip

// Kept is a copy of an event that may be kept, with memory that the next copy can use again.
type Kept struct {
	Event Event
	call  Call
	lists []string
}

// Keep makes k a copy of e.
func (k *Kept) Keep(e *Event) {
	k.Event = *e
	if e.Call == nil {
		return
	}
	evidence := k.call.Evidence[:0]
	k.call = *e.Call
	k.Event.Call = &k.call
	k.lists = append(append(k.lists[:0], e.Call.CallIDs...), e.Call.Rang...)
	ids := len(e.Call.CallIDs)
	k.call.CallIDs = k.lists[:ids:ids]
	if len(k.lists) > ids {
		k.call.Rang = k.lists[ids:]
	}
	k.call.Evidence = append(evidence, e.Call.Evidence...)
}

// Clone returns a copy of the event that may be kept.
func (e *Event) Clone() *Event {
	k := new(Kept)
	k.Keep(e)
	return &k.Event
}
