package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon/outbox"
	"ringback/metrics"
	"ringback/store"
	"ringback/web"
	"ringback/web/webhook"
)

// hooks tells webhooks what happens: it reads the log of changes, puts messages for those who want them
// into the outbox together with how far it has read, and lets the outbox be emptied.
type hooks struct {
	*webhook.Hooks

	outbox *outbox.Outbox
	follow *follower
	hints  chan []outbox.Item // that are not in the outbox yet
	unput  []outbox.Item      // hints taken from there; of tellHooks' goroutine
	at     atomic.Uint64      // how far the log was read; the outbox has it too, or not yet when nobody wanted what lay between
}

// openHooks opens the outbox. What there is to tell, and whom, is known later.
func (d *Daemon) openHooks(context.Context) error {
	h := &hooks{outbox: outbox.New(d.store, outbox.Options{Scrub: web.ErasedHook}), hints: make(chan []outbox.Item, hintsAtOnce)}
	h.Hooks = webhook.New(webhook.Options{
		Outbox: h.outbox, Version: d.o.Version, Logger: d.log,
		Observe: func(a webhook.Attempt) { d.metrics.Webhook(a.Endpoint, a.Err == nil, a.Elapsed) },
		Buried:  func(endpoint string, reason webhook.Reason) { d.metrics.WebhookDead(endpoint, string(reason)) },
	})
	h.follow = d.changes.follow("webhooks", func() (store.Position, error) {
		at, _, err := h.outbox.Cursor()
		return at, err
	})
	d.hooks = h
	return nil
}

// startHooks begins to deliver to the endpoints configured, once there are metrics to tell of it.
func (d *Daemon) startHooks(ctx context.Context) error {
	endpoints, err := Endpoints(d.config.Load())
	if err != nil {
		return err
	}
	at, ok, err := d.hooks.outbox.Cursor()
	if err != nil {
		return err
	}
	if !ok {
		// What happened before there were webhooks is nobody's news. Position 1 is before the first entry.
		if err := d.store.View(func(r *store.Snapshot) error { at = max(1, store.EndOfLog(r, cases.Log)); return nil }); err != nil {
			return err
		}
		if err := d.hooks.outbox.Put(ctx, outbox.Batch{Cursor: at}); err != nil && !unwritable(err) {
			return err
		}
	}
	d.hooks.at.Store(uint64(at))
	d.hooks.Set(endpoints)
	return nil
}

// Endpoints are the webhooks of a configuration, with their secrets.
func Endpoints(c *configs.Config) ([]webhook.Endpoint, error) {
	var all []webhook.Endpoint
	var errs []error
	types := web.HookTypes()
	for _, w := range c.Webhooks {
		e := webhook.Endpoint{
			ID: w.ID, URL: w.URL, Events: w.Events, Lists: w.Lists, Allow: w.AllowNetworks, Timeout: w.Timeout, GiveUp: w.GiveUp,
		}
		var err error
		if e.Secrets, err = signingSecrets(w.SecretFiles); err == nil {
			err = e.Check(types)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("webhook %s: %w", w.ID, err))
			continue
		}
		all = append(all, e)
	}
	return all, errors.Join(errs...)
}

func signingSecrets(files []string) ([][]byte, error) {
	var all [][]byte
	for _, path := range files {
		lines, err := configs.Secrets(path)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			secret, err := webhook.ParseSecret(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, secret)
		}
	}
	return all, nil
}

// The pace of the follower.
const (
	hooksAtOnce    = 256                   // changes that are read before what they make is written
	hooksGather    = 20 * time.Millisecond // between two looks at the log
	hooksRemember  = time.Minute           // how much that nobody wanted is read again after a crash
	hooksExpire    = time.Hour             // how often old dead letters are looked for
	hooksKeep      = 30 * 24 * time.Hour   // how long dead letters are kept
	hintsAreNewFor = 5 * time.Minute       // how long a hint is worth telling
	hintsAtOnce    = 1024                  // that may wait for the disk
)

// tellHooks reads the log until ctx ends.
func (d *Daemon) tellHooks(ctx context.Context) error {
	expired, remembered := time.Time{}, time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	pause := time.NewTicker(hooksGather)
	defer pause.Stop()
	for ctx.Err() == nil {
		n, err := d.tellChanges(ctx, time.Since(remembered) > hooksRemember)
		if err = errors.Join(err, d.putHints(ctx)); err != nil && ctx.Err() == nil {
			d.complaints.log(d.log, "webhooks are not told of what happens", err)
		}
		if time.Since(remembered) > hooksRemember {
			remembered = time.Now()
		}
		if now := time.Now(); now.Sub(expired) > hooksExpire {
			expired = now
			if err := d.hooks.outbox.Expire(ctx, now.Add(-hooksKeep)); err != nil && ctx.Err() == nil {
				d.complaints.log(d.log, "old dead letters are not dropped", err)
			}
		}
		if n < hooksAtOnce || err != nil {
			select {
			case <-ctx.Done():
			case <-d.hooks.follow.wake:
			case <-tick.C:
			}
		}
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
	return nil
}

// tellChanges reads what was appended to the log and puts in what somebody wants to know, and says how
// many changes it read. remember writes how far it has read even if nobody wanted anything.
func (d *Daemon) tellChanges(ctx context.Context, remember bool) (read int, err error) {
	from := store.Position(d.hooks.at.Load())
	b := outbox.Batch{Cursor: from}
	told := map[string]bool{}
	missed := false
	var changes []logged
	err = d.store.View(func(r *store.Snapshot) error {
		missed = store.StartOfLog(r, cases.Log) > from && from > 1
		for p, entry := range store.ReadLog(r, cases.Log, from) {
			if read == hooksAtOnce {
				break
			}
			l, err := cases.DecodeLogged(entry)
			if err != nil {
				return err
			}
			changes = append(changes, logged{l, p})
			b.Cursor = p + 1
			read++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if missed {
		d.log.ErrorContext(ctx, "changes were trimmed before webhooks were told of them")
	}
	now := time.Now().UTC()
	for i := range changes {
		l := &changes[i]
		if l.Event == cases.Erased {
			b.Erased = append(b.Erased, l.Case)
		}
		wanting := d.hooks.Wanting(web.CaseHookType(l.Event), l.List)
		if len(wanting) == 0 {
			continue
		}
		m, err := d.caseMessage(l, now)
		if err != nil {
			return 0, err
		}
		for _, endpoint := range wanting {
			b.Items = append(b.Items, outbox.Item{Endpoint: endpoint, Message: m})
			told[endpoint] = true
		}
	}
	if len(b.Items)+len(b.Erased) > 0 || remember && b.Cursor != from {
		if err := d.hooks.outbox.Put(ctx, b); err != nil {
			return 0, err
		}
	}
	d.hooks.at.Store(uint64(b.Cursor))
	for endpoint := range told {
		d.hooks.Wake(endpoint)
	}
	return read, nil
}

// logged is a change with its place in the log.
type logged struct {
	cases.Logged

	at store.Position
}

// caseMessage is the message about a change. The same change gives the same id whenever it is read.
func (d *Daemon) caseMessage(l *logged, now time.Time) (webhook.Message, error) {
	id := eventID(l.Case, fmt.Sprint(l.Version), l.Event.String(), fmt.Sprint(l.At.UnixNano()), fmt.Sprint(uint64(l.at)))
	m := webhook.Message{
		ID: id, Type: web.CaseHookType(l.Event), Cases: []string{l.Case}, At: l.At.UTC(), Queued: now,
	}
	c, err := d.cases.Case(l.Case)
	switch {
	case err == nil && l.Event != cases.Erased:
		m.Body = d.web.CaseHook(id, &l.Logged, &c)
	case err == nil || errors.Is(err, cases.ErrNotFound):
		m.Body = d.web.CaseHook(id, &l.Logged, nil)
	default:
		return m, err
	}
	return m, nil
}

// eventID is an id that follows from what an event is.
func eventID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "evt_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// hookHint lets webhooks be told of a hint. It waits for nothing: it is called where the store must not be
// held up.
func (d *Daemon) hookHint(h *assist.Hint) {
	var lists, ids []string
	for i := range h.Cases {
		lists, ids = append(lists, h.Cases[i].List), append(ids, h.Cases[i].ID)
	}
	typ := web.HintHookType(h.Event)
	wanting := d.hooks.Wanting(typ, lists...)
	if len(wanting) == 0 {
		return
	}
	now := time.Now().UTC()
	id := eventID(h.Agent, h.CallID, h.Group, h.Event.String(), fmt.Sprint(h.At.UnixNano()))
	m := webhook.Message{
		ID: id, Type: typ, Cases: ids, At: h.At.UTC(), Queued: now, Stale: now.Add(hintsAreNewFor), Body: d.web.HintHook(id, h),
	}
	var items []outbox.Item
	for _, endpoint := range wanting {
		items = append(items, outbox.Item{Endpoint: endpoint, Message: m})
	}
	select {
	case d.hooks.hints <- items:
		d.hooks.follow.rouse()
	default:
		d.complaints.log(d.log, "webhooks are not told of a hint", errHintsFull)
	}
}

// errHintsFull is the error of hints that come faster than the disk takes them.
var errHintsFull = errors.New("too many hints wait for the disk")

// putHints puts hints that wait into the outbox.
func (d *Daemon) putHints(ctx context.Context) error {
	for more := len(d.hooks.unput) < hintsAtOnce; more; {
		select {
		case items := <-d.hooks.hints:
			d.hooks.unput = append(d.hooks.unput, items...)
		default:
			more = false
		}
	}
	if len(d.hooks.unput) == 0 {
		return nil
	}
	if err := d.hooks.outbox.Put(ctx, outbox.Batch{Items: d.hooks.unput}); err != nil {
		return err
	}
	for _, it := range d.hooks.unput {
		d.hooks.Wake(it.Endpoint)
	}
	d.hooks.unput = nil
	return nil
}

// webhookCounts is how webhooks fare, for metrics.
func (d *Daemon) webhookCounts() []metrics.Webhook {
	all, err := d.hooks.List()
	if err != nil {
		d.complaints.log(d.log, "how webhooks fare cannot be read", err)
	}
	var out []metrics.Webhook
	for i := range all {
		s := &all[i]
		w := metrics.Webhook{Endpoint: s.Endpoint, Pending: s.Pending, Dead: s.Dead, Disabled: !s.Disabled.IsZero()}
		if !s.Oldest.IsZero() {
			w.Age = max(time.Since(s.Oldest), 0)
		}
		out = append(out, w)
	}
	return out
}
