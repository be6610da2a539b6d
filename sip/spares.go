package sip

// spares keeps what ended calls were made of, for the next ones.
type spares struct {
	calls []*call
	legs  []*leg
	hops  []*hop
	lists []*lists
}

// maxSpares bounds each kind, so that a flood's memory is given back.
const maxSpares = 1 << 14

func (s *spares) call() *call { return take(&s.calls) }
func (s *spares) leg() *leg   { return take(&s.legs) }
func (s *spares) hop() *hop   { return take(&s.hops) }

func take[T any](spare *[]*T) *T {
	n := len(*spare)
	if n == 0 {
		return new(T)
	}
	x := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return x
}

func give[T any](spare *[]*T, x *T) {
	if len(*spare) < maxSpares {
		var none T
		*x = none
		*spare = append(*spare, x)
	}
}

// giveLeg takes a leg and its hops back. Nobody may hold them any more.
func (s *spares) giveLeg(l *leg) {
	for h := l.hop.next; h != nil; {
		next := h.next
		give(&s.hops, h)
		h = next
	}
	give(&s.legs, l)
}

func (s *spares) giveCall(c *call) { give(&s.calls, c) }

// slots are small numbers for calls, each given to one at a time.
type slots struct {
	free []uint32
	made uint32
}

func (s *slots) take() uint32 {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.made++
	return s.made
}

// give takes a slot back, 0 for none.
func (s *slots) give(slot uint32) {
	if slot != 0 {
		s.free = append(s.free, slot)
	}
}
