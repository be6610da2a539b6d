package dialer

import (
	"context"
	"errors"
	"time"

	"ringback/cases/callback"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// untold is the account of a call that no watch takes.
type untold struct{}

func (untold) Invite(time.Time)         {}
func (untold) Ring(time.Time)           {}
func (untold) Answer(time.Time)         {}
func (untold) End(time.Time, bool, int) {}

// telling begins the watch's account of the customer's leg.
func (d *Dialer) telling(r *run, callID string) Telling {
	a, known := d.o.Directory().Agent(r.call.Agent)
	if d.o.Tell == nil || !known {
		return untold{}
	}
	if t := d.o.Tell(r.account, callID, r.call, a); t != nil {
		return t
	}
	return untold{}
}

// connect calls the customer while the agent hears it ring, and lets them talk.
func (d *Dialer) connect(r *run) ended {
	sound, err := d.o.Media.Session(rtp.SessionOptions{})
	if err != nil {
		return d.failed(r, callback.Failed, err)
	}
	defer sound.Close()
	id := d.o.Endpoint.NewCallID()
	told := d.telling(r, id)
	now := time.Now()
	d.change(r, func(c *callback.Call) {
		c.CallIDs = append(c.CallIDs, id)
		c.Dialled = now
	})
	d.state(r, callback.Dialling)
	told.Invite(now)
	rung := make(chan struct{}, 1)
	hear, quiet := context.WithCancel(r.ctx)
	defer quiet()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		d.hearRinging(hear, r, rung, told)
	}()
	customer, err := d.o.Endpoint.Dial(r.ctx, phone.DialOptions{
		Account: r.account, To: r.call.Number.String(), From: r.call.Shown, Media: sound, RingTimeout: d.o.RingCustomer, CallID: id,
		Redirect: func(to phone.Party) bool { return d.o.Redirect != nil && d.o.Redirect(r.call.List, r.account, to) },
		Progress: func(code int) {
			if code == 180 || code == 183 {
				select {
				case rung <- struct{}{}:
				default:
				}
			}
		},
	})
	quiet()
	<-heard
	if err != nil {
		e := d.customerMissed(r, now, err)
		told.End(time.Now(), e.status >= 300, e.status)
		if e.outcome != callback.Cancelled && e.outcome != callback.Stopped {
			d.regret(r)
		}
		return e
	}
	told.Answer(time.Now())
	d.change(r, func(c *callback.Call) { c.Answered = time.Now() })
	d.state(r, callback.Connected)
	by := d.talk(r, customer, sound)
	d.hangup(customer)
	told.End(time.Now(), by == "customer", 0)
	return ended{outcome: callback.Answered, hungUp: by}
}

// hearRinging lets the agent hear the customer's phone ring, from when it does.
func (d *Dialer) hearRinging(ctx context.Context, r *run, rung <-chan struct{}, told Telling) {
	select {
	case <-rung:
	case <-ctx.Done():
		return
	}
	told.Ring(time.Now())
	d.state(r, callback.Ringing)
	_ = rotate(ctx, r.sound, ringing) // it ends with ctx or the agent's call
}

// talk joins the two until one of them is gone, and says who.
func (d *Dialer) talk(r *run, customer *phone.Call, sound *rtp.Session) (by string) {
	if !d.joinDirectly(r, customer, sound) {
		bridge, err := rtp.Join(r.sound, sound)
		if err != nil {
			d.o.Logger.Warn("a callback call could not be joined", "call_id", r.call.ID, "case_id", r.call.Case, "agent", r.call.Agent, "err", err)
			return "network"
		}
		defer bridge.Close()
	}
	select {
	case <-customer.Done():
		return who(customer, "customer")
	case <-r.ctx.Done():
		if errors.Is(context.Cause(r.ctx), errAgentGone) {
			return who(r.agent, "agent")
		}
		return "network"
	}
}

// joinDirectly has the two send their sound to each other where that is wanted, and says whether they do.
func (d *Dialer) joinDirectly(r *run, customer *phone.Call, sound *rtp.Session) bool {
	if d.o.Direct == nil || !d.o.Direct(r.account) {
		return false
	}
	if err := phone.Join(r.ctx, r.agent, customer); err != nil {
		d.o.Logger.Warn("the sound of a callback call does not go straight", "call_id", r.call.ID, "case_id", r.call.Case, "agent", r.call.Agent, "err", err)
		return false
	}
	_, _ = r.sound.Close(), sound.Close() // nothing of ours is heard from now on
	return true
}

// who says whether the peer of a call that is over hung up.
func who(c *phone.Call, peer string) string {
	if c.End().By == phone.Peer {
		return peer
	}
	return "network"
}

// patience is how long it has to ring before giving up says that nobody answers (docs/cases.md).
const patience = 15 * time.Second

// customerMissed is the end of a call that the customer did not answer.
func (d *Dialer) customerMissed(r *run, dialled time.Time, err error) ended {
	if refused, ok := errors.AsType[*phone.Refused](err); ok {
		code := refused.StatusCode
		if code/100 == 3 {
			return ended{outcome: callback.Rejected, status: code, reason: "The customer's calls are forwarded to where nobody may be called."}
		}
		return ended{outcome: outcomeOf(code), status: code, reason: sentenceOf(outcomeOf(code))}
	}
	rang := time.Since(dialled) >= patience
	switch cause := context.Cause(r.ctx); {
	case errors.Is(err, phone.ErrRingTimeout):
		return ended{outcome: callback.NoAnswer, reason: sentenceOf(callback.NoAnswer)}
	case errors.Is(cause, errStopped):
		return ended{outcome: callback.Stopped, status: 503} // the network's fault: no attempt
	case cause != nil && rang:
		return ended{outcome: callback.NoAnswer, reason: sentenceOf(callback.NoAnswer)}
	case cause != nil:
		return ended{outcome: callback.Cancelled}
	case errors.Is(err, phone.ErrTimeout):
		return ended{outcome: callback.Failed, status: 503, reason: sentenceOf(callback.Failed)}
	}
	e := d.failed(r, callback.Failed, err)
	e.status = 503
	return e
}

// outcomeOf is what a final response says of the customer.
func outcomeOf(code int) callback.Outcome {
	switch {
	case code == 486 || code == 600:
		return callback.Busy
	case code == 408 || code == 480 || code == 487:
		return callback.NoAnswer
	case code == 404 || code == 410 || code == 484:
		return callback.WrongNumber
	case code/100 == 5:
		return callback.Failed
	}
	return callback.Rejected
}

func sentenceOf(o callback.Outcome) string {
	switch o {
	case callback.Busy:
		return "The customer's telephone is busy."
	case callback.NoAnswer:
		return "The customer does not answer."
	case callback.WrongNumber:
		return "There is no such number."
	case callback.Failed:
		return "The network could not connect the call."
	case callback.Rejected:
		return "The customer's side rejected the call."
	default:
		return ""
	}
}

// refer has the PBX connect the agent's device with the customer, and says what it told of that. The watch sees the
// call that the device makes then.
func (d *Dialer) refer(r *run) ended {
	d.change(r, func(c *callback.Call) { c.Dialled = time.Now() })
	d.state(r, callback.Dialling)
	code, err := r.agent.Refer(r.ctx, r.call.Number.String(), func(code int) {
		if code == 180 || code == 183 {
			go d.state(r, callback.Ringing)
		}
	})
	switch refused, ok := errors.AsType[*phone.Refused](err); {
	case ok:
		d.regret(r)
		return ended{outcome: callback.Failed, status: refused.StatusCode, reason: "The telephone exchange does not connect calls for us."}
	case err != nil:
		return d.failed(r, callback.Failed, err)
	case code/100 == 2, code == 0: // told to be up, or not told any more: the device is on its own call now
		d.change(r, func(c *callback.Call) { c.Answered = time.Now() })
		return ended{outcome: callback.Answered, status: code}
	}
	d.regret(r)
	return ended{outcome: outcomeOf(code), status: code, reason: sentenceOf(outcomeOf(code))}
}
