package dialer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/maycall"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// run is one callback call. Its call is guarded by the dialler's mu; the rest is its goroutine's once that runs.
type run struct {
	order   callback.Order
	call    callback.Call
	service string
	held    bool // it has a place in the queue
	offered bool // the device rings to ask the agent whether he wants it
	taken   bool // he does

	ctx    context.Context
	cancel context.CancelCauseFunc

	account string
	agent   *phone.Call
	sound   *rtp.Session // the agent's
}

// begin makes what the call ends with.
func (r *run) begin(ctx context.Context) { r.ctx, r.cancel = context.WithCancelCause(ctx) }

// shown is the call for others to keep; the dialler's mu is held.
func (r *run) shown() callback.Call {
	c := r.call
	c.CallIDs = slices.Clone(c.CallIDs)
	return c
}

// ended is how a call came to its end.
type ended struct {
	outcome callback.Outcome
	status  int
	reason  string
	hungUp  string
}

// byeTime is for how long the other side is waited for when a call is hung up.
const byeTime = 3 * time.Second

// make makes a call, from the agent's device to the end.
func (d *Dialer) make(r *run) {
	d.observe(r)
	e := d.try(r)
	d.mu.Lock()
	now := time.Now()
	d.settle(r, now, e.outcome)
	r.call.State, r.call.Ended = callback.Over, now
	r.call.Outcome, r.call.StatusCode, r.call.Reason, r.call.HungUp = e.outcome, e.status, e.reason, e.hungUp
	if !r.call.Answered.IsZero() {
		r.call.Connected = now.Sub(r.call.Answered)
	}
	d.mu.Unlock()
	r.cancel(nil)
	d.observe(r)
	d.Step(now)
}

// try calls the agent and, when he takes it, the customer.
func (d *Dialer) try(r *run) ended {
	r.account, _ = d.account()
	var err error
	if r.sound, err = d.o.Media.Session(rtp.SessionOptions{}); err != nil {
		return d.failed(r, callback.AgentFailed, err)
	}
	defer r.sound.Close()
	id := d.o.Endpoint.NewCallID()
	d.change(r, func(c *callback.Call) { c.CallIDs = append(c.CallIDs, id) })
	r.agent, err = d.o.Endpoint.Dial(r.ctx, phone.DialOptions{
		Account: r.account, To: target(r.call.Device), From: r.call.Shown, DisplayName: "Callback", Media: r.sound, RingTimeout: d.o.RingAgent, CallID: id,
	})
	if err != nil {
		return d.agentMissed(r, err)
	}
	defer d.hangup(r.agent)
	go func() {
		select {
		case <-r.agent.Done():
			r.cancel(errAgentGone)
		case <-r.ctx.Done():
		}
	}()
	d.state(r, callback.Announcing)
	if !d.accepts(r) || !d.accept(r) {
		return d.declined(r)
	}
	if e, ok := d.claimOffered(r); !ok {
		d.regret(r)
		return e
	}
	if e, ok := d.attempt(r); !ok {
		d.regret(r)
		return e
	}
	if d.o.Refer != nil && d.o.Refer(r.account) {
		return d.refer(r)
	}
	return d.connect(r)
}

// target is how a device is dialled.
func target(device string) string {
	if strings.Contains(device, "@") {
		return "sip:" + device
	}
	return device
}

// change changes what is shown of a call.
func (d *Dialer) change(r *run, f func(*callback.Call)) {
	d.mu.Lock()
	f(&r.call)
	d.mu.Unlock()
}

// order is that of the states: a call does not go back.
var order = []callback.State{
	callback.Queued, callback.Device, callback.Announcing, callback.Dialling, callback.Ringing, callback.Connected, callback.Over,
}

// state says that a call has come further.
func (d *Dialer) state(r *run, s callback.State) {
	further := false
	d.change(r, func(c *callback.Call) {
		if further = slices.Index(order, s) > slices.Index(order, c.State); further {
			c.State = s
		}
	})
	if further {
		d.observe(r)
	}
}

func (d *Dialer) hangup(c *phone.Call) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), byeTime)
	defer cancel()
	if err := c.Hangup(ctx); err != nil && ctx.Err() == nil {
		d.o.Logger.Debug("a callback call was not hung up in order", "err", err)
	}
}

// agentMissed is the end of a call that the agent did not answer.
func (d *Dialer) agentMissed(r *run, err error) ended {
	if e, ok := d.broken(r); ok {
		return e
	}
	if errors.Is(err, phone.ErrRingTimeout) {
		return ended{outcome: callback.AgentNoAnswer, reason: "Your telephone was not answered."}
	}
	if refused, ok := errors.AsType[*phone.Refused](err); ok {
		switch code := refused.StatusCode; code {
		case 408, 480:
			return ended{outcome: callback.AgentNoAnswer, status: code, reason: "Your telephone was not answered."}
		case 486, 600, 603:
			return ended{outcome: callback.AgentRejected, status: code, reason: "Your telephone was busy, or the call was rejected."}
		case 300, 301, 302:
			return ended{outcome: callback.AgentFailed, status: code, reason: "Your telephone is forwarded elsewhere."}
		default:
			return ended{outcome: callback.AgentFailed, status: code, reason: "Your telephone could not be reached."}
		}
	}
	return d.failed(r, callback.AgentFailed, err)
}

// failed is the end of a call that something was wrong with.
func (d *Dialer) failed(r *run, o callback.Outcome, err error) ended {
	d.o.Logger.Warn("a callback call failed", "call_id", r.call.ID, "case_id", r.call.Case, "agent", r.call.Agent, "err", err)
	return ended{outcome: o, reason: "The telephone exchange could not be reached, or refused the call."}
}

// broken says whether a call was ended from outside, before the customer was called.
func (d *Dialer) broken(r *run) (ended, bool) {
	switch cause := context.Cause(r.ctx); {
	case errors.Is(cause, errStopped):
		return ended{outcome: callback.Stopped}, true
	case errors.Is(cause, errCancelled):
		return ended{outcome: callback.Cancelled}, true
	case errors.Is(cause, errOvertaken):
		return ended{outcome: callback.Refused, reason: "Somebody else calls the customer."}, true
	}
	return ended{}, false
}

// declined is the end of a call that the agent answered and did not take.
func (d *Dialer) declined(r *run) ended {
	if e, ok := d.broken(r); ok {
		return e
	}
	return ended{outcome: callback.AgentDeclined, reason: "You did not take the call."}
}

// claimOffered gives the case to an agent who took what his device rang for.
func (d *Dialer) claimOffered(r *run) (ended, bool) {
	if !r.offered {
		return ended{}, true
	}
	c, err := d.o.Cases.Case(r.call.Case)
	if err == nil {
		err = d.claim(context.WithoutCancel(r.ctx), r, &c)
	}
	if err != nil {
		d.o.Logger.Info("a callback was offered too late", "call_id", r.call.ID, "case_id", r.call.Case, "agent", r.call.Agent, "err", err)
		return ended{outcome: callback.Refused, reason: "Somebody else calls the customer."}, false
	}
	return ended{}, true
}

// attempt notes the attempt with the case, if the customer may still be called and the case is still the agent's, as
// it was looked at: whatever happens to it in between refuses it.
func (d *Dialer) attempt(r *run) (ended, bool) {
	for range 5 {
		c, err := d.o.Cases.Case(r.call.Case)
		if err != nil {
			return d.failed(r, callback.Refused, err), false
		}
		if c.Assignee != r.call.Agent {
			return ended{outcome: callback.Refused, reason: "The case is not yours any more."}, false
		}
		if err := d.may(&c, r, maycall.Question{PINGiven: true}); err != nil {
			if blocked, ok := errors.AsType[*callback.Blocked](err); ok {
				return ended{outcome: callback.Refused, reason: blocked.Answer.Findings[0].Reason}, false
			}
			return d.failed(r, callback.Refused, err), false
		}
		if r.ctx.Err() != nil {
			return d.declined(r), false
		}
		err = d.do(context.WithoutCancel(r.ctx), cases.Act{
			Case: c.ID, Agent: r.call.Agent, At: time.Now(), By: r.order.By, Peer: r.order.Peer, Version: c.Version,
		}, "/try", r, cases.Try{})
		switch {
		case err == nil:
			return ended{}, true
		case !errors.Is(err, cases.ErrStale):
			d.o.Logger.Warn("a callback call was not made", "call_id", r.call.ID, "case_id", r.call.Case, "agent", r.call.Agent, "err", err)
			return ended{outcome: callback.Refused, reason: "The case has changed: look at it again."}, false
		}
	}
	return ended{outcome: callback.Refused, reason: "The case changes all the time: try again."}, false
}
