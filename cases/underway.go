package cases

import (
	"slices"
	"time"

	"ringback/directory"
	"ringback/sip"
)

// A verdict falls a little after the customer hung up. An agent may be quicker, and call him before there
// is a case that his call could close. So agents' calls to the numbers of customers on the line are
// remembered until the verdict on those has fallen.

// underway is an agent's call to the number of a customer who is on the line, or just was.
type underway struct {
	call  *sip.Call // as far as it proves something
	agent string
	at    time.Time // of its INVITE
}

// maxUnderway is how many agents' calls one service call remembers, the latest ones: it is the first after
// its end that matters, and that is told of within the time that verdicts take.
const maxUnderway = 8

// dialling notes an agent's call with the service calls of the number called.
func (i *interest) dialling(call *sip.Call, agent string, at time.Time) {
	if i.live == nil {
		return
	}
	u := underway{agent: clip(agent), at: at, call: &sip.Call{
		ID: call.ID, PBX: call.PBX, Trunk: call.Trunk, Direction: call.Direction, Callee: i.number, Agent: call.Agent,
		DialledBy: call.DialledBy, Started: call.Started, Confidence: call.Confidence, CallIDs: slices.Clone(call.CallIDs),
	}}
	for a := i.live; a != nil; a = a.next {
		if slices.ContainsFunc(a.under, u.same) {
			continue
		}
		a.under = append(a.under, u)
		a.under = a.under[max(0, len(a.under)-maxUnderway):]
	}
}

// dialled notes that an agent's call is over.
func (i *interest) dialled(call *sip.Call) {
	for a := i.live; a != nil; a = a.next {
		a.under = slices.DeleteFunc(a.under, func(u underway) bool { return u.call.ID == call.ID })
	}
}

func (u underway) same(other underway) bool { return u.call.ID == other.call.ID }

// underway are the agents' calls that a service call remembers.
func (c *Cases) underway(call *sip.Call) []underway {
	if a, known := c.live.Of(call.ID, call.Slot); known {
		return a.under
	}
	return nil
}

// alreadyCalled closes a case that an agent's call would have closed at its INVITE, had the verdict not taken
// its time. The end of that call then decides whether it reopens, as of any other.
func (l *ledger) alreadyCalled(h *held, r *record, p *directory.Policy) bool {
	for _, u := range l.under {
		if u.call.Callee != r.Number {
			continue // the caller turned out to be another
		}
		act, why := decideUnderway(r, u.at, h.shared, p)
		l.decided(why)
		if act != closeNow {
			continue // of those that are not closed now each call's end is looked at
		}
		d := &dial{at: u.at, number: uint64(r.Number), agent: u.agent}
		if b, known := l.tx.Get(callKey(u.call.ID)); known {
			var err error
			if d, err = decodeDial(b); err != nil {
				l.fail(err)
				return false
			}
		}
		if d.over {
			continue
		}
		verdict := l.call
		l.call = u.call
		l.close(r, AgentCalled, u.agent, u.at, p)
		l.call = verdict
		d.cases, d.closed = append(d.cases, r.ID), append(d.closed, r.ID)
		l.tx.Set(callKey(u.call.ID), d.encode())
		l.result.waits = u.call.ID
		return true
	}
	return false
}
