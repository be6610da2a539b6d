package cases

import (
	"math"
	"time"

	"ringback/sip"
	"ringback/store"
)

// counts are the open cases of a list. Times are counted by the minute, so that asking how many are
// overdue costs a look at the minutes since it was asked last, and not at the cases.
type counts struct {
	open       int
	unassigned int
	due        minutes
	expires    minutes
	together   minutes // expires, of those that expire at the end of an opening day
}

// minutes count times by the minute since 1970.
type minutes struct {
	n     map[int64]int32
	marks [2]mark // for those who ask again and again
	low   int64   // the first minute, or one before it
}

// mark is how many times there are in the minutes before one.
type mark struct {
	minute int64
	n      int
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// never is the minute of the zero time.
var never = minuteOf(time.Time{})

func (m *minutes) add(minute int64, by int32) {
	if minute == never {
		return
	}
	if m.n == nil {
		m.n = map[int64]int32{}
	}
	if minute < m.low || len(m.n) == 0 {
		m.low = minute
	}
	if m.n[minute] += by; m.n[minute] == 0 {
		delete(m.n, minute)
	}
	for i := range m.marks {
		if minute < m.marks[i].minute {
			m.marks[i].n += int(by)
		}
	}
}

// before counts the times in minutes before that of t, from the mark on.
func (m *minutes) before(t time.Time, from *mark) int {
	minute := minuteOf(t)
	if ahead := minute - from.minute; ahead >= 0 && ahead <= int64(len(m.n)) {
		for ; from.minute < minute; from.minute++ {
			from.n += int(m.n[from.minute])
		}
		return from.n
	}
	*from = mark{minute: minute}
	for one, n := range m.n {
		if one < minute {
			from.n += int(n)
		}
	}
	return from.n
}

// first is the beginning of the first minute, zero without any.
func (m *minutes) first() time.Time {
	if len(m.n) == 0 {
		return time.Time{}
	}
	if m.n[m.low] == 0 {
		m.low = math.MaxInt64
		for minute := range m.n {
			m.low = min(m.low, minute)
		}
	}
	return time.Unix(m.low*60, 0).UTC()
}

// share is what a case counts for among the open ones; the zero share counts for nothing.
type share struct {
	open     bool
	own      bool // it expires at a time of its own
	number   sip.Number
	assignee string
	due      int64 // minute
	expires  int64
}

func (p *position) share() share {
	if p.state != Open {
		return share{}
	}
	return share{open: true, own: p.own, number: p.number, assignee: p.assignee, due: minuteOf(p.due), expires: minuteOf(p.expires)}
}

// count adds a case to the counters, or with -1 takes it away.
func (c *Cases) count(list string, s *share, by int) {
	if !s.open {
		return
	}
	n := c.lists[list]
	if n == nil {
		n = new(counts)
		c.lists[list] = n
	}
	n.open += by
	n.due.add(s.due, int32(by))
	n.expires.add(s.expires, int32(by))
	if !s.own {
		n.together.add(s.expires, int32(by))
	}
	if s.assignee == "" {
		n.unassigned += by
	} else {
		mine := c.mine[s.assignee]
		if mine == nil {
			mine = map[string]int{}
			c.mine[s.assignee] = mine
		}
		if mine[list] += by; mine[list] == 0 {
			delete(mine, list)
		}
		if len(mine) == 0 {
			delete(c.mine, s.assignee)
		}
	}
	if s.number != 0 {
		c.hold(s.number, by)
	}
}

// moved counts a case that moved.
func (c *Cases) moved(m *move) {
	c.count(m.list, &m.was, -1)
	c.count(m.list, &m.is, 1)
	if m.is.open && !m.is.own && m.is.expires != never {
		c.expires = sooner(c.expires, time.Unix(m.is.expires*60, 0).UTC())
	}
	c.wakes = sooner(c.wakes, m.wake)
}

// loadOpen reads the counters from the indexes.
func (c *Cases) loadOpen(s *store.Snapshot) error {
	for key, value := range s.Scan(store.Prefix(tableOpen)) {
		var list, id string
		var held int
		p := position{state: Open}
		if err := store.SplitKey(key, nil, &list, &held, &p.due, nil, &id); err != nil {
			return err
		}
		var err error
		if p.place, err = decodePlace(value); err != nil {
			return err
		}
		x := p.share()
		c.count(list, &x, 1)
		if held != 0 {
			c.lists[list].unassigned-- // whose it is comes below
		}
		if !p.own {
			c.expires = sooner(c.expires, p.expires)
		}
		if p.calling {
			c.showing = append(c.showing, id)
		}
	}
	for key := range s.Scan(store.Prefix(tableMine)) {
		var agent, list string
		if err := store.SplitKey(key, nil, &agent, &list); err != nil {
			return err
		}
		if c.mine[agent] == nil {
			c.mine[agent] = map[string]int{}
		}
		c.mine[agent][list]++
	}
	for key := range s.Scan(store.Prefix(tableWake)) {
		if err := store.SplitKey(key, nil, &c.wakes); err != nil {
			return err
		}
		break
	}
	return nil
}

// Open counts the open cases by list.
func (c *Cases) Open() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.lists))
	for list, n := range c.lists {
		all[list] = n.open
	}
	return all
}

// Counters are how many open cases a list has.
type Counters struct {
	Open          int
	Overdue       int
	DueInHour     int // not overdue, and due within an hour
	ExpiringInDay int // expiring within 24 hours
	Unassigned    int
	Mine          int // assigned to the agent who asks
}

// Counters counts the open cases of lists for an agent, at a moment; agent may be empty. It looks at
// counters, and at the cases that fall due in the very minutes of that moment and an hour later; where
// these are more than ten thousand, the rest of them count as later.
func (c *Cases) Counters(lists []string, agent string, now time.Time) (map[string]Counters, error) {
	all := make(map[string]Counters, len(lists))
	soon := now.Add(time.Hour)
	c.mu.Lock()
	for _, list := range lists {
		all[list] = c.lists[list].at(now, soon, c.mine[agent][list])
	}
	c.mu.Unlock()
	err := c.st.View(func(s *store.Snapshot) error {
		for list, n := range all {
			if n.Open > 0 {
				late := dueIn(s, list, now)
				n.Overdue += late
				n.DueInHour += dueIn(s, list, soon) - late
				all[list] = n
			}
		}
		return nil
	})
	return all, err
}

// at is how many there are at a moment, by whole minutes.
func (n *counts) at(now, soon time.Time, mine int) Counters {
	if n == nil {
		return Counters{}
	}
	overdue := n.due.before(now, &n.due.marks[0])
	return Counters{
		Open: n.open, Unassigned: n.unassigned, Mine: mine, Overdue: overdue, DueInHour: n.due.before(soon, &n.due.marks[1]) - overdue,
		ExpiringInDay: n.expires.before(now.Add(24*time.Hour), &n.expires.marks[0]),
	}
}

// maxDueIn bounds how many cases are looked at for one minute.
const maxDueIn = 10_000

// dueIn counts the cases of a list due in the minute of t and not after t.
func dueIn(s *store.Snapshot, list string, t time.Time) (n int) {
	minute := time.Unix(minuteOf(t)*60, 0)
	for held := range 2 {
		r := store.Range{From: store.Key(tableOpen, list, held, minute), To: store.Key(tableOpen, list, held, t.Add(1))}
		for range s.Scan(r) {
			if n++; n >= maxDueIn {
				return n
			}
		}
	}
	return n
}
