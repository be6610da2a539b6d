package cases

import "ringback/sip"

// interest is why events of a number matter.
type interest struct {
	number  sip.Number
	open    int     // cases
	pending int     // commands that may open or close one
	live    *onLine // service calls on the line, the oldest first
	last    *onLine // of them
}

// nobody is a number that nothing is known of.
var nobody = new(interest)

// numbers is what is known of numbers. Of most, which may be a million, that is how many open cases they
// have and no more: those take 16 bytes, without a pointer.
type numbers struct {
	known map[sip.Number]uint32 // open cases; or, with inBusy, the place of what there is to know in busy
	busy  []*interest           // nil where there is room
	room  []uint32              // places in busy
	spare *interest             // to be used again
	plain interest              // what there is to know of the number looked at last, where it is only its open cases
}

// inBusy marks a place in numbers.busy.
const inBusy = 1 << 31

// known is what is known of a number, for reading until the next look.
func (c *Cases) known(n sip.Number) *interest {
	switch v, ok := c.numbers.known[n]; {
	case !ok:
		return nobody
	case v&inBusy != 0:
		return c.numbers.busy[v&^inBusy]
	default:
		c.numbers.plain = interest{number: n, open: int(v)}
		return &c.numbers.plain
	}
}

// of is what is known of a number, for changing. Whoever changed it drops it when he is done.
func (c *Cases) of(n sip.Number) *interest {
	v, ok := c.numbers.known[n]
	if v&inBusy != 0 {
		return c.numbers.busy[v&^inBusy]
	}
	i := c.numbers.spare
	if i == nil {
		i = new(interest)
	}
	c.numbers.spare = nil
	*i = interest{number: n}
	if ok {
		i.open = int(v)
	}
	place := uint32(len(c.numbers.busy))
	if last := len(c.numbers.room) - 1; last >= 0 {
		place, c.numbers.room = c.numbers.room[last], c.numbers.room[:last]
		c.numbers.busy[place] = i
	} else {
		c.numbers.busy = append(c.numbers.busy, i)
	}
	c.numbers.known[n] = place | inBusy
	return i
}

// drop forgets of a number what there is no more to know.
func (c *Cases) drop(i *interest) {
	if i.pending != 0 || i.live != nil || i == nobody || i == &c.numbers.plain {
		return
	}
	v := c.numbers.known[i.number]
	if v&inBusy == 0 {
		return // it was dropped before
	}
	place := v &^ inBusy
	c.numbers.busy[place] = nil
	c.numbers.room = append(c.numbers.room, place)
	c.numbers.spare = i
	if i.open == 0 {
		delete(c.numbers.known, i.number)
	} else {
		c.numbers.known[i.number] = uint32(i.open)
	}
}

// hold adds open cases of a number, or takes them away.
func (c *Cases) hold(n sip.Number, by int) {
	switch v := c.numbers.known[n]; {
	case v&inBusy != 0:
		c.numbers.busy[v&^inBusy].open += by
	case int(v)+by == 0:
		delete(c.numbers.known, n)
	default:
		c.numbers.known[n] = uint32(int(v) + by)
	}
}
