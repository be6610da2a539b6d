package daemon

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/queue"
	"ringback/cases/schedule"
	"ringback/configs"
	"ringback/cti"
	"ringback/daemon/dialer"
	"ringback/daemon/line"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/rtp"
	"ringback/web"
)

// openDialer makes what calls customers back, if there is an account to call at.
func (d *Daemon) openDialer(context.Context) error {
	c := d.config.Load()
	if d.endpoint == nil || len(c.Phone.Accounts) == 0 {
		return nil
	}
	announce, err := d.announcement(c)
	if err != nil {
		return err
	}
	at := map[string]configs.Account{}
	for _, a := range c.Phone.Accounts {
		at[a.PBX] = a
	}
	d.dialer = dialer.New(dialer.Options{
		Endpoint: d.endpoint, Media: d.media, Directory: d.directory, Cases: d.cases, MayCall: d.mayCall(), Logger: d.log,
		Tell: d.tellOwn, Live: d.onTheLine, Ready: d.readyFor, Changed: d.tellCases, Redirect: d.redirects,
		Offered:  func(o callback.Offering) { d.web.Events().Offered(&o, time.Now()) },
		Observe:  func(call callback.Call) { d.web.Events().Callback(&call, time.Now()) },
		Announce: announce,
		Accept:   c.Callbacks.Accept, AcceptWithin: c.Callbacks.AcceptWithin, RingAgent: c.Callbacks.RingAgent, RingCustomer: c.Phone.RingTimeout,
		LiveFirst: c.Callbacks.LiveFirst,
		Refer:     func(account string) bool { return at[account].Refer }, Direct: func(account string) bool { return at[account].Direct },
	})
	d.dial = d.dialScheduled
	return nil
}

// announcement is what agents hear: a file of their own, or what is spoken in their language, or that of the list.
func (d *Daemon) announcement(c *configs.Config) (func(*callback.Call, string) []*rtp.Clip, error) {
	if c.Callbacks.Announcement != "" {
		clip, err := soundFile(c.Callbacks.Announcement)
		if err != nil {
			return nil, fmt.Errorf("callbacks.announcement: %w", err)
		}
		return func(*callback.Call, string) []*rtp.Clip { return []*rtp.Clip{clip} }, nil
	}
	spoken, err := line.NewAnnouncement(line.AnnouncementOptions{
		Language: c.Line.Language, PromptsDir: c.Line.PromptsDir, Accept: c.Callbacks.Accept, Decline: dialer.DeclineKey(c.Callbacks.Accept), Logger: d.log,
	})
	if err != nil {
		return nil, err
	}
	ofLists := map[string]string{}
	for _, l := range c.Line.Lists {
		ofLists[l.List] = l.Language
	}
	return func(call *callback.Call, service string) []*rtp.Clip {
		prefer, err := d.people.Preferences(call.Agent)
		if err != nil {
			d.complaints.log(d.log, "what a person prefers cannot be read", err)
		}
		return spoken.Clips(line.Callback{
			Language: cmp.Or(prefer.Calls.Language, ofLists[call.List]), List: call.List, Service: service, Number: call.Number,
		})
	}, nil
}

func soundFile(path string) (*rtp.Clip, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rtp.LoadClip(f)
}

// dialScheduled is the dialler of scheduled calls.
func (d *Daemon) dialScheduled(ctx context.Context, p *schedule.Plan, n sip.Number) (code, reason string) {
	o := callback.Order{Case: p.Case, Agent: p.Agent, Device: p.Device, PINGiven: p.PIN, By: p.By, Scheduled: true}
	if p.Number != 0 {
		o.Number = n
	}
	call, err := d.dialer.Begin(ctx, &o)
	switch {
	case err != nil:
		d.complaints.log(d.log, "a scheduled call is not made", err)
		return web.Refusal(err)
	case call.Outcome == callback.Missed:
		return "device_full", call.Reason
	}
	return "", ""
}

// onTheLine is who is on the line: the live callers who wait for an agent, and the agents who ring, dial or talk.
func (d *Daemon) onTheLine() dialer.Live {
	b := d.watch.board()
	live := dialer.Live{Busy: make(map[string]bool, len(b.Desks))}
	for _, l := range b.Lines {
		live.Waiting = append(live.Waiting, queue.Caller{Service: l.Call.Service, Since: l.Since})
	}
	for agent := range b.Desks {
		live.Busy[agent] = true
	}
	return live
}

// readyFor is what an agent wants to be offered, and whether he sees it.
func (d *Daemon) readyFor(agent string) dialer.Ready {
	prefer, err := d.people.Preferences(agent)
	if err != nil {
		d.complaints.log(d.log, "what a person prefers cannot be read", err)
		return dialer.Ready{}
	}
	if prefer.Calls.Paused {
		return dialer.Ready{}
	}
	lists, err := d.people.Active(agent)
	if err != nil {
		d.complaints.log(d.log, "what a person prefers cannot be read", err)
	}
	return dialer.Ready{Lists: lists, App: d.web.Events().Present(agent), Device: prefer.Calls.Device}
}

// offerAnew has the dialler look at what changed, which may be to be offered, or no longer.
func (d *Daemon) offerAnew(ch *cases.Change) {
	if d.dialer != nil {
		d.dialer.Changed(ch.Case.List)
	}
}

// stopDialer ends the calls of ours while what is told of them is still taken in.
func (d *Daemon) stopDialer() {
	if d.dialer != nil {
		d.dialer.Close()
	}
}

// runDialer lets callbacks begin that waited for live callers.
func (d *Daemon) runDialer(ctx context.Context) error {
	if d.dialer == nil {
		return nil
	}
	return every(ctx, expireEvery, func(now time.Time) error { d.dialer.Step(now); return nil })
}

// dialling is the dialler as the web knows it; nil where there is none.
func (d *Daemon) dialling() web.Dialler {
	if d.dialer == nil {
		return nil
	}
	return d.dialer
}

// tellOwn begins the account of a call of ours that an agent makes. Nobody knows it better, so that it does not wait
// for the mirror: where that shows the call as well, it is the call that was told.
func (d *Daemon) tellOwn(pbx, callID string, c callback.Call, a *directory.Agent) dialer.Telling {
	site, err := cti.NewSite(d.plan(), pbx, nil)
	if err != nil {
		d.log.Warn("a call of our own is not watched", "pbx", pbx, "err", err)
		return nil
	}
	d.journeys.makes(callID, ownCall{device: c.Device, shown: c.Shown})
	device := c.Device
	if len(a.Extensions) > 0 {
		device = a.Extensions[0] // whichever rings, it is he who calls
	}
	return ownLeg{cti.NewLeg(site, ownSink{d.watch}, callID, callID, cti.FromAgent, cti.Party{Endpoint: device, From: device, To: c.Number.String()})}
}

// ownLeg is a leg of ours as the watch is told of it.
type ownLeg struct{ *cti.Leg }

// End implements dialer.Telling.
func (l ownLeg) End(at time.Time, byCustomer bool, statusCode int) {
	by := cti.Inviting
	if byCustomer || statusCode >= 300 {
		by = cti.Invited
	}
	l.Leg.End(at, cti.Ending{By: by, Cause: -1, Status: statusCode})
}

// ownSink hands what is told of our own calls to the watch, at once.
type ownSink struct{ w *watch }

// Message implements cti.Sink.
func (s ownSink) Message(m cti.Told) {
	defer s.w.told()
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.tracker.Expire(m.At.UnixNano(), s.w.emit)
	s.w.cause = m.At
	s.w.toldMessage(&telling{told: m, arrival: m.At})
}

// Link implements cti.Sink.
func (s ownSink) Link(_ time.Time, caller, callee string) {
	defer s.w.told()
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.tracker.Link(caller, callee, s.w.emit)
}

// Fact implements cti.Sink.
func (s ownSink) Fact(f sip.Fact) {
	defer s.w.told()
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.tracker.Tell(&f, s.w.emit)
}
