package metrics

import (
	"errors"

	"ringback/assist"
	"ringback/cases"
)

// closeReasons are why a case can close.
var closeReasons = []cases.CloseReason{
	cases.Successful, cases.Unsuccessful, cases.AgentCalled, cases.CallerServed,
	cases.Expired, cases.AttemptsExhausted, cases.Suppressed, cases.Merged,
}

// Case counts a change of a case.
func (m *Metrics) Case(ch cases.Change) {
	list := ch.Case.List
	switch ch.Event {
	case cases.Opened:
		m.opened.WithLabelValues(list, ch.Reason).Inc()
	case cases.MissAdded:
		m.missAdded.WithLabelValues(list, ch.Reason).Inc()
	case cases.Reopened:
		m.reopened.WithLabelValues(list, ch.Reason).Inc()
	case cases.CaseClosed:
		m.closed.WithLabelValues(list, ch.Reason).Inc()
	case cases.Attempted:
		m.attempted.WithLabelValues(list).Inc()
		if ch.Case.Attempts == 1 {
			m.toCallback.WithLabelValues(list).Observe(max(0, ch.Case.Attempted.Sub(ch.Case.Opened).Seconds()))
		}
	default: // properties of a case are not counted
	}
}

// hintEvents are what can happen to a hint.
var hintEvents = []assist.Event{assist.Raised, assist.Confirmed, assist.Withdrawn}

// Hint counts what happened to a hint.
func (m *Metrics) Hint(h assist.Hint) { m.hints.WithLabelValues(h.Event.String()).Inc() }

// outcomes are what can become of a hint on its way to a phone: the final states of package assist, and
// why a hint expired. In docs and alerts, a hint failed that was refused, given up or crowded out.
var outcomes = []string{"delivered", "unknown", "refused", "gave_up", "full", "withdrawn", "no_phone", "stopped"}

// Outcome counts what became of a hint on its way to a phone, when that is final, and what came of each way.
func (m *Metrics) Outcome(o assist.Outcome) {
	if o.Final {
		m.deliveries.WithLabelValues(outcomeOf(o)).Inc()
	}
	if o.Way != "" && (o.Final || o.State == assist.Refused || o.State == assist.Expired) {
		m.ways.WithLabelValues(o.Way, outcomeOf(o)).Inc()
	}
}

func outcomeOf(o assist.Outcome) string {
	if o.State != assist.Expired {
		return o.State.String()
	}
	switch {
	case errors.Is(o.Err, assist.ErrWithdrawn):
		return "withdrawn"
	case errors.Is(o.Err, assist.ErrNoPhone):
		return "no_phone"
	case errors.Is(o.Err, assist.ErrFull):
		return "full"
	case errors.Is(o.Err, assist.ErrStopped):
		return "stopped"
	}
	return "gave_up"
}
