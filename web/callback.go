package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/maycall"
	"ringback/directory"
)

// Dialler makes callback calls.
type Dialler interface {
	// Offer says whether an agent can have such calls, and with which devices.
	Offer(agent string) callback.Offer
	// Begin takes an order. Errors are those of package callback and of the cases.
	Begin(ctx context.Context, o *callback.Order) (callback.Call, error)
	// Of is the callback call of a case, also for some minutes after it; callback.ErrNone where there is none.
	Of(id string) (callback.Call, error)
	// Cancel ends the callback call of a case; callback.ErrNone where there is none.
	Cancel(id string) error

	// Offers are the callbacks that are offered to an agent in the app; to all agents when it is empty.
	Offers(agent string) []callback.Offering
	// Waiting are the callbacks of lists that wait for somebody to be free, in their order.
	Waiting(now time.Time, lists []string) []callback.Waiting
	// Decline takes what is offered to an agent to the next; callback.ErrGone when it is not offered to him.
	Decline(id, agent string) error
}

// CallbackCall is a callback call: the agent's device is rung, then the customer, and both are joined.
type CallbackCall struct {
	ID         string     `json:"id" doc:"Stable and unique."`
	Case       string     `json:"case" doc:"The case's id."`
	List       string     `json:"list" doc:"Its list."`
	Agent      string     `json:"agent" doc:"Whose device rings."`
	Device     string     `json:"device" doc:"Which."`
	Number     string     `json:"number" doc:"The customer's."`
	Shown      string     `json:"shown,omitempty" doc:"What he is shown: the service's number."`
	State      string     `json:"state" enum:"queued,device,announcing,dialling,ringing,connected,over" doc:"How far it is: it waits for its turn; the agent's device is called; he hears whom he will be connected with; the customer is called; rings; both talk."`
	Outcome    string     `json:"outcome,omitempty" enum:"answered,busy,no_answer,wrong_number,rejected,failed,agent_no_answer,agent_rejected,agent_declined,agent_failed,refused,cancelled,stopped,missed" doc:"Of over: what came of it. With agent_ and from refused on the customer was not reached by it, and mostly not called."`
	StatusCode int        `json:"status_code,omitempty" doc:"Of SIP, behind the outcome."`
	Reason     string     `json:"reason,omitempty" doc:"A sentence for people."`
	Begun      time.Time  `json:"begun" doc:"When it was asked for."`
	Dialled    *time.Time `json:"dialled,omitempty" doc:"When the customer was called; absent: he was not."`
	Answered   *time.Time `json:"answered,omitempty" doc:"When he answered."`
	Ended      *time.Time `json:"ended,omitempty" doc:"When it was over."`
	Talked     float64    `json:"talked,omitempty" doc:"How long they talked, in seconds."`
	HungUp     string     `json:"hung_up,omitempty" enum:"agent,customer,network" doc:"Who ended it, of one that was answered."`
	CallIDs    []string   `json:"call_ids" nullable:"false" doc:"SIP Call-IDs: the agent's leg, then the customer's."`
}

func callbackOf(c *callback.Call) CallbackCall {
	return CallbackCall{
		ID: c.ID, Case: c.Case, List: c.List, Agent: c.Agent, Device: c.Device, Number: c.Number.String(), Shown: c.Shown,
		State: string(c.State), Outcome: string(c.Outcome), StatusCode: c.StatusCode, Reason: c.Reason,
		Begun: c.Begun, Dialled: timeOf(c.Dialled), Answered: timeOf(c.Answered), Ended: timeOf(c.Ended),
		Talked: c.Connected.Round(time.Millisecond).Seconds(), HungUp: c.HungUp, CallIDs: someOf(c.CallIDs),
	}
}

// CallDevice is a device of an agent.
type CallDevice struct {
	ID   string `json:"id" doc:"An extension, user@host, or a number."`
	Kind string `json:"kind" enum:"extension,address,mobile" doc:"What it is."`
}

// CallOptions say whether a case's customer can be called by a device of one's own.
type CallOptions struct {
	Enabled bool          `json:"enabled" doc:"Whether he can, as far as devices go."`
	Code    string        `json:"code,omitempty" enum:"off,no_device,unreachable" doc:"Why not."`
	Reason  string        `json:"reason,omitempty" doc:"Why not, a sentence for people."`
	Devices []CallDevice  `json:"devices" nullable:"false" doc:"Which can be rung, the first unless another is chosen."`
	Number  string        `json:"number,omitempty" doc:"Who is called unless another number is given."`
	MayCall *MayCall      `json:"may_call,omitempty" doc:"What the rules say of a call now."`
	PIN     bool          `json:"pin" doc:"Whether a PIN is needed."`
	Call    *CallbackCall `json:"call,omitempty" doc:"The case's callback call, that under way or the one just over."`
}

func (s *Server) registerCallback(api huma.API) {
	options := operation(http.MethodGet, "/v1/cases/{id}/call-options", "call-options", "calls", "Can the customer be called by your device?",
		"Says with which of your devices, or why not, and what the rules say of a call now.", http.StatusForbidden, http.StatusNotFound)
	handle(s, api, options, s.callOptions)
	if s.o.Dialler == nil {
		return
	}
	begin := withBody(operation(http.MethodPost, "/v1/cases/{id}/call", "call-case", "calls", "Call by your device",
		"Rings a device of yours, says whom you will be connected with, and when you take the call, calls the customer, who is shown the service's number, and joins you. "+
			"The case is assigned to you; the rules are asked now and again at the moment of dialling, and what came of it is written to the case by itself. "+
			"A device that is busy with a callback takes one more, which waits; a third is not made: it is over at once with the outcome missed, and the case is as it was.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed))
	begin.DefaultStatus = http.StatusAccepted
	handle(s, api, begin, s.beginCall)
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/call", "show-call", "calls", "How is the call?",
		"The case's callback call: that under way, or the last one until ten minutes after it.", http.StatusForbidden, http.StatusNotFound), s.showCall)
	cancel := operation(http.MethodDelete, "/v1/cases/{id}/call", "hang-up-call", "calls", "Hang up",
		"Ends the case's callback call, however far it is.", http.StatusForbidden, http.StatusNotFound, http.StatusConflict)
	cancel.DefaultStatus = http.StatusNoContent
	handle(s, api, cancel, s.hangUpCall)
}

type callOptionsOutput struct {
	Body CallOptions
}

func (s *Server) callOptions(ctx context.Context, in *struct {
	CaseID
	Agent string `query:"agent" maxLength:"64" doc:"With a token: for whom."`
},
) (*callOptionsOutput, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shown := CallOptions{Devices: []CallDevice{}, Number: c.Number.String(), Code: "off", Reason: "Calls are not made from here: no SIP account is configured."}
	agent := cmp.Or(callerOf(ctx).Agent(), in.Agent)
	if s.o.Dialler != nil {
		o := s.o.Dialler.Offer(agent)
		shown.Enabled, shown.Code, shown.Reason = o.Code == "", o.Code, o.Reason
		for _, d := range o.Devices {
			shown.Devices = append(shown.Devices, CallDevice(d))
		}
		if call, err := s.o.Dialler.Of(c.ID); err == nil {
			one := callbackOf(&call)
			shown.Call = &one
		}
	}
	if s.o.MayCall != nil {
		q := s.question(ctx, c.List)
		q.At, q.Agent = time.Now(), agent
		a, err := s.o.MayCall.Case(&c, q)
		if err != nil {
			return nil, err
		}
		m := mayCallOf(&a, c.Number)
		shown.MayCall, shown.PIN = &m, a.By(maycall.RulePIN)
	}
	return &callOptionsOutput{shown}, nil
}

// CallOrder says how a customer is to be called.
type CallOrder struct {
	ActBody
	Device string `json:"device,omitempty" maxLength:"128" doc:"Which of the agent's devices rings, as call-options names it; absent: the first."`
	Number string `json:"number,omitempty" maxLength:"64" doc:"To be called instead of the case's, as people write it."`
	Verify bool   `json:"verify,omitempty" doc:"The number is known to be the customer's: the case is given it, and marked so."`
	PIN    string `json:"pin,omitempty" maxLength:"32" doc:"Where the number needs one."`
}

type callInput struct {
	ActHead
	Body *CallOrder
}

type callbackOutput struct {
	Body CallbackCall
}

func (s *Server) beginCall(ctx context.Context, in *callInput) (*callbackOutput, error) {
	return s.call(ctx, in, false)
}

// call calls a case's customer by a device of the agent, to whom it was offered or not.
func (s *Server) call(ctx context.Context, in *callInput, offered bool) (*callbackOutput, error) {
	b := in.Body
	if b == nil {
		b = &CallOrder{}
	}
	a, err := s.actOn(ctx, &in.ActHead, &b.ActBody)
	if err != nil {
		return nil, err
	}
	c, err := s.o.Cases.Case(in.ID)
	if err != nil {
		return nil, err
	}
	o := callback.Order{
		Case: c.ID, Agent: a.Agent, Device: b.Device, Verify: b.Verify, PIN: b.PIN, By: a.By, Peer: a.Peer, Who: callerOf(ctx).String(),
		Supervises: a.Supervises, Version: a.Version, Offered: offered,
	}
	if b.Number != "" {
		o.Number, o.Dialled = s.dialledIn(b.Number, c.List)
	}
	call, err := s.o.Dialler.Begin(ctx, &o)
	if err != nil {
		return nil, s.notCalled(err)
	}
	return &callbackOutput{callbackOf(&call)}, nil
}

// notCalled is how an order is refused.
func (s *Server) notCalled(err error) error {
	if blocked, ok := errors.AsType[*callback.Blocked](err); ok {
		m := mayCallOf(&blocked.Answer, blocked.Number)
		return m.refusal()
	}
	return err
}

func (s *Server) showCall(ctx context.Context, in *CaseID) (*callbackOutput, error) {
	if _, err := s.readCase(ctx, in.ID); err != nil {
		return nil, err
	}
	call, err := s.o.Dialler.Of(in.ID)
	if err != nil {
		return nil, err
	}
	return &callbackOutput{callbackOf(&call)}, nil
}

func (s *Server) hangUpCall(ctx context.Context, in *CaseID) (*struct{}, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	call, err := s.o.Dialler.Of(in.ID)
	if err != nil {
		return nil, err
	}
	if who := callerOf(ctx); who.Agent() != "" && who.Agent() != call.Agent && s.right(ctx, c.List) < directory.Supervise {
		return nil, &cases.Refusal{Err: cases.ErrTaken, Case: c.ID, By: call.Agent}
	}
	return nil, s.o.Dialler.Cancel(in.ID)
}
