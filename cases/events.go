package cases

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// kindEvent is the command that applies one event of the tracker.
const kindEvent = "cases.event"

// happened is its data.
type happened struct {
	Event *sip.Event
	Live  []alive    // other service calls of the same caller that are on the line
	Under []underway // agents' calls that began while this service call of the number called was on the line
	Was   sip.Number // the caller's number until this event, where it changed
}

// alive is a service call on the line.
type alive struct {
	Call, List string
	Since      time.Time
	caller     sip.Number
}

func (c *Cases) applyEvent(tx *store.Tx, cmd store.Command) (any, error) {
	h, ok := cmd.Data.(happened)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	l.call, l.live, l.under = h.Event.Call, h.Live, h.Under
	switch h.Event.Kind {
	case sip.CallStarted, sip.CallUpdated:
		if h.Was != 0 {
			l.callingOver(l.customer(h.Was, ""), l.call.ID)
		}
		l.callingNow()
	case sip.AgentDialled:
		l.dialled(clip(h.Event.Agent), h.Event.Number)
	case sip.CallEnded:
		switch l.call.Direction {
		case sip.Inbound:
			l.serviceCallEnded()
		case sip.Outbound:
			l.agentCallEnded()
		default:
		}
	default:
	}
	return l.finish()
}

// callingNow shows a customer who is on the line again on his open cases.
func (l *ledger) callingNow() {
	h := l.customer(l.call.Caller, l.call.CallerID)
	if l.wasJudged(h) {
		return
	}
	for _, r := range l.open(h) {
		act, why := decideCalling(r, l.at, h.shared, l.dir.Grouped(r.List, l.call.List))
		l.decided(why)
		if act == show {
			l.show(r, alive{Call: l.call.ID, Since: startOf(l.call, l.at)})
		}
	}
}

func (l *ledger) show(r *record, a alive) {
	if slices.ContainsFunc(r.Calling, func(c calling) bool { return c.Call == a.Call }) {
		return
	}
	r.Calling = append(r.Calling, calling{a.Call, a.Since})
	if len(r.Calling) == 1 {
		l.change(r, Entry{Event: CallingNow})
	} else {
		r.changed = true
	}
}

// callingOver takes a call that ended from the open cases of its customer.
func (l *ledger) callingOver(h *held, call string) {
	for _, r := range l.open(h) {
		before := len(r.Calling)
		r.Calling = slices.DeleteFunc(r.Calling, func(c calling) bool { return c.Call == call })
		switch {
		case len(r.Calling) == before:
		case len(r.Calling) == 0:
			l.change(r, Entry{Event: CallingOver})
		default:
			r.changed = true
		}
	}
}

// dialled is an agent's call to a number, at its INVITE.
func (l *ledger) dialled(agent string, n sip.Number) {
	if _, known := l.tx.Get(callKey(l.call.ID)); known {
		return
	}
	h := l.customer(n, "")
	d := dial{at: l.at, number: uint64(n), agent: agent}
	for _, r := range l.open(h) {
		p := l.policy(r.List)
		act, why := decideDialled(r, l.at, h.shared, p)
		l.decided(why)
		switch act {
		case closeNow:
			d.cases, d.closed = append(d.cases, r.ID), append(d.closed, r.ID)
			l.close(r, AgentCalled, agent, l.at, p)
		case await:
			d.cases = append(d.cases, r.ID)
			if agent == r.Assignee && !r.Claim.IsZero() { // the call that the claim was for
				r.Claim, r.changed = time.Time{}, true
				r.Version++
			}
		default:
		}
	}
	if len(d.cases) > 0 {
		l.tx.Set(callKey(l.call.ID), d.encode())
		l.result.waits = l.call.ID
	}
}

// agentCallEnded is the end of an agent's call, with its result.
func (l *ledger) agentCallEnded() {
	d := &dial{at: l.at, agent: agentOf(l.call), number: uint64(l.call.Callee)}
	if b, ok := l.tx.Get(callKey(l.call.ID)); ok {
		var err error
		if d, err = decodeDial(b); err != nil {
			l.fail(err)
			return
		}
	}
	if d.over {
		return
	}
	h := l.customer(sip.Number(d.number), "")
	for _, id := range d.cases {
		l.record(id)
	}
	l.open(h) // cases that came to be after the INVITE
	began := l.began(d.agent)
	for _, r := range slices.Clone(l.records) {
		p := l.policy(r.List)
		act, why := decideResult(r, l.call, l.at, h.shared, l.otherOpen(r), p)
		l.decided(why)
		l.resulted(r, act, d.agent, began, p)
	}
	if len(d.cases) > 0 || len(l.result.changes) > 0 {
		d.over = true
		l.tx.Set(callKey(l.call.ID), d.encode())
	}
}

// resulted notes the result of an agent's call on a case, and does what was decided.
func (l *ledger) resulted(r *record, act action, agent string, began time.Time, p *directory.Policy) {
	if act == doNothing {
		return
	}
	outcome := l.call.Result.String()
	if l.sawTry(r, agent, began) {
		l.change(r, Entry{Event: Attempted, Reason: outcome, Agent: agent})
	}
	if r.Try.counted && r.Try.call == l.call.ID && l.call.Result != sip.Answered && (r.State == Open || act == noteAndReopen) {
		if last, why := decideExhausted(r, l.at, false, p); last == closeNow {
			l.decided(why)
			if r.State == Closed {
				l.reopen(r, outcome, agent)
			}
			l.close(r, AttemptsExhausted, agent, time.Time{}, p)
			return
		}
	}
	switch act {
	case noteAndClose:
		l.close(r, AgentCalled, agent, endOf(l.call, l.at), p)
	case noteAndReopen:
		l.reopen(r, outcome, agent)
		l.showLive(l.customer(r.Number, r.Caller), r)
	default:
	}
}

// serviceCallEnded is the verdict on a service call.
func (l *ledger) serviceCallEnded() {
	c := l.call
	h := l.customer(c.Caller, c.CallerID)
	if l.wasJudged(h) {
		return
	}
	l.callingOver(h, c.ID)
	switch c.Verdict {
	case sip.Missed, sip.Dropped:
		l.missed(h)
	case sip.Served:
		for _, r := range l.open(h) {
			p := l.policy(r.List)
			act, why := decideServed(r, c, l.at, h.shared, l.dir.Grouped(r.List, c.List), p)
			l.decided(why)
			if act == closeNow {
				r.sawReached(cmp.Or(c.Answered, endOf(c, l.at)))
				l.close(r, CallerServed, agentOf(c), endOf(c, l.at), p)
			}
		}
		for _, r := range l.dialling(h) {
			act, why := decideServed(r, c, l.at, h.shared, l.dir.Grouped(r.List, c.List), l.policy(r.List))
			l.decided(why)
			if act == closeNow {
				l.reached(h, r)
			}
		}
	default:
	}
	if h.changed || len(l.result.changes) > 0 {
		l.judge(h)
	}
}

// dialling are the customer's cases that an agent's call closed whose result is not known yet.
func (l *ledger) dialling(h *held) []*record {
	var all []*record
	for i := range h.lists {
		o := &h.lists[i]
		if o.last == "" || o.closed.IsZero() {
			continue
		}
		r := l.record(o.last)
		if r == nil || r.State != Closed || r.CloseReason != AgentCalled {
			continue
		}
		b, ok := l.tx.Get(callKey(r.ClosedCall))
		if !ok {
			continue
		}
		if d, err := decodeDial(b); err != nil {
			l.fail(err)
		} else if !d.over {
			all = append(all, r)
		}
	}
	return all
}

// reached notes that the customer of a closed case was served since, so that the result of the agent's
// call that closed it does not reopen it.
func (l *ledger) reached(h *held, r *record) {
	at := endOf(l.call, l.at)
	if o := h.on(r.List); at.After(o.reached) {
		o.reached = at
	}
	if !at.After(r.Closed) { // the agent dialled before the verdict fell
		at = l.at
	}
	r.Reached, r.changed, h.changed = at, true, true
}

// wasJudged says whether the verdict on the call was applied before.
func (l *ledger) wasJudged(h *held) bool {
	if slices.ContainsFunc(h.judged, func(j judged) bool { return j.call == l.call.ID }) {
		return true
	}
	if h.spilled.IsZero() {
		return false
	}
	_, ended := l.tx.Get(endedKey(l.call.ID))
	return ended
}

// judge notes that it is applied now.
func (l *ledger) judge(h *held) {
	if len(h.judged) == maxJudged {
		l.tx.Set(endedKey(h.judged[0].call), store.Key(h.judged[0].at))
		h.judged = slices.Delete(h.judged, 0, 1)
		h.spilled = l.at
	}
	h.judged = append(h.judged, judged{l.call.ID, l.at})
	h.changed = true
}

// missed is a service call that was missed or dropped.
func (l *ledger) missed(h *held) {
	c := l.call
	list, known := l.dir.List(c.List)
	if !known {
		l.decided(whyUnknownList)
		return
	}
	if l.askedElsewhere(h, list) {
		l.decided(whyOtherNumber)
		return
	}
	p := &list.Policy
	o := *h.on(c.List)
	var r *record
	s := standing{shared: h.shared, short: h.short, closed: o.last != "", lately: o.closed, reached: o.reached}
	if n := len(o.open); n > 0 {
		r = l.record(o.open[n-1])
		s.open = r != nil
	} else if o.last != "" {
		r = l.record(o.last)
	}
	act, why := decideMiss(c, l.at, s, p)
	l.decided(why)
	switch {
	case act == doNothing:
		return
	case act == remember:
		h.short, h.changed = c.Started, true
		return
	case c.Short:
		h.short, h.changed = time.Time{}, true // a pair is one miss
	}
	switch {
	case act == openNew || r == nil:
		r = l.openCase(h, o.last, list)
		l.miss(r, list, Opened)
		l.opened(r)
	case act == reopen:
		r.open(l.at)
		r.anew()
		l.miss(r, list, Reopened)
		l.opened(r)
	default:
		l.miss(r, list, MissAdded)
		l.showLive(h, r)
		return
	}
	if !l.alreadyCalled(h, r, p) {
		l.showLive(h, r)
	}
}

// showLive shows the customer's other calls that are on the line on a case that came to be open.
func (l *ledger) showLive(h *held, r *record) {
	for _, a := range l.live {
		if act, _ := decideCalling(r, l.at, h.shared, l.dir.Grouped(r.List, a.List)); act == show && r.State == Open {
			l.show(r, a)
		}
	}
}

// agentOf is who called or served.
func agentOf(c *sip.Call) string { return clip(cmp.Or(c.DialledBy, c.Agent)) }

// waited is how long a customer waited for an agent.
func waited(c *sip.Call, at time.Time) time.Duration {
	until := c.Answered
	if until.IsZero() {
		until = endOf(c, at)
	}
	return max(until.Sub(startOf(c, at)), 0)
}

// startOf is when a call began.
func startOf(c *sip.Call, at time.Time) time.Time {
	if c.Started.IsZero() {
		return at
	}
	return c.Started
}
