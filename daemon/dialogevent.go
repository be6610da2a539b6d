package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"ringback/configs"
	"ringback/cti"
	"ringback/cti/dialogs"
	"ringback/sip/dialogevent"
)

// dialogPBX is a PBX whose dialogs are subscribed to.
type dialogPBX struct {
	config configs.DialogEvents
	sub    *dialogevent.Subscriber
	feed   *cti.Feed
	tell   *teller
	gap    func(from, to time.Time)

	mu    sync.Mutex // guards what follows
	model *dialogs.Model
	bad   map[string]error // subscriptions that are not up
	said  map[string]string
}

// openDialogEvents makes the feeds of the configuration's dialog_events.
func (d *Daemon) openDialogEvents(context.Context) error {
	for i, c := range d.config.Load().DialogEvents {
		if err := d.openDialogPBX(&c); err != nil {
			return fmt.Errorf("dialog_events[%d]: %w", i, err)
		}
	}
	d.placeDialogEvents()
	return nil
}

// placeDialogEvents tells the feeds of dialog events what the directory in force says of their PBXs.
func (d *Daemon) placeDialogEvents() {
	for _, p := range d.dialogPBXs {
		site, err := cti.NewSite(d.plan(), p.config.PBX, nil)
		if err != nil {
			d.log.Warn("what dialog events tell is left out", "err", err)
		}
		p.mu.Lock()
		p.model.SetSite(site)
		p.mu.Unlock()
	}
}

func (d *Daemon) openDialogPBX(c *configs.DialogEvents) (err error) {
	queues := map[string]string{}
	for _, pair := range c.Queues {
		hint, service, _ := strings.Cut(pair, "=")
		queues[hint] = service
	}
	peer := c.Server
	if peer == "" {
		peer = c.URIs[0]
	}
	tell := &teller{w: d.watch}
	p := &dialogPBX{
		config: *c, tell: tell, feed: cti.NewFeed(c.PBX+"/dialog", "dialog", c.PBX, peer, time.Now()),
		model: dialogs.New(dialogs.Options{Sink: tell, Queues: queues, Service: c.Service}), bad: map[string]error{}, said: map[string]string{},
		gap: func(from, to time.Time) { d.unheard(c.PBX, from, to) },
	}
	tell.feed = p.feed
	for _, u := range c.URIs {
		p.bad[u] = errNotYet
	}
	trust, err := clientTLS("", "", c.CAFile)
	if err != nil {
		return err
	}
	o := dialogevent.Options{
		URIs: c.URIs, Server: c.Server, Listen: string(c.Listen), From: c.From, User: c.User, Expires: c.Expires,
		UserAgent: "Ringback/" + d.o.Version, Logger: d.log, TLS: trust,
		Notify: p.notify, Told: p.told, Changed: func(uri string, err error) { p.changed(d, uri, err) },
	}
	if c.PasswordFile != "" {
		o.Password = secretOf(c.PasswordFile)
	}
	if p.sub, err = dialogevent.New(o); err != nil {
		return err
	}
	d.dialogPBXs = append(d.dialogPBXs, p)
	d.tellers = append(d.tellers, &toldFeed{p.feed, p.serve})
	d.log.Info("dialog events tell less than a mirror: a proxy does not tell which of several phones answered nor why nobody did, "+
		"an Asterisk neither calls that ring no phone nor numbers that agents dial; verdicts that rest on them are inferred", "feeds", c.PBX+"/dialog")
	return nil
}

var errNotYet = errors.New("not subscribed yet")

// serve keeps the subscriptions, and ends calls that have rung no phone for long.
func (p *dialogPBX) serve(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- p.sub.Serve(ctx) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			p.feed.Fall(cti.Stopped, "", time.Now())
			return err
		case now := <-tick.C:
			p.mu.Lock()
			p.tell.begin(now)
			p.model.Tick(now)
			p.mu.Unlock()
		}
	}
}

func (p *dialogPBX) notify(arrival time.Time, uri string, changes []dialogevent.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell.begin(arrival)
	p.model.Apply(arrival, uri, changes)
}

// told counts a NOTIFY. It has no time of its own.
func (p *dialogPBX) told(arrival time.Time, err error, missed bool) {
	if err != nil {
		p.feed.Bad()
		return
	}
	p.feed.Event(arrival, arrival)
	if missed {
		p.feed.Missed()
	}
}

// changed notes how a subscription is: the feed is up when all are.
func (p *dialogPBX) changed(d *Daemon, uri string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if err == nil {
		delete(p.bad, uri)
		delete(p.said, uri)
	} else {
		p.bad[uri] = err
		if p.said[uri] != err.Error() { // once, and not with every try
			p.said[uri] = err.Error()
			d.log.Warn("feed is down", "feeds", p.feed.Health().Name, "path", uri, "err", err)
		}
	}
	if len(p.bad) == 0 {
		if down := p.feed.Rise(now); !down.IsZero() {
			p.gap(down, now)
		}
		d.log.Info("feed is up", "feeds", p.feed.Health().Name)
		return
	}
	state := cti.Connecting
	for _, u := range p.config.URIs {
		if e := p.bad[u]; e != nil {
			if errors.Is(e, dialogevent.ErrRefused) {
				state = cti.Refused
			}
			err = fmt.Errorf("%s: %w", u, e)
		}
	}
	p.feed.Fall(state, err.Error(), now)
}
