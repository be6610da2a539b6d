package web

import (
	"time"

	"ringback/cases/schedule"
	"ringback/sip"
)

const kindScheduled = "scheduled"

// ScheduledEvent is that a scheduled call is due.
type ScheduledEvent struct {
	Type   string        `json:"type" enum:"scheduled" doc:"Always scheduled."`
	Event  string        `json:"event" enum:"reminded,offered,dialled,refused,too_late,over,interrupted" doc:"What came of it: its agent is to call; the case is offered; his device is rung; the rules stood against it; nothing ran when it was due."`
	At     time.Time     `json:"at" doc:"When."`
	Case   string        `json:"case" doc:"The case's id."`
	List   string        `json:"list" doc:"Its list."`
	Number string        `json:"number" doc:"Whom to call."`
	Agent  string        `json:"agent,omitempty" doc:"Who calls; absent: whoever takes the offer."`
	Reason string        `json:"reason,omitempty" doc:"Of refused: a sentence for people."`
	Now    ScheduledCall `json:"now" doc:"The scheduled call as it is now."`
}

// Scheduled publishes what came of a scheduled call that was due. Its agent is told at once; an offer to nobody in
// particular is told to all who see the list.
func (e *Events) Scheduled(p *schedule.Plan, n sip.Number, reason string, at time.Time) {
	if e.pass() {
		return
	}
	news := &scheduledNews{plan: *p, number: n, reason: reason, at: at}
	if p.Agent != "" {
		news.about.agents = []string{p.Agent}
	} else {
		news.about.lists = []string{p.List}
	}
	e.put(&event{of: e, kind: kindScheduled, size: eventSize, tells: n, news: news}, news.about.agents)
}

// scheduledNews is that a scheduled call is due.
type scheduledNews struct {
	plan   schedule.Plan
	number sip.Number
	reason string
	at     time.Time
	about  about
}

func (n *scheduledNews) whom() *about { return &n.about }

func (n *scheduledNews) body() []byte {
	p := &n.plan
	return encode(ScheduledEvent{
		Type: kindScheduled, Event: string(p.Outcome), At: n.at, Case: p.Case, List: p.List, Number: n.number.String(), Agent: p.Agent, Reason: n.reason,
		Now: scheduledOf(p),
	})
}
