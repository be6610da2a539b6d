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
	plan, concerns := *p, about{lists: []string{p.List}}
	if p.Agent != "" {
		concerns = about{agents: []string{p.Agent}}
	}
	e.announce(kindScheduled, n, concerns, func() any {
		return ScheduledEvent{
			Type: kindScheduled, Event: string(plan.Outcome), At: at, Case: plan.Case, List: plan.List, Number: n.String(), Agent: plan.Agent, Reason: reason,
			Now: scheduledOf(&plan),
		}
	})
}
