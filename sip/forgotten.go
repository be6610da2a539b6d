package sip

// forgotten remembers the Call-IDs of ended legs, and of dialogs that began before the watch, for
// one to two generations, so that a late message revives nothing. It holds hashes only.
type forgotten struct {
	young, old map[uint64]struct{}
	turned     int64
	generation int64 // how long one lasts
	limit      int   // to how many
}

// afterEnd outlives the longest retransmission: 64·T1, timers B, F, H (RFC 3261 §17).
const afterEnd = int64(40e9)

func newForgotten(limit int, generation int64) forgotten {
	return forgotten{young: map[uint64]struct{}{}, old: map[uint64]struct{}{}, limit: limit, generation: generation}
}

func (f *forgotten) turn(now int64) {
	if now-f.turned < f.generation && len(f.young) < f.limit {
		return
	}
	f.old, f.young = f.young, f.old
	clear(f.young)
	f.turned = now
}

func (f *forgotten) add(callID uint64, now int64) {
	f.turn(now)
	f.young[callID] = struct{}{}
}

func (f *forgotten) has(callID uint64) bool {
	if _, ok := f.young[callID]; ok {
		return true
	}
	_, ok := f.old[callID]
	return ok
}
