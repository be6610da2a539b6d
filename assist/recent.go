package assist

import (
	"slices"
	"time"

	"ringback/sip"
)

// RecentCall is an external call that an agent made or answered a short while ago. The cases of its
// number stand out in his list.
type RecentCall struct {
	CallID    string // sip.Call.ID
	Number    sip.Number
	Direction sip.Direction
	At        time.Time // when it began, was answered or ended, whichever came last
}

// Recent are an agent's recent calls at a moment, the latest first.
func (a *Assist) Recent(agent string, now time.Time) []RecentCall {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.agents[agent]
	if g == nil {
		return nil
	}
	var out []RecentCall
	for _, r := range slices.Backward(g.recent) {
		if now.Sub(r.At) <= a.o.RecentWithin {
			out = append(out, r)
		}
	}
	return out
}

// remember notes that a call is the agent's own.
func (a *Assist) remember(p *part, at time.Time) {
	p.recent = true
	if a.touchRecent(p, at) {
		return
	}
	g := p.agent
	if len(g.recent) == 0 {
		if a.recent >= a.o.MaxAgents {
			a.pruneRecent(at)
		}
		if a.recent >= a.o.MaxAgents {
			return
		}
		a.recent++
	}
	if n := len(g.recent); n >= a.o.RecentCalls {
		g.recent = slices.Delete(g.recent, 0, n-a.o.RecentCalls+1)
	}
	g.recent = append(g.recent, RecentCall{CallID: p.callID, Number: p.number, Direction: p.direction, At: at})
	a.mark(g)
}

// stillRecent notes that a call of the agent's own was still on at that time.
func (a *Assist) stillRecent(p *part, at time.Time) {
	if p.recent {
		a.touchRecent(p, at)
	}
}

// touchRecent moves a call that is remembered to the end of the list, as it was still on at that time.
func (a *Assist) touchRecent(p *part, at time.Time) bool {
	list := p.agent.recent
	last := len(list) - 1
	i := last // where it is most of the time
	for i >= 0 && list[i].CallID != p.callID {
		i--
	}
	if i < 0 {
		return false
	}
	r := list[i]
	r.Number = p.number
	if at.After(r.At) {
		r.At = at
	}
	copy(list[i:], list[i+1:])
	list[last] = r
	a.mark(p.agent)
	return true
}

// pruneRecent drops the recent calls of agents whose are all too long ago.
func (a *Assist) pruneRecent(now time.Time) {
	for _, g := range a.agents {
		if n := len(g.recent); n > 0 && now.Sub(g.recent[n-1].At) > a.o.RecentWithin {
			g.recent = nil
			a.recent--
			a.mark(g)
			a.dropAgent(g)
		}
	}
}
