package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/maycall"
	"ringback/cases/schedule"
	"ringback/directory"
	"ringback/directory/audit"
)

// ScheduledCall is a call that somebody scheduled.
type ScheduledCall struct {
	ID      string     `json:"id" doc:"Stable and unique."`
	Case    string     `json:"case" doc:"The case that it is for."`
	List    string     `json:"list" doc:"The case's list."`
	Number  string     `json:"number,omitempty" doc:"To be called instead of the case's; absent: that."`
	Agent   string     `json:"agent,omitempty" doc:"Who calls; absent: whoever takes the offer."`
	Device  string     `json:"device,omitempty" doc:"With which of his devices; absent: whichever he uses."`
	At      time.Time  `json:"at" doc:"When."`
	Zone    string     `json:"zone,omitempty" doc:"The customer's time zone."`
	Local   string     `json:"local,omitempty" doc:"The time there, as 2026-07-01T15:30."`
	Mode    string     `json:"mode" enum:"remind,dial,offer" doc:"What happens then: the agent is told; his device is rung and joined with the customer; the case is offered."`
	Note    string     `json:"note,omitempty" doc:"For whoever calls."`
	State   string     `json:"state" enum:"waiting,due,cancelled" doc:"How far it is."`
	Outcome string     `json:"outcome,omitempty" enum:"reminded,offered,dialled,refused,too_late,over,interrupted" doc:"What came of it when it was due."`
	Reason  string     `json:"reason,omitempty" doc:"Of refused: the rule that stood against it, or the code of why no device could be rung."`
	Created time.Time  `json:"created" doc:"When it was scheduled."`
	By      string     `json:"by" doc:"By whom."`
	Ended   *time.Time `json:"ended,omitempty" doc:"When it was due or cancelled; absent while it waits."`
	MayCall *MayCall   `json:"may_call,omitempty" doc:"In the answer to who schedules: what the rules say of a call then."`
}

func scheduledOf(p *schedule.Plan) ScheduledCall {
	shown := ScheduledCall{
		ID: p.ID, Case: p.Case, List: p.List, Number: p.Number.String(), Agent: p.Agent, Device: p.Device, At: p.At, Zone: p.Zone, Mode: string(p.Mode),
		Note: p.Note, State: string(p.State), Outcome: string(p.Outcome), Reason: p.Reason, Created: p.Created, By: p.By.String(), Ended: timeOf(p.Ended),
	}
	if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" {
		shown.Local = p.At.In(zone).Format("2006-01-02T15:04")
	}
	return shown
}

func (s *Server) registerSchedule(api huma.API) {
	if s.o.Schedule == nil {
		return
	}
	create := withBody(operation(http.MethodPost, "/v1/cases/{id}/schedule", "schedule-call", "calls", "Schedule a call",
		"Sets when the customer of an open case is called, by whom, with which device, and what happens then. The case is due then, not closed automatically before, and with "+
			"remind and dial assigned to the agent. A time that is over, or at which a rule blocks the call, is refused with the next one at which none does, in may_call. "+
			"Another call that was scheduled for the case is cancelled by it.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed))
	create.DefaultStatus = http.StatusCreated
	handle(s, api, create, s.scheduleCall)
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/schedule", "list-case-schedule", "calls", "Calls scheduled for a case", "Those that were, too, for a while.",
		http.StatusForbidden, http.StatusNotFound), s.scheduledFor)
	handle(s, api, operation(http.MethodGet, "/v1/schedule", "list-schedule", "calls", "Calls scheduled for an agent", "By time, on the lists that you see. Absent an agent, your own.",
		http.StatusForbidden), s.listSchedule)
	remove := operation(http.MethodDelete, "/v1/schedule/{id}", "cancel-call", "calls", "Cancel a scheduled call", "The case stays due when it was to be.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict)
	remove.DefaultStatus = http.StatusNoContent
	handle(s, api, remove, s.cancelCall)
	handle(s, api, operation(http.MethodPost, "/v1/session/calendar", "make-calendar", "calls", "Make the address of your calendar",
		"An iCalendar feed (RFC 5545) of the calls scheduled for you, for a calendar program. Whoever has the address sees it; the one you had opens nothing any more.", http.StatusForbidden), s.makeCalendar)
	drop := operation(http.MethodDelete, "/v1/session/calendar", "drop-calendar", "calls", "Take the address of your calendar away", "", http.StatusForbidden)
	drop.DefaultStatus = http.StatusNoContent
	handle(s, api, drop, s.dropCalendar)
}

// ScheduleBody says when a customer is called, and how.
type ScheduleBody struct {
	ActBody
	At     time.Time `json:"at" doc:"When."`
	Zone   string    `json:"zone,omitempty" maxLength:"64" doc:"The customer's time zone, as Europe/Helsinki; absent: that of his number."`
	Mode   string    `json:"mode" enum:"remind,dial,offer" doc:"What happens then."`
	For    string    `json:"for,omitempty" maxLength:"64" doc:"Who calls; absent: whoever schedules it."`
	Device string    `json:"device,omitempty" maxLength:"128" doc:"One of his extensions or AORs; absent: whichever he uses."`
	Number string    `json:"number,omitempty" maxLength:"64" doc:"To be called instead of the case's, as people write it."`
	PIN    string    `json:"pin,omitempty" maxLength:"32" doc:"Where the number needs one."`
}

type scheduleOutput struct {
	Location string `header:"Location" doc:"The scheduled call's address."`
	Body     ScheduledCall
}

func (s *Server) scheduleCall(ctx context.Context, in *struct {
	ActHead
	Body ScheduleBody
},
) (*scheduleOutput, error) {
	a, err := s.actOn(ctx, &in.ActHead, &in.Body.ActBody)
	if err != nil {
		return nil, err
	}
	c, err := s.o.Cases.Case(in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.planOf(&c, a.Agent, &in.Body)
	if err != nil {
		return nil, err
	}
	var answer *MayCall
	if s.o.MayCall != nil {
		if answer, err = s.mayScheduled(ctx, &c, &d, in.Body.PIN, a.At); err != nil {
			return nil, err
		}
	}
	if err := s.prepare(ctx, a, &c, &d); err != nil {
		return nil, err
	}
	caller := callerOf(ctx)
	act := schedule.Act{Act: audit.Act{By: caller.Who(), Peer: caller.address, At: a.At}}
	if in.Key != "" {
		act.ID = a.ID
	}
	p, err := s.o.Schedule.Put(ctx, act, d)
	if err != nil {
		return nil, err
	}
	shown := scheduledOf(&p)
	shown.MayCall = answer
	return &scheduleOutput{"/v1/schedule/" + p.ID, shown}, nil
}

// planOf is the call that somebody wants to schedule for a case.
func (s *Server) planOf(c *cases.Case, agent string, b *ScheduleBody) (schedule.Draft, error) {
	d := schedule.Draft{Case: c.ID, List: c.List, Agent: b.For, Device: b.Device, At: b.At, Zone: b.Zone, Mode: schedule.Mode(b.Mode), Note: b.Note}
	if d.Agent == "" && d.Mode != schedule.Offer {
		d.Agent = agent
	}
	if d.Agent != "" {
		if s.o.Lists().Right(d.Agent, c.List) < directory.Work {
			return d, cases.ErrNotMember
		}
		if err := s.checkDevice(&d); err != nil {
			return d, err
		}
	}
	if d.Device != "" && d.Agent == "" {
		return d, invalid("body.device", "nobody's device: say for whom it is")
	}
	if b.Number != "" {
		n, err := s.numberIn(b.Number, c.List, "body.number")
		if err != nil {
			return d, err
		}
		if n != c.Number {
			d.Number = n
		}
	}
	if n := cmp.Or(d.Number, c.Number); d.Zone == "" {
		if zones := n.Zones(); len(zones) > 0 {
			d.Zone = zones[0]
		}
	}
	return d, nil
}

// devicesOf are the devices that an agent can be rung on: his extensions and AORs.
func devicesOf(a *directory.Agent) []string {
	devices := slices.Clone(a.Extensions)
	for _, u := range a.AORs {
		devices = append(devices, string(u))
	}
	return devices
}

// checkDevice says whether the device is one of the agent's, and whether he has any where one is needed.
func (s *Server) checkDevice(d *schedule.Draft) error {
	a, known := s.o.Lists().Agent(d.Agent)
	if !known {
		return cases.ErrNotMember
	}
	devices := devicesOf(a)
	switch {
	case d.Device != "" && !slices.Contains(devices, d.Device):
		return invalid("body.device", "he has no such device")
	case d.Mode == schedule.Dial && len(devices) == 0:
		p := newProblem(http.StatusConflict, "There is no device to ring: give the agent one in the directory, or choose to be reminded.")
		p.Code = "no_device"
		return p
	}
	return nil
}

// mayScheduled asks the rules about a call to be scheduled. A time that is over, or at which they block it, is refused.
func (s *Server) mayScheduled(ctx context.Context, c *cases.Case, d *schedule.Draft, pin string, now time.Time) (*MayCall, error) {
	q := s.question(ctx, c.List)
	q.At, q.PIN, q.Schedules, q.Supervises = d.At, pin, true, true // whose the case is, is decided when it is assigned
	if d.Number != 0 {
		q.Number = d.Number
	}
	if d.Agent != "" {
		q.Agent = d.Agent
	}
	over := !d.At.After(now)
	if over {
		q.At = now
	}
	a, err := s.o.MayCall.Case(c, q)
	if err != nil {
		return nil, err
	}
	shown := mayCallOf(&a, cmp.Or(d.Number, c.Number))
	switch {
	case over:
		p := newProblem(http.StatusUnprocessableEntity, "This time is over.")
		p.Code, p.MayCall = "past", &shown
		return nil, p
	case a.Blocked() && !a.By(maycall.RuleClosed): // that the case says itself
		return nil, shown.refusal()
	}
	d.PIN = pin != "" && !a.By(maycall.RulePIN)
	return &shown, nil
}

// prepare makes the case one that is called then, by that agent.
func (s *Server) prepare(ctx context.Context, a cases.Act, c *cases.Case, d *schedule.Draft) error {
	if d.Mode != schedule.Offer && c.Assignee != d.Agent {
		first := a
		first.ID += "/assign"
		done, err := s.do(ctx, first, cases.Assign{To: d.Agent})
		if err != nil {
			return err
		}
		a.Version = 0
		*c = done.Case
	}
	_, err := s.do(ctx, a, cases.Edit{Due: &d.At, Later: true})
	return err
}

// ScheduledID is what a request about a scheduled call has in its path. Huma reads embedded structs only when they are exported.
type ScheduledID struct {
	ID string `path:"id" maxLength:"64" doc:"The scheduled call's id."`
}

type scheduledOutput struct {
	Body struct {
		Calls []ScheduledCall `json:"calls" nullable:"false"`
	}
}

func shownCalls(plans []schedule.Plan, see func(*schedule.Plan) bool) *scheduledOutput {
	out := &scheduledOutput{}
	out.Body.Calls = []ScheduledCall{}
	for i := range plans {
		if see(&plans[i]) {
			out.Body.Calls = append(out.Body.Calls, scheduledOf(&plans[i]))
		}
	}
	return out
}

func (s *Server) scheduledFor(ctx context.Context, in *CaseID) (*scheduledOutput, error) {
	if _, err := s.readCase(ctx, in.ID); err != nil {
		return nil, err
	}
	plans, err := s.o.Schedule.OfCase(in.ID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(plans, func(a, b schedule.Plan) int { return a.At.Compare(b.At) })
	return shownCalls(plans, func(*schedule.Plan) bool { return true }), nil
}

func (s *Server) listSchedule(ctx context.Context, in *struct {
	Agent string    `query:"agent" maxLength:"64" doc:"Whose; absent: yours."`
	From  time.Time `query:"from" doc:"Only from then on; absent: now."`
	To    time.Time `query:"to" doc:"Only before."`
},
) (*scheduledOutput, error) {
	c := callerOf(ctx)
	agent := in.Agent
	if agent == "" {
		agent = c.Agent()
	}
	if agent == "" {
		return nil, invalid("query.agent", "say whose")
	}
	if in.From.IsZero() {
		in.From = time.Now()
	}
	plans, err := s.o.Schedule.OfAgent(agent, in.From, in.To)
	if err != nil {
		return nil, err
	}
	lists := s.listsFor(ctx, nil)
	return shownCalls(plans, func(p *schedule.Plan) bool { return slices.Contains(lists, p.List) }), nil
}

func (s *Server) cancelCall(ctx context.Context, in *ScheduledID) (*struct{}, error) {
	p, err := s.o.Schedule.Plan(in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.readCase(ctx, p.Case); err != nil {
		if errors.Is(err, cases.ErrNotFound) {
			return nil, schedule.ErrNotFound
		}
		return nil, err
	}
	c := callerOf(ctx)
	if own := p.Agent == c.Agent() || p.Agent == "" || p.By == c.Who(); !own && s.right(ctx, p.List) < directory.Supervise {
		return nil, huma.Error403Forbidden("Another's scheduled call is for supervisors to cancel.")
	}
	_, err = s.o.Schedule.Cancel(ctx, schedule.Act{Act: audit.Act{By: c.Who(), Peer: c.address, At: time.Now()}}, in.ID)
	return nil, err
}
