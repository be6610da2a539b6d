package daemon

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/directory/people"
	"ringback/sip"
	"ringback/store"
	"ringback/web"
	"ringback/web/push"
)

// pusher tells people by web push: it reads the log of changes, puts a notice in for everybody who may
// have to be told together with how far it has read, and sends what waits. Whether somebody is told is
// decided when the notice is sent: a case that somebody took by then is no news.
type pusher struct {
	*pushes

	sender *push.Sender
	follow *follower
	hints  chan assist.Hint
	number bool // messages say the customer's number
}

// The pace of web push, and when it gives up.
const (
	pushAtOnce   = 256
	pushHints    = 256
	pushTries    = 6
	pushFirst    = 2 * time.Second // after the first failure; then twice as long each time
	pushNewFor   = time.Hour       // how long a new case is news
	pushDueFor   = time.Hour       // how long that a case is due is
	pushLookEach = time.Minute     // at the latest
)

// openPush makes the pusher and its keys. It is called when the store may be written.
func (d *Daemon) openPush(ctx context.Context) error {
	c := d.config.Load().Push
	keys, err := d.push.keys(ctx)
	if err != nil && !unwritable(err) {
		return err
	}
	contact := c.Contact
	if contact == "" {
		contact = d.config.Load().Web.URL
	}
	var allow []netip.Prefix
	allow = append(allow, c.AllowNetworks...)
	d.push.sender = push.NewSender(push.Options{Keys: keys, Contact: contact, Allow: allow, HTTP: d.o.PushHTTP})
	d.push.number = c.ShowNumber
	d.push.hints = make(chan assist.Hint, pushHints)
	at, err := d.push.cursor()
	if err != nil || at != 0 {
		return err
	}
	// What happened before there was web push is nobody's news. Position 1 is before the first entry.
	if err := d.store.View(func(r *store.Snapshot) error { at = max(1, store.EndOfLog(r, cases.Log)); return nil }); err != nil {
		return err
	}
	if err := d.push.put(ctx, queued{Cursor: at}); err != nil && !unwritable(err) {
		return err
	}
	return nil
}

// tellPushes works until ctx ends.
func (d *Daemon) tellPushes(ctx context.Context) error {
	defer d.push.sender.Close()
	trouble := func(err error) {
		if err != nil && ctx.Err() == nil {
			d.complaints.log(d.log, "people are not told by web push", err)
		}
	}
	for ctx.Err() == nil {
		read, err := d.readPushes(ctx)
		trouble(err)
		next, err := d.sendWaiting(ctx)
		trouble(err)
		pause := pushLookEach
		if !next.IsZero() {
			pause = min(pause, max(time.Until(next), 100*time.Millisecond))
		}
		if read == pushAtOnce {
			pause = 0
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case h := <-d.push.hints:
			d.pushHint(ctx, &h)
		case <-d.push.follow.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// readPushes reads on in the log of changes, and puts in whom each may concern.
func (d *Daemon) readPushes(ctx context.Context) (read int, err error) {
	from, err := d.push.cursor()
	if err != nil {
		return 0, err
	}
	q := queued{Cursor: from}
	var changed []cases.Logged
	err = d.store.View(func(r *store.Snapshot) error {
		for p, entry := range store.ReadLog(r, cases.Log, from) {
			if read == pushAtOnce {
				break
			}
			l, err := cases.DecodeLogged(entry)
			if err != nil {
				return err
			}
			changed, q.Cursor = append(changed, l), p+1
			read++
		}
		return nil
	})
	if err != nil || read == 0 {
		return read, err
	}
	for i := range changed {
		more, err := d.noticesOf(&changed[i])
		if err != nil {
			return read, err
		}
		q.Notices = append(q.Notices, more...)
	}
	return read, d.push.put(ctx, q)
}

// noticesOf are the notices that a change may call for. Only a customer who was missed is news, not what
// people do about him.
func (d *Daemon) noticesOf(l *cases.Logged) ([]notice, error) {
	list, ok := d.directory().List(l.List)
	if !ok || !list.Policy.Notifications {
		return nil, nil
	}
	c, err := d.cases.Case(l.Case)
	if errors.Is(err, cases.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, missed := sip.ParseReason(l.Reason)
	again := l.Event == cases.Reopened && missed && l.Call != "" && l.Agent == ""
	var all []notice
	if (l.Event == cases.Opened && c.Channel != cases.ChannelImport || again) && time.Since(l.At) < pushNewFor {
		for _, agent := range list.Members {
			if told, err := d.push.of(agent); err != nil || len(told) == 0 {
				continue
			}
			all = append(all, notice{Format: pushFormat, Kind: push.NewCase, Person: agent, Case: l.Case, At: l.At, Next: l.At})
		}
	}
	if c.State == cases.Open && c.Assignee != "" && c.Due.After(l.At) {
		all = append(all, notice{Format: pushFormat, Kind: push.Due, Person: c.Assignee, Case: c.ID, At: c.Due, Next: c.Due})
	}
	return all, nil
}

// sendWaiting sends what may be sent now, and says when there is more.
func (d *Daemon) sendWaiting(ctx context.Context) (next time.Time, err error) {
	ready, next, err := d.push.waiting(time.Now(), pushAtOnce)
	if err != nil {
		return next, err
	}
	for i := range ready {
		n := &ready[i]
		again, err := d.sendNotice(ctx, n)
		if err != nil || ctx.Err() != nil {
			return next, err
		}
		if again.IsZero() {
			err = d.push.done(ctx, *n)
		} else {
			n.Next = again
			n.Tries++
			err = d.push.put(ctx, queued{Notices: []notice{*n}})
			if next.IsZero() || again.Before(next) {
				next = again
			}
		}
		if err != nil {
			return next, err
		}
	}
	return next, nil
}

// sendNotice tells a person if he still is to be told, and says when to try again; zero: it is done.
func (d *Daemon) sendNotice(ctx context.Context, n *notice) (again time.Time, err error) {
	now := time.Now()
	c, err := d.cases.Case(n.Case)
	if errors.Is(err, cases.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	list, _ := d.directory().List(c.List)
	p, err := d.pushPerson(n.Person)
	if err != nil {
		return time.Time{}, err
	}
	newFor := map[push.Kind]time.Duration{push.NewCase: pushNewFor, push.Due: pushDueFor}[n.Kind]
	why := push.Decide(n.Kind, &c, list, p, n.At, now)
	if now.Sub(n.At) > newFor {
		why = push.Over
	}
	if why != push.Told {
		d.metrics.Push(string(n.Kind), string(why))
		return time.Time{}, nil
	}
	m := push.Message{Kind: n.Kind, Case: c.ID, List: c.List, ListName: list.Name, Reason: c.Reason.String(), Path: "/cases/" + c.ID, Tag: "case-" + c.ID, At: n.At}
	if d.push.number && c.Number != 0 {
		m.Number = c.Number.String()
	}
	return d.sendTo(ctx, n.Person, &m, n.Tries)
}

// pushPerson is who may be told.
func (d *Daemon) pushPerson(id string) (*push.Person, error) {
	prefer, err := d.people.Preferences(id)
	if err != nil {
		return nil, err
	}
	active, err := d.people.Active(id)
	return &push.Person{ID: id, Active: active, Notify: prefer.Notify}, err
}

// sendTo sends a message to all browsers of a person, and says when to try again where none took it and one
// may; zero: never.
func (d *Daemon) sendTo(ctx context.Context, person string, m *push.Message, tries int) (again time.Time, err error) {
	all, err := d.push.of(person)
	if err != nil {
		return time.Time{}, err
	}
	if !d.mayLogIn(person) {
		all = nil
	}
	delivered, wait := false, time.Duration(-1)
	for i := range all {
		err := d.push.sender.Send(ctx, &all[i], m)
		later, isLater := errors.AsType[*push.LaterError](err)
		switch {
		case err == nil:
			delivered = true
			d.metrics.Push(string(m.Kind), "delivered")
		case errors.Is(err, push.ErrGone):
			d.metrics.Push(string(m.Kind), "gone")
			if err := d.push.unsubscribe(ctx, person, all[i].ID); err != nil {
				return time.Time{}, err
			}
		case isLater:
			d.metrics.Push(string(m.Kind), "failed")
			wait = max(wait, later.Wait, pushFirst<<tries)
			d.complaints.log(d.log, "a push service takes no message just now", err)
		default:
			d.metrics.Push(string(m.Kind), "refused")
			d.complaints.log(d.log, "a push service refuses messages", err)
		}
	}
	if delivered || wait < 0 || tries+1 >= pushTries {
		return time.Time{}, nil
	}
	return time.Now().Add(wait), nil
}

// mayLogIn says whether a person may still come in: who was shut out is told nothing.
func (d *Daemon) mayLogIn(id string) bool {
	a, err := d.people.Account(id, time.Now())
	return err == nil && a.State == people.Active
}

// tellPushHint lets the agent of a hint be told. It waits for nothing.
func (d *Daemon) tellPushHint(h *assist.Hint) {
	if h.Event != assist.Raised || d.push.hints == nil {
		return
	}
	select {
	case d.push.hints <- *h:
	default:
		d.metrics.Push(string(push.Hint), "failed")
	}
}

func (d *Daemon) pushHint(ctx context.Context, h *assist.Hint) {
	p, err := d.pushPerson(h.Agent)
	if err != nil || len(h.Cases) == 0 {
		return
	}
	if why := push.DecideHint(p, time.Now()); why != push.Told {
		d.metrics.Push(string(push.Hint), string(why))
		return
	}
	c := &h.Cases[0]
	m := push.Message{Kind: push.Hint, Case: c.ID, List: c.List, Reason: c.Reason.String(), Path: "/cases/" + c.ID, Tag: "hint-" + h.CallID, At: h.At}
	if list, ok := d.directory().List(c.List); ok {
		m.ListName = list.Name
	}
	if d.push.number && h.Number != 0 {
		m.Number = h.Number.String()
	}
	if _, err := d.sendTo(ctx, h.Agent, &m, pushTries); err != nil { // it is over before it could be tried again
		d.complaints.log(d.log, "people are not told by web push", err)
	}
}

// webPush is what the API does for people who want to be told.
func (d *Daemon) webPush() *web.Push {
	return &web.Push{
		Key: d.push.sender.Public(),
		Of:  d.push.of,
		Subscribe: func(ctx context.Context, s push.Subscription) (push.Subscription, error) {
			s, err := push.Subscribe(s, d.push.sender.Allow())
			if err != nil {
				return s, err
			}
			return s, d.push.subscribe(ctx, s)
		},
		Unsubscribe: d.push.unsubscribe,
		Try: func(ctx context.Context, person, id string) error {
			all, err := d.push.of(person)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(all, func(s push.Subscription) bool { return s.ID == id })
			if i < 0 {
				return web.ErrNoSubscription
			}
			err = d.push.sender.Send(ctx, &all[i], &push.Message{Kind: push.Trial, Path: "/", Tag: "test", At: time.Now().UTC()})
			if errors.Is(err, push.ErrGone) {
				return errors.Join(err, d.push.unsubscribe(ctx, person, id))
			}
			return err
		},
	}
}
