package cases

import (
	"time"

	"ringback/store"
)

// counts are the open cases of a list. Times are counted by the minute, so that asking how many are
// overdue costs a look at the minutes there are and not at the cases.
type counts struct {
	open       int
	unassigned int
	due        minutes
	expires    minutes
	together   minutes // expires, of those that expire at the end of an opening day
}

// minutes count times by the minute since 1970.
type minutes map[int64]int32

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

func (m minutes) add(t time.Time, by int32) {
	if t.IsZero() {
		return
	}
	n := minuteOf(t)
	if m[n] += by; m[n] == 0 {
		delete(m, n)
	}
}

// before counts the times in minutes before that of t.
func (m minutes) before(t time.Time) (n int) {
	limit := minuteOf(t)
	for minute, c := range m {
		if minute < limit {
			n += int(c)
		}
	}
	return n
}

// first is the beginning of the first minute, zero without any.
func (m minutes) first() (t time.Time) {
	for minute := range m {
		t = sooner(t, time.Unix(minute*60, 0).UTC())
	}
	return t
}

// count adds a position to the counters, or with -1 takes it away.
func (c *Cases) count(list string, p *position, by int) {
	if p.state != Open {
		return
	}
	n := c.lists[list]
	if n == nil {
		n = &counts{due: minutes{}, expires: minutes{}, together: minutes{}}
		c.lists[list] = n
	}
	n.open += by
	n.due.add(p.due, int32(by))
	n.expires.add(p.expires, int32(by))
	if !p.own {
		n.together.add(p.expires, int32(by))
	}
	if p.assignee == "" {
		n.unassigned += by
	} else {
		mine := c.mine[p.assignee]
		if mine == nil {
			mine = map[string]int{}
			c.mine[p.assignee] = mine
		}
		if mine[list] += by; mine[list] == 0 {
			delete(mine, list)
		}
		if len(mine) == 0 {
			delete(c.mine, p.assignee)
		}
	}
	if p.number != 0 {
		c.hold(p.number, by)
	}
}

// moved counts a case that moved.
func (c *Cases) moved(m *move) {
	c.count(m.list, &m.was, -1)
	c.count(m.list, &m.is, 1)
	if m.is.state == Open {
		if !m.is.own {
			c.expires = sooner(c.expires, m.is.expires)
		}
		c.wakes = sooner(c.wakes, m.is.wake)
	}
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
		c.count(list, &p, 1)
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
// counters only, and at the cases that are due in the minutes where a limit falls.
func (c *Cases) Counters(lists []string, agent string, now time.Time) (map[string]Counters, error) {
	all := make(map[string]Counters, len(lists))
	soon, tomorrow := now.Add(time.Hour), now.Add(24*time.Hour)
	c.mu.Lock()
	for _, list := range lists {
		n := c.lists[list]
		if n == nil {
			all[list] = Counters{}
			continue
		}
		overdue := n.due.before(now)
		all[list] = Counters{
			Open: n.open, Unassigned: n.unassigned, Mine: c.mine[agent][list],
			Overdue: overdue, DueInHour: n.due.before(soon) - overdue, ExpiringInDay: n.expires.before(tomorrow),
		}
	}
	c.mu.Unlock()
	err := c.st.View(func(s *store.Snapshot) error {
		for _, list := range lists {
			n := all[list]
			if n.Open == 0 {
				continue
			}
			late, err := dueIn(s, list, now)
			if err != nil {
				return err
			}
			later, err := dueIn(s, list, soon)
			if err != nil {
				return err
			}
			n.Overdue += late
			n.DueInHour += later - late
			all[list] = n
		}
		return nil
	})
	return all, err
}

// dueIn counts the cases of a list due in the minute of t and not after t.
func dueIn(s *store.Snapshot, list string, t time.Time) (n int, err error) {
	minute := time.Unix(minuteOf(t)*60, 0)
	for held := range 2 {
		r := store.Range{From: store.Key(tableOpen, list, held, minute), To: store.Key(tableOpen, list, held, t.Add(1))}
		for range s.Scan(r) {
			n++
		}
	}
	return n, nil
}
