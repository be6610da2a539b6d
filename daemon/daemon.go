package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/directory"
	"ringback/metrics"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/phone"
	"ringback/store"
	"ringback/web"
)

// Options say how a Daemon runs. Config is required.
type Options struct {
	Config *configs.Config
	// Load reads the configuration again, for Reload; nil: only files it names are read again.
	Load              func() (*configs.Config, error)
	Version, Revision string
	Logger            *slog.Logger
	Level             *slog.LevelVar // the logger's, so that Reload can change it
	// Observe, when set, is told of every event and what came of it, in order. It must not block.
	Observe func(ev *sip.Event, changes []cases.Change, hints []assist.Hint)
	// Outcome, when set, is told of every hint's way to a phone. It must not block.
	Outcome func(assist.Outcome)
}

// Daemon is a running Ringback: everything New opened, until Run returns.
type Daemon struct {
	o      Options
	log    *slog.Logger
	config atomic.Pointer[configs.Config]
	began  time.Time

	store    *store.Store
	versions *directory.Versions
	behind   *behind
	dir      atomic.Pointer[inForce]
	cases    *cases.Cases
	assist   *assist.Assist
	phone    *phone.Phone // nil: hints do not go to phones
	delivery *assist.Delivery
	metrics  *metrics.Metrics
	web      *web.Server
	tokens   *web.Tokens

	watch *watch
	queue *eventQueue
	flow  *flow
	feeds []*feed
	tap   *capture.Tap

	api, admin, socket net.Listener
	reloading          sync.Mutex
	blind              blindness
	complaints         complaints
	latency            latency
}

// inForce is the directory in force and its version.
type inForce struct {
	*directory.Directory
	version uint64
}

// New opens all that a daemon needs: store, directory, live calls of before, phones, feeds, sockets.
// When it fails, what it had opened is closed again.
func New(ctx context.Context, o Options) (_ *Daemon, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{o: o, log: o.Logger, began: time.Now(), queue: newEventQueue()}
	d.config.Store(o.Config)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	for _, open := range []func(context.Context) error{
		d.openStore, d.openDirectory, d.openPhone, d.openWatch, d.openWeb, d.openFeeds,
	} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Daemon) openStore(context.Context) (err error) {
	c := d.config.Load()
	d.store, err = store.Open(store.Options{
		Dir: filepath.Join(c.DataDir, "store"), Window: c.Store.CommitWindow, Reserve: int64(c.Store.DiskReserve), Logger: d.log,
		Observe: func(done store.Commit) {
			if d.metrics != nil {
				d.metrics.Committed(done.Commands, done.Elapsed, done.Err)
			}
		},
	})
	if err != nil {
		return err
	}
	d.versions = directory.NewVersions(d.store)
	d.behind = newBehind(d.store)
	d.assist = assist.New(assist.Options{Directory: d.directory, Note: d.lastNote, MaxCall: c.Tracker.MaxCall + time.Hour})
	d.cases, err = cases.New(d.store, d.directory, cases.Options{Logger: d.log})
	return err
}

func (d *Daemon) directory() *directory.Directory { return d.dir.Load().Directory }

func (d *Daemon) openDirectory(context.Context) error {
	f, v, err := d.versions.Load()
	if err != nil {
		return err
	}
	dir, err := directory.New(f)
	if err != nil {
		return err
	}
	d.dir.Store(&inForce{dir, v.Number})
	if v.Number == 0 {
		d.log.Warn("the directory is empty: no service is known, so no case can open; import one with `ringback directory import FILE.yaml`")
	}
	return nil
}

func (d *Daemon) openPhone(context.Context) error {
	c := d.config.Load().Hints
	if !c.Enabled {
		return nil
	}
	tlsConfig, err := clientTLS(c.TLSCertFile, c.TLSKeyFile, c.TLSCAFile)
	if err != nil {
		return err
	}
	d.phone, err = phone.New(phone.Options{
		ListenUDP: addresses(c.UDP), ListenTCP: addresses(c.TCP), ListenTLS: addresses(c.TLS),
		From: c.From, DisplayName: c.DisplayName, OutboundProxy: c.Proxy,
		Username: c.User, PasswordFile: c.PasswordFile, Timeout: c.Timeout,
		UserAgent: "Ringback/" + d.o.Version, TLS: tlsConfig, Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.delivery = assist.NewDelivery(assist.DeliveryOptions{
		Directory: d.directory, Phone: func(string) *phone.Phone { return d.phone },
		GiveUp: c.Deadline, Outcome: d.outcome, Logger: d.log,
	})
	return nil
}

func addresses(list []configs.Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = string(a)
	}
	return out
}

// plan is the directory's plan with our own addresses, whose traffic in the mirror is ours.
func (d *Daemon) plan() *sip.Plan {
	p := *d.directory().Plan()
	own := func(a netip.AddrPort) {
		if a.IsValid() && !a.Addr().IsUnspecified() {
			p.Own = append(p.Own, sip.Host{Net: netip.PrefixFrom(a.Addr(), a.Addr().BitLen()), Port: a.Port()})
		}
	}
	for _, a := range d.config.Load().OwnAddresses {
		own(a)
	}
	if d.phone != nil {
		for _, a := range d.phone.Addrs() {
			own(a)
		}
	}
	return &p
}

func (d *Daemon) openWatch(ctx context.Context) error {
	var err error
	d.watch, err = newWatch(d.plan(), TrackerOptions(d.config.Load().Tracker), d.queue.put)
	if err != nil {
		return err
	}
	d.watch.told = d.queue.wake
	if d.delivery != nil {
		d.watch.mirrored = func(m *sip.Message) { d.delivery.Mirrored(m) }
	}
	d.flow = &flow{cases: d.cases, assist: d.assist, tell: d.told}
	records, bad, seen, err := d.behind.restore(d.watch)
	if err != nil {
		return err
	}
	if bad > 0 {
		d.log.Warn("live calls of before could not be read and are lost", "count", bad)
	}
	if now := time.Now(); !seen.IsZero() && now.After(seen) {
		// A disk that is full is no reason not to watch: agents get their hints, and cases wait.
		if err := d.behind.blind(ctx, seen, now); err != nil && !unwritable(err) {
			return err
		}
		d.log.Info("watch resumed; nothing was seen in between", "count", records-bad, "from", seen, "to", now)
	}
	return d.blind.load(d.behind)
}

// resume tells the cases which calls of before are still on the line; it runs before any feed does.
func (d *Daemon) resume(ctx context.Context) error {
	now := time.Now()
	changes, err := d.cases.Resume(ctx, d.watch.live(math.MaxInt), now)
	d.tellCases(changes)
	if unwritable(err) {
		return nil
	}
	return err
}

// TrackerOptions are the tracker's times and limits as configured.
func TrackerOptions(c configs.Tracker) sip.Options {
	return sip.Options{
		Settle: c.Settle, ServedAfter: c.ServedAfter, HoldDrop: c.HoldDrop, ShortAfter: c.ShortAfter,
		Lost: c.Lost, MaxWait: c.MaxWait, MaxCall: c.MaxCall, Drop127: c.Drop127,
		MaxCalls: c.MaxCalls, MaxBindings: c.MaxBindings,
	}
}

// told is told of every event and what came of it, after the cases are on the disk, in order.
func (d *Daemon) told(t told) {
	if t.err != nil {
		d.complaints.log(d.log, "an event could not be applied to the cases", t.err)
	}
	if !t.late {
		d.metrics.Call(t.ev)
		d.web.Events().Call(t.ev)
	}
	d.tellCases(t.changes)
	d.tellHints(t.hints, t.arrival)
	if !t.late && t.ev.Kind == sip.CallEnded && t.ev.Call.Direction == sip.Inbound {
		d.metrics.Decided(time.Since(t.arrival))
	}
	if d.o.Observe != nil {
		d.o.Observe(t.ev, t.changes, t.hints)
	}
}

// tellCases counts and publishes what became of cases.
func (d *Daemon) tellCases(changes []cases.Change) {
	for i := range changes {
		d.metrics.Case(changes[i])
		d.web.Events().Case(changes[i])
	}
}

// tellHints counts, publishes and sends hints.
func (d *Daemon) tellHints(hints []assist.Hint, arrival time.Time) {
	for i := range hints {
		d.metrics.Hint(hints[i])
		d.web.Events().Hint(hints[i])
		if d.delivery != nil {
			d.latency.hint(&hints[i], arrival)
			d.delivery.Deliver(hints[i])
		}
	}
}

// lastNote is what a person last wrote on a case.
func (d *Daemon) lastNote(id string) string {
	note := ""
	for e, err := range d.cases.History(id) {
		if err != nil {
			return note
		}
		if e.Note != "" {
			note = e.Note
		}
	}
	return note
}

// outcome is told how a hint fares on its way to a phone.
func (d *Daemon) outcome(o assist.Outcome) {
	d.metrics.Outcome(o)
	d.latency.outcome(&o, d.metrics.HintSent)
	if d.o.Outcome != nil {
		d.o.Outcome(o)
	}
}

// The daemon's own times.
const (
	tickEvery   = 50 * time.Millisecond // how late a timer of the watch may be
	behindEvery = time.Second           // how much of the live calls a crash may forget
	expireEvery = time.Second           // how late a case may fall due or expire
	drainTime   = 10 * time.Second      // what a stop waits for requests under way
)

// Run works until ctx ends, then stops in order: feeds first, then what they brought is applied, live
// calls are written, and everything is closed. It returns nil after an orderly stop.
func (d *Daemon) Run(ctx context.Context) error {
	d.sayWhere()
	if err := d.resume(ctx); err != nil {
		return errors.Join(err, d.close())
	}
	applied := make(chan struct{})
	go func() {
		defer close(applied)
		d.applyAll()
	}()
	g, gctx := errgroup.WithContext(ctx)
	for _, f := range d.feeds {
		g.Go(func() error {
			if err := f.Serve(gctx); err != nil {
				return fmt.Errorf("feed %s: %w", f.name, err)
			}
			return nil
		})
	}
	if d.tap != nil {
		g.Go(func() error { return d.tap.Serve(gctx) })
	}
	g.Go(func() error {
		return every(gctx, tickEvery, func(now time.Time) error { d.watch.tick(now); return nil })
	})
	g.Go(func() error {
		return every(gctx, behindEvery, func(now time.Time) error { return d.writeBehind(now) })
	})
	g.Go(func() error {
		return every(gctx, expireEvery, func(now time.Time) error { return d.expire(gctx, now) })
	})
	if d.api != nil {
		g.Go(func() error { return d.web.ServeAPI(d.api) })
	}
	for _, l := range []net.Listener{d.admin, d.socket} {
		if l != nil {
			g.Go(func() error { return d.web.ServeAdmin(l) })
		}
	}
	g.Go(func() error {
		<-gctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		return d.web.Shutdown(stop)
	})
	err := g.Wait()
	d.queue.close()
	<-applied
	if held, lost := d.flow.waiting(); held+lost > 0 {
		d.log.Error("verdicts were not written, the store took none until the end", "count", held+lost)
	}
	err = errors.Join(err, d.behind.write(d.watch, time.Now()), d.close())
	if err == nil {
		d.log.Info("ringback has stopped", "elapsed", time.Since(d.began))
	}
	return err
}

func (d *Daemon) applyAll() {
	var events []caused
	for {
		var ok bool
		if events, ok = d.queue.take(events); !ok {
			return
		}
		for _, c := range events {
			if c.then != nil {
				c.then()
			} else {
				d.flow.apply(c)
			}
		}
	}
}

// sayWhere logs what an operator wants to know first.
func (d *Daemon) sayWhere() {
	c := d.config.Load()
	for _, f := range d.feeds {
		d.log.Info("feed is open", "feeds", f.name, "addr", f.Addr().String())
	}
	if d.tap != nil {
		d.log.Info("feed is open", "feeds", "tap", "addr", c.Tap.Interface)
	}
	if d.api != nil {
		d.log.Info("api is open", "addr", addr(d.api))
		if d.tokens == nil {
			d.log.Warn("web.tokens_file is not set: the api refuses everybody")
		}
	}
	if d.admin != nil {
		d.log.Info("metrics and health are open", "addr", addr(d.admin))
	}
	d.log.Info("services are watched", "count", len(d.directory().Plan().Services))
	d.log.Info("ringback is running", "version", d.o.Version, "path", c.DataDir)
}

// every calls f at an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(now time.Time) error) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if err := f(now); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// writeBehind keeps the live calls. It goes through the queue, behind the events told so far: a call
// must not leave the disk before its verdict is there. A store that cannot write says so by itself;
// the watch goes on.
func (d *Daemon) writeBehind(now time.Time) error {
	done := make(chan error, 1)
	d.watch.mu.Lock()
	c := d.behind.collect(d.watch)
	d.queue.then(func() { d.behind.submit(c, now, func(err error) { done <- err }) })
	d.watch.mu.Unlock()
	if err := <-done; err != nil {
		d.complaints.log(d.log, "live calls are not written behind", err)
	}
	return nil
}

// expire lets cases expire, and events go on that waited for a store that can write.
func (d *Daemon) expire(ctx context.Context, now time.Time) error {
	changed, err := d.cases.Expire(ctx, now)
	if err != nil && ctx.Err() == nil {
		d.complaints.log(d.log, "cases cannot expire", err)
	}
	d.tellCases(changed)
	for i := range changed {
		d.tellHints(d.assist.Changed(changed[i]), now)
	}
	if held, _ := d.flow.waiting(); held > 0 && d.store.Err() == nil {
		d.log.Info("events that waited for the store go on", "count", held)
		d.queue.then(d.flow.release)
	}
	return nil
}

// close closes what is open, in the order of the flow.
func (d *Daemon) close() error {
	var errs []error
	for _, f := range d.feeds {
		errs = append(errs, f.Close())
	}
	if d.tap != nil {
		errs = append(errs, d.tap.Close())
	}
	for _, l := range []net.Listener{d.api, d.admin, d.socket} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if d.delivery != nil {
		d.delivery.Close()
	}
	if d.phone != nil {
		errs = append(errs, d.phone.Close())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	return errors.Join(errs...)
}

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// API is the address of the API, nil when there is none.
func (d *Daemon) API() net.Addr { return listening(d.api) }

// Admin is the address of metrics and health, nil when there is none.
func (d *Daemon) Admin() net.Addr { return listening(d.admin) }

func listening(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// Signalling is what was seen so far.
func (d *Daemon) Signalling() metrics.Signalling { return d.watch.signalling() }

// Feeds are the addresses of the HEP listeners by feed name, as "hep_udp".
func (d *Daemon) Feeds() map[string]net.Addr {
	out := map[string]net.Addr{}
	for _, f := range d.feeds {
		if _, ok := out[f.name]; !ok {
			out[f.name] = f.Addr()
		}
	}
	return out
}
