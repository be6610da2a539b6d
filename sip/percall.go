package sip

// PerCall is something kept for each call. A call that has a slot is found there by one look at memory, others
// by their ids. The zero value is empty.
type PerCall[V any] struct {
	slots  []perCall[V] // by Call.Slot
	others map[string]V // of calls without a slot, or whose slot another one has
	n      int
}

type perCall[V any] struct {
	id    string // empty: nothing
	value V
}

// Len is of how many calls there is something.
func (p *PerCall[V]) Len() int { return p.n }

// Of is what is kept for the call of an id and slot.
func (p *PerCall[V]) Of(id string, slot uint32) (value V, ok bool) {
	if int(slot) < len(p.slots) && p.slots[slot].id == id {
		return p.slots[slot].value, id != ""
	}
	value, ok = p.others[id]
	return value, ok
}

// Set keeps something for a call that nothing is kept for.
func (p *PerCall[V]) Set(id string, slot uint32, value V) {
	p.n++
	if slot > 0 && id != "" {
		if grow := int(slot) + 1 - len(p.slots); grow > 0 {
			p.slots = append(p.slots, make([]perCall[V], grow)...)
		}
		if s := &p.slots[slot]; s.id == "" {
			s.id, s.value = id, value
			return
		}
	}
	if p.others == nil {
		p.others = map[string]V{}
	}
	p.others[id] = value
}

// Delete forgets what is kept for a call.
func (p *PerCall[V]) Delete(id string, slot uint32) {
	if int(slot) < len(p.slots) && id != "" && p.slots[slot].id == id {
		p.slots[slot] = perCall[V]{}
	} else if _, ok := p.others[id]; !ok {
		return
	}
	delete(p.others, id)
	p.n--
}
