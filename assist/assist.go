package assist

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// Options are what an Assist is made of; zero fields take the defaults named beside them.
type Options struct {
	Directory func() *directory.Directory // who sees which list; required

	// Note is the last thing that a person wrote on a case, empty for nothing; it must not call the Assist. Nil: no
	// hint has a note.
	Note func(caseID string) string

	// Name is what to call the customer who has a number, empty for nothing; it must not call the Assist. Nil: no
	// hint has a name.
	Name func(sip.Number) string

	RecentCalls  int           // of one agent that are remembered: 10
	RecentWithin time.Duration // for how long: 60 min

	MaxCall   time.Duration // a call of which no end came is forgotten: 13 h, after the tracker's own max_call
	MaxLive   int           // parts of agents in live calls that are followed; the oldest call is given up first: 100 000
	MaxAgents int           // whose recent calls are remembered: 20 000
}

// Assist matches live calls with cases. It is safe for concurrent use.
type Assist struct {
	o Options

	mu      sync.Mutex
	calls   sip.PerCall[*call]
	order   ring // of calls, oldest first
	live    int  // parts in all calls
	numbers map[sip.Number]chain
	agents  map[string]*agent
	recent  int // agents with recent calls
	given   uint64
	spare   *call // to be used again

	keeping bool      // somebody asks for changes
	changed []string  // agents whose recent calls did, since he asked last
	forgot  time.Time // when those too long ago were dropped
	record  []byte    // that was yielded last
}

// New makes an Assist that knows of no call.
func New(o Options) *Assist {
	def := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	def(&o.RecentCalls, 10)
	def(&o.MaxLive, 100_000)
	def(&o.MaxAgents, 20_000)
	if o.RecentWithin <= 0 {
		o.RecentWithin = time.Hour
	}
	if o.MaxCall <= 0 {
		o.MaxCall = 13 * time.Hour
	}
	return &Assist{
		o: o, numbers: map[sip.Number]chain{}, agents: map[string]*agent{},
	}
}

// Handle takes the next event of a call, after cases has applied it, with the cases found for the
// event's number: those that are open, and those that this very call closed. It returns what became of
// which hint, in order.
func (a *Assist) Handle(ev *sip.Event, found []cases.Case) []Hint {
	if ev.Call == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.forget(ev.At)
	switch ev.Kind {
	case sip.AgentDialled, sip.AgentRinging, sip.AgentAnswered:
		return a.arrive(out, ev, found)
	case sip.AgentLeft:
		if p := a.find(ev.Call.ID, ev.Call.Slot, ev.Agent); p != nil {
			a.stillRecent(p, ev.At)
			out = a.leave(out, p, ev.At)
		}
	case sip.CallEnded:
		if c, known := a.calls.Of(ev.Call.ID, ev.Call.Slot); known {
			out = a.end(out, c, ev.At)
		}
	default:
	}
	return out
}

// Changed takes a change of a case. A case that opens while an agent already talks to its customer
// gives a hint at once; one that an agent was already told of gives none.
func (a *Assist) Changed(ch cases.Change) []Hint {
	switch ch.Event {
	case cases.Opened, cases.MissAdded, cases.Reopened:
	default:
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Hint
	with := a.numbers[ch.Case.Number]
	for p := range with.all(byNumber) {
		out = a.match(out, p, []cases.Case{ch.Case}, ch.At)
	}
	return out
}

// Dismiss takes a hint away from an agent who does not want it; it does not come again in that call. It
// returns the hint withdrawn, if it was there.
func (a *Assist) Dismiss(k Key, at time.Time) []Hint {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.findFor(k.Agent, k.CallID)
	if p == nil {
		return nil
	}
	var out []Hint
	for _, t := range p.told {
		if t.group == k.Group && !t.dismissed {
			out = t.withdraw(out, p, at)
			t.dismissed = true
			a.mark(p.agent)
		}
	}
	return out
}

// Live are the hints that an agent has before him now, each as it was last told; of all agents when
// agent is empty.
func (a *Assist) Live(agent string) []Hint {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Hint
	add := func(p *part) {
		for _, t := range p.told {
			if t.event == Raised || t.event == Confirmed {
				out = append(out, t.hint(p, t.event, t.at))
			}
		}
	}
	if agent != "" {
		if g := a.agents[agent]; g != nil {
			for p := range g.parts.all(byAgent) {
				add(p)
			}
		}
		return out
	}
	for c := range a.order.all() {
		for _, p := range c.parts {
			add(p)
		}
	}
	return out
}

// Stats is what an Assist holds.
type Stats struct {
	Calls, Parts, Agents int
	GivenUp              uint64 // calls forgotten before their end, as there were too many or they were too old
}

// Stats is what is held now.
func (a *Assist) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Stats{Calls: a.calls.Len(), Parts: a.live, Agents: a.recent, GivenUp: a.given}
}

// arrive is an agent's leg with an external party: it rings, was dialled or is up.
func (a *Assist) arrive(out []Hint, ev *sip.Event, found []cases.Case) []Hint {
	if ev.Agent == "" || ev.Number == 0 {
		return out
	}
	p, out := a.arrived(out, ev)
	if p.number != ev.Number { // another customer: a transfer inside the PBX
		out = a.leave(out, p, ev.At)
		p.told = nil
	}
	if p.gone || p.number != ev.Number {
		p.gone, p.number = false, ev.Number
		a.talks(p)
	}
	p.direction, p.pbx = ev.Call.Direction, ev.Call.PBX
	p.device = cmp.Or(ev.Device, p.device)
	if ev.Kind == sip.AgentAnswered {
		p.up = true
	}
	if ev.Kind != sip.AgentRinging { // a ring that somebody else answered is no call of his
		a.remember(p, ev.At)
	}
	return a.match(out, p, found, ev.At)
}

// leave is the end of an agent's part in a call.
func (a *Assist) leave(out []Hint, p *part, at time.Time) []Hint {
	if p.gone {
		return out
	}
	p.gone, p.up = true, false
	a.talksNoMore(p)
	if len(p.told) > 0 {
		a.mark(p.agent)
	}
	for _, t := range p.told {
		out = t.withdraw(out, p, at)
	}
	return out
}

// end takes a call off the books.
func (a *Assist) end(out []Hint, c *call, at time.Time) []Hint {
	for _, p := range c.parts {
		a.stillRecent(p, at)
		out = a.leave(out, p, at)
		if len(p.told) > 0 {
			a.mark(p.agent) // a hint that was dismissed is no longer to be kept
		}
		p.agent.parts.remove(p, byAgent)
		a.dropAgent(p.agent)
		a.live--
	}
	a.calls.Delete(c.id, c.slot)
	a.order.remove(c)
	*c = call{next: a.spare}
	a.spare = c
	return out
}

// forget ends calls that are too old to be true.
func (a *Assist) forget(now time.Time) []Hint {
	var out []Hint
	for c := a.order.oldest; c != nil && now.Sub(c.since) > a.o.MaxCall; c = a.order.oldest {
		a.given++
		out = a.end(out, c, now)
	}
	return out
}

// find is an agent's part in the call of an id and slot, nil when he has none.
func (a *Assist) find(id string, slot uint32, agent string) *part {
	if c, known := a.calls.Of(id, slot); known {
		return c.part(agent)
	}
	return nil
}

// findFor is find where nobody knows the call's slot.
func (a *Assist) findFor(agent, id string) *part {
	if g := a.agents[agent]; g != nil {
		for p := range g.parts.all(byAgent) {
			if p.callID == id {
				return p
			}
		}
	}
	return nil
}

// arrived is an agent's part in a call, made where he has none.
func (a *Assist) arrived(out []Hint, ev *sip.Event) (*part, []Hint) {
	if p := a.find(ev.Call.ID, ev.Call.Slot, ev.Agent); p != nil {
		return p, out
	}
	for a.live >= a.o.MaxLive && a.order.oldest != nil {
		a.given++
		out = a.end(out, a.order.oldest, ev.At)
	}
	return a.join(ev.Call.ID, ev.Call.Slot, ev.Agent, ev.At), out
}

// join makes an agent's part in a call, which he has none in yet.
func (a *Assist) join(id string, slot uint32, agent string, at time.Time) *part {
	c, known := a.calls.Of(id, slot)
	if !known {
		c = a.spare
		if c == nil {
			c = new(call)
		}
		a.spare = c.next
		*c = call{id: id, slot: slot, since: at}
		c.parts = c.room[:0]
		a.calls.Set(id, slot, c)
		a.order.add(c)
	}
	g := a.agentOf(agent)
	p := &c.first
	if len(c.parts) > 0 {
		p = new(part)
	}
	*p = part{callID: c.id, agent: g, since: at, gone: true}
	c.parts = append(c.parts, p)
	g.parts.add(p, byAgent)
	a.live++
	return p
}

// agentOf is an agent, made where he is not known.
func (a *Assist) agentOf(id string) *agent {
	g := a.agents[id]
	if g == nil {
		g = &agent{id: id}
		a.agents[id] = g
	}
	return g
}

// talks notes that a part is with its number, talksNoMore that it is not.
func (a *Assist) talks(p *part) {
	n := a.numbers[p.number]
	first := n.first
	if n.add(p, byNumber); n.first != first {
		a.numbers[p.number] = n
	}
}

func (a *Assist) talksNoMore(p *part) {
	n := a.numbers[p.number]
	first := n.first
	switch n.remove(p, byNumber); n.first {
	case first:
	case nil:
		delete(a.numbers, p.number)
	default:
		a.numbers[p.number] = n
	}
}

// dropAgent forgets an agent of whom there is nothing to know.
func (a *Assist) dropAgent(g *agent) {
	if g.parts.first == nil && len(g.recent) == 0 {
		delete(a.agents, g.id)
	}
}

// match raises a hint for every group that has none yet in p, and confirms those of a call that is up.
func (a *Assist) match(out []Hint, p *part, found []cases.Case, at time.Time) []Hint {
	told := len(out)
	if len(found) > 0 {
		d := a.o.Directory()
		for i := range found {
			if c := &found[i]; c.Number == p.number && d.Right(p.agent.id, c.List) >= directory.See && isFor(d, c, p.agent.id) {
				p.tell(groupOf(d, c.List)).take(c)
			}
		}
	}
	for _, t := range p.told {
		if len(t.cases) == 0 || t.dismissed {
			continue
		}
		if t.event != Raised && t.event != Confirmed && t.fresh {
			slices.SortStableFunc(t.cases, urgency)
			if a.o.Note != nil {
				t.note = a.o.Note(t.cases[0].ID)
			}
			if a.o.Name != nil {
				t.name = a.o.Name(p.number)
			}
			out = append(out, t.become(p, Raised, at))
		}
		if t.event == Raised && p.up {
			out = append(out, t.become(p, Confirmed, at))
		}
	}
	if len(out) > told {
		a.mark(p.agent)
	}
	return out
}

// isFor says whether a case is for an agent to see: personal callbacks of others are not.
func isFor(d *directory.Directory, c *cases.Case, agent string) bool {
	return c.Personal == "" || c.OpenTo(agent, d.Right(agent, c.List) >= directory.Supervise)
}

// groupOf is the group that the cases of a list belong to.
func groupOf(d *directory.Directory, list string) string {
	if l, ok := d.List(list); ok && l.Policy.GroupByNumber {
		return ""
	}
	return list
}

// urgency is the order of cases in one hint: overdue and due first, then more misses, then older.
func urgency(a, b cases.Case) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(b.MissedCount, a.MissedCount), a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
}
