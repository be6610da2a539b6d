package sip

// timers is a heap of live calls by deadline. A deadline in the heap may be earlier than the true
// one, never later: a call's timer is moved when it fires too early, not at every message.
type timers []*call

func (h *timers) add(c *call, deadline int64) {
	c.deadline, c.timer = deadline, int32(len(*h))
	*h = append(*h, c)
	h.up(len(*h) - 1)
}

func (h timers) set(c *call, deadline int64) {
	if deadline == c.deadline {
		return
	}
	earlier := deadline < c.deadline
	c.deadline = deadline
	if earlier {
		h.up(int(c.timer))
	} else {
		h.down(int(c.timer))
	}
}

func (h *timers) remove(c *call) {
	i, last := int(c.timer), len(*h)-1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
	c.timer = -1
}

// before orders by deadline, then by call, so that a replay prints what live printed.
func before(a, b *call) bool {
	if a.deadline != b.deadline {
		return a.deadline < b.deadline
	}
	return a.number < b.number
}

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].timer, h[j].timer = int32(i), int32(j)
}

func (h timers) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !before(h[i], h[p]) {
			return
		}
		h.swap(i, p)
		i = p
	}
}

func (h timers) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && before(h[c+1], h[c]) {
			c++
		}
		if !before(h[c], h[i]) {
			return
		}
		h.swap(i, c)
		i = c
	}
}
