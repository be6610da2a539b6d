package sip

// timers is a heap of live calls by deadline, four children to a node, with the deadlines beside the
// calls so that comparing them looks at no call. A deadline in the heap may be earlier than the true
// one, never later: a call's timer is moved when it fires too early, not at every message.
type timers []timer

type timer struct {
	deadline int64
	call     *call
}

func (h *timers) add(c *call, deadline int64) {
	c.deadline, c.timer = deadline, int32(len(*h))
	*h = append(*h, timer{deadline, c})
	h.up(len(*h) - 1)
}

func (h timers) set(c *call, deadline int64) {
	if deadline == c.deadline {
		return
	}
	earlier := deadline < c.deadline
	c.deadline, h[c.timer].deadline = deadline, deadline
	if earlier {
		h.up(int(c.timer))
	} else {
		h.down(int(c.timer))
	}
}

func (h *timers) remove(c *call) {
	i, last := int(c.timer), len(*h)-1
	moved := (*h)[last]
	(*h)[last] = timer{}
	*h = (*h)[:last]
	c.timer = -1
	if i < last {
		(*h)[i] = moved
		moved.call.timer = int32(i)
		h.down(i)
		h.up(int(moved.call.timer))
	}
}

// before orders by deadline, then by call, so that a replay prints what live printed.
func (x timer) before(y timer) bool {
	return x.deadline < y.deadline || x.deadline == y.deadline && x.call.number < y.call.number
}

func (h timers) up(i int) {
	x := h[i]
	for i > 0 {
		p := (i - 1) / 4
		if !x.before(h[p]) {
			break
		}
		h[i] = h[p]
		h[i].call.timer = int32(i)
		i = p
	}
	h[i] = x
	x.call.timer = int32(i)
}

func (h timers) down(i int) {
	x := h[i]
	for {
		first := 4*i + 1
		if first >= len(h) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(h)); c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if !h[least].before(x) {
			break
		}
		h[i] = h[least]
		h[i].call.timer = int32(i)
		i = least
	}
	h[i] = x
	x.call.timer = int32(i)
}
