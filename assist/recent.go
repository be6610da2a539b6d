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
	var out []RecentCall
	for _, r := range slices.Backward(a.recent[agent]) {
		if now.Sub(r.At) <= a.o.RecentWithin {
			out = append(out, r)
		}
	}
	return out
}

// remember notes that a call is the agent's own.
func (a *Assist) remember(p *part, at time.Time) {
	if a.touchRecent(p, at) {
		return
	}
	list, known := a.recent[p.agent]
	if !known && len(a.recent) >= a.o.MaxAgents {
		a.pruneRecent(at)
		if len(a.recent) >= a.o.MaxAgents {
			return
		}
	}
	if len(list) >= a.o.RecentCalls {
		list = slices.Delete(list, 0, len(list)-a.o.RecentCalls+1)
	}
	a.recent[p.agent] = append(list, RecentCall{CallID: p.callID, Number: p.number, Direction: p.direction, At: at})
}

// touchRecent moves a call that is remembered to the end of the list, as it was still on at that time.
func (a *Assist) touchRecent(p *part, at time.Time) bool {
	list := a.recent[p.agent]
	i := slices.IndexFunc(list, func(r RecentCall) bool { return r.CallID == p.callID })
	if i < 0 {
		return false
	}
	r := list[i]
	r.Number = p.number
	if at.After(r.At) {
		r.At = at
	}
	copy(list[i:], list[i+1:])
	list[len(list)-1] = r
	return true
}

// pruneRecent drops the agents whose calls are all too long ago.
func (a *Assist) pruneRecent(now time.Time) {
	for agent, list := range a.recent {
		if now.Sub(list[len(list)-1].At) > a.o.RecentWithin {
			delete(a.recent, agent)
		}
	}
}
