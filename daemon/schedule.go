package daemon

import (
	"context"
	"errors"
	"time"

	"ringback/cases"
	"ringback/cases/maycall"
	"ringback/cases/schedule"
	"ringback/sip"
)

// Calls that people scheduled become due here. A plan is handed out once, by the transaction that takes it from those
// that wait; whether it still holds, and whether the customer may be called now, is looked at after that.

// dialGrace is how late a customer is still dialled: later is not what was agreed with him, and his agent is told.
const dialGrace = 5 * time.Minute

// scheduleKept is how long it is kept what came of scheduled calls.
const scheduleKept = 30 * 24 * time.Hour

// dialler calls an agent's device and joins it with the customer. code and reason are empty when it began to ring, else
// why it did not, for programs and for people.
type dialler func(ctx context.Context, p *schedule.Plan, n sip.Number) (code, reason string)

// fire lets the scheduled calls happen that are due.
func (d *Daemon) fire(ctx context.Context, now time.Time) {
	due, err := d.schedule.Fire(ctx, now)
	if err != nil && ctx.Err() == nil && !unwritable(err) {
		d.complaints.log(d.log, "scheduled calls do not become due", err)
	}
	for i := range due {
		d.happen(ctx, &due[i], now)
	}
}

// happen does what a plan is for.
func (d *Daemon) happen(ctx context.Context, p *schedule.Plan, now time.Time) {
	c, err := d.cases.Case(p.Case)
	switch {
	case errors.Is(err, cases.ErrNotFound): // erased, and the plan with it
		if err := d.schedule.Erase(ctx, []string{p.Case}, now); err != nil {
			d.complaints.log(d.log, "a scheduled call of a case that is gone is not dropped", err)
		}
		return
	case err == nil && (c.State != cases.Open || c.NotBefore.After(now)):
		d.finishPlan(ctx, p, schedule.Over, "", "", now, sip.Number(0))
		return
	case err != nil:
		d.complaints.log(d.log, "the case of a scheduled call cannot be read", err)
		d.finishPlan(ctx, p, schedule.Interrupted, "", "", now, sip.Number(0))
		return
	}
	n := p.Number
	if n == 0 {
		n = c.Number
	}
	outcome, rule, reason := d.decide(ctx, p, &c, n, now)
	d.finishPlan(ctx, p, outcome, rule, reason, now, n)
}

// decide says what comes of a plan that is due, and does it.
func (d *Daemon) decide(ctx context.Context, p *schedule.Plan, c *cases.Case, n sip.Number, now time.Time) (o schedule.Outcome, rule, reason string) {
	a, err := d.mayCall().Case(c, maycall.Question{At: now, Agent: p.Agent, Number: p.Number, PINGiven: p.PIN, Supervises: p.Agent == ""})
	switch {
	case err != nil:
		d.complaints.log(d.log, "who may be called cannot be looked up", err)
		return schedule.Refused, "unknown", "Whether the customer may be called could not be looked up."
	case a.Blocked():
		return schedule.Refused, string(a.Findings[0].Rule), a.Findings[0].Reason
	}
	switch p.Mode {
	case schedule.Offer:
		return schedule.Offered, "", ""
	case schedule.Dial:
		if now.Sub(p.At) > dialGrace {
			return schedule.TooLate, "", ""
		}
		if d.dial == nil {
			return schedule.Refused, "off", "Calls are not made from here: no SIP account is configured."
		}
		if code, reason := d.dial(ctx, p, n); code != "" {
			return schedule.Refused, code, reason
		}
		return schedule.Dialled, "", ""
	case schedule.Remind:
	}
	return schedule.Reminded, "", ""
}

// finishPlan notes what came of a plan, and tells whoever it is for.
func (d *Daemon) finishPlan(ctx context.Context, p *schedule.Plan, o schedule.Outcome, rule, reason string, now time.Time, n sip.Number) {
	if err := d.schedule.Finish(context.WithoutCancel(ctx), p.ID, o, rule, now); err != nil {
		d.complaints.log(d.log, "what came of a scheduled call is not kept", err)
	}
	p.Outcome, p.Reason = o, rule
	d.web.Events().Scheduled(p, n, reason, now)
	d.log.Info("a scheduled call is due", "case_id", p.Case, "agent", p.Agent, "state", string(o), "reason", rule)
}

// finishPlans tells of the scheduled calls in the midst of which the process ended.
func (d *Daemon) finishPlans(ctx context.Context, now time.Time) error {
	left, err := d.schedule.Unfinished()
	if err != nil {
		return err
	}
	for i := range left {
		n := left[i].Number
		if c, err := d.cases.Case(left[i].Case); err == nil && n == 0 {
			n = c.Number
		}
		d.finishPlan(ctx, &left[i], schedule.Interrupted, "", "", now, n)
	}
	return nil
}
