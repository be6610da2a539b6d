package sip

// forgotten remembers Call-IDs for one to two generations: of dialogs that may outlive their calls, and
// of those that began before the watch, so that a message in them begins nothing.
type forgotten struct {
	young, old map[uint64]struct{}
	turned     int64
	generation int64 // how long one lasts
	limit      int   // to how many
}

func newForgotten(limit int, generation int64) forgotten {
	return forgotten{young: map[uint64]struct{}{}, old: map[uint64]struct{}{}, limit: limit, generation: generation}
}

// turn begins a new generation when the young one is old enough, or as many as there may be.
func (f *forgotten) turn(now int64) {
	if now-f.turned < f.generation && len(f.young) < f.limit {
		return
	}
	f.old, f.young = f.young, f.old
	clear(f.young)
	if now-f.turned >= 2*f.generation {
		clear(f.old)
	}
	f.turned = now
}

func (f *forgotten) add(callID uint64, now int64) {
	f.turn(now)
	f.young[callID] = struct{}{}
}

func (f *forgotten) has(callID uint64, now int64) bool {
	f.turn(now)
	if _, ok := f.young[callID]; ok {
		return true
	}
	_, ok := f.old[callID]
	return ok
}
