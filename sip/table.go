package sip

// table finds what a hash stands for. It is open addressing with linear probing, so that finding costs
// one look at cold memory; the three of the runtime's map were a tenth of the time of watching. The
// hashes must be such that nobody can make them meet.
type table[V any] struct {
	slots []slot[V] // a power of two, or none
	used  int
}

type slot[V any] struct {
	id    uint64
	value *V // nil: free
}

// minTable is how many slots a table begins with.
const minTable = 64

func (t *table[V]) len() int { return t.used }

// get is what an id stands for, or nil.
func (t *table[V]) get(id uint64) *V {
	if len(t.slots) == 0 {
		return nil
	}
	for i := id; ; i++ {
		if s := &t.slots[i&uint64(len(t.slots)-1)]; s.id == id || s.value == nil {
			return s.value
		}
	}
}

// set has an id stand for a value, which is not nil.
func (t *table[V]) set(id uint64, value *V) {
	if t.used >= len(t.slots)/4*3 {
		t.grow()
	}
	for i := id; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.value == nil {
			t.used++
		} else if s.id != id {
			continue
		}
		s.id, s.value = id, value
		return
	}
}

func (t *table[V]) grow() {
	old := t.slots
	t.slots, t.used = make([]slot[V], max(minTable, 2*len(old))), 0
	for _, s := range old {
		if s.value != nil {
			t.set(s.id, s.value)
		}
	}
}

// remove has an id stand for nothing. What probed past its slot moves up.
func (t *table[V]) remove(id uint64) {
	mask := uint64(len(t.slots) - 1)
	i := id
	for ; ; i++ {
		s := &t.slots[i&mask]
		if s.value == nil {
			return
		}
		if s.id == id {
			break
		}
	}
	t.used--
	for next := i + 1; ; next++ {
		s := &t.slots[next&mask]
		if s.value == nil {
			break
		}
		if (next-s.id)&mask >= (next-i)&mask { // its own place is not behind the free slot
			t.slots[i&mask] = *s
			i = next
		}
	}
	t.slots[i&mask] = slot[V]{}
}
