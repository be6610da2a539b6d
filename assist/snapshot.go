package assist

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"ringback/cases"
	"ringback/sip"
)

// ErrSnapshot means that a record of recent calls is damaged, or was written by a newer version.
var ErrSnapshot = errors.New("assist: record of recent calls cannot be read")

const forgetEvery = time.Minute // how late recent calls that are too long ago leave the disk

// Changes yields the agents whose recent calls or hints changed since it was called last, each with the record of them
// that Restore reads; nil for one who has none any more. The first time it is all of them. The record is good until the
// next one.
func (a *Assist) Changes(now time.Time, yield func(agent string, record []byte)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.keeping {
		a.keeping = true
		for _, g := range a.agents {
			a.mark(g)
		}
	}
	if now.Sub(a.forgot) >= forgetEvery {
		a.forgot = now
		a.drop(func(r *RecentCall) bool { return now.Sub(r.At) > a.o.RecentWithin })
	}
	for _, id := range a.changed {
		g := a.agents[id]
		switch {
		case g == nil:
			yield(id, nil)
			continue
		case g.changed:
			if k := g.kept(); k.empty() {
				yield(id, nil)
			} else {
				a.record = k.append(a.record[:0])
				yield(id, a.record)
			}
		}
		g.changed = false
	}
	a.changed = a.changed[:0]
}

// Restore puts an agent's recent calls and hints back, from a record that Changes made. Of the hints only Resume knows
// whether they still stand.
func (a *Assist) Restore(id string, record []byte) error {
	k, err := readKept(record)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if g := a.agents[id]; id == "" || g != nil && len(g.recent) > 0 {
		return nil // what was seen since stands
	}
	for i := range k.parts {
		a.restorePart(id, &k.parts[i])
	}
	if len(k.recent) == 0 || a.recent >= a.o.MaxAgents {
		return nil
	}
	g := a.agentOf(id)
	g.recent = k.recent[max(0, len(k.recent)-a.o.RecentCalls):]
	a.recent++
	a.mark(g)
	return nil
}

// restorePart puts an agent's part in a call back, with what he was told.
func (a *Assist) restorePart(agent string, k *keptPart) {
	if a.live >= a.o.MaxLive || a.findFor(agent, k.call) != nil {
		return
	}
	p := a.join(k.call, 0, agent, k.since)
	p.recent = true // maybe
	p.number, p.direction, p.pbx, p.device, p.up, p.gone = k.number, k.direction, k.pbx, k.device, k.up, k.gone
	if !p.gone {
		a.talks(p)
	}
	for _, h := range k.told {
		t := p.tell(h.group)
		t.event, t.at, t.dismissed = h.event, h.at, h.dismissed
		for _, id := range h.cases {
			t.cases = append(t.cases, cases.Case{ID: id})
		}
	}
	a.mark(p.agent)
}

// Resume goes on after all was restored. Hints of calls that are on the line still stand as they were told, without
// being told again; those of others are withdrawn, and returned. A case is looked up by its id.
func (a *Assist) Resume(onLine func(callID string) bool, find func(id string) (cases.Case, bool), now time.Time) []Hint {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Hint
	for _, c := range a.inOrder() {
		for _, p := range c.parts {
			for _, t := range p.told {
				t.recall(a, p, find)
			}
		}
		if !onLine(c.id) {
			out = a.end(out, c, now)
		}
	}
	return out
}

// inOrder puts the calls, and the agents in each, in the order in which they came: they were read back agent by agent.
func (a *Assist) inOrder() []*call {
	for c := range a.order.all() {
		slices.SortFunc(c.parts, func(x, y *part) int { return cmp.Or(x.since.Compare(y.since), cmp.Compare(x.agent.id, y.agent.id)) })
		c.since = c.parts[0].since
	}
	all := slices.SortedFunc(a.order.all(), func(x, y *call) int { return cmp.Or(x.since.Compare(y.since), cmp.Compare(x.id, y.id)) })
	a.order = ring{}
	for _, c := range all {
		c.next = nil
		a.order.add(c)
	}
	return all
}

// recall finds the cases of a hint again. One without any is over.
func (t *told) recall(a *Assist, p *part, find func(id string) (cases.Case, bool)) {
	found := t.cases[:0]
	for i := range t.cases {
		if c, ok := find(t.cases[i].ID); ok {
			found = append(found, c)
		}
	}
	if t.cases = found; len(found) == 0 {
		t.event, t.cases = 0, nil
		return
	}
	if a.o.Note != nil {
		t.note = a.o.Note(found[0].ID)
	}
	if a.o.Name != nil {
		t.name = a.o.Name(p.number)
	}
}

// Erase forgets the recent calls with a number.
func (a *Assist) Erase(n sip.Number) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(func(r *RecentCall) bool { return r.Number == n })
}

// drop forgets recent calls of all agents.
func (a *Assist) drop(which func(*RecentCall) bool) {
	for _, g := range a.agents {
		had := len(g.recent)
		if had == 0 {
			continue
		}
		g.recent = slices.DeleteFunc(g.recent, func(r RecentCall) bool { return which(&r) })
		if len(g.recent) == had {
			continue
		}
		a.mark(g)
		if len(g.recent) == 0 {
			g.recent = nil
			a.recent--
			a.dropAgent(g)
		}
	}
}

// mark notes that an agent's recent calls or hints changed, where somebody asks for changes.
func (a *Assist) mark(g *agent) {
	if a.keeping && !g.changed {
		g.changed = true
		a.changed = append(a.changed, g.id)
	}
}
