package dialer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/maycall"
	"ringback/cases/queue"
	"ringback/directory"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// Options are what a Dialer works with; of those from Accept on, zero fields take the defaults named beside them.
type Options struct {
	Endpoint  *phone.Endpoint
	Media     *rtp.Host
	Directory func() *directory.Directory // in force
	Cases     *cases.Cases
	MayCall   *maycall.Checker
	Logger    *slog.Logger

	// Tell begins the watch's account of a call that an agent makes; nil where the watch does not know the PBX.
	Tell func(pbx, callID string, c callback.Call, agent *directory.Agent) Telling
	// Live says who is on the line: it matters to callbacks that nobody waits for at a screen. nil: nobody is.
	Live func() Live
	// Ready says on which lists an agent takes callbacks just now, and where; nil: callbacks are offered to nobody.
	Ready func(agent string) Ready
	// Offered is told of what is offered in the app. It must not block.
	Offered func(callback.Offering)
	// Changed is told of what became of cases, Observe of every step of a call. They must not block.
	Changed func([]cases.Change)
	Observe func(callback.Call)

	// Announce is what an agent hears of the customer whom he will be connected with; nil: a beep.
	Announce func(c *callback.Call, service string) []*rtp.Clip

	// Redirect says whether a customer whose calls are forwarded (3xx) may be called there; nil: no.
	Redirect func(list, account string, to phone.Party) bool

	Accept       string                    // the key that takes a call; "any" key; "none" is needed: any. [DeclineKey] does not
	AcceptWithin time.Duration             // he has taken it: 20 s
	RingAgent    time.Duration             // his device: 30 s
	RingCustomer time.Duration             // 60 s
	LiveFirst    time.Duration             // a live caller who waited longer than this goes before scheduled and offered callbacks: 0
	PerDevice    int                       // callbacks at a time: 2
	Refer        func(account string) bool // whether a PBX joins the two itself; nil: none does
	Direct       func(account string) bool // whether their sound goes straight between them; nil: nowhere
	PBX          func() string             // the account to call at; nil: the first
}

// Live is who is on the line at one moment.
type Live struct {
	Waiting []queue.Caller  // with nobody
	Busy    map[string]bool // agents who ring, dial or talk
}

// Ready is what an agent is ready for.
type Ready struct {
	Lists  []string // that he is active on
	App    bool     // he is logged in to the app and sees what is offered
	Device string   // that he wants to be rung; empty: his first
}

// Telling is the watch's account of one leg; cti.Leg keeps it.
type Telling interface {
	Invite(at time.Time)
	Ring(at time.Time)
	Answer(at time.Time)
	// End says that the leg is over: by whom, and the status code that ended it, 0 for none.
	End(at time.Time, byCustomer bool, statusCode int)
}

// Dialer makes callback calls. It is safe for concurrent use.
type Dialer struct {
	o    Options
	ctx  context.Context // of all calls
	stop context.CancelCauseFunc
	wg   sync.WaitGroup

	mu    sync.Mutex
	queue *queue.Queue
	runs  map[string]*run // by case; those that are over stay for a while
	pool  pool

	changed sync.Map // lists whose cases may be others than the pool has
}

// Why calls end that nobody hung up.
var (
	errCancelled = errors.New("dialer: cancelled")
	errStopped   = errors.New("dialer: stopped")
	errAgentGone = errors.New("dialer: the agent has hung up")
	errOvertaken = errors.New("dialer: somebody else calls the customer")
)

// New makes a dialler. Whoever makes it closes it before its endpoint.
func New(o Options) *Dialer {
	o.Accept = cmp.Or(o.Accept, "any")
	o.AcceptWithin = cmp.Or(o.AcceptWithin, 20*time.Second)
	o.RingAgent = cmp.Or(o.RingAgent, 30*time.Second)
	o.RingCustomer = cmp.Or(o.RingCustomer, time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Dialer{o: o, runs: map[string]*run{}, queue: queue.New(queue.Options{PerDevice: o.PerDevice, LiveFirst: o.LiveFirst}), pool: newPool()}
	d.ctx, d.stop = context.WithCancelCause(context.Background())
	return d
}

// Close ends all calls, cleanly, and returns when what became of them was told.
func (d *Dialer) Close() {
	d.mu.Lock()
	d.stop(errStopped)
	var waiting []*run
	for _, r := range d.runs {
		if r.call.State == callback.Queued {
			waiting = append(waiting, r)
		}
	}
	d.mu.Unlock()
	for _, r := range waiting {
		d.giveUp(r, callback.Stopped)
	}
	d.wg.Wait()
}

// Choices are the devices of an agent that can be rung: extensions, addresses, mobiles.
func Choices(a *directory.Agent) []callback.Choice {
	all := []callback.Choice{}
	for _, x := range a.Extensions {
		all = append(all, callback.Choice{ID: x, Kind: "extension"})
	}
	for _, u := range a.AORs {
		all = append(all, callback.Choice{ID: string(u), Kind: "address"})
	}
	for _, n := range a.Mobiles {
		all = append(all, callback.Choice{ID: n.String(), Kind: "mobile"})
	}
	return all
}

// Offer says whether an agent can have callback calls, and with what.
func (d *Dialer) Offer(agent string) callback.Offer {
	o := callback.Offer{Devices: []callback.Choice{}, Under: d.Under(agent)}
	if a, known := d.o.Directory().Agent(agent); known {
		o.Devices = Choices(a)
	}
	_, reachable := d.account()
	switch {
	case len(o.Devices) == 0:
		o.Code, o.Reason = "no_device", "You have no telephone here: an admin can give you one in the directory."
	case !reachable:
		o.Code, o.Reason = "unreachable", "The telephone exchange cannot be reached just now."
	}
	return o
}

// account is the account to call at, and whether it can be called at just now.
func (d *Dialer) account() (name string, reachable bool) {
	want := ""
	if d.o.PBX != nil {
		want = d.o.PBX()
	}
	for _, a := range d.o.Endpoint.Accounts() {
		if want != "" && a.Name != want {
			continue
		}
		return a.Name, (a.Registered || !a.Register) && (a.Reachable || a.Since.IsZero())
	}
	return "", false
}

// Under are an agent's callback calls that are not over, the first first.
func (d *Dialer) Under(agent string) []callback.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []callback.Call{}
	for _, r := range d.runs {
		if r.call.Agent == agent && r.call.State != callback.Over {
			all = append(all, r.shown())
		}
	}
	slices.SortFunc(all, func(a, b callback.Call) int { return cmp.Or(a.Begun.Compare(b.Begun), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Of is the callback call of a case, the latest of the last minutes; ErrNone where there is none.
func (d *Dialer) Of(id string) (callback.Call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok := d.runs[id]; ok {
		return r.shown(), nil
	}
	return callback.Call{}, callback.ErrNone
}

// Cancel ends the callback call of a case, however far it is. The error is ErrNone where there is none.
func (d *Dialer) Cancel(id string) error {
	d.mu.Lock()
	r, ok := d.runs[id]
	if !ok || r.call.State == callback.Over {
		d.mu.Unlock()
		return callback.ErrNone
	}
	waits := r.call.State == callback.Queued
	r.cancel(errCancelled)
	d.mu.Unlock()
	if waits {
		d.giveUp(r, callback.Cancelled)
	}
	return nil
}

// Begin takes an order: the agent has the case then, and his device rings, at once or when its turn comes. Without a call
// the error is ErrOff, ErrDevice, ErrUnderWay, ErrGone, ErrNumber, a *callback.Blocked, or one of the cases. A call for a
// device that has as many as it takes is over at once, as missed, and the case stays as it is.
func (d *Dialer) Begin(ctx context.Context, o *callback.Order) (callback.Call, error) {
	c, err := d.o.Cases.Case(o.Case)
	if err != nil {
		return callback.Call{}, err
	}
	r := &run{order: *o, call: callback.Call{
		ID: newID(), Case: c.ID, List: c.List, Agent: o.Agent, Number: cmp.Or(o.Number, c.Number), Begun: time.Now(), State: callback.Queued,
	}}
	dir := d.o.Directory()
	r.service, r.call.Shown = shown(dir, &c)
	if r.call.Device, err = d.device(dir, o); err != nil {
		return callback.Call{}, err
	}
	if err := d.may(&c, r, maycall.Question{PIN: o.PIN, Who: o.Who, PINGiven: o.PINGiven, Dialled: o.Dialled, Supervises: o.Supervises}); err != nil {
		return callback.Call{}, err
	}
	if r.call.Number == 0 {
		return callback.Call{}, callback.ErrNumber
	}
	if err := d.reserve(r); err != nil {
		return callback.Call{}, err
	}
	if r.call.Outcome == callback.Missed {
		d.observe(r)
		return d.Of(o.Case)
	}
	if err := d.claim(ctx, r, &c); err != nil {
		d.forget(r)
		return callback.Call{}, err
	}
	d.observe(r)
	d.Step(time.Now())
	return d.Of(o.Case)
}

// newID names a call.
func newID() string { return strings.ToLower(rand.Text()[:16]) }

// device is the device of an order.
func (d *Dialer) device(dir *directory.Directory, o *callback.Order) (string, error) {
	if d.ctx.Err() != nil {
		return "", callback.ErrOff
	}
	a, known := dir.Agent(o.Agent)
	if !known {
		return "", callback.ErrDevice
	}
	all := Choices(a)
	switch {
	case len(all) == 0:
		return "", callback.ErrDevice
	case o.Device == "":
		return all[0].ID, nil
	case !slices.ContainsFunc(all, func(c callback.Choice) bool { return c.ID == o.Device }):
		return "", callback.ErrDevice
	}
	return o.Device, nil
}

// shown is the service that a case is of, and the number of it that the customer is shown.
func shown(dir *directory.Directory, c *cases.Case) (service, number string) {
	ids := []string{c.Service}
	if l, known := dir.List(c.List); known {
		ids = append(ids, l.Services...)
	}
	for _, id := range ids {
		s, known := dir.Service(id)
		if !known {
			continue
		}
		for _, p := range s.Numbers {
			if !p.Wildcard {
				return id, p.String()
			}
		}
	}
	return c.Service, ""
}

// may asks whether the customer may be called now; the error is a *callback.Blocked.
func (d *Dialer) may(c *cases.Case, r *run, q maycall.Question) error {
	q.At, q.Agent = time.Now(), r.call.Agent
	if r.call.Number != c.Number || q.Dialled != "" {
		q.Number = r.call.Number
	}
	if q.Dialled != "" {
		q.Number = 0
	}
	a, err := d.o.MayCall.Case(c, q)
	switch {
	case err != nil:
		return err
	case a.Blocked():
		return &callback.Blocked{Answer: a, Number: r.call.Number}
	}
	return nil
}

// reserve puts a call in the queue, if the customer is not being called. Who wants to call him goes before those to whom he
// is only offered.
func (d *Dialer) reserve(r *run) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return callback.ErrOff
	}
	if old, ok := d.runs[r.call.Case]; ok && !old.yields() {
		return callback.ErrUnderWay
	}
	at := r.call.Begun
	if r.order.Offered {
		asked, still := d.take(r.call.Case, r.call.Agent)
		if !still {
			return callback.ErrGone
		}
		at = asked
	}
	d.overtake(r)
	defer d.Changed(r.call.List) // without a call the case may be offered again
	r.begin(d.ctx)
	switch d.queue.Add(queue.Request{
		Case: r.call.Case, Customer: r.call.Number.String(), Service: r.service, List: r.call.List, At: at, Agent: r.call.Agent, Device: r.call.Device,
	}) {
	case queue.Missed:
		r.call.State, r.call.Outcome, r.call.Ended = callback.Over, callback.Missed, r.call.Begun
		r.call.Reason = "Your telephone has two callbacks already: one under way, one waiting."
		r.cancel(errCancelled)
	case queue.Again:
		return callback.ErrUnderWay
	case queue.Queued:
		r.held = true
	}
	for id, old := range d.runs { // what is over is not looked for any more
		if old.call.State == callback.Over && r.call.Begun.Sub(old.call.Ended) > kept {
			delete(d.runs, id)
		}
	}
	d.runs[r.call.Case] = r
	return nil
}

// kept is for how long a call that is over can be asked for.
const kept = 10 * time.Minute

// claim gives the case to the agent, with the number that was found to be right.
func (d *Dialer) claim(ctx context.Context, r *run, c *cases.Case) error {
	o := &r.order
	act := cases.Act{Case: c.ID, Agent: r.call.Agent, At: time.Now(), By: o.By, Peer: o.Peer, Supervises: o.Supervises, Version: o.Version}
	if c.Assignee != r.call.Agent {
		if err := d.do(ctx, act, "/claim", r, cases.Assign{To: r.call.Agent, From: c.Assignee}); err != nil {
			return err
		}
		act.Version = 0
	}
	if !o.Verify {
		return nil
	}
	edit := cases.Edit{Fields: map[string]string{}}
	maps.Copy(edit.Fields, c.Fields)
	edit.Fields[Verified] = r.call.Number.String()
	if r.call.Number != c.Number {
		edit.Number = &r.call.Number
	}
	return d.do(ctx, act, "/verify", r, edit)
}

// Verified is the field of a case that says which number an agent found to be the customer's.
const Verified = "verified_number"

// do does something to the case, for the agent.
func (d *Dialer) do(ctx context.Context, a cases.Act, suffix string, r *run, deed cases.Deed) error {
	a.ID = "callback/" + r.call.ID + suffix
	done, err := d.o.Cases.Do(ctx, a, deed)
	if err == nil && d.o.Changed != nil {
		d.o.Changed(done.Changes)
	}
	return err
}

// forget takes a call out that did not come about.
func (d *Dialer) forget(r *run) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.release(r)
	if d.runs[r.call.Case] == r {
		delete(d.runs, r.call.Case)
	}
	d.Changed(r.call.List)
}

// release gives the place in the queue back; mu is held.
func (d *Dialer) release(r *run) {
	if r.held {
		d.queue.Done(r.call.Case)
		r.held = false
	}
}

// giveUp ends a call that still waits.
func (d *Dialer) giveUp(r *run, o callback.Outcome) {
	d.mu.Lock()
	if r.call.State != callback.Queued {
		d.mu.Unlock()
		return
	}
	d.release(r)
	r.call.State, r.call.Outcome, r.call.Ended = callback.Over, o, time.Now()
	d.mu.Unlock()
	r.cancel(errCancelled)
	d.observe(r)
}

// observe tells how a call is.
func (d *Dialer) observe(r *run) {
	d.mu.Lock()
	c := r.shown()
	d.mu.Unlock()
	d.o.Logger.Info("a callback call goes on", "call_id", c.ID, "case_id", c.Case, "agent", c.Agent, "state", string(c.State), "reason", string(c.Outcome), "status_code", c.StatusCode)
	if d.o.Observe != nil {
		d.o.Observe(c)
	}
}
